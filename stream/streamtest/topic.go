package streamtest

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/google/go-cmp/cmp"

	"veghe/stream"
)

// notice is the value that the tests publish.
type notice struct {
	ID   string `json:"id"`
	Page int    `json:"page"`
	Text string `json:"text"`
}

func (k *kit) notices() *stream.Topic[notice] {
	return &stream.Topic[notice]{
		Log:     k.log,
		Name:    k.topic,
		Dead:    k.topic + ".dead",
		Key:     func(*notice) string { return "board" },
		Headers: func(n *notice) []stream.Header { return []stream.Header{{Name: "id", Value: []byte(n.ID)}} },
	}
}

// received collects the ids that a handler took.
type received struct {
	mu  sync.Mutex // guards ids
	ids []string
}

func (r *received) add(msgs []stream.Message[notice]) {
	r.mu.Lock()
	defer r.mu.Unlock()
	for _, m := range msgs {
		r.ids = append(r.ids, m.Value.ID)
	}
}

func (r *received) firsts() []string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return firsts(r.ids)
}

// follow runs a consumer of the topic until the test ends.
func (k *kit) follow(t *stream.Topic[notice], h func(context.Context, []stream.Message[notice]) error) {
	ctx, stop := context.WithCancel(k.ctx)
	done := make(chan error, 1)
	go func() { done <- t.Consume(ctx, "readers", h) }()
	k.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			k.Errorf("Consume: %v", err)
		}
	})
}

func (k *kit) publish(t *stream.Topic[notice], ns ...notice) {
	k.Helper()
	if err := t.Publish(k.ctx, ns...); err != nil {
		k.Fatalf("Publish: %v", err)
	}
}

func (k *kit) waitIDs(r *received, want ...string) {
	k.Helper()
	k.eventually("the ids "+strings.Join(want, " "), func() (bool, string) {
		got := r.firsts()
		return slices.Equal(got, want), strings.Join(got, " ")
	})
}

func (k *kit) letters(t *stream.Topic[notice]) []stream.Letter {
	k.Helper()
	var out []stream.Letter
	err := stream.DeadLetters{Log: k.log, Topic: t.Dead}.List(k.ctx, func(l stream.Letter) error {
		out = append(out, l)
		return nil
	})
	if err != nil {
		k.Fatalf("List: %v", err)
	}
	return out
}

// waitLetters waits until the dead letters have these ids and returns them.
func (k *kit) waitLetters(t *stream.Topic[notice], want ...string) []stream.Letter {
	k.Helper()
	var ls []stream.Letter
	k.eventually(fmt.Sprintf("dead letters %q", want), func() (bool, string) {
		ls = k.letters(t)
		var got []string
		for i := range ls {
			got = append(got, ls[i].Header("id"))
		}
		slices.Sort(got)
		return slices.Equal(got, want), fmt.Sprintf("%q", got)
	})
	return ls
}

func testTopic(k *kit) {
	t := k.notices()
	want := notice{ID: "n1", Page: 7, Text: "Ședință de bloc, joi la ora 18."}
	k.publish(t)
	k.publish(t, want)
	got := make(chan stream.Message[notice], 10)
	k.follow(t, func(_ context.Context, msgs []stream.Message[notice]) error {
		for _, m := range msgs {
			got <- m
		}
		return nil
	})
	var m stream.Message[notice]
	select {
	case m = <-got:
	case <-k.ctx.Done():
		k.Fatal("no message came")
	}
	if d := cmp.Diff(want, m.Value); d != "" {
		k.Errorf("value (-want +got):\n%s", d)
	}
	if m.Key != "board" || m.Time.IsZero() || m.Offset != 0 {
		k.Errorf("key %q, time %v, offset %d; want board, now, 0", m.Key, m.Time, m.Offset)
	}
	err := t.Publish(k.ctx, notice{Text: strings.Repeat("a", stream.MaxValue)})
	if !errors.Is(err, stream.ErrTooLarge) {
		k.Errorf("Publish of a huge value: %v, want ErrTooLarge", err)
	}
}

// testTopicDead has one record that is not JSON, one of another shape and one
// that the handler rejects among good ones.
func testTopicDead(k *kit) {
	const secret = "words of a post"
	t := k.notices()
	var dead atomic.Int64
	t.OnDead = func(_ string, n int) { dead.Add(int64(n)) }
	raw := func(id, value string) {
		r := stream.Record{Key: []byte("board"), Value: []byte(value), Headers: []stream.Header{{Name: "id", Value: []byte(id)}}}
		if err := k.log.Append(k.ctx, k.topic, r); err != nil {
			k.Fatalf("Append: %v", err)
		}
	}
	k.publish(t, notice{ID: "n1", Text: secret})
	raw("bad1", `{"id": "`+secret)
	raw("bad2", `{"id": "n", "page": "`+secret+`"}`)
	k.publish(t, notice{ID: "n2"}, notice{ID: "bad3", Text: secret}, notice{ID: "n3"})

	var r received
	k.follow(t, func(_ context.Context, msgs []stream.Message[notice]) error {
		causes := make(map[int]error)
		for i, m := range msgs {
			if m.Value.ID == "bad3" {
				causes[i] = errors.New("page 0 does not exist")
				continue
			}
			r.add(msgs[i : i+1])
		}
		if len(causes) > 0 {
			return fmt.Errorf("wrapped: %w", &stream.Rejection{Causes: causes})
		}
		return nil
	})
	k.waitIDs(&r, "n1", "n2", "n3")
	for _, l := range k.waitLetters(t, "bad1", "bad2", "bad3") {
		if l.Topic != k.topic || l.Group != "readers" || l.Attempts != 1 || l.Time.IsZero() || l.Appended.IsZero() {
			k.Errorf("letter %+v, want origin, group, 1 attempt and times", l)
		}
		if l.Error == "" || strings.Contains(l.Error, "words") {
			k.Errorf("error of %s is %q, want a reason without its text", l.Header("id"), l.Error)
		}
		_, rec, err := stream.DeadLetters{Log: k.log, Topic: t.Dead}.Show(k.ctx, l.ID)
		if err != nil || string(rec.Key) != "board" || !strings.Contains(string(rec.Value), secret) || len(rec.Headers) != 1 {
			k.Errorf("Show(%s) = %q, %d headers, %v; want the record as it was", l.ID, rec.Value, len(rec.Headers), err)
		}
	}
	k.eventually("OnDead to be told of 3", func() (bool, string) { return dead.Load() == 3, fmt.Sprint(dead.Load()) })
	k.eventually("the batch committed", func() (bool, string) {
		lags, err := k.log.Lag(k.ctx, k.topic, "readers")
		behind := int64(0)
		for _, l := range lags {
			behind += l.Behind()
		}
		return err == nil && behind == 0, fmt.Sprint(behind, " behind, ", err)
	})
}

