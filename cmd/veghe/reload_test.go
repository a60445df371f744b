//go:build unix

package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"veghe/rules"
)

// copyRules copies the shipped rules into a folder that a test may change.
func copyRules(t *testing.T) string {
	t.Helper()
	dir := filepath.Join(t.TempDir(), "rules")
	if err := os.CopyFS(dir, rules.FS); err != nil {
		t.Fatal(err)
	}
	err := filepath.WalkDir(dir, func(path string, _ fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		return os.Chmod(path, 0o700)
	})
	if err != nil {
		t.Fatal(err)
	}
	return dir
}

// Rules are read again when a file changes and on SIGHUP; a bad set is
// refused as a whole.
func TestRulesAreReloaded(t *testing.T) {
	dir, data := copyRules(t), dataDir(t)
	p := start(t, "run", "-data", data, "-rules", dir, "-listen", "127.0.0.1:0", "-ops-listen", "127.0.0.1:0")
	now := func() rulesStatus { st, _ := statusOf(t, data); return st.Rules }
	await(t, time.Minute, "the start", func() bool { st, ok := statusOf(t, data); return ok && st.Ready })
	first := now()

	list := filepath.Join(dir, "lists", "messengers.txt")
	editFile(t, list, func(s string) string { return s + "\n[ro]\nporumbelul\n" })
	await(t, time.Minute, "the changed file", func() bool { v := now(); return v.Version != first.Version && v.Version != "" })
	second := now()

	bad := filepath.Join(dir, "bad.yaml")
	if err := os.WriteFile(bad, []byte("indicator: X-1\nno: such key\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	await(t, time.Minute, "the refusal", func() bool { return now().Refused != "" })
	if v := now(); v.Version != second.Version || v.Count != second.Count || !strings.Contains(v.Refused, "bad.yaml") {
		t.Errorf("with a bad file: %+v, want version %s still, and the file named", v, second.Version)
	}
	if err := os.Remove(bad); err != nil {
		t.Fatal(err)
	}
	await(t, time.Minute, "the refusal to end", func() bool { return now().Refused == "" })

	fi, err := os.Stat(list)
	if err != nil {
		t.Fatal(err)
	}
	editFile(t, list, func(s string) string { return strings.Replace(s, "porumbelul", "porumbeaua", 1) })
	if err := os.Chtimes(list, fi.ModTime(), fi.ModTime()); err != nil { // so that looking is not enough
		t.Fatal(err)
	}
	if err := p.cmd.Process.Signal(syscall.SIGHUP); err != nil {
		t.Fatal(err)
	}
	await(t, time.Minute, "SIGHUP", func() bool { v := now(); return v.Version != second.Version && v.Version != "" })
	p.stop()
}

func editFile(t *testing.T, path string, how func(string) string) {
	t.Helper()
	b, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(path, []byte(how(string(b))), 0o600); err != nil {
		t.Fatal(err)
	}
}
