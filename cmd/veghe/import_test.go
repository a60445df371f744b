package main

import (
	"bytes"
	"compress/gzip"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/crawler/archive"
)

// importFile writes n posts, every tenth twice and every seventh bad.
func importFile(t *testing.T, name string, n int) (path string, want counts) {
	t.Helper()
	var b bytes.Buffer
	line := func(i int) { fmt.Fprintf(&b, `{"id":"p%05d","text":"text %d"}`+"\n", i, i) }
	for i := range n {
		if i%7 == 6 {
			b.WriteString("{}\n")
			want.Bad++
		}
		line(i)
		want.Imported++
		if i%10 == 9 {
			line(i / 2)
			want.Repeated++
		}
	}
	want.Read = want.Imported + want.Repeated + want.Bad
	want.Records = want.Read
	path = filepath.Join(t.TempDir(), name)
	out := b.Bytes()
	if strings.HasSuffix(name, ".gz") {
		var z bytes.Buffer
		w := gzip.NewWriter(&z)
		if _, err := w.Write(out); err != nil {
			t.Fatal(err)
		}
		if err := w.Close(); err != nil {
			t.Fatal(err)
		}
		out = z.Bytes()
	}
	if err := os.WriteFile(path, out, 0o600); err != nil {
		t.Fatal(err)
	}
	return path, want
}

func newTestImporter(dir string, to destination) *importer {
	return &importer{
		env: env{in: strings.NewReader(""), out: new(bytes.Buffer), err: new(bytes.Buffer)}, to: to, dir: dir, now: time.Now(), began: time.Now(),
		options: archive.Options{Source: "s", Now: time.Now()},
	}
}

// However often an import is interrupted, it goes on where it was, sends every
// post, and its account is that of the file.
func TestImportGoesOn(t *testing.T) {
	for _, name := range []string{"x.jsonl", "x.jsonl.gz"} {
		path, want := importFile(t, name, 3000)
		dir := t.TempDir()
		sent := map[veghe.PostID]int{}
		broken := errors.New("the cable was pulled")
		interruptions := 0
		for left := 2; ; left = 2 {
			im := newTestImporter(dir, func(_ context.Context, posts []veghe.Post) error {
				for _, p := range posts {
					sent[p.ID]++ // a post may arrive without its acknowledgement
				}
				if left--; left == 0 {
					return broken
				}
				return nil
			})
			err := im.files(t.Context(), []string{path})
			if err == nil {
				if d := cmp.Diff(want, im.sum); d != "" {
					t.Errorf("%s: %s", name, d)
				}
				break
			}
			if !errors.Is(err, broken) {
				t.Fatal(err)
			}
			if interruptions++; interruptions > 20 {
				t.Fatal("makes no headway")
			}
		}
		if int64(len(sent)) != want.Imported || interruptions < 3 {
			t.Errorf("%s: %d posts arrived, want %d; %d interruptions", name, len(sent), want.Imported, interruptions)
		}
		if left, _ := filepath.Glob(filepath.Join(dir, "*")); len(left) > 0 {
			t.Errorf("%s: left behind: %q", name, left)
		}
	}
}

// A file that changed is another file, and -restart begins again.
func TestImportBeginsAgain(t *testing.T) {
	path, want := importFile(t, "x.jsonl", 2000)
	dir := t.TempDir()
	calls := 0
	fail := func(context.Context, []veghe.Post) error {
		if calls++; calls%2 == 0 {
			return errors.New("no")
		}
		return nil
	}
	if err := newTestImporter(dir, fail).files(t.Context(), []string{path}); err == nil {
		t.Fatal("no error")
	}
	took := func(context.Context, []veghe.Post) error { return nil }
	im := newTestImporter(dir, took)
	im.restart = true
	if err := im.files(t.Context(), []string{path}); err != nil || im.sum != want || strings.Contains(fmt.Sprint(im.env.err), "going on") {
		t.Errorf("restarted: %+v, %v, want %+v; said %s", im.sum, err, want, im.env.err)
	}

	calls = 0
	if err := newTestImporter(dir, fail).files(t.Context(), []string{path}); err == nil {
		t.Fatal("no error")
	}
	f, err := os.OpenFile(path, os.O_APPEND|os.O_WRONLY, 0)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := f.WriteString(`{"id":"new","text":"x"}`); err != nil {
		t.Fatal(err)
	}
	if err := f.Close(); err != nil {
		t.Fatal(err)
	}
	im = newTestImporter(dir, took)
	if err := im.files(t.Context(), []string{path}); err != nil || im.sum.Read != want.Read+1 || strings.Contains(fmt.Sprint(im.env.err), "going on") {
		t.Errorf("a longer file: %+v, %v; said %s", im.sum, err, im.env.err)
	}
}

// Killed at any moment, the import goes on, and the last account is that of
// the whole file.
func TestImportKill(t *testing.T) {
	path, want := importFile(t, "x.jsonl", 20_000)
	data := dataDir(t)
	var out bytes.Buffer
	for kills := 0; ; kills++ {
		out.Reset()
		ctx, cancel := context.WithTimeout(t.Context(), time.Minute)
		cmd := exec.CommandContext(ctx, os.Args[0], "import", "-json", "-data", data, path)
		cmd.Env = append(os.Environ(), asVeghe+"=1")
		cmd.Stdout = &out
		if kills < 3 {
			cmd.WaitDelay = time.Second
			timer := time.AfterFunc(time.Duration(150+100*kills)*time.Millisecond, cancel)
			_ = cmd.Run() // killed, or done already
			timer.Stop()
		} else if err := cmd.Run(); err != nil && cmd.ProcessState.ExitCode() != exitPartial {
			t.Fatal(err)
		}
		cancel()
		if out.Len() > 0 {
			t.Logf("killed %d times", kills)
			break
		}
	}
	var got counts
	if err := json.Unmarshal(out.Bytes(), &got); err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(want, got); d != "" {
		t.Error(d)
	}
}

func TestProgressLine(t *testing.T) {
	for _, c := range []struct {
		done, total, posts int64
		took               time.Duration
		want               string
	}{
		{0, 10_000_000, 0, 0, "[                    ]   0 %  0.0 of 10.0 MB, 0s left, 0 posts, 0/s"},
		{2_500_000, 10_000_000, 5000, 10 * time.Second, "[=====               ]  25 %  2.5 of 10.0 MB, 30s left, 5000 posts, 500/s"},
		{10_000_000, 10_000_000, 20_000, 40 * time.Second, "[====================] 100 %  10.0 of 10.0 MB, 0s left, 20000 posts, 500/s"},
		{2_500_000, 0, 100, time.Second, "2.5 MB, 100 posts, 100/s"},
	} {
		if got := progressLine(c.done, c.total, c.posts, c.took); got != c.want {
			t.Errorf("got  %q\nwant %q", got, c.want)
		}
	}
}
