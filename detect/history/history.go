// Package history remembers what an author has shown in a conversation
// lately, and nothing else about anyone.
//
// One [State] belongs to one author in one thread. It is the running sum of
// Page's CUSUM test over weights of evidence, with decay in time, and what
// each family of indicators has added. Only hits create a state, so the many
// authors who show nothing cost nothing. A post seen twice counts once.
//
// What one side says may be context for the conduct of the other: who tells
// an age of 12 has done nothing, but whoever goes on talking to a child knows
// it. Such context is kept per thread and counts for every other author in
// it, never for the one who said it, and not for one who says the same of
// himself: two children of an age are no sign of anything. In a thread where
// many have shown something, nobody knows who talks to whom: there, only
// context that speaks against counts.
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
	Weight float64 // log likelihood ratio; below 0 speaks against
}

// Evidence is what one post adds.
type Evidence struct {
	Own     []Hit // the author's conduct
	Context []Hit // counts for the other authors of the thread
}

// Family is what one family has added in this state.
type Family struct {
	Name   string
	Hits   int     // effective ones
	Weight float64 // their sum
	Last   time.Time
}

// State is where an author stands in a thread after a post, the context given
// by others included.
type State struct {
	Sum      float64  // CUSUM, log odds, never below 0
	Against  float64  // what speaks against, ≤ 0: each family once, at its weightiest
	Families []Family // in force, by name
	Posts    []veghe.PostID
}

// said is context: what an author told of himself, or of whom he talks to.
type said struct {
	Hit
	by   veghe.AuthorID
	post veghe.PostID
	last time.Time
}

const (
	maxPosts = 64 // posts one state cites and knows as counted
	maxSaid  = 32 // pieces of context one thread keeps: the first
	// maxVoices is the most authors with evidence in a thread that still
	// counts as a conversation.
	maxVoices = 5
)

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
	key     Key
	state   State
	against []Hit            // families with a weight below 0, each once
	said    []said           // only in the entry of a thread, whose key has no author
	voices  []veghe.AuthorID // as said: who showed something, up to maxVoices+1
	last    time.Time
}

// New returns an empty store of at most capacity states
// ([DefaultCapacity] if 0).
func New(p Params, capacity int) *Store {
	if capacity <= 0 {
		capacity = DefaultCapacity
	}
	return &Store{params: p, max: capacity, states: map[Key]*list.Element{}, recent: list.New()}
}

// Observe takes one post of an author with its evidence and returns the state
// after it. A post already counted changes nothing. The time is the post's
// own; a post dated before the last one does not turn decay back.
func (s *Store) Observe(k Key, id veghe.PostID, at time.Time, ev Evidence) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	if len(ev.Own)+len(ev.Context) > 0 && k.Thread != "" {
		s.hear(k, id, at, ev.Context)
	}
	e := s.entry(k, len(ev.Own) > 0)
	if e == nil {
		return State{}
	}
	if !slices.Contains(e.state.Posts, id) {
		s.count(e, id, at, ev.Own)
	}
	return s.inThread(e, at)
}

// count adds a new post to its author's entry.
func (s *Store) count(e *entry, id veghe.PostID, at time.Time, hits []Hit) {
	s.advance(e, at)
	if len(hits) == 0 {
		e.state.Sum = max(0, e.state.Sum-s.params.Drift)
		return
	}
	for _, h := range hits {
		if h.Weight < 0 {
			e.against = heaviest(e.against, h)
			continue
		}
		e.state.Sum = max(0, e.state.Sum+s.add(&e.state, h, at))
	}
	e.state.Posts = append(e.state.Posts, id)
	if over := len(e.state.Posts) - maxPosts; over > 0 {
		e.state.Posts = slices.Delete(e.state.Posts, 0, over)
	}
}

// heaviest keeps one hit per family, the one furthest from 0.
func heaviest(hits []Hit, h Hit) []Hit {
	i := slices.IndexFunc(hits, func(o Hit) bool { return o.Family == h.Family })
	if i < 0 {
		return append(hits, h)
	}
	if math.Abs(h.Weight) > math.Abs(hits[i].Weight) {
		hits[i] = h
	}
	return hits
}

// hear keeps who showed something, and what his post says that is context.
func (s *Store) hear(k Key, id veghe.PostID, at time.Time, hits []Hit) {
	e := s.entry(Key{Source: k.Source, Thread: k.Thread}, true)
	if len(e.voices) <= maxVoices && !slices.Contains(e.voices, k.Author) {
		e.voices = append(e.voices, k.Author)
	}
	for _, h := range hits {
		i := slices.IndexFunc(e.said, func(o said) bool { return o.by == k.Author && o.Family == h.Family })
		switch {
		case i >= 0 && math.Abs(h.Weight) > math.Abs(e.said[i].Weight):
			e.said[i] = said{Hit: h, by: k.Author, post: id, last: at}
		case i >= 0:
			if at.After(e.said[i].last) {
				e.said[i].last = at
			}
		case len(e.said) < maxSaid:
			e.said = append(e.said, said{Hit: h, by: k.Author, post: id, last: at})
		}
	}
}

// inThread is the author's state with the context that others gave.
func (s *Store) inThread(e *entry, at time.Time) State {
	st := e.state.clone()
	against := slices.Clone(e.against)
	if el, ok := s.states[Key{Source: e.key.Source, Thread: e.key.Thread}]; ok {
		for _, c := range s.contextFor(el.Value.(*entry), e.key.Author, at) {
			if c.Weight < 0 {
				against = heaviest(against, c.Hit)
				continue
			}
			st.Sum += s.add(&st, c.Hit, c.last)
			if !slices.Contains(st.Posts, c.post) {
				st.Posts = append(st.Posts, c.post)
			}
		}
	}
	for _, h := range against {
		st.Against += h.Weight
	}
	return st
}

// contextFor is the context that counts for an author: of each family the
// weightiest that others said within the window, unless he says it himself.
func (s *Store) contextFor(thread *entry, author veghe.AuthorID, at time.Time) (out []said) {
	own := func(family string) bool {
		return slices.ContainsFunc(thread.said, func(o said) bool { return o.by == author && o.Family == family })
	}
	for _, c := range thread.said {
		old := s.params.Window > 0 && !c.last.IsZero() && at.Sub(c.last) > s.params.Window
		if old || own(c.Family) || c.Weight > 0 && len(thread.voices) > maxVoices {
			continue
		}
		i := slices.IndexFunc(out, func(o said) bool { return o.Family == c.Family })
		switch {
		case i < 0:
			out = append(out, c)
		case math.Abs(c.Weight) > math.Abs(out[i].Weight):
			out[i] = c
		}
	}
	return out
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
