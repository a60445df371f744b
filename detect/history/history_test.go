package history

import (
	"fmt"
	"runtime"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"veghe"
)

var (
	day0 = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)
	who  = Key{Source: "s", Thread: "t", Author: "a"}
)

func hit(family string, weight float64) []Hit { return []Hit{{family, weight}} }

func own(hits []Hit) Evidence { return Evidence{Own: hits} }

func TestObserve(t *testing.T) {
	type step struct {
		id   veghe.PostID
		day  int
		hits []Hit
	}
	p := Params{Drift: 0.5, HalfLife: 10 * 24 * time.Hour, Window: 30 * 24 * time.Hour, HitsPerFamily: 2, FamilyCap: 4}
	for _, tc := range []struct {
		name     string
		steps    []step
		sum      float64
		families []string
		posts    []veghe.PostID
	}{
		{"nothing seen, nothing kept", []step{{"1", 0, nil}}, 0, nil, nil},
		{"hits add up", []step{{"1", 0, hit("a", 2)}, {"2", 0, hit("b", 1)}}, 3, []string{"a", "b"}, []veghe.PostID{"1", "2"}},
		{"the same post counts once", []step{{"1", 0, hit("a", 2)}, {"1", 0, hit("a", 2)}}, 2, []string{"a"}, []veghe.PostID{"1"}},
		{"a third hit of a family adds nothing", []step{{"1", 0, hit("a", 1)}, {"2", 0, hit("a", 1)}, {"3", 0, hit("a", 1)}}, 2, []string{"a"}, []veghe.PostID{"1", "2", "3"}},
		{"a family is capped", []step{{"1", 0, hit("a", 3)}, {"2", 0, hit("a", 3)}}, 4, []string{"a"}, []veghe.PostID{"1", "2"}},
		{"quiet posts take the drift off", []step{{"1", 0, hit("a", 2)}, {"2", 0, nil}}, 1.5, []string{"a"}, []veghe.PostID{"1"}},
		{"the sum never goes below zero", []step{{"1", 0, hit("a", 0.2)}, {"2", 0, nil}, {"3", 0, hit("b", 1)}}, 1, []string{"a", "b"}, []veghe.PostID{"1", "3"}},
		{"the sum halves in a half-life", []step{{"1", 0, hit("a", 2)}, {"2", 10, hit("b", 1)}}, 2, []string{"a", "b"}, []veghe.PostID{"1", "2"}},
		{"a family leaves after the window", []step{{"1", 0, hit("a", 2)}, {"2", 31, hit("b", 1)}}, 1.233, []string{"b"}, []veghe.PostID{"1", "2"}},
		{"an earlier date does not turn decay back", []step{{"1", 10, hit("a", 2)}, {"2", 0, hit("b", 1)}}, 3, []string{"a", "b"}, []veghe.PostID{"1", "2"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := New(p, 0)
			var got State
			for _, st := range tc.steps {
				got = s.Observe(who, st.id, day0.AddDate(0, 0, st.day), own(st.hits))
			}
			var families []string
			for _, f := range got.Families {
				families = append(families, f.Name)
			}
			if diff := cmp.Diff(tc.sum, got.Sum, cmpopts.EquateApprox(0, 0.01)); diff != "" {
				t.Errorf("sum (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.families, families); diff != "" {
				t.Errorf("families (-want +got):\n%s", diff)
			}
			if diff := cmp.Diff(tc.posts, got.Posts, cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("posts (-want +got):\n%s", diff)
			}
		})
	}
}

// What a post adds is told apart from what stood before: for explanations.
func TestAdded(t *testing.T) {
	s := New(Params{HitsPerFamily: 2, FamilyCap: 3}, 0)
	for i, row := range []struct {
		id   veghe.PostID
		hits []Hit
		want []Hit
	}{
		{"1", []Hit{{"a", 2}, {"b", 1}, {"n", -1}}, []Hit{{"a", 2}, {"b", 1}}},
		{"2", hit("a", 2), hit("a", 1)}, // up to the cap
		{"3", hit("a", 2), nil},         // a third hit
		{"4", nil, nil},
		{"2", hit("a", 2), hit("a", 1)}, // again, as the first time
	} {
		if diff := cmp.Diff(row.want, s.Observe(who, row.id, day0, own(row.hits)).Added); diff != "" {
			t.Errorf("post %d (-want +got):\n%s", i, diff)
		}
	}
}

func TestBounded(t *testing.T) {
	const bound = 100_000
	s := New(Params{}, bound)
	for i := range 1_000 {
		s.Observe(Key{Author: veghe.AuthorID(fmt.Sprint(i))}, "p", day0, own(hit("a", 1)))
		if _, bytes := s.Size(); bytes > bound {
			t.Fatalf("%d bytes after %d conversations, want at most %d", bytes, i+1, bound)
		}
	}
	if n, bytes := s.Size(); n < 50 || bytes < bound/2 {
		t.Errorf("only %d conversations of %d bytes are kept", n, bytes)
	}
	if s.Observe(Key{Author: "999"}, "q", day0, own(hit("b", 1))).Sum != 2 {
		t.Error("the newest conversation is forgotten")
	}
	if s.Observe(Key{Author: "0"}, "q", day0, own(hit("b", 1))).Sum != 1 {
		t.Error("the oldest conversation is kept")
	}
	for i := range 1000 {
		s.Observe(who, veghe.PostID(fmt.Sprint(i)), day0, own(hit("a", 1)))
	}
	if got := len(s.Observe(who, "last", day0, own(hit("a", 1))).Posts); got != maxPosts {
		t.Errorf("a state cites %d posts, want at most %d", got, maxPosts)
	}
}

// How a talk reads is the sum over all in it, from the first post that showed
// something; a post that comes again is not counted again.
func TestTalk(t *testing.T) {
	type step struct {
		author veghe.AuthorID
		id     veghe.PostID
		day    int
		ev     Evidence
	}
	says := func(sum float64) Evidence { return Evidence{Wording: Tally{sum, 1}} }
	shows := func(sum float64) Evidence { return Evidence{Own: hit("a", 1), Wording: Tally{sum, 1}} }
	crowd := []step{{"x", "0", 0, shows(1)}}
	for i := range maxTalkers {
		crowd = append(crowd, step{veghe.AuthorID(fmt.Sprint("y", i)), veghe.PostID(fmt.Sprint("y", i)), 0, says(1)})
	}
	for _, tc := range []struct {
		name  string
		steps []step // the state after the last is looked at
		want  Tally
	}{
		{"one post", []step{{"x", "1", 0, shows(2)}}, Tally{2, 1}},
		{"what both sides say", []step{{"x", "1", 0, shows(2)}, {"y", "2", 0, says(3)}, {"x", "3", 0, says(1)}}, Tally{6, 3}},
		{"not what was said before", []step{{"y", "1", 0, says(3)}, {"x", "2", 0, shows(2)}}, Tally{2, 1}},
		{"a post that comes again", []step{{"x", "1", 0, shows(2)}, {"y", "2", 0, says(3)}, {"y", "2", 0, says(3)}, {"x", "3", 0, says(1)}}, Tally{6, 3}},
		{"as it was the first time", []step{{"x", "1", 0, shows(2)}, {"y", "2", 0, says(3)}, {"x", "1", 0, shows(2)}}, Tally{2, 1}},
		{"after a long silence it is another", []step{{"x", "1", 0, shows(2)}, {"x", "2", 31, shows(1)}}, Tally{1, 1}},
		{"in a crowd only his own", append(slices.Clip(crowd), step{"x", "9", 0, says(1)}), Tally{2, 2}},
		{"after a crowd and a long silence it is a talk again", append(slices.Clip(crowd), step{"x", "9", 31, shows(2)}, step{"y1", "10", 31, says(3)}, step{"x", "11", 31, says(1)}), Tally{6, 3}},
		{"not for the child", []step{{"y", "1", 0, Evidence{Context: hit("young", 1)}}, {"x", "2", 0, shows(2)}, {"y", "3", 0, shows(2)}}, Tally{}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := New(Params{Window: 30 * 24 * time.Hour}, 0)
			var got State
			for _, st := range tc.steps {
				k := who
				k.Author = st.author
				got = s.Observe(k, st.id, day0.AddDate(0, 0, st.day), st.ev)
			}
			if got.Talk != tc.want {
				t.Errorf("talk %v, want %v", got.Talk, tc.want)
			}
		})
	}
}

