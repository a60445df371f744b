//go:build fault && linux

package main

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"golang.org/x/sys/unix"

	"veghe"
	"veghe/index"
)

// The faults of docs/faults.md that happen to a machine: each hits a veghe that
// is being given posts. The account is the test's own: what was offered, what
// was acknowledged, what is found at last in the files themselves. These tests
// mount small disks, so deploy/ci/fault.sh runs them in a mount namespace.

// offers is that account.
type offers struct {
	mu      sync.Mutex // guards all
	offered int
	acked   map[veghe.PostID]bool
}

const perOffer = 20

// numberedPost is an invented post; seven make a thread.
func numberedPost(i int) veghe.Post {
	return veghe.Post{
		ID: postID(i), Source: veghe.SourceID(fmt.Sprintf("source-%d", i%3)), Kind: veghe.Forum,
		Thread: veghe.ThreadID(fmt.Sprintf("t%d", i/7)), Seq: i%7 + 1, Author: veghe.AuthorID(fmt.Sprintf("a%d", i%31)),
		Text: fmt.Sprintf("%s (%d)", signs[i%len(signs)], i),
	}
}

// feed offers posts, each batch until it is acknowledged, as a collector does.
func (o *offers) feed(ctx context.Context, data string) {
	pace := time.NewTicker(15 * time.Millisecond)
	defer pace.Stop()
	var body bytes.Buffer
	for {
		select {
		case <-ctx.Done():
			return
		case <-pace.C:
		}
		if body.Len() == 0 {
			o.next(&body)
		}
		var got struct{ Accepted int }
		err := newLocal(data).api(ctx, http.MethodPost, "/api/v1/posts", "application/x-ndjson", bytes.NewReader(body.Bytes()), &got)
		if err == nil && got.Accepted == perOffer {
			o.acknowledged()
			body.Reset()
		}
	}
}

func (o *offers) next(body *bytes.Buffer) {
	o.mu.Lock()
	defer o.mu.Unlock()
	enc := json.NewEncoder(body)
	for i := range perOffer {
		_ = enc.Encode(numberedPost(o.offered + i)) // plain fields: this cannot fail
	}
	o.offered += perOffer
}

func (o *offers) acknowledged() {
	o.mu.Lock()
	defer o.mu.Unlock()
	for i := range perOffer {
		o.acked[postID(o.offered-perOffer+i)] = true
	}
}

func (o *offers) count() (offered, acked int) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.offered, len(o.acked)
}

// world is a veghe that is being given posts.
type world struct {
	*testing.T
	data string
	p    *process
	o    *offers
	stop context.CancelFunc
	done chan struct{}
}

func newWorld(t *testing.T, data string) *world {
	w := &world{T: t, data: data, o: &offers{acked: map[veghe.PostID]bool{}}, done: make(chan struct{})}
	w.p = start(t, runArgs(data)...)
	w.ready()
	ctx, cancel := context.WithCancel(t.Context())
	w.stop = cancel
	go func() {
		defer close(w.done)
		w.o.feed(ctx, data)
	}()
	t.Cleanup(func() { cancel(); <-w.done })
	w.more(100)
	return w
}

func runArgs(data string) []string {
	return []string{"run", "-data", data, "-listen", "127.0.0.1:0", "-ops-listen", "127.0.0.1:0"}
}

func (w *world) ready() {
	w.Helper()
	await(w.T, time.Minute, "veghe to be ready", func() bool { st, ok := statusOf(w.T, w.data); return ok && st.Ready })
}

// more waits until so many more posts were acknowledged.
func (w *world) more(n int) {
	w.Helper()
	_, from := w.o.count()
	await(w.T, time.Minute, "posts to be acknowledged", func() bool { _, now := w.o.count(); return now >= from+n })
}

// says waits until the running veghe says of a stage, or in its log, what is
// wrong, in words that a person can act on.
func (w *world) says(pattern string) {
	w.Helper()
	re := regexp.MustCompile(pattern)
	await(w.T, 30*time.Second, "veghe to say "+pattern, func() bool {
		if re.MatchString(w.p.log.String()) {
			return true
		}
		st, _ := statusOf(w.T, w.data)
		return slices.ContainsFunc(st.Stages, func(s stageStatus) bool { return re.MatchString(s.Failing) })
	})
}

