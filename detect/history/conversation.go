package history

import (
	"hash/fnv"
	"slices"
	"time"

	"veghe"
)

// event is a post that counts: it shows something, is a quiet one of an author
// who has, or part of a talk among few in which somebody has.
type event struct {
	Offset  int64          `json:"o"` // in the partition of the conversation
	Post    veghe.PostID   `json:"p"`
	Author  veghe.AuthorID `json:"a"`
	At      time.Time      `json:"t,omitzero"`
	Own     []Hit          `json:"own,omitempty"`
	Context []Hit          `json:"ctx,omitempty"`
	Wording Tally          `json:"w,omitzero"`
}

// Bounds of what is kept of the past. What a stream may repeat, the posts
// since its last commit, must be among the events.
const (
	maxEvents  = 1536 // then the older ones go into the base
	keepEvents = 1024
	maxFolded  = 4096 // posts in the base that are known again
)

// conversation is a thread, or the posts of an author outside of threads.
type conversation struct {
	key    Key
	saved  saved
	hashes []uint64 // of the posts of saved.Events
	live   *table   // the base and all events
	again  again
	thread bool

	bytes          int64 // that its store counts for it
	events, folded int64 // bytes of saved.Events and saved.Base
}

// again is the table up to the last post that came again: those after it come
// next. It goes when a new one is counted.
type again struct {
	table *table // nil: none came again
	k     int    // events in it
}

// saved is what a conversation is made from.
type saved struct {
	// N counts the posts that ever counted. Posts come in one order only, so
	// of two versions the one with the higher N knows what the other does.
	N         uint64   `json:"n"`
	Partition int      `json:"partition"`
	Base      *table   `json:"base,omitempty"`
	Events    []event  `json:"events,omitempty"`
	Folded    []uint64 `json:"folded,omitempty"` // hashes of posts in the base, newest last
}

func newConversation(k Key) *conversation {
	return &conversation{key: k, thread: k.Thread != "", live: &table{}, saved: saved{Base: &table{}, Partition: Nowhere.Partition}}
}

// observe counts a post unless it was counted or stands before one that was,
// and returns the state of its author after it.
func (c *conversation) observe(p *Params, partition int, e event) (st State, counted bool) {
	hash := hashOf(e.Post)
	if i := c.find(e.Post, hash); i >= 0 {
		old := &c.saved.Events[i]
		return c.repeat(p, i+1).state(p, old.Author, old.At), false
	}
	if slices.Contains(c.saved.Folded, hash) {
		return c.live.state(p, e.Author, e.At), false
	}
	if partition != c.saved.Partition {
		c.move(partition)
	}
	shows := len(e.Own)+len(e.Context) > 0
	if k := c.before(e.Offset); partition >= 0 && k < len(c.saved.Events) {
		t := c.repeat(p, k)
		if shows {
			t = t.clone()
			t.count(p, &e, c.thread, c.saved.N)
		}
		return t.state(p, e.Author, e.At), false
	}
	if !shows && !c.follows(e.Author) {
		return State{}, false
	}
	c.again = again{}
	c.saved.N++
	c.saved.Events, c.hashes = append(c.saved.Events, e), append(c.hashes, hash)
	c.events += e.size()
	c.live.count(p, &e, c.thread, c.saved.N)
	if len(c.saved.Events) > maxEvents {
		c.fold(p)
	}
	return c.live.state(p, e.Author, e.At), true
}

// follows reports whether a post of an author counts that shows nothing.
func (c *conversation) follows(author veghe.AuthorID) bool {
	return c.live.Authors[author] != nil || c.live.talks(c.thread)
}

func (c *conversation) find(id veghe.PostID, hash uint64) int {
	for i := range c.hashes {
		if c.hashes[i] == hash && c.saved.Events[i].Post == id {
			return i
		}
	}
	return -1
}

// before is how many events stand before an offset: most often all.
func (c *conversation) before(offset int64) int {
	n := len(c.saved.Events)
	if n == 0 || c.saved.Events[n-1].Offset < offset {
		return n
	}
	return slices.IndexFunc(c.saved.Events, func(e event) bool { return e.Offset >= offset })
}

// repeat is upTo for a post that comes again: mostly the one before did too.
// The table is only for reading.
func (c *conversation) repeat(p *Params, k int) *table {
	if c.again.table == nil || c.again.k > k {
		c.again = again{table: c.saved.Base.clone()}
	}
	c.count(p, c.again.table, c.again.k, k)
	c.again.k = k
	return c.again.table
}

// upTo is the table after the first k events.
func (c *conversation) upTo(p *Params, k int) *table {
	t := c.saved.Base.clone()
	c.count(p, t, 0, k)
	return t
}

// count adds events from one to another to a table of those before.
func (c *conversation) count(p *Params, t *table, from, to int) {
	first := c.saved.N - uint64(len(c.saved.Events))
	for i := from; i < to; i++ {
		t.count(p, &c.saved.Events[i], c.thread, first+uint64(i)+1)
	}
}

// fold puts the older events into the base.
func (c *conversation) fold(p *Params) {
	k := len(c.saved.Events) - keepEvents
	c.saved.Base = c.upTo(p, k)
	c.folded = c.saved.Base.size()
	for i := range c.saved.Events[:k] {
		c.events -= c.saved.Events[i].size()
	}
	c.saved.Folded = append(c.saved.Folded, c.hashes[:k]...)
	c.hashes = slices.Delete(c.hashes, 0, k)
	c.saved.Folded = slices.Delete(c.saved.Folded, 0, max(0, len(c.saved.Folded)-maxFolded))
	c.saved.Events = slices.Delete(c.saved.Events, 0, k)
}

// move notes that the posts now stand in another partition: what was counted
// stands before all of it.
func (c *conversation) move(partition int) {
	c.saved.Partition = partition
	for i := range c.saved.Events {
		c.saved.Events[i].Offset = -1
	}
}

func hashOf(id veghe.PostID) uint64 {
	h := fnv.New64a()
	_, _ = h.Write([]byte(id)) // never fails
	return h.Sum64()
}