// What one side says of itself counts for the other side, and only there.
func TestContext(t *testing.T) {
	child, adult := who, who
	child.Author, adult.Author = "child", "adult"
	young := Evidence{Context: hit("young", 1)}
	type step struct {
		by  Key
		id  veghe.PostID
		day int
		ev  Evidence
	}
	voice := func(name veghe.AuthorID) step {
		k := who
		k.Author = name
		return step{k, veghe.PostID(name), 0, own(hit("a", 1))}
	}
	for _, tc := range []struct {
		name     string
		steps    []step // the state after the last is looked at
		sum      float64
		against  float64
		families []string
		posts    []veghe.PostID
	}{
		{"it adds to who talks to a child", []step{{child, "1", 0, young}, {adult, "2", 0, own(hit("a", 2))}}, 3, 0, []string{"a", "young"}, []veghe.PostID{"2", "1"}},
		{"also when it is said later", []step{{adult, "1", 0, own(hit("a", 2))}, {child, "2", 0, young}, {adult, "3", 0, own(hit("b", 1))}}, 4, 0, []string{"a", "b", "young"}, []veghe.PostID{"1", "3", "2"}},
		{"never to who said it", []step{{child, "1", 0, young}, {child, "2", 0, own(hit("a", 2))}}, 2, 0, []string{"a"}, []veghe.PostID{"2"}},
		{"not between two of an age", []step{{child, "1", 0, young}, {adult, "2", 0, young}, {adult, "3", 0, own(hit("a", 2))}}, 2, 0, []string{"a"}, []veghe.PostID{"3"}},
		{"alone it is nothing", []step{{child, "1", 0, young}, {adult, "2", 0, Evidence{}}}, 0, 0, nil, nil},
		{"said twice it counts once", []step{{child, "1", 0, young}, {child, "2", 0, young}, {adult, "3", 0, own(hit("a", 2))}}, 3, 0, []string{"a", "young"}, []veghe.PostID{"3", "1"}},
		{"it is forgotten after the window", []step{{child, "1", 0, young}, {adult, "2", 31, own(hit("a", 2))}}, 2, 0, []string{"a"}, []veghe.PostID{"2"}},
		{"what speaks against takes off, once per family", []step{{adult, "1", 0, own(hit("kin", -1))}, {adult, "2", 0, own(hit("kin", -1))}, {adult, "3", 0, own(hit("a", 2))}}, 2, -1, []string{"a"}, []veghe.PostID{"1", "2", "3"}},
		{"the weightiest word of a family counts", []step{{child, "1", 0, Evidence{Context: hit("young", 0.5)}}, {child, "2", 0, young}, {adult, "3", 0, own(hit("a", 2))}}, 3, 0, []string{"a", "young"}, []veghe.PostID{"3", "2"}},
		{"not in a crowd", []step{{child, "1", 0, young}, voice("c"), voice("d"), voice("e"), voice("f"), {adult, "2", 0, own(hit("a", 2))}}, 2, 0, []string{"a"}, []veghe.PostID{"2"}},
		{"not his own word for himself", []step{{adult, "1", 0, Evidence{Context: hit("kin", -1)}}, {adult, "2", 0, own(hit("a", 2))}}, 2, 0, []string{"a"}, []veghe.PostID{"2"}},
		{"also when the other side says it", []step{{child, "1", 0, Evidence{Context: hit("kin", -1)}}, {adult, "2", 0, own(hit("a", 2))}}, 2, -1, []string{"a"}, []veghe.PostID{"2"}},
	} {
		t.Run(tc.name, func(t *testing.T) {
			s := New(Params{Window: 30 * 24 * time.Hour}, 0)
			var got State
			for _, st := range tc.steps {
				got = s.Observe(st.by, st.id, day0.AddDate(0, 0, st.day), st.ev)
			}
			var families []string
			for _, f := range got.Families {
				families = append(families, f.Name)
			}
			want := State{Sum: tc.sum, Against: tc.against, Posts: tc.posts}
			got.Families, got.Added = nil, nil
			if diff := cmp.Diff(want, got, cmpopts.EquateApprox(0, 0.01), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("-want +got:\n%s", diff)
			}
			if diff := cmp.Diff(tc.families, families); diff != "" {
				t.Errorf("families (-want +got):\n%s", diff)
			}
		})
	}
}

