package stream_test

import (
	"context"
	"errors"
	"sync/atomic"
	"testing"

	"veghe/stream"
	"veghe/stream/embedded"
)

// A stage of this version beside one of the next: fields that it does not know
// do it no harm, and a record of a newer format waits for its update, neither
// handled nor given up, while the rest was handled before it.
func TestNewerFormat(t *testing.T) {
	l, err := embedded.Open(t.TempDir(), embedded.Options{MaxBatch: 1})
	if err != nil {
		t.Fatal(err)
	}
	defer l.Close()
	type old struct{ Text string }
	type next struct {
		Text string
		More int
	}
	older := &stream.Topic[old]{Log: l, Name: "posts", Format: 1}
	for _, format := range []int{0, 1, 2} {
		newer := &stream.Topic[next]{Log: l, Name: "posts", Format: format}
		if err := newer.Publish(t.Context(), next{"text", format}); err != nil {
			t.Fatal(err)
		}
	}
	var refused atomic.Pointer[error]
	handled, given := 0, 0
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	log := &watched{Log: l, after: func(err error) {
		if given++; err != nil {
			refused.Store(&err)
			stop()
		}
	}}
	older.Log = log
	err = older.Consume(ctx, "g", func(_ context.Context, batch []stream.Message[old]) error {
		handled += len(batch)
		return nil
	})
	if err != nil || handled != 2 {
		t.Errorf("%d records handled, %v; want the 2 of known formats", handled, err)
	}
	if p := refused.Load(); p == nil || !errors.Is(*p, stream.ErrNewer) {
		t.Errorf("the third of %d batches is not refused as newer", given)
	}
	// The update comes and takes what waited.
	updated := &stream.Topic[next]{Log: l, Name: "posts", Format: 2}
	ctx, stop = context.WithCancel(t.Context())
	defer stop()
	err = updated.Consume(ctx, "g", func(_ context.Context, batch []stream.Message[next]) error {
		if batch[0].Value.More != 2 {
			t.Errorf("the update begins with %+v, want the record that waited", batch[0].Value)
		}
		stop()
		return nil
	})
	if err != nil {
		t.Error(err)
	}
	dead := stream.DeadLetters{Log: l, Topic: stream.DefaultDead}
	if err := dead.List(t.Context(), func(stream.Letter) error { return errors.New("a letter") }); err != nil {
		t.Errorf("%v, want no dead letter", err)
	}
}

// watched tells what handlers return.
type watched struct {
	stream.Log
	after func(error)
}

func (w *watched) Consume(ctx context.Context, topic, group string, h stream.Handler) error {
	return w.Log.Consume(ctx, topic, group, func(ctx context.Context, batch []stream.Record) error {
		err := h(ctx, batch)
		w.after(err)
		return err
	})
}
