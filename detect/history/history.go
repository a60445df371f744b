// Package history remembers what an author has shown in a conversation
// lately, and nothing else about anyone.
//
// One [State] belongs to one author in one thread. It is the running sum of
// Page's CUSUM test over weights of evidence, with decay in time, and what
// each family of indicators has added. Only hits create a state, so the many
// authors who show nothing cost nothing.
//
// What one side says may be context for the conduct of the other: who tells
// an age of 12 has done nothing, but whoever goes on talking to a child knows
// it. Such context is kept per thread and counts for every other author in
// it, never for the one who said it, and not for one who says the same of
// himself: two children of an age are no sign of anything. In a thread where
// many have shown something, nobody knows who talks to whom: there, only
// context that speaks against counts.
//
// # Repeats
//
// A conversation is kept as the posts that count, each with its place in the
// stream, and the sum of those long past:
//
//	base ─▶ post 17 ─▶ post 19 ─▶ post 23      live
//
// A post that comes again is not counted again: its state is computed from
// what stands before it, and is the one of the first time. So a stream that
// repeats posts after a failure gives the same assessments, whatever had been
// done before, and a [Change] says all that another process needs to go on.
//
// The store is bounded in bytes, see [Store.Size]: past its bound the
// conversations not touched for longest are forgotten.
package history

import (
	"container/list"
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
	Family string  `json:"f"`
	Weight float64 `json:"w"` // log likelihood ratio; below 0 speaks against
}

// Evidence is what one post adds.
type Evidence struct {
	Own     []Hit // the author's conduct
	Context []Hit // counts for the other authors of the thread
	Wording Tally // how it reads
}

// Tally is how texts read, in the two numbers of package wording that add up.
type Tally struct {
	Sum  float64 `json:"s"`
	Mass float64 `json:"m"`
}

func (t Tally) plus(o Tally) Tally { return Tally{t.Sum + o.Sum, t.Mass + o.Mass} }

// Family is what one family has added in this state.
type Family struct {
	Name   string    `json:"f"`
	Hits   int       `json:"n"` // effective ones
	Weight float64   `json:"w"` // their sum
	Last   time.Time `json:"at,omitzero"`
}

// State is where an author stands in a thread after a post, the context given
// by others included.
type State struct {
	Sum      float64        `json:"sum"`                // CUSUM, log odds, never below 0
	Against  float64        `json:"against,omitempty"`  // what speaks against, ≤ 0: each family once, at its weightiest
	Families []Family       `json:"families,omitempty"` // in force, by name
	Added    []Hit          `json:"added,omitempty"`    // what the post added to the sum, per family
	Posts    []veghe.PostID `json:"posts,omitempty"`
	// Talk is how all posts read since the first that showed something, where
	// few talk; where many do, nobody knows who talks to whom, and it is how
	// the author's own read.
	Talk Tally `json:"talk,omitzero"`
}

// Bounds of one conversation.
const (
	maxPosts   = 64  // posts one state cites
	maxSaid    = 32  // pieces of context one thread keeps: the first
	maxAuthors = 256 // with a state; then the one longest without a hit is forgotten
	// maxVoices is the most authors with evidence in a thread that still
	// counts as a conversation.
	maxVoices = 5
	// maxTalkers is the most authors of a thread whose posts are read as one
	// talk.
	maxTalkers = 6
)

// DefaultBytes is how large a store may become: some 50,000 conversations of
// a few posts, or 3,000 in which twenty authors show something.
const DefaultBytes = 64 << 20

// Store keeps the conversations. It is safe for concurrent use; posts of one
// key must come in order for the result to be repeatable.
type Store struct {
	params Params
	max    int64 // bytes

	mu      sync.Mutex // guards what follows
	bytes   int64      // of all conversations, as they say it themselves
	talks   map[Key]*list.Element
	recent  *list.List // of *conversation, newest first
	changed map[Key]*conversation
}