// A stream repeats posts after a failure: each gets the state of the first
// time, a quiet one from before the first hit included, and nothing counts
// twice.
func TestRepeatsGiveTheStateOfTheFirstTime(t *testing.T) {
	p := Params{Drift: 0.5, HalfLife: 10 * 24 * time.Hour}
	quiet := Evidence{}
	evidence := []Evidence{quiet, own(hit("a", 2)), quiet, own(hit("b", 1)), quiet, own(hit("c", 1))}
	observe := func(s *Store, i int) State {
		return s.ObserveAt(Place{Offset: int64(10 + i)}, who, veghe.PostID(fmt.Sprint(i)), day0.AddDate(0, 0, i), evidence[i])
	}
	s := New(p, 0)
	var want []State
	for i := range evidence {
		want = append(want, observe(s, i))
	}
	for from := range evidence {
		for i := from; i < len(evidence); i++ {
			if diff := cmp.Diff(want[i], observe(s, i), cmpopts.EquateEmpty()); diff != "" {
				t.Errorf("post %d again, from %d on (-first +again):\n%s", i, from, diff)
			}
		}
	}
}

// Whether a quiet post counts is known before it is read.
func TestFollows(t *testing.T) {
	s := New(Params{}, 0)
	key := func(author string) Key { return Key{Source: "s", Thread: "t", Author: veghe.AuthorID(author)} }
	if s.Follows(key("a")) {
		t.Error("a conversation in which nobody has shown anything is followed")
	}
	s.Observe(key("a"), "1", day0, own(hit("x", 1)))
	if !s.Follows(key("a")) || !s.Follows(key("b")) {
		t.Error("a talk of few in which somebody has shown something is not followed")
	}
	for i := range maxTalkers + 1 {
		author := fmt.Sprint("quiet", i)
		s.Observe(key(author), veghe.PostID(author), day0, Evidence{Wording: Tally{1, 1}})
	}
	if !s.Follows(key("a")) || s.Follows(key("b")) {
		t.Error("among many only those are followed who have shown something")
	}
	if n := len(s.talks[conversationOf(key("a"))].Value.(*conversation).saved.Events); n != maxTalkers+1 {
		t.Errorf("%d posts count, want %d: what is not followed does not", n, maxTalkers+1)
	}
}

