package history

import (
	"cmp"
	"maps"
	"math"
	"slices"
	"time"

	"veghe"
)

// table is where everyone in a conversation stands after some posts.
type table struct {
	Authors map[veghe.AuthorID]*entry `json:"authors,omitempty"`
	Said    []said                    `json:"said,omitempty"`
	Voices  []veghe.AuthorID          `json:"voices,omitempty"` // who showed something, up to maxVoices+1
	// Talkers are those who wrote since the first that showed something, or
	// since a long silence, up to maxTalkers+1, Talk how that reads, and Last
	// the latest of it.
	Talkers []veghe.AuthorID `json:"talkers,omitempty"`
	Talk    Tally            `json:"talk,omitzero"`
	Last    time.Time        `json:"last,omitzero"`

	authors int64 // bytes of Authors
}

type entry struct {
	State   State     `json:"state"`
	Against []Hit     `json:"against,omitempty"` // families with a weight below 0, each once
	Last    time.Time `json:"last,omitzero"`
	Shown   uint64    `json:"shown"`            // number of the event with the last hit
	Wording Tally     `json:"wording,omitzero"` // of all posts since the first that counts
}

// said is context: what an author told of himself, or of whom he talks to.
type said struct {
	Hit
	By   veghe.AuthorID `json:"by"`
	Post veghe.PostID   `json:"post"`
	Last time.Time      `json:"at,omitzero"`
}

func (t *table) clone() *table {
	out := &table{
		Said: slices.Clone(t.Said), Voices: slices.Clone(t.Voices), Authors: maps.Clone(t.Authors),
		Talkers: slices.Clone(t.Talkers), Talk: t.Talk, Last: t.Last, authors: t.authors,
	}
	for name, e := range out.Authors {
		c := *e
		c.State, c.Against = e.State.clone(), slices.Clone(e.Against)
		out.Authors[name] = &c
	}
	return out
}

// count adds a post.
func (t *table) count(p *Params, ev *event, thread bool, n uint64) {
	if thread && len(ev.Own)+len(ev.Context) > 0 {
		t.hear(ev)
	}
	if thread {
		t.listen(p, ev)
	}
	e := t.entry(ev.Author, len(ev.Own) > 0)
	if e == nil {
		return
	}
	was := e.size()
	e.count(p, ev, n)
	t.authors += e.size() - was
}

// count adds a post of the author.
func (e *entry) count(p *Params, ev *event, n uint64) {
	e.Wording = e.Wording.plus(ev.Wording)
	e.advance(p, ev.At)
	e.State.Added = nil
	if len(ev.Own) == 0 {
		e.State.Sum = max(0, e.State.Sum-p.Drift)
		return
	}
	e.Shown = n
	for _, h := range ev.Own {
		if h.Weight < 0 {
			e.Against = heaviest(e.Against, h)
			continue
		}
		gain := add(p, &e.State, h, ev.At)
		e.State.Sum = max(0, e.State.Sum+gain)
		if gain > 0 {
			e.State.Added = append(e.State.Added, Hit{h.Family, gain})
		}
	}
	e.State.Posts = append(e.State.Posts, ev.Post)
	if over := len(e.State.Posts) - maxPosts; over > 0 {
		e.State.Posts = slices.Delete(e.State.Posts, 0, over)
	}
}

// talks reports whether a post of somebody who has shown nothing is part of a
// talk that is followed.
func (t *table) talks(thread bool) bool {
	return thread && len(t.Talkers) > 0 && len(t.Talkers) <= maxTalkers
}

// listen adds to how the talk reads. What was said before a silence as long
// as the window is another talk.
func (t *table) listen(p *Params, ev *event) {
	if p.Window > 0 && !t.Last.IsZero() && ev.At.Sub(t.Last) > p.Window {
		t.Talk, t.Talkers = Tally{}, nil
	}
	if ev.At.After(t.Last) {
		t.Last = ev.At
	}
	if len(t.Talkers) <= maxTalkers && !slices.Contains(t.Talkers, ev.Author) {
		t.Talkers = append(t.Talkers, ev.Author)
	}
	t.Talk = t.Talk.plus(ev.Wording)
}

