package index_test

import (
	"bufio"
	"context"
	"errors"
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"veghe"
	"veghe/index"
)

const victimEnv = "VEGHE_INDEX_VICTIM" // DIR:FIRST

// TestMain lets the test binary play the process that is killed.
func TestMain(m *testing.M) {
	if arg := os.Getenv(victimEnv); arg != "" {
		if err := victim(arg); err != nil {
			fmt.Println("error", err)
		}
		return
	}
	os.Exit(m.Run())
}

const (
	victimBatch  = 20
	victimRepeat = 5
)

// victim puts batches from two goroutines and prints the number of each batch
// that was acknowledged. Each also repeats posts of earlier batches and takes
// some reviews.
func victim(arg string) error {
	dir, first, _ := strings.Cut(arg, ":")
	n, err := strconv.Atoi(first)
	if err != nil {
		return err
	}
	x, err := index.Open(context.Background(), dir, index.Options{MinFree: -1})
	if err != nil {
		return err
	}
	var mu sync.Mutex // guards n, and lines
	var wg sync.WaitGroup
	for range 2 {
		wg.Go(func() {
			for err == nil {
				mu.Lock()
				mine := n
				n++
				mu.Unlock()
				e := putNumbered(x, mine)
				mu.Lock()
				if fmt.Println("put", mine); e != nil {
					err = e
				}
				mu.Unlock()
			}
		})
	}
	wg.Wait()
	return err
}

func putNumbered(x *index.Index, n int) error {
	batch := numbered(n)
	if n > 2 {
		batch = append(batch, numbered(n - 2)[:victimRepeat]...)
	}
	if _, err := x.Put(context.Background(), batch); err != nil {
		return err
	}
	return x.SetReview(context.Background(), batch[0].Post.ID, veghe.Relevant)
}

func numbered(n int) []veghe.Assessed {
	var out []veghe.Assessed
	for i := range victimBatch {
		month := noon.AddDate(0, -(n/3+i)%4, 0) // of a few, and new ones from time to time
		out = append(out, post(fmt.Sprintf("b%d-%d", n, i), fmt.Sprintf("munca numarul x%dx", n), collectedAt(month)))
	}
	return out
}

// Nothing acknowledged is lost and nothing is there twice, whenever the
// process is killed; both stores agree after the next start.
func TestKilledWhilePutting(t *testing.T) {
	dir := t.TempDir()
	rnd := rand.New(rand.NewPCG(7, 7))
	next := 0
	acked := map[int]bool{}
	for range 12 {
		now := map[int]bool{}
		next = killOnce(t, dir, next, 2+rnd.IntN(12), time.Duration(rnd.IntN(30))*time.Millisecond, now) + 1
		assertWhole(t, dir, now)
		maps.Copy(acked, now)
	}
	assertWhole(t, dir, acked) // those of all lives: what is counted would show a loss before, but not of what
	t.Logf("%d acknowledged batches in 12 lives", len(acked))
}

// killOnce kills the victim a while after it acknowledged some batches, and
// returns the highest number that it may have begun.
func killOnce(t *testing.T, dir string, first, batches int, then time.Duration, acked map[int]bool) int {
	t.Helper()
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), fmt.Sprintf("%s=%s:%d", victimEnv, dir, first))
	out, err := cmd.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := cmd.Start(); err != nil {
		t.Fatal(err)
	}
	highest := first
	lines := bufio.NewScanner(out)
	note := func() {
		n, err := strconv.Atoi(strings.TrimPrefix(lines.Text(), "put "))
		if err != nil {
			t.Fatalf("the victim says %q", lines.Text())
		}
		acked[n] = true
		highest = max(highest, n)
	}
	for i := 0; i < batches && lines.Scan(); i++ {
		note()
	}
	time.AfterFunc(then, func() { _ = cmd.Process.Kill() }) // at no moment in particular: that is the test
	for lines.Scan() {
		note()
	}
	if err := cmd.Wait(); err == nil {
		t.Fatal("the victim was not killed")
	}
	return highest + 3
}

