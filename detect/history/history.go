// Package history remembers what an author has shown in a conversation
// lately, and nothing else about anyone.
//
// One [State] belongs to one author in one thread. It is the running sum of
// Page's CUSUM test over weights of evidence, with decay in time, and what
// each family of indicators has added. Only hits create a state, so the many
// authors who show nothing cost nothing. A post seen twice counts once.
//
// The store is bounded: past its capacity the state not touched for longest
// is forgotten.
package history

import (
	"cmp"
	"container/list"
	"math"
	"slices"
	"sync"
	"time"

	"veghe"
)

// Key says whose conduct where.
type Key struct {
	Source veghe.SourceID
	Thread veghe.ThreadID
	Author veghe.AuthorID
}

// Params are the settings of the test. See rule.Threads for their meaning.
type Params struct {
	Drift         float64       // log odds taken off per post without a hit
	HalfLife      time.Duration // the sum halves in this time; 0 means never
	Window        time.Duration // older families are no longer in force; 0 means for ever
	HitsPerFamily int           // further hits of a family add nothing; 0 means no limit
	FamilyCap     float64       // the most one family adds; 0 means no limit
}

// Hit is evidence of one family in one post.
type Hit struct {
	Family string
	Weight float64 // log likelihood ratio, > 0
}

// Family is what one family has added in this state.
type Family struct {
	Name   string
	Hits   int     // effective ones
	Weight float64 // their sum
	Last   time.Time
}

// State is where an author stands in a thread after a post.
type State struct {
	Sum      float64  // CUSUM, log odds, never below 0
	Families []Family // in force, by name
	Posts    []veghe.PostID
}

// maxPosts bounds the posts one state cites and knows as counted.
const maxPosts = 64

// DefaultCapacity is how many states a store keeps: about 100 MB when full.
const DefaultCapacity = 200_000

// Store keeps the states. It is safe for concurrent use; posts of one key
// must come in order for the result to be repeatable.
type Store struct {
	params Params
	max    int

	mu     sync.Mutex // guards what follows
	states map[Key]*list.Element
	recent *list.List // of *entry, newest first
}

type entry struct {
	key   Key
	state State
	last  time.Time
}

// New returns an empty store of at most capacity states
// ([DefaultCapacity] if 0).
func New(p Params, capacity int) *Store {
	if capacity <= 0 {
		capacity = DefaultCapacity
	}
	return &Store{params: p, max: capacity, states: map[Key]*list.Element{}, recent: list.New()}
}

// Observe takes one post of an author with its hits and returns the state
// after it. A post already counted changes nothing. The time is the post's
// own; a post dated before the last one does not turn decay back.
func (s *Store) Observe(k Key, id veghe.PostID, at time.Time, hits []Hit) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	e := s.entry(k, len(hits) > 0)
	if e == nil {
		return State{}
	}
	if slices.Contains(e.state.Posts, id) {
		return e.state.clone()
	}
	s.advance(e, at)
	if len(hits) == 0 {
		e.state.Sum = max(0, e.state.Sum-s.params.Drift)
		return e.state.clone()
	}
	for _, h := range hits {
		e.state.Sum = max(0, e.state.Sum+s.add(&e.state, h, at))
	}
	e.state.Posts = append(e.state.Posts, id)
	if over := len(e.state.Posts) - maxPosts; over > 0 {
		e.state.Posts = slices.Delete(e.state.Posts, 0, over)
	}
	return e.state.clone()
}

// Len is how many states are kept.
func (s *Store) Len() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.states)
}

func (s *Store) entry(k Key, create bool) *entry {
	if el, ok := s.states[k]; ok {
		s.recent.MoveToFront(el)
		return el.Value.(*entry)
	}
	if !create {
		return nil
	}
	e := &entry{key: k}
	s.states[k] = s.recent.PushFront(e)
	if len(s.states) > s.max {
		old := s.recent.Back()
		delete(s.states, old.Value.(*entry).key)
		s.recent.Remove(old)
	}
	return e
}

// advance applies the decay since the last post and drops what left the
// window.
func (s *Store) advance(e *entry, at time.Time) {
	if at.IsZero() || !at.After(e.last) {
		return
	}
	if hl := s.params.HalfLife; hl > 0 && !e.last.IsZero() {
		e.state.Sum *= math.Exp2(-float64(at.Sub(e.last)) / float64(hl))
	}
	e.last = at
	if w := s.params.Window; w > 0 {
		e.state.Families = slices.DeleteFunc(e.state.Families, func(f Family) bool {
			return !f.Last.IsZero() && at.Sub(f.Last) > w
		})
	}
}

// add counts a hit and returns what it adds to the sum.
func (s *Store) add(st *State, h Hit, at time.Time) float64 {
	i, found := slices.BinarySearchFunc(st.Families, h.Family, func(f Family, name string) int {
		return cmp.Compare(f.Name, name)
	})
	if !found {
		st.Families = slices.Insert(st.Families, i, Family{Name: h.Family})
	}
	f := &st.Families[i]
	if at.After(f.Last) {
		f.Last = at
	}
	if n := s.params.HitsPerFamily; n > 0 && f.Hits >= n {
		return 0
	}
	gain := h.Weight
	if c := s.params.FamilyCap; c > 0 {
		gain = min(gain, c-f.Weight)
	}
	f.Hits++
	f.Weight += gain
	return gain
}

func (st State) clone() State {
	st.Families = slices.Clone(st.Families)
	st.Posts = slices.Clone(st.Posts)
	return st
}