func (t *table) entry(author veghe.AuthorID, create bool) *entry {
	e := t.Authors[author]
	if e != nil || !create {
		return e
	}
	if len(t.Authors) >= maxAuthors {
		quiet := t.longestQuiet()
		t.authors -= int64(len(quiet)) + t.Authors[quiet].size()
		delete(t.Authors, quiet)
	}
	if t.Authors == nil {
		t.Authors = map[veghe.AuthorID]*entry{}
	}
	e = &entry{}
	t.Authors[author] = e
	t.authors += int64(len(author)) + e.size()
	return e
}

func (t *table) longestQuiet() (name veghe.AuthorID) {
	least := uint64(math.MaxUint64)
	for who, e := range t.Authors {
		if e.Shown < least {
			name, least = who, e.Shown
		}
	}
	return name
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
func (t *table) hear(ev *event) {
	if len(t.Voices) <= maxVoices && !slices.Contains(t.Voices, ev.Author) {
		t.Voices = append(t.Voices, ev.Author)
	}
	for _, h := range ev.Context {
		i := slices.IndexFunc(t.Said, func(o said) bool { return o.By == ev.Author && o.Family == h.Family })
		switch {
		case i >= 0 && math.Abs(h.Weight) > math.Abs(t.Said[i].Weight):
			t.Said[i] = said{Hit: h, By: ev.Author, Post: ev.Post, Last: ev.At}
		case i >= 0:
			if ev.At.After(t.Said[i].Last) {
				t.Said[i].Last = ev.At
			}
		case len(t.Said) < maxSaid:
			t.Said = append(t.Said, said{Hit: h, By: ev.Author, Post: ev.Post, Last: ev.At})
		}
	}
}

// state is where an author stands at a time, with the context that others
// gave. Who has shown nothing stands nowhere.
func (t *table) state(p *Params, author veghe.AuthorID, at time.Time) State {
	e := t.Authors[author]
	if e == nil {
		return State{}
	}
	st := e.State.clone()
	st.Talk = t.Talk
	if n := len(t.Talkers); n == 0 || n > maxTalkers {
		st.Talk = e.Wording
	}
	if slices.ContainsFunc(t.Said, func(o said) bool { return o.By == author && o.Weight > 0 }) {
		st.Talk = Tally{} // how a talk with a child reads is not the child's doing
	}
	against := slices.Clone(e.Against)
	for _, c := range t.contextFor(p, author, at) {
		if c.Weight < 0 {
			against = heaviest(against, c.Hit)
			continue
		}
		st.Sum += add(p, &st, c.Hit, c.Last)
		if !slices.Contains(st.Posts, c.Post) {
			st.Posts = append(st.Posts, c.Post)
		}
	}
	for _, h := range against {
		st.Against += h.Weight
	}
	return st
}

// contextFor is the context that counts for an author: of each family the
// weightiest that others said within the window, unless he says it himself.
func (t *table) contextFor(p *Params, author veghe.AuthorID, at time.Time) (out []said) {
	own := func(family string) bool {
		return slices.ContainsFunc(t.Said, func(o said) bool { return o.By == author && o.Family == family })
	}
	for _, c := range t.Said {
		old := p.Window > 0 && !c.Last.IsZero() && at.Sub(c.Last) > p.Window
		if old || own(c.Family) || c.Weight > 0 && len(t.Voices) > maxVoices {
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

// advance applies the decay since the last post and drops what left the
// window.
func (e *entry) advance(p *Params, at time.Time) {
	if at.IsZero() || !at.After(e.Last) {
		return
	}
	if hl := p.HalfLife; hl > 0 && !e.Last.IsZero() {
		e.State.Sum *= math.Exp2(-float64(at.Sub(e.Last)) / float64(hl))
	}
	e.Last = at
	if w := p.Window; w > 0 {
		e.State.Families = slices.DeleteFunc(e.State.Families, func(f Family) bool {
			return !f.Last.IsZero() && at.Sub(f.Last) > w
		})
	}
}

// add counts a hit and returns what it adds to the sum.
func add(p *Params, st *State, h Hit, at time.Time) float64 {
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
	if n := p.HitsPerFamily; n > 0 && f.Hits >= n {
		return 0
	}
	gain := h.Weight
	if c := p.FamilyCap; c > 0 {
		gain = min(gain, c-f.Weight)
	}
	f.Hits++
	f.Weight += gain
	return gain
}
