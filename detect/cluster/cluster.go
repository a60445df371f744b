// Package cluster finds texts that were made from one template, as they come
// in: the same advertisement with another name, number or town.
//
//	Sketch.Make   a folded text → shingles and the keys of its bands (any goroutine)
//	Index.Add     its template, and how far that has spread (one after another)
//	Template      some of its texts → what stays the same, and the slots
//
// A template is known by a few representatives, not by all of its posts. The
// memory is bounded: representatives live in a ring, where the newest takes
// the place of the oldest; one that is still met is entered again before its
// turn comes. A template without representatives is forgotten.
//
// Being made from a template is no sign by itself: honest employers share
// their texts too. What counts is that different contacts, places or authors
// share one; see [Spread].
package cluster

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"slices"
	"sync"
	"time"

	"veghe"
)

// Similarities, as shares of common shingles.
const (
	joins  = 0.25 // a text joins the template of a representative
	merges = 0.45 // a text so like two templates shows that they are one
	novel  = 0.60 // a text less like every representative becomes one
)

const (
	maxRepresentatives = 12 // of one template
	maxCandidates      = 24 // representatives compared with one text
	ways               = 4  // representatives under one key
)

// Defaults of Options.
const (
	DefaultCapacity = 1 << 16 // about 150 MB when full
	minCapacity     = 1 << 8
)

// Options bound an Index.
type Options struct {
	// Capacity is how many representatives are kept, rounded up to a power of
	// two; 0 means DefaultCapacity.
	Capacity int
}

// Index holds the templates met lately. It is safe for concurrent use; the
// result depends on the order of Add.
type Index struct {
	mu   sync.Mutex
	ring []representative // by number modulo its length
	next uint32           // number of the next representative, from 1
	most int              // capacity

	table     []slot // ways slots to a key
	templates map[uint32]*template
	born      uint32         // number of the last template
	seen      lately[uint32] // posts counted already, with their template

	met   []uint32 // buffers of candidates
	order []candidate
}

type representative struct {
	number   uint32 // 0: none
	template uint32
	shingles []uint32
	keys     [bands]uint64
}

// slot says that a representative has a key of which tag is the upper half.
type slot struct{ tag, number uint32 }

// template is what is known about one.
type template struct {
	id     string
	into   uint32 // number of the template it was merged into; 0: none
	reps   int    // its own, and those of templates merged into it
	posts  int
	newest uint32 // number of its newest representative
	first  time.Time
	times  []time.Time // of the last posts, for bursts

	authors, contacts, places, sources set
}

// New returns an empty index.
func New(o Options) *Index {
	if o.Capacity <= 0 {
		o.Capacity = DefaultCapacity
	}
	most := minCapacity
	for most < o.Capacity {
		most <<= 1
	}
	x := &Index{most: most, templates: map[uint32]*template{}, seen: lately[uint32]{most: maxRecent}}
	x.next = 1
	x.grow(minCapacity)
	return x
}

// grow makes room for so many representatives.
func (x *Index) grow(capacity int) {
	old := x.ring
	x.ring = make([]representative, capacity)
	x.table = make([]slot, 2*bands*capacity)
	slices.SortFunc(old, func(a, b representative) int { return cmp.Compare(a.number, b.number) })
	for i := range old {
		if r := &old[i]; r.number != 0 {
			x.ring[int(r.number)%capacity] = *r
			x.enter(r)
		}
	}
}

// Member is a post as templates see it.
type Member struct {
	ID       veghe.PostID
	Source   veghe.SourceID
	Author   veghe.AuthorID
	Contacts []string // canonical: phones, addresses, handles
	Places   []string
	At       time.Time // when it was written, else collected
}

// Spread is how far a template has spread when a post is added, that post
// included.
type Spread struct {
	ID    string // of the template; empty for a text of which it is the first
	Posts int
	// Authors, Contacts, Places and Sources are how many different ones share
	// the template, at most maxDistinct each.
	Authors, Contacts, Places, Sources int
	// Burst is how many of its posts were written within a day of this one.
	Burst int
	First time.Time
}

// Differs reports whether different contacts, places or authors share the
// template: only then is it a sign of anything.
func (s Spread) Differs() bool { return s.Contacts > 1 || s.Places > 1 || s.Authors > 1 }

// Add enters a post and returns how far its template has spread. A post that
// was entered before changes nothing. A text too short to tell has no
// template.
func (x *Index) Add(s *Sketch, m Member) Spread {
	if !s.Usable() {
		return Spread{}
	}
	x.mu.Lock()
	defer x.mu.Unlock()
	key := hash(string(m.Source), string(m.ID))
	if n, ok := x.seen.get(key); ok {
		if t := x.templates[x.root(n)]; t != nil {
			return t.spread(m.At)
		}
	}
	n, like := x.closest(s)
	t := x.templates[n]
	if t == nil {
		x.born++
		n, like = x.born, 0
		t = &template{id: templateID(m)}
		x.templates[n] = t
	}
	if t.reps < maxRepresentatives && like < novel || x.stale(t) {
		x.represent(s, n)
	}
	t.add(m)
	x.seen.put(key, n)
	return t.spread(m.At)
}

// templateID names a template after its first post, the same in every run.
func templateID(m Member) string {
	sum := sha256.Sum256([]byte(string(m.Source) + "\x00" + string(m.ID)))
	return "t" + hex.EncodeToString(sum[:6])
}

