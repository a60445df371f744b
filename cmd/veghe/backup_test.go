package main

import (
	"archive/tar"
	"bytes"
	"context"
	"errors"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/index/desk"
	"veghe/index/ledger"
	"veghe/stream"
	"veghe/stream/embedded"
)

// A backup that is taken while posts pour in, put into an empty folder on
// which veghe then goes on: every post that was acknowledged before the backup
// began is there, none twice, and what comes after is judged as if nothing had
// happened.
func TestBackupUnderLoad(t *testing.T) {
	const n = 3000
	data, fresh, file := dataDir(t), dataDir(t), filepath.Join(t.TempDir(), "veghe.tar.zst")
	posts := filepath.Join(t.TempDir(), "posts.jsonl")
	writePosts(t, posts, n)
	p := start(t, "run", "-data", data, "-listen", "127.0.0.1:0", "-ops-listen", "127.0.0.1:0")
	await(t, time.Minute, "the first start", func() bool { st, ok := statusOf(t, data); return ok && st.Ready })
	imported := inBackground(t, "import", "-data", data, posts)
	acknowledged := 0
	await(t, time.Minute, "a third of the posts acknowledged", func() bool {
		st, _ := statusOf(t, data)
		acknowledged = handledBy(st, "crawl")
		return acknowledged >= n/3
	})
	do(t, "backup", "-data", data, file)
	if err := <-imported; err != nil {
		t.Fatal(err)
	}
	p.kill() // the machine is gone

	do(t, "restore", "-data", fresh, file)
	q := start(t, "run", "-data", fresh, "-listen", "127.0.0.1:0", "-ops-listen", "127.0.0.1:0")
	await(t, 2*time.Minute, "what was acknowledged before the backup", func() bool { return settled(t, fresh, acknowledged) })
	st, _ := statusOf(t, fresh)
	if st.Index.Posts > n {
		t.Errorf("%d posts are indexed, only %d were offered", st.Index.Posts, n)
	}
	t.Logf("%d of %d posts were acknowledged before the backup, %d are there after the restore", acknowledged, n, st.Index.Posts)
	do(t, "import", "-data", fresh, posts) // as collectors do after an outage
	await(t, 2*time.Minute, "everything assessed and indexed", func() bool { return settled(t, fresh, n) })
	q.stop()
	wantIndexedOnce(t, fresh, n)
	wantAsUndisturbed(t, fresh, n)
}

func handledBy(st status, stage string) int {
	for _, s := range st.Stages {
		if s.Name == stage {
			return int(s.Handled)
		}
	}
	return 0
}

// do runs a command that must succeed, and returns what it printed.
func do(t *testing.T, args ...string) string {
	t.Helper()
	var out, errOut bytes.Buffer
	if code := run(t.Context(), env{in: strings.NewReader(""), out: &out, err: &errOut}, args); code != exitOK {
		t.Fatalf("veghe %s: exit %d: %s", strings.Join(args, " "), code, &errOut)
	}
	return out.String()
}

// inBackground runs veghe in a process of its own.
func inBackground(t *testing.T, args ...string) <-chan error {
	t.Helper()
	c := exec.CommandContext(t.Context(), os.Args[0], args...)
	c.Env = append(os.Environ(), asVeghe+"=1")
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	ended := make(chan error, 1)
	go func() { ended <- c.Wait() }()
	return ended
}

// smallData is a data folder as a veghe that was stopped leaves it, small.
func smallData(t testing.TB) string {
	t.Helper()
	data := filepath.Join(t.TempDir(), "data")
	check := func(err error) {
		t.Helper()
		if err != nil {
			t.Fatal(err)
		}
	}
	ctx := context.Background()
	l, err := embedded.Open(filepath.Join(data, "log"), embedded.Options{})
	check(err)
	check(l.Append(ctx, veghe.PostsTopic, stream.Record{Value: []byte(`{"id":"a","text":"invented"}`)}))
	check(l.Close())
	d, err := desk.Open(ctx, filepath.Join(data, "desk"))
	check(err)
	_, err = d.Record(ctx, desk.Event{At: time.Unix(1, 0), Who: "tester", Action: "view", Object: "a"})
	check(errors.Join(err, d.Close()))
	g, err := ledger.Open(ctx, filepath.Join(data, "ledger"), nil)
	check(err)
	check(g.MarkCollected(ctx, []ledger.Entry{{ID: "a", Source: "s"}, {ID: "b", Source: "s"}}))
	check(errors.Join(g.MarkAssessed(ctx, []ledger.Entry{{ID: "a", Source: "s"}}), g.Close()))
	return data
}