func assertWhole(t *testing.T, dir string, acked map[int]bool) {
	t.Helper()
	x := open(t, dir)
	defer x.Close()
	for n := range acked {
		for _, p := range numbered(n) {
			if _, err := x.Get(t.Context(), p.Post.ID); err != nil {
				t.Errorf("the store: %v", err)
			}
		}
		res := search(t, x, index.Query{Text: fmt.Sprintf("x%dx", n)})
		if res.Total != victimBatch || len(res.Hits) != victimBatch {
			t.Errorf("batch %d: the search index finds %d posts, %d of them in the store", n, res.Total, len(res.Hits))
		}
		if res := search(t, x, index.Query{Text: fmt.Sprintf("x%dx review:relevant", n)}); res.Total != 1 {
			t.Errorf("batch %d: %d reviews are found, want 1", n, res.Total)
		}
	}
	counts, err := x.Count(t.Context())
	all := search(t, x, index.Query{Text: "munca", All: true, Facets: []string{}})
	if err != nil || uint64(counts.Posts) != all.Total {
		t.Errorf("%d posts in the store (%v), %d in the search index", counts.Posts, err, all.Total)
	}
	if counts.Posts%victimRepeat != 0 { // all of a batch, or what a later batch repeated of it
		t.Errorf("%d posts: a batch is torn", counts.Posts)
	}
}

// searchFiles lists the files of the search index.
func searchFiles(t *testing.T, dir, pattern string) []string {
	t.Helper()
	var out []string
	err := filepath.WalkDir(filepath.Join(dir, "search"), func(path string, d os.DirEntry, err error) error {
		if ok, _ := filepath.Match(pattern, filepath.Base(path)); err == nil && ok && !d.IsDir() {
			out = append(out, path)
		}
		return err
	})
	if err != nil || len(out) == 0 {
		t.Fatalf("no file %s (%v)", pattern, err)
	}
	return out
}

// Whatever happens to the search index, the store makes it whole again.
func TestDamagedSearchIndex(t *testing.T) {
	each := func(pattern string, f func(path string) error) func(*testing.T, string) error {
		return func(t *testing.T, dir string) error {
			var errs []error
			for _, path := range searchFiles(t, dir, pattern) {
				errs = append(errs, f(path))
			}
			return errors.Join(errs...)
		}
	}
	cutShort := func(path string) error { return os.Truncate(path, 100) }
	for name, damage := range map[string]func(t *testing.T, dir string) error{
		"missing":          func(_ *testing.T, dir string) error { return os.RemoveAll(filepath.Join(dir, "search")) },
		"a file instead":   func(_ *testing.T, dir string) error { return replaceByFile(filepath.Join(dir, "search")) },
		"empty folder":     each("*", os.Remove),
		"segments gone":    each("*.zap", os.Remove),
		"segments short":   each("*.zap", cutShort),
		"segments zeroed":  each("*.zap", zero),
		"segments rotten":  each("*.zap", flipMiddle),
		"root gone":        each("root.bolt", os.Remove),
		"root short":       each("root.bolt", cutShort),
		"root zeroed":      each("root.bolt", zero),
		"description gone": each("index_meta.json", os.Remove),
		"another store's":  anotherStores,
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			x := open(t, dir)
			put(t, x, library()...)
			if err := x.Close(); err != nil {
				t.Fatal(err)
			}
			if err := damage(t, dir); err != nil {
				t.Fatal(err)
			}
			x = open(t, dir)
			for query, want := range map[string]uint64{"": 3, "munca": 2, "indicator:DOC-01": 2, `"bine platita"`: 1} {
				if res := search(t, x, index.Query{Text: query}); res.Total != want || len(res.Hits) != int(want) {
					t.Errorf("%q finds %d, want %d", query, res.Total, want)
				}
			}
			put(t, x, post("after", "munca noua"))
			if res := search(t, x, index.Query{Text: "munca"}); res.Total != 3 {
				t.Errorf("after another put: %d, want 3", res.Total)
			}
			if err := x.Healthy(); err != nil {
				t.Error(err)
			}
		})
	}
}