// root is the template that n was merged into, or n.
func (x *Index) root(n uint32) uint32 {
	for {
		t := x.templates[n]
		if t == nil || t.into == 0 {
			return n
		}
		n = t.into
	}
}

// closest is the template most like the text, and how much it is; 0 if none
// is. Templates that the text shows to be one are merged.
func (x *Index) closest(s *Sketch) (best uint32, like float64) {
	for _, c := range x.candidates(s) {
		r := &x.ring[int(c.number)%len(x.ring)]
		j := similarity(s.shingles, r.shingles)
		if j < joins {
			continue
		}
		n := x.root(r.template)
		switch {
		case best == 0:
			best, like = n, j
		case n != best && j >= merges && like >= merges:
			best, like = x.merge(best, n), max(like, j)
		case j > like:
			best, like = n, j
		}
		if like > 0.95 {
			break
		}
	}
	return best, like
}

// candidates lists the representatives that share most keys with the text,
// of equals the older first.
func (x *Index) candidates(s *Sketch) []candidate {
	x.met = x.met[:0]
	for _, key := range s.keys {
		for _, sl := range x.bucket(key) {
			if sl.tag == uint32(key>>32) && sl.number != 0 && x.ring[int(sl.number)%len(x.ring)].number == sl.number {
				x.met = append(x.met, sl.number)
			}
		}
	}
	slices.Sort(x.met)
	x.order = x.order[:0]
	for _, n := range x.met {
		if k := len(x.order) - 1; k >= 0 && x.order[k].number == n {
			x.order[k].keys++
			continue
		}
		x.order = append(x.order, candidate{number: n, keys: 1})
	}
	slices.SortStableFunc(x.order, func(a, b candidate) int { return b.keys - a.keys })
	return x.order[:min(len(x.order), maxCandidates)]
}

// candidate is a representative with so many keys in common.
type candidate struct {
	number uint32
	keys   int
}

func (x *Index) bucket(key uint64) []slot {
	at := int(uint32(key)) % (len(x.table) / ways) * ways
	return x.table[at : at+ways]
}

// merge makes one template of two: the older one, so that its name stays.
func (x *Index) merge(a, b uint32) uint32 {
	if b < a {
		a, b = b, a
	}
	ta, tb := x.templates[a], x.templates[b]
	tb.into = a
	ta.reps += tb.reps
	ta.posts += tb.posts
	ta.authors.join(&tb.authors)
	ta.contacts.join(&tb.contacts)
	ta.places.join(&tb.places)
	ta.sources.join(&tb.sources)
	ta.times = append(ta.times, tb.times...)
	slices.SortFunc(ta.times, time.Time.Compare)
	ta.times = ta.times[max(0, len(ta.times)-maxTimes):]
	if tb.first.Before(ta.first) {
		ta.first = tb.first
	}
	ta.newest = max(ta.newest, tb.newest)
	*tb = template{into: a, reps: tb.reps}
	return a
}

// stale reports whether the representatives of a template will be overwritten
// before long, so that one more must keep it.
func (x *Index) stale(t *template) bool {
	return t.newest == 0 || int(x.next-t.newest) > x.most/2
}

// represent makes the text a representative of template n.
func (x *Index) represent(s *Sketch, n uint32) {
	if int(x.next) > len(x.ring) && len(x.ring) < x.most {
		x.grow(2 * len(x.ring))
	}
	r := &x.ring[int(x.next)%len(x.ring)]
	t := x.templates[n]
	x.drop(r)
	x.templates[n] = t // the one dropped may have been its last
	r.number, r.template, r.keys = x.next, n, s.keys
	r.shingles = append(r.shingles[:0], s.shingles...)
	t.reps++
	t.newest = r.number
	x.enter(r)
	if x.next++; x.next == 0 {
		x.next = 1
	}
}

// drop forgets a representative, and the templates of which it was the last.
func (x *Index) drop(r *representative) {
	if r.number == 0 {
		return
	}
	for n := r.template; n != 0; {
		t := x.templates[n]
		if t.reps--; t.reps == 0 {
			delete(x.templates, n)
		}
		n = t.into
	}
	r.number = 0
}

// enter puts a representative under its keys, in the place of the oldest.
func (x *Index) enter(r *representative) {
	for _, key := range r.keys {
		b := x.bucket(key)
		oldest := 0
		for i := range b {
			if b[i].number < b[oldest].number {
				oldest = i
			}
		}
		b[oldest] = slot{tag: uint32(key >> 32), number: r.number}
	}
}

// Len is how many templates are known.
func (x *Index) Len() int {
	x.mu.Lock()
	defer x.mu.Unlock()
	return len(x.templates)
}

// hash is the same in every process: it stands in snapshots (FNV-1a, mixed).
func hash(a, b string) uint64 {
	const offset, prime = 0xcbf29ce484222325, 0x100000001b3
	h := uint64(offset)
	for i := range len(a) {
		h = (h ^ uint64(a[i])) * prime
	}
	h *= prime // as after a byte 0
	for i := range len(b) {
		h = (h ^ uint64(b[i])) * prime
	}
	h = (h ^ h>>32) * 0xD6E8FEB86659FD93
	return h ^ h>>32
}