// settle ends the offers, waits until all is handled, stops veghe and holds
// what is found against what was acknowledged.
func (w *world) settle() {
	w.Helper()
	w.more(100)
	w.stop()
	<-w.done
	_, acked := w.o.count()
	await(w.T, 2*time.Minute, "everything to be handled", func() bool { return settled(w.T, w.data, acked) })
	w.p.stop()
	w.check()
}

// check looks into the index itself.
func (w *world) check() {
	w.Helper()
	offered, acked := w.o.count()
	x, err := index.Open(w.Context(), filepath.Join(w.data, "index"), index.Options{MinFree: -1})
	if err != nil {
		w.Fatal(err)
	}
	defer func() { _ = x.Close() }()
	found, lost := 0, 0
	for i := range offered {
		want := numberedPost(i)
		hit, err := x.Get(w.Context(), want.ID)
		switch {
		case err == nil && hit.Post.Text == want.Text && hit.Assessment.RulesVersion != "":
			found++
		case w.o.acked[want.ID]:
			lost++
		}
	}
	if lost > 0 {
		w.Errorf("%d of %d acknowledged posts are lost", lost, acked)
	}
	c, err := x.Count(w.Context())
	if err != nil || c.Posts != found {
		w.Errorf("the store has %d posts (%v), of which %d were offered: some are there twice or came from nowhere", c.Posts, err, found)
	}
	res, err := x.Search(w.Context(), index.Query{Text: "source:source-0 OR source:source-1 OR source:source-2", All: true, Size: 1})
	if err != nil || res.Total != uint64(found) {
		w.Errorf("%d posts are searchable (%v), want each of %d once", res.Total, err, found)
	}
	w.Logf("%d offered, %d acknowledged, %d found, %d lost", offered, acked, found, lost)
}

// limitFiles lets no file of the process be written past so many bytes: at 0
// it is as if every file system had become read-only.
func (w *world) limitFiles(most uint64) {
	w.Helper()
	lim := unix.Rlimit{Cur: most, Max: unix.RLIM_INFINITY}
	if err := unix.Prlimit(w.p.cmd.Process.Pid, unix.RLIMIT_FSIZE, &lim, nil); err != nil {
		w.Fatal(err)
	}
}

// The disk turns read-only under a running veghe, as file systems do that meet
// an error, and is mended: nothing is acknowledged meanwhile, and everything
// goes on by itself.
func TestFaultDiskReadOnlyWhileRunning(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dataDir(t))
	w.limitFiles(0)
	w.says("file too large|read-only|I/O error|full")
	before := w.quiet()
	w.limitFiles(unix.RLIM_INFINITY)
	w.more(100)
	if _, acked := w.o.count(); acked <= before {
		t.Errorf("%d acknowledged before and %d after", before, acked)
	}
	w.settle()
}

// quiet waits until no offer is acknowledged any more.
func (w *world) quiet() int {
	w.Helper()
	last, same := -1, 0
	await(w.T, 30*time.Second, "acknowledgements to end", func() bool {
		_, n := w.o.count()
		if same++; n != last {
			last, same = n, 0
		}
		return same > 10
	})
	return last
}

// mount mounts a small disk. It needs the mount namespace of fault.sh.
func mount(t *testing.T, size string) string {
	t.Helper()
	dir := t.TempDir()
	if err := unix.Mount("none", dir, "tmpfs", 0, "size="+size); err != nil {
		t.Fatalf("mounting a small disk: %v: run these tests through deploy/ci/fault.sh", err)
	}
	t.Cleanup(func() {
		if err := unix.Unmount(dir, unix.MNT_DETACH); err != nil {
			t.Error(err)
		}
	})
	return dir
}