func replaceByFile(path string) error {
	return errors.Join(os.RemoveAll(path), os.WriteFile(path, []byte("x"), 0o600))
}

func zero(path string) error {
	info, err := os.Stat(path)
	if err != nil {
		return err
	}
	return os.WriteFile(path, make([]byte, info.Size()), 0o600)
}

func flipMiddle(path string) error {
	b, err := os.ReadFile(path)
	for i := len(b) / 4; i < len(b)/2; i++ {
		b[i] ^= 0x55
	}
	return errors.Join(err, os.WriteFile(path, b, 0o600))
}

// anotherStores puts the search index of other posts in the place.
func anotherStores(t *testing.T, dir string) error {
	other := t.TempDir()
	x := open(t, other)
	put(t, x, post("stranger", "munca"), post("stranger2", "munca"))
	return errors.Join(x.Close(), os.RemoveAll(filepath.Join(dir, "search")), os.Rename(filepath.Join(other, "search"), filepath.Join(dir, "search")))
}

// A store that lost its last changes (an older copy was put back) must not be
// searched through an index that still has them.
func TestOlderStorePutBack(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	put(t, x, library()...)
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	old, err := os.ReadFile(filepath.Join(dir, "posts.db"))
	if err != nil {
		t.Fatal(err)
	}
	x = open(t, dir)
	put(t, x, post("later", "munca tarzie"))
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "posts.db"), old, 0o600); err != nil {
		t.Fatal(err)
	}
	x = open(t, dir)
	if res := search(t, x, index.Query{Text: "munca"}); res.Total != 2 {
		t.Errorf("%d posts found, want the 2 that the store has", res.Total)
	}
}

func TestOneProcessPerDirectory(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	started := time.Now()
	_, err := index.Open(t.Context(), dir, index.Options{})
	if !errors.Is(err, index.ErrLocked) || !strings.Contains(err.Error(), dir) {
		t.Errorf("a second opening says %v", err)
	}
	if took := time.Since(started); took > 3*time.Second {
		t.Errorf("it took %s to say so", took)
	}
	cmd := exec.CommandContext(t.Context(), os.Args[0])
	cmd.Env = append(os.Environ(), victimEnv+"="+dir+":0")
	out, err := cmd.Output()
	if err != nil || !strings.Contains(string(out), "in use by another process") {
		t.Errorf("another process says %q, %v", out, err)
	}
	if err := x.Close(); err != nil {
		t.Fatal(err)
	}
	open(t, dir) // free again
}

// Bytes that rot while the index is open are met by a search first. It must
// come back with the whole answer, and never with a part of it.
func TestRotWhileOpen(t *testing.T) {
	dir := t.TempDir()
	x := open(t, dir)
	put(t, x, library()...)
	search(t, x, index.Query{Text: "munca"})
	for _, path := range searchFiles(t, dir, "*.zap") {
		if err := rotInPlace(path); err != nil {
			t.Fatal(err)
		}
	}
	for query, want := range map[string]uint64{"munca": 2, "indicator:DOC-01": 2, `"bine platita"`: 1, "lang:ro": 2} {
		if res := search(t, x, index.Query{Text: query}); res.Total != want || len(res.Hits) != int(want) {
			t.Errorf("%q finds %d, want %d", query, res.Total, want)
		}
	}
	put(t, x, post("after", "munca noua"))
	if res := search(t, x, index.Query{Text: "munca"}); res.Total != 3 {
		t.Errorf("after another put: %d, want 3", res.Total)
	}
	if err := x.Healthy(); err != nil {
		t.Error(err)
	}
}

// rotInPlace changes the file that is open, not a new one of its name.
func rotInPlace(path string) error {
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		return err
	}
	info, err := f.Stat()
	if err != nil {
		return errors.Join(err, f.Close())
	}
	b := make([]byte, info.Size()-40)
	for i := range b {
		b[i] = 0xff
	}
	_, err = f.WriteAt(b, 0)
	return errors.Join(err, f.Close())
}
