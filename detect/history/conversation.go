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
	live   *table // the base and all events
	thread bool

	bytes          int64 // that its store counts for it
	events, folded int64 // bytes of saved.Events and saved.Base
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
	if i := c.find(e.Post); i >= 0 {
		old := &c.saved.Events[i]
		return c.upTo(p, i+1).state(p, old.Author, old.At), false
	}
	if slices.Contains(c.saved.Folded, hashOf(e.Post)) {
		return c.live.state(p, e.Author, e.At), false
	}
	if partition != c.saved.Partition {
		c.move(partition)
	}
	shows := len(e.Own)+len(e.Context) > 0
	if k := c.before(e.Offset); partition >= 0 && k < len(c.saved.Events) {
		t := c.upTo(p, k)
		if shows {
			t.count(p, &e, c.thread, c.saved.N)
		}
		return t.state(p, e.Author, e.At), false
	}
	if !shows && c.live.Authors[e.Author] == nil && !c.live.talks(c.thread) {
		return State{}, false
	}
	c.saved.N++
	c.saved.Events = append(c.saved.Events, e)
	c.events += e.size()
	c.live.count(p, &e, c.thread, c.saved.N)
	if len(c.saved.Events) > maxEvents {
		c.fold(p)
	}
	return c.live.state(p, e.Author, e.At), true
}

func (c *conversation) find(id veghe.PostID) int {
	return slices.IndexFunc(c.saved.Events, func(e event) bool { return e.Post == id })
}

// before is how many events stand before an offset.
func (c *conversation) before(offset int64) int {
	k := slices.IndexFunc(c.saved.Events, func(e event) bool { return e.Offset >= offset })
	if k < 0 {
		return len(c.saved.Events)
	}
	return k
}

// upTo is the table after the first k events.
func (c *conversation) upTo(p *Params, k int) *table {
	t := c.saved.Base.clone()
	first := c.saved.N - uint64(len(c.saved.Events))
	for i := range k {
		t.count(p, &c.saved.Events[i], c.thread, first+uint64(i)+1)
	}
	return t
}

// fold puts the older events into the base.
func (c *conversation) fold(p *Params) {
	k := len(c.saved.Events) - keepEvents
	c.saved.Base = c.upTo(p, k)
	c.folded = c.saved.Base.size()
	for i := range c.saved.Events[:k] {
		e := &c.saved.Events[i]
		c.saved.Folded = append(c.saved.Folded, hashOf(e.Post))
		c.events -= e.size()
	}
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
