package crawler

import (
	"context"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/google/go-cmp/cmp"
)

// Requests to one host keep their distance, from every source together.
func TestPace(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pace{slots: make(chan struct{}, 3)}
		p.setDelay(2 * time.Second)
		var mu sync.Mutex // guards starts
		var starts []time.Duration
		began := time.Now()
		var wg sync.WaitGroup
		for range 5 {
			wg.Go(func() {
				release, err := p.enter(t.Context(), time.Second)
				if err != nil {
					t.Error(err)
					return
				}
				mu.Lock()
				starts = append(starts, time.Since(began))
				mu.Unlock()
				release()
			})
		}
		wg.Wait()
		want := []time.Duration{2 * time.Second, 4 * time.Second, 6 * time.Second, 8 * time.Second, 10 * time.Second}
		if diff := cmp.Diff(want, starts); diff != "" {
			t.Errorf("starts (-want +got):\n%s", diff)
		}
	})
}

func TestPaceConcurrency(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := &pace{slots: make(chan struct{}, 2)}
		var running, most atomic.Int64
		var wg sync.WaitGroup
		for range 10 {
			wg.Go(func() {
				release, err := p.enter(t.Context(), time.Millisecond)
				if err != nil {
					t.Error(err)
					return
				}
				defer release()
				n := running.Add(1)
				for m := most.Load(); n > m && !most.CompareAndSwap(m, n); m = most.Load() {
				}
				_ = sleep(t.Context(), time.Second)
				running.Add(-1)
			})
		}
		wg.Wait()
		if got := most.Load(); got != 2 {
			t.Errorf("%d requests at once, want 2", got)
		}
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		p.pause(time.Hour)
		if _, err := p.enter(ctx, 0); err == nil {
			t.Error("entered during a pause")
		}
	})
}