// New returns an empty store of at most so many bytes ([DefaultBytes] if 0).
// The conversation under way is kept however large it is; its own bounds hold
// it below a megabyte.
func New(p Params, bytes int64) *Store {
	if bytes <= 0 {
		bytes = DefaultBytes
	}
	return &Store{params: p, max: bytes, talks: map[Key]*list.Element{}, recent: list.New(), changed: map[Key]*conversation{}}
}

// Configure changes the settings. What everyone has shown is weighed anew as
// far back as the posts are kept.
func (s *Store) Configure(p Params) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if p == s.params {
		return
	}
	s.params = p
	for el := s.recent.Front(); el != nil; el = el.Next() {
		c := el.Value.(*conversation)
		c.live, c.again = c.upTo(&s.params, len(c.saved.Events)), again{}
		s.weigh(c)
	}
	s.forget()
}

// Place is where in the stream a post stands. Posts of one conversation stand
// in one partition.
type Place struct {
	Partition int
	Offset    int64
}

// Nowhere is the place of posts that come from no stream and do not come
// again but by id.
var Nowhere = Place{Partition: -1}

// Observe is ObserveAt for posts from no stream.
func (s *Store) Observe(k Key, id veghe.PostID, at time.Time, ev Evidence) State {
	return s.ObserveAt(Nowhere, k, id, at, ev)
}

// ObserveAt takes one post of an author with its evidence and returns the
// state after it. A post that was counted changes nothing and gets the state
// of the first time. The time is the post's own; a post dated before the last
// one does not turn decay back.
func (s *Store) ObserveAt(pl Place, k Key, id veghe.PostID, at time.Time, ev Evidence) State {
	s.mu.Lock()
	defer s.mu.Unlock()
	shows := len(ev.Own)+len(ev.Context) > 0
	c := s.talk(conversationOf(k), shows)
	if c == nil {
		return State{}
	}
	e := event{Offset: pl.Offset, Post: id, Author: k.Author, At: at, Own: ev.Own, Context: ev.Context, Wording: ev.Wording}
	st, counted := c.observe(&s.params, pl.Partition, e)
	if counted && pl.Partition >= 0 {
		s.changed[c.key] = c
	}
	if counted || c.again.table != nil {
		s.weigh(c)
		s.forget()
	}
	return st
}

// conversationOf is the key of the conversation that an author's post stands
// in: the thread with all in it, or the author alone.
func conversationOf(k Key) Key {
	if k.Thread != "" {
		k.Author = ""
	}
	return k
}

// Follows reports whether a post of an author counts that shows nothing
// itself: the author has shown something in the conversation, or is part of a
// talk among few in which somebody has.
func (s *Store) Follows(k Key) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	el, ok := s.talks[conversationOf(k)]
	return ok && el.Value.(*conversation).follows(k.Author)
}

func (s *Store) talk(k Key, create bool) *conversation {
	if el, ok := s.talks[k]; ok {
		s.recent.MoveToFront(el)
		return el.Value.(*conversation)
	}
	if !create {
		return nil
	}
	c := newConversation(k)
	s.keep(c)
	return c
}

func (s *Store) keep(c *conversation) {
	s.talks[c.key] = s.recent.PushFront(c)
	s.weigh(c)
}

// drop takes a conversation out.
func (s *Store) drop(el *list.Element) {
	c := s.recent.Remove(el).(*conversation)
	delete(s.talks, c.key)
	delete(s.changed, c.key)
	s.bytes -= c.bytes
}

// weigh notes what a conversation takes now.
func (s *Store) weigh(c *conversation) {
	s.bytes -= c.bytes
	c.bytes = c.size()
	s.bytes += c.bytes
}

// forget drops conversations until the store is within its bound.
func (s *Store) forget() {
	for s.bytes > s.max && len(s.talks) > 1 {
		s.drop(s.recent.Back())
	}
}

// Size is how many conversations are kept, and about how many bytes of memory
// they take.
func (s *Store) Size() (conversations int, bytes int64) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.talks), s.bytes
}

func (st State) clone() State {
	st.Families = slices.Clone(st.Families)
	st.Added = slices.Clone(st.Added)
	st.Posts = slices.Clone(st.Posts)
	return st
}