// smallBackup is a plain tar of smallData.
func smallBackup(t testing.TB) []byte {
	t.Helper()
	cfg := defaultConfig()
	cfg.Data = smallData(t)
	var b bytes.Buffer
	if err := backupAlone(context.Background(), &cfg, env{err: io.Discard}, &b); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// entry is a file of a tar that a test writes anew.
type entry struct {
	name, body string
	kind       byte
}

func entriesOf(t testing.TB, b []byte) (out []entry) {
	t.Helper()
	r := tar.NewReader(bytes.NewReader(b))
	for {
		h, err := r.Next()
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			t.Fatal(err)
		}
		body, err := io.ReadAll(r)
		if err != nil {
			t.Fatal(err)
		}
		out = append(out, entry{h.Name, string(body), h.Typeflag})
	}
}

func tarOf(t testing.TB, entries []entry) []byte {
	t.Helper()
	var b bytes.Buffer
	w := tar.NewWriter(&b)
	for _, e := range entries {
		h := &tar.Header{Name: e.name, Size: int64(len(e.body)), Mode: 0o600, Typeflag: e.kind}
		if e.kind == tar.TypeSymlink {
			h.Size, h.Linkname = 0, "/etc"
		}
		if err := w.WriteHeader(h); err != nil {
			t.Fatal(err)
		}
		if h.Size > 0 {
			if _, err := w.Write([]byte(e.body)); err != nil {
				t.Fatal(err)
			}
		}
	}
	if err := w.Close(); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

// Whoever changed a backup is told which file it was, and nothing is written.
func TestRestoreRefusesByName(t *testing.T) {
	whole := smallBackup(t)
	edit := func(f func([]entry) []entry) []byte { return tarOf(t, f(entriesOf(t, whole))) }
	with := func(e entry) func([]entry) []entry {
		return func(es []entry) []entry { return append([]entry{e}, es...) }
	}
	for _, tt := range []struct {
		name   string
		backup []byte
		args   []string
		want   string
	}{
		{"as it was made", whole, nil, ""},
		{"cut off", whole[:len(whole)/2], nil, "the backup ends before its manifest"},
		{"empty", nil, nil, "the backup ends before its manifest"},
		{"a byte changed", bytes.Replace(whole, []byte("invented"), []byte("Invented"), 1), nil, "log/topics/veghe.posts/0/00000000000000000000.seg was changed after it was backed up"},
		{"a file left out", edit(func(es []entry) []entry { return es[1:] }), nil, "desk/desk.db is missing from the backup"},
		{"a file put in", edit(with(entry{"desk/more.db", "x", tar.TypeReg})), nil, "desk/more.db is not in the manifest"},
		{"a file twice", edit(func(es []entry) []entry { return append(es[:1:1], es...) }), nil, `"desk/desk.db" is there twice`},
		{"a name that leads out", edit(with(entry{"../../etc/cron.d/x", "x", tar.TypeReg})), nil, "is no name of a file of a backup"},
		{"an absolute name", edit(with(entry{"/etc/passwd", "x", tar.TypeReg})), nil, "is no name of a file of a backup"},
		{"a link", edit(with(entry{"log", "", tar.TypeSymlink})), nil, `"log" is not a plain file`},
		{"another format", edit(func(es []entry) []entry {
			last := &es[len(es)-1]
			last.body = strings.Replace(last.body, `"veghe_backup":1`, `"veghe_backup":9`, 1)
			return es
		}), nil, "manifest.json is of format 9, want 1"},
		{"the account changed", edit(func(es []entry) []entry {
			last := &es[len(es)-1]
			last.body = strings.Replace(last.body, `"assessed":1`, `"assessed":2`, 1)
			return es
		}), nil, "the account of the restored ledger is not the one that was backed up"},
		{"another manifest than noted", whole, []string{"-manifest", "sha256:00"}, "not the one that was noted"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			data := filepath.Join(t.TempDir(), "data")
			var out, errOut bytes.Buffer
			args := append([]string{"restore", "-data", data}, append(tt.args, "-")...)
			code := run(t.Context(), env{in: bytes.NewReader(tt.backup), out: &out, err: &errOut}, args)
			_, err := os.Stat(data)
			if tt.want == "" {
				if code != exitOK || err != nil {
					t.Fatalf("exit %d, %v: %s", code, err, &errOut)
				}
				return
			}
			if code != exitError || !strings.Contains(errOut.String(), tt.want) {
				t.Errorf("exit %d, said %q, want %q", code, &errOut, tt.want)
			}
			if left, _ := filepath.Glob(data + "*"); err == nil || len(left) > 0 {
				t.Errorf("something was written: %v", left)
			}
		})
	}
}

