package history

import (
	"fmt"
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
				got = s.Observe(who, st.id, day0.AddDate(0, 0, st.day), st.hits)
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

func TestBounded(t *testing.T) {
	s := New(Params{}, 3)
	for i := range 10 {
		s.Observe(Key{Author: veghe.AuthorID(fmt.Sprint(i))}, "p", day0, hit("a", 1))
	}
	if got := s.Len(); got != 3 {
		t.Errorf("kept %d states, want 3", got)
	}
	for i := range 1000 {
		s.Observe(who, veghe.PostID(fmt.Sprint(i)), day0, hit("a", 1))
	}
	if got := len(s.Observe(who, "last", day0, hit("a", 1)).Posts); got != maxPosts {
		t.Errorf("a state cites %d posts, want at most %d", got, maxPosts)
	}
}
