package detect_test

import (
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/detect"
	"veghe/detect/history"
)

// talk is a conversation in two threads with an answering child, and quiet
// posts in between, as a stream has them.
func talk() (places []history.Place, posts []veghe.Post) {
	says := func(thread, author, text string) {
		n := len(posts)
		p := veghe.Post{Source: "s", Thread: veghe.ThreadID(thread), Seq: n, Author: veghe.AuthorID(author), Text: text}
		p.Identify()
		posts = append(posts, p)
		places = append(places, history.Place{Offset: int64(3 * n)})
	}
	for i, s := range conversation {
		says("t", "x", "ce faci azi")
		says("t", "x", s)
		says("t", "y", []string{"bine", "am 12 ani"}[i%2])
		says("u", "x", conversation[len(conversation)-1-i])
		says("", "loner", s)
	}
	return places, posts
}

// durable is what a topic of histories keeps: of each key the last.
type durable map[history.Key]detect.HistoryChange

func (d durable) publish(t *testing.T, e *detect.Engine) {
	t.Helper()
	changes, err := e.HistoryChanges(0)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range changes {
		d[c.Key] = c
	}
	e.ConfirmHistories(changes)
	if again, err := e.HistoryChanges(0); err != nil || len(again) > 0 {
		t.Errorf("%d changes are told again after they were confirmed (%v)", len(again), err)
	}
}

func (d durable) restore(t *testing.T, e *detect.Engine) {
	t.Helper()
	for _, c := range d {
		if err := e.RestoreHistory(c.Policy, c.Value); err != nil {
			t.Fatal(err)
		}
	}
}

// Whatever is killed, at whatever moment, a stream that begins again after
// its last commit gives the same assessments: batches of any size, killed
// before or after the histories are durable, or only given again.
func TestHistoriesBearKillsAndRepeats(t *testing.T) {
	places, posts := talk()
	want := shipped(t, false).AssessAt(places, posts, 1)
	if flagged(want) == 0 || want[len(want)-2].History == nil {
		t.Fatal("nothing is flagged, so this shows nothing")
	}
	rng := rand.New(rand.NewPCG(5, 6))
	for range 8 {
		topic, e := durable{}, shipped(t, false)
		got := make([]veghe.Assessment, len(posts))
		for at := 0; at < len(posts); {
			end := min(at+1+rng.IntN(8), len(posts))
			copy(got[at:], e.AssessAt(places[at:end], posts[at:end], 1))
			switch rng.IntN(5) {
			case 0: // killed, nothing durable
				e = shipped(t, false)
				topic.restore(t, e)
			case 1: // killed between the histories and the commit
				topic.publish(t, e)
				e = shipped(t, false)
				topic.restore(t, e)
			case 2: // a failure: given again
			case 3: // another process goes on after the commit
				topic.publish(t, e)
				at, e = end, shipped(t, false)
				topic.restore(t, e)
			default:
				topic.publish(t, e)
				at = end
			}
		}
		if diff := cmp.Diff(withoutClusters(want), withoutClusters(got)); diff != "" {
			t.Fatalf("-undisturbed +disturbed:\n%s", diff)
		}
	}
}

// withoutClusters leaves out what counts copies of texts: those are told apart by
// their ids, and stand in a memory of their own.
func withoutClusters(as []veghe.Assessment) []veghe.Assessment {
	out := slices.Clone(as)
	for i := range out {
		out[i].Cluster = nil
	}
	return out
}

// Rules that change do not forget what authors have shown.
func TestSwapKeepsHistories(t *testing.T) {
	posts := thread("x", conversation...)
	set, err := shippedRules()
	if err != nil {
		t.Fatal(err)
	}
	want := shipped(t, false).AssessAll(posts, 1)
	e := shipped(t, false)
	e.AssessAll(posts[:3], 1)
	e.Swap(set)
	if diff := cmp.Diff(want[3:], e.AssessAll(posts[3:], 1)); diff != "" {
		t.Errorf("-without +with new rules half way:\n%s", diff)
	}
}

func FuzzRestoreHistory(f *testing.F) {
	f.Add([]byte(`{"source":"s","thread":"t","n":1,"partition":0,"events":[{"o":1,"p":"1","a":"x","own":[{"f":"secrecy","w":2}]}]}`))
	f.Add([]byte(`{"n":1,"base":{"authors":{"x":null}}}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		e := shipped(t, false)
		policy := "threads"
		if err := e.RestoreHistory(policy, data); err != nil {
			return
		}
		e.AssessAt([]history.Place{{Offset: 1}}, thread("x", conversation[4]), 1)
	})
}
