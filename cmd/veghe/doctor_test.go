package main

import (
	"bytes"
	"encoding/json"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"veghe/rules"
)

// examined runs the doctor and returns its findings by check.
func examined(t *testing.T, args ...string) (int, map[string]checkup) {
	t.Helper()
	var out bytes.Buffer
	code := run(t.Context(), env{out: &out, err: io.Discard}, append([]string{"doctor", "-json"}, args...))
	var list []checkup
	if err := json.Unmarshal(out.Bytes(), &list); err != nil {
		t.Fatalf("%v: %.200s", err, &out)
	}
	found := map[string]checkup{}
	for _, c := range list {
		found[c.Check] = c
		if c.State != stateOK && c.Do == "" {
			t.Errorf("%s: %s, and nothing is said about what to do", c.Check, c.Found)
		}
	}
	return code, found
}

// What the doctor finds wrong, how bad it is, and that it says which.
func TestDoctor(t *testing.T) {
	taken, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = taken.Close() }()
	write := func(t *testing.T, path, text string, mode os.FileMode) string {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), mode); err != nil {
			t.Fatal(err)
		}
		return path
	}
	none := t.TempDir() // of one policy: compiling all rules for every row is slow
	b, err := rules.FS.ReadFile("policy.yaml")
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(none, "policy.yaml"), b, 0o600); err != nil {
		t.Fatal(err)
	}
	free := []string{"-listen", "127.0.0.1:0", "-ops-listen", "127.0.0.1:0", "-rules", none}
	for _, tt := range []struct {
		name         string
		args         func(t *testing.T) []string
		code         int
		check, state string
		found        string // part of what is said
	}{
		{"nothing yet", func(t *testing.T) []string { return append(free, "-data", dataDir(t)) }, exitOK, "data folder", stateOK, "will be made"},
		{"a data folder of a veghe that stopped", func(t *testing.T) []string { return append(free, "-data", smallData(t)) }, exitOK, "audit trail", stateOK, "1 events"},
		{"never backed up", func(t *testing.T) []string { return append(free, "-data", smallData(t)) }, exitOK, "backup", stateWarn, "never"},
		{"an unknown key", func(t *testing.T) []string {
			return []string{"-c", write(t, filepath.Join(t.TempDir(), "veghe.yaml"), "dato: x\n", 0o600)}
		}, exitError, "config", stateFail, "veghe.yaml:1:1"},
		{"an address that is taken", func(t *testing.T) []string {
			return []string{"-data", dataDir(t), "-rules", none, "-listen", taken.Addr().String(), "-ops-listen", "127.0.0.1:0"}
		}, exitError, "listen", stateFail, "in use"},
		{"an address that others reach", func(t *testing.T) []string {
			return []string{"-data", dataDir(t), "-rules", none, "-listen", "127.0.0.1:0", "-ops-listen", "0.0.0.0:0"}
		}, exitOK, "ops_listen", stateWarn, "can be reached from other machines"},
		{"a data folder that is a file", func(t *testing.T) []string {
			return append(free, "-data", write(t, filepath.Join(t.TempDir(), "f"), "x", 0o600))
		}, exitError, "data folder", stateFail, "is not a folder"},
		{"a token that others can read", func(t *testing.T) []string {
			data := smallData(t)
			write(t, filepath.Join(data, "token"), "x", 0o644)
			if err := os.Chmod(filepath.Join(data, "token"), 0o644); err != nil { // whatever the umask
				t.Fatal(err)
			}
			return append(free, "-data", data)
		}, exitError, "token", stateFail, "can be read by others"},
		{"a damaged log", func(t *testing.T) []string {
			data := smallData(t)
			write(t, filepath.Join(data, "log", "topics", "veghe.posts", "0", "00000000000000000000.seg"), strings.Repeat("x", 300), 0o600)
			return append(free, "-data", data)
		}, exitError, "log", stateFail, "00000000000000000000.seg"},
		{"a damaged database", func(t *testing.T) []string {
			data := smallData(t)
			write(t, filepath.Join(data, "ledger", "ledger.db"), strings.Repeat("x", 5000), 0o600)
			return append(free, "-data", data)
		}, exitError, "ledger", stateFail, "ledger.db"},
		{"rules that do not compile", func(t *testing.T) []string {
			dir := t.TempDir()
			write(t, filepath.Join(dir, "recruitment", "x.yaml"), "indicator: [", 0o600)
			return append(free, "-data", dataDir(t), "-rules", dir)
		}, exitError, "rules", stateFail, "x.yaml"},
		{"a Kafka that is away", func(t *testing.T) []string {
			return append(free, "-data", dataDir(t), "-c", write(t, filepath.Join(t.TempDir(), "veghe.yaml"),
				"stream: {kafka: {brokers: ['127.0.0.1:1'], timeouts: {dial: 1s}}}\n", 0o600))
		}, exitError, "kafka", stateFail, "127.0.0.1:1"},
		{"one stage without Kafka", func(t *testing.T) []string {
			return append(free, "-data", dataDir(t), "-stage", "detect")
		}, exitError, "stream", stateFail, "need Kafka"},
		{"the killed one left its note", func(t *testing.T) []string {
			data := smallData(t)
			write(t, filepath.Join(data, runningFile), `{"pid":1,"listen":"","ops":"127.0.0.1:1"}`, 0o600)
			write(t, filepath.Join(data, "token"), strings.Repeat("x", 30), 0o600)
			return append(free, "-data", data)
		}, exitOK, "process", stateWarn, "does not answer"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			code, found := examined(t, tt.args(t)...)
			c := found[tt.check]
			if code != tt.code || c.State != tt.state || !strings.Contains(c.Found, tt.found) {
				t.Errorf("exit %d, %s is %s: %q; want exit %d, %s: …%s…", code, tt.check, c.State, c.Found, tt.code, tt.state, tt.found)
			}
		})
	}
}

// What only the disk can have done is mended by veghe repair, and the doctor
// says so as a refused start does.
func TestDoctorNamesRepair(t *testing.T) {
	data := smallData(t)
	for _, name := range []string{filepath.Join("log", "topics", "veghe.posts", "0", "00000000000000000000.seg"), ledgerDB} {
		path := filepath.Join(data, name)
		if err := os.MkdirAll(filepath.Dir(path), 0o700); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, bytes.Repeat([]byte("x"), 5000), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	_, found := examined(t, "-data", data, "-listen", "127.0.0.1:0", "-ops-listen", "127.0.0.1:0")
	for _, check := range []string{"log", "ledger"} {
		if c := found[check]; c.State != stateFail || !strings.Contains(c.Do, "veghe repair -data "+data) {
			t.Errorf("%s is %s, to do: %q; want fail, and veghe repair", check, c.State, c.Do)
		}
	}
}