// testTopicPanic wants that the one record that makes the handler panic is
// found in a batch and all others are handled, in order.
func testTopicPanic(k *kit) {
	t := k.notices()
	var ns []notice
	var want []string
	for i := range 21 {
		ns = append(ns, notice{ID: fmt.Sprintf("n%02d", i), Page: i})
		if i != 13 {
			want = append(want, ns[i].ID)
		}
	}
	k.publish(t, ns...)
	var r received
	var alone atomic.Int64
	k.follow(t, func(_ context.Context, msgs []stream.Message[notice]) error {
		for _, m := range msgs {
			if m.Value.Page == 13 {
				if len(msgs) == 1 {
					alone.Add(1)
				}
				_ = want[m.Value.Page*1000] // out of range
			}
		}
		r.add(msgs)
		return nil
	})
	k.waitIDs(&r, want...)
	l := k.waitLetters(t, "n13")[0]
	if l.Attempts != 3 || alone.Load() < 3 {
		k.Errorf("given up after %d attempts, tried alone %d times; want 3", l.Attempts, alone.Load())
	}
	if !strings.Contains(l.Error, "index out of range") || !strings.Contains(l.Error, "topic.go:") {
		k.Errorf("error is %q, want the panic and its place", l.Error)
	}
}

// testTopicNotNow wants that an ordinary error gives nothing up.
func testTopicNotNow(k *kit) {
	t := k.notices()
	k.publish(t, notice{ID: "n1"}, notice{ID: "n2"})
	var r received
	var tries atomic.Int64
	k.follow(t, func(_ context.Context, msgs []stream.Message[notice]) error {
		if tries.Add(1) <= 3 {
			return errNotNow
		}
		r.add(msgs)
		return nil
	})
	k.waitIDs(&r, "n1", "n2")
	if ls := k.letters(t); len(ls) != 0 {
		k.Errorf("%d dead letters, want none", len(ls))
	}
}

// testRetry mends what was wrong and retries one letter, then all.
func testRetry(k *kit) {
	t := k.notices()
	k.publish(t, notice{ID: "a"}, notice{ID: "b"}, notice{ID: "c"})
	var mended atomic.Bool
	var r received
	k.follow(t, func(_ context.Context, msgs []stream.Message[notice]) error {
		if mended.Load() {
			r.add(msgs)
			return nil
		}
		causes := make(map[int]error)
		for i := range msgs {
			causes[i] = errors.New("the list of boards is missing")
		}
		return &stream.Rejection{Causes: causes}
	})
	ls := k.waitLetters(t, "a", "b", "c")
	d := stream.DeadLetters{Log: k.log, Topic: t.Dead}

	// One, too early: it dies again, as a new letter that counts the retry.
	id := ls[slices.IndexFunc(ls, func(l stream.Letter) bool { return l.Header("id") == "b" })].ID
	if err := d.RetryID(k.ctx, id); err != nil {
		k.Fatalf("RetryID: %v", err)
	}
	if err := d.RetryID(k.ctx, id); !errors.Is(err, stream.ErrNoLetter) {
		k.Errorf("RetryID again: %v, want ErrNoLetter", err)
	}
	if _, _, err := d.Show(k.ctx, id); !errors.Is(err, stream.ErrNoLetter) {
		k.Errorf("Show of a retried letter: %v, want ErrNoLetter", err)
	}
	for _, l := range k.waitLetters(t, "a", "b", "c") {
		want := 0
		if l.Header("id") == "b" {
			want = 1
		}
		if l.Retries != want || l.ID == id {
			k.Errorf("letter %s of %s was retried %d times, want %d", l.ID, l.Header("id"), l.Retries, want)
		}
	}

	mended.Store(true)
	n, err := d.Retry(k.ctx, nil)
	if n != 3 || err != nil {
		k.Errorf("Retry of all = %d, %v; want 3", n, err)
	}
	k.eventually("all handled", func() (bool, string) {
		got := r.firsts()
		slices.Sort(got)
		return slices.Equal(got, []string{"a", "b", "c"}), fmt.Sprint(got)
	})
	if ls := k.letters(t); len(ls) != 0 {
		k.Errorf("%d letters left, want none", len(ls))
	}
	if n, err := d.Retry(k.ctx, nil); n != 0 || err != nil {
		k.Errorf("Retry with none left = %d, %v; want 0", n, err)
	}
}