// ballast fills a disk until so many bytes are free, and is removed by what it
// returns.
func ballast(t *testing.T, dir string, free int64) (remove func()) {
	t.Helper()
	var st unix.Statfs_t
	if err := unix.Statfs(dir, &st); err != nil {
		t.Fatal(err)
	}
	f, err := os.CreateTemp(dir, "ballast")
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	// Others write meanwhile, so the last of it goes in ever smaller pieces.
	size, piece := int64(0), int64(st.Bavail)*st.Bsize-free
	for piece >= st.Bsize {
		if err := unix.Fallocate(int(f.Fd()), 0, size, piece); err == nil {
			size += piece
		}
		if free > 0 {
			break
		}
		piece /= 2
	}
	return func() {
		if err := os.Remove(f.Name()); err != nil {
			t.Error(err)
		}
	}
}

// The disk fills: first the index stops and says so while posts are still
// taken, then, with not a byte left, nothing is taken any more. With space
// again everything goes on by itself.
func TestFaultDiskFull(t *testing.T) {
	t.Parallel()
	dir := mount(t, "200m")
	w := newWorld(t, filepath.Join(dir, "data"))
	remove := ballast(t, dir, 20<<20)
	w.says(`not enough free disk space: .*MiB free, want at least`)
	w.more(100) // the log takes posts long after the index stopped
	removeRest := ballast(t, dir, 0)
	w.quiet()
	w.says(`no space left on device|disk is full`)
	remove()
	removeRest()
	w.settle()
}

// A start on a disk that cannot be written says so and what to do.
func TestFaultDiskReadOnlyAtStart(t *testing.T) {
	t.Parallel()
	dir := mount(t, "100m")
	data := filepath.Join(dir, "data")
	w := newWorld(t, data)
	w.settle()
	if err := unix.Mount("none", dir, "tmpfs", unix.MS_REMOUNT|unix.MS_RDONLY, ""); err != nil {
		t.Fatal(err)
	}
	refuses(t, `read-only file system(.|\n)*hint: .*can be written with -data`, runArgs(data)...)
	refuses(t, `read-only file system(.|\n)*hint: .*can be written with -data`, runArgs(filepath.Join(dir, "other"))...)
}

// refuses wants a start to fail soon, in words that match.
func refuses(t *testing.T, pattern string, args ...string) {
	t.Helper()
	p := &process{t: t, args: args, log: &lockedBuffer{}}
	p.start()
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	select {
	case err := <-ended:
		if err == nil || !regexp.MustCompile(pattern).MatchString(p.log.String()) {
			t.Errorf("%s: %v, said\n%s\nwant %s", strings.Join(args, " "), err, p.log, pattern)
		}
	case <-time.After(30 * time.Second):
		_ = p.cmd.Process.Kill()
		<-ended
		t.Errorf("%s went on, want it to refuse:\n%s", strings.Join(args, " "), p.log)
	}
}

// A second veghe on the same folder is refused in clear words, whatever its
// stage, and the first does not notice.
func TestFaultTwoOnOneFolder(t *testing.T) {
	t.Parallel()
	data := dataDir(t)
	w := newWorld(t, data)
	refuses(t, fmt.Sprintf(`in use by the veghe of process %d (.|\n)*hint: stop that one, or give this one a folder of its own`, w.p.cmd.Process.Pid), runArgs(data)...)
	w.more(100)
	w.settle()
}

// Killed at random moments, frozen, and with its note and offsets gone: what
// was handled is handled again, and nothing is there twice.
func TestFaultOffsetsLost(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dataDir(t))
	for _, lost := range [][]string{{"log/offsets", "running.json", "index/search"}, {"ledger", "log/offsets", "clusters", "token"}} {
		w.more(100)
		w.p.kill()
		for _, name := range lost {
			if err := os.RemoveAll(filepath.Join(w.data, name)); err != nil {
				t.Fatal(err)
			}
		}
		w.p.start()
		w.ready()
	}
	w.settle()
}

// A process that was frozen and goes on has missed nothing.
func TestFaultFrozen(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dataDir(t))
	if err := w.p.cmd.Process.Signal(unix.SIGSTOP); err != nil {
		t.Fatal(err)
	}
	w.quiet()
	if err := w.p.cmd.Process.Signal(unix.SIGCONT); err != nil {
		t.Fatal(err)
	}
	w.settle()
}
