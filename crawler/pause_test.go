package crawler

import (
	"context"
	"errors"
	"net/http"
	"slices"
	"sync/atomic"
	"testing"

	"veghe"
)

// Pausing a source cuts off the request under way, asks nothing more, and
// holds across a restart; another source goes on. Resuming takes it up again,
// without a post lost or given twice.
func TestPause(t *testing.T) {
	asked, cut := make(chan struct{}, 10), make(chan struct{}, 10)
	var slow atomic.Bool
	slow.Store(true)
	b := serve(t, map[string]http.HandlerFunc{
		"/": func(w http.ResponseWriter, r *http.Request) {
			if slow.Load() {
				asked <- struct{}{}
				<-r.Context().Done()
				cut <- struct{}{}
				return
			}
			html("%s", post("p1", "ana", "salut"))(w, r)
		},
	})
	s := local(b.URL + "/")
	cfg := config(s)
	cfg.Dir = t.TempDir()
	c, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	var got collector
	go func() { done <- c.Run(ctx, got.sink) }()
	<-asked
	if err := c.Pause("s"); err != nil {
		t.Fatal(err)
	}
	<-cut // at once, not after the time-out of a minute
	if st := c.Stats()[0]; !st.Paused {
		t.Error("the state does not show that the source is paused")
	}
	if err := c.Pause("other"); !errors.Is(err, ErrNoSource) {
		t.Errorf("pausing an unknown source: %v", err)
	}
	stop()
	if err := errors.Join(<-done, c.Close()); err != nil {
		t.Fatal(err)
	}

	slow.Store(false)
	before := b.count("/")
	again := open(t, cfg)
	if err := again.RunOnce(t.Context(), got.sink); err != nil {
		t.Fatal(err)
	}
	if st := again.Stats()[0]; !st.Paused || b.count("/") != before {
		t.Errorf("after a restart the paused source was asked %d times", b.count("/")-before)
	}
	if err := again.Resume("s"); err != nil {
		t.Fatal(err)
	}
	if err := again.RunOnce(t.Context(), got.sink); err != nil {
		t.Fatal(err)
	}
	if posts := got.take(); len(posts) != 1 || again.Stats()[0].Paused {
		t.Errorf("after resuming: posts %v, paused %v", posts, again.Stats()[0].Paused)
	}
	if left, err := ReadPaused(cfg.Dir); err != nil || len(left) != 0 {
		t.Errorf("still paused: %v, %v", left, err)
	}
}

// The switch of a crawler that does not run is a file; what is in it that is
// no id is not taken.
func TestPausedFile(t *testing.T) {
	dir := t.TempDir()
	for _, id := range []veghe.SourceID{"b", "a", "b"} {
		if err := SetPaused(dir, id, true); err != nil {
			t.Fatal(err)
		}
	}
	if err := SetPaused(dir, "c", false); err != nil {
		t.Fatal(err)
	}
	got, err := ReadPaused(dir)
	if err != nil || !slices.Equal(got, []veghe.SourceID{"a", "b"}) {
		t.Errorf("got %v, %v, want a and b", got, err)
	}
	if err := writeDurably(dir, pausedFile, []byte("../x\nA B\n\x00\nb\n")); err != nil {
		t.Fatal(err)
	}
	if got, err := ReadPaused(dir); err != nil || !slices.Equal(got, []veghe.SourceID{"b"}) {
		t.Errorf("got %v, %v, want b", got, err)
	}
	s := local("http://127.0.0.1:1/")
	s.Paused = true
	c := open(t, config(s))
	if err := c.Resume("s"); !errors.Is(err, ErrPausedByConfig) {
		t.Errorf("resuming what the configuration pauses: %v", err)
	}
}