func TestRestoreOnlyIntoAnEmptyFolder(t *testing.T) {
	data := smallData(t)
	var errOut bytes.Buffer
	code := run(t.Context(), env{in: bytes.NewReader(smallBackup(t)), out: io.Discard, err: &errOut}, []string{"restore", "-data", data, "-"})
	if code != exitError || !strings.Contains(errOut.String(), "is not empty") {
		t.Errorf("exit %d, %q; want a refusal", code, &errOut)
	}
}

func TestOldBackupsGo(t *testing.T) {
	data, dir := smallData(t), t.TempDir()
	for _, day := range []string{"20260101T000000Z", "20260102T000000Z", "20260103T000000Z"} {
		if err := os.WriteFile(filepath.Join(dir, "veghe-"+day+backupSuffix), nil, 0o600); err != nil {
			t.Fatal(err)
		}
	}
	do(t, "backup", "-data", data, "-keep", "2", dir)
	got, err := filepath.Glob(filepath.Join(dir, "*"))
	if err != nil || len(got) != 2 || filepath.Base(got[0]) != "veghe-20260103T000000Z"+backupSuffix {
		t.Errorf("left are %v (%v), want the two newest", got, err)
	}
	cfg := defaultConfig()
	cfg.Data = data
	if note := lastBackup(&cfg); note.At.IsZero() || note.File != got[1] {
		t.Errorf("remembered is %+v, want %s", note, got[1])
	}
}

// What fails while a running veghe backs up is said, and no file is left.
func TestBackupThatFails(t *testing.T) {
	data := smallData(t)
	if err := os.WriteFile(filepath.Join(data, "desk", desk.File), []byte("this is no database, whatever its name says"), 0o600); err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "b.tar")
	var errOut bytes.Buffer
	code := run(t.Context(), env{out: io.Discard, err: &errOut}, []string{"backup", "-data", data, file})
	if left, _ := filepath.Glob(file + "*"); code != exitError || len(left) > 0 || !strings.Contains(errOut.String(), "desk/desk.db") {
		t.Errorf("exit %d, left %v, said %q; want desk/desk.db named and nothing left", code, left, &errOut)
	}
}

// FuzzReadBackup: whatever bytes come, reading them ends, and what is accepted
// has nothing but the files of its manifest.
func FuzzReadBackup(f *testing.F) {
	f.Add(smallBackup(f))
	f.Add(tarOf(f, []entry{{manifestFile, `{"veghe_backup":1,"files":[]}`, tar.TypeReg}}))
	f.Add(tarOf(f, []entry{{"../x", "y", tar.TypeReg}}))
	f.Fuzz(func(t *testing.T, b []byte) {
		got := map[string]bool{}
		c, err := readBackup(t.Context(), bytes.NewReader(b), func(name string, r io.Reader) error {
			got[name] = true
			if !filepath.IsLocal(name) {
				t.Errorf("%q would be written", name)
			}
			_, err := io.Copy(io.Discard, io.LimitReader(r, 10))
			return err
		})
		if err == nil && len(got) != len(c.Files) {
			t.Errorf("%d files accepted, the manifest has %d", len(got), len(c.Files))
		}
	})
}

// The endpoint needs the token: a backup holds everything.
func TestBackupNeedsTheToken(t *testing.T) {
	a := &app{token: "secret", metrics: newMetrics("test")}
	w := httptest.NewRecorder()
	req, err := http.NewRequestWithContext(t.Context(), http.MethodGet, "/backup", http.NoBody)
	if err != nil {
		t.Fatal(err)
	}
	a.opsHandler(t.Context()).ServeHTTP(w, req)
	if w.Code != http.StatusUnauthorized {
		t.Errorf("answer %d without a token, want 401", w.Code)
	}
}