// A conversation of any length stays small, goes on exactly, and knows its
// posts again.
func TestLongConversationsAreFolded(t *testing.T) {
	p := Params{Drift: 0.01, HalfLife: 30 * 24 * time.Hour, Window: 90 * 24 * time.Hour}
	long, again := New(p, 0), New(p, 0)
	const n = 2*maxEvents + 10
	post := func(s *Store, i int) State {
		var ev Evidence
		if i%50 == 0 {
			ev = own(hit(fmt.Sprint("f", i%7), 0.5))
		}
		return s.ObserveAt(Place{Offset: int64(i)}, who, veghe.PostID(fmt.Sprint(i)), day0.Add(time.Duration(i)*time.Minute), ev)
	}
	for i := range n {
		want := post(long, i)
		if i%500 == 0 {
			changes, err := long.Changes(0)
			if err != nil || len(changes) != 1 {
				t.Fatalf("%d changes (%v), want 1", len(changes), err)
			}
			if err := again.Restore(changes[0].Value); err != nil {
				t.Fatal(err)
			}
		} else if diff := cmp.Diff(want, post(again, i)); diff != "" {
			t.Fatalf("post %d after a restart (-without +with):\n%s", i, diff)
		}
	}
	changes, err := long.Changes(0)
	if err != nil || len(changes[0].Value) > 1<<20 {
		t.Errorf("a history of %d bytes (%v), want less than a megabyte", len(changes[0].Value), err)
	}
	if diff := cmp.Diff(post(long, n), post(long, n)); diff != "" {
		t.Errorf("the last post again:\n%s", diff)
	}
}

