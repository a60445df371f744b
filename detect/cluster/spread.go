package cluster

import "time"

// Bounds of what is kept per template.
const (
	maxDistinct = 64 // different authors, contacts, places, sources
	maxTimes    = 64 // posts, for bursts
)

func (t *template) add(m Member) {
	t.posts++
	if t.first.IsZero() || m.At.Before(t.first) {
		t.first = m.At
	}
	if len(t.times) == maxTimes {
		copy(t.times, t.times[1:])
		t.times = t.times[:maxTimes-1]
	}
	t.times = append(t.times, m.At)
	if m.Author != "" {
		t.authors.add(hash(string(m.Source), string(m.Author)))
	}
	if m.Source != "" {
		t.sources.add(hash("", string(m.Source)))
	}
	for _, c := range m.Contacts {
		t.contacts.add(hash("", c))
	}
	for _, p := range m.Places {
		t.places.add(hash("", p))
	}
}

func (t *template) spread(at time.Time) Spread {
	s := Spread{
		ID: t.id, Posts: t.posts, First: t.first,
		Authors: len(t.authors), Contacts: len(t.contacts), Places: len(t.places), Sources: len(t.sources),
	}
	for _, when := range t.times {
		if d := at.Sub(when); d > -24*time.Hour && d < 24*time.Hour {
			s.Burst++
		}
	}
	return s
}

// set is a small set of hashes.
type set []uint64

func (s *set) add(h uint64) {
	if len(*s) >= maxDistinct {
		return
	}
	for _, v := range *s {
		if v == h {
			return
		}
	}
	*s = append(*s, h)
}

func (s *set) join(t *set) {
	for _, h := range *t {
		s.add(h)
	}
}

// recent remembers which template the last posts went to, in two generations:
// when the younger is full it becomes the older one.
type recent struct{ young, old map[uint64]uint32 }

const maxRecent = 1 << 17

func (r *recent) get(key uint64) (uint32, bool) {
	if n, ok := r.young[key]; ok {
		return n, true
	}
	n, ok := r.old[key]
	return n, ok
}

func (r *recent) put(key uint64, n uint32) {
	if r.young == nil || len(r.young) >= maxRecent {
		r.old, r.young = r.young, make(map[uint64]uint32)
	}
	r.young[key] = n
}