// Posts that move to another partition begin again at low offsets; what was
// counted stands before them.
func TestConversationMovesToAnotherPartition(t *testing.T) {
	s := New(Params{}, 0)
	s.ObserveAt(Place{Partition: 3, Offset: 900}, who, "1", day0, own(hit("a", 1)))
	got := s.ObserveAt(Place{Partition: 5, Offset: 2}, who, "2", day0, own(hit("b", 1)))
	if got.Sum != 2 {
		t.Errorf("sum %v after the move, want 2", got.Sum)
	}
}

// What a store says it takes is what it takes, for conversations of any kind;
// and many more of them than it may keep leave the memory where it was.
func TestSizeIsHonest(t *testing.T) {
	heap := func() int64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return int64(m.HeapAlloc)
	}
	id := func(format string, n ...any) string { return fmt.Sprintf(format, n...) }
	for _, tc := range []struct {
		name                    string
		talks, authors, posts   int
		families, contextOfEach int
	}{
		{"one author, one post", 5_000, 1, 1, 1, 0},
		{"two who talk", 1_000, 2, 5, 2, 1},
		{"a busy thread", 60, 20, 5, 3, 0},
		{"long past folding", 2, 2, maxEvents, 2, 0},
		{"a crowd", 8, 300, 2, 2, 1},
	} {
		t.Run(tc.name, func(t *testing.T) {
			fill := func(s *Store) {
				for talk := range tc.talks {
					for post := range tc.posts {
						for author := range tc.authors {
							k := Key{"forum", veghe.ThreadID(id("thread-%d", talk)), veghe.AuthorID(id("author-%d", author))}
							var ev Evidence
							for f := range tc.families {
								ev.Own = append(ev.Own, Hit{id("family-%d", f), 0.1})
							}
							for range tc.contextOfEach {
								ev.Context = append(ev.Context, Hit{"young", 1})
							}
							s.Observe(k, veghe.PostID(id("0123456789abcdef-%d-%d-%d", talk, post, author)), day0.Add(time.Duration(post)*time.Hour), ev)
						}
					}
				}
			}
			before := heap()
			s := New(Params{HitsPerFamily: 2, Window: 90 * 24 * time.Hour}, 1<<40)
			fill(s)
			took := heap() - before
			if _, says := s.Size(); says < took*2/3 || says > took*2 {
				t.Errorf("the store says %d bytes, the heap %d", says, took)
			}
			n, says := s.Size()
			runtime.KeepAlive(s)
			s = nil
			before = heap()
			small := New(Params{HitsPerFamily: 2}, says/4)
			fill(small)
			if took := heap() - before; n > 4 && took > says {
				t.Errorf("a store of %d bytes takes %d", says/4, took)
			}
			runtime.KeepAlive(small)
		})
	}
}
