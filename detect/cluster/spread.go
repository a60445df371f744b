package cluster

import "slices"

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
	if slices.Contains(*s, h) {
		return
	}
	*s = append(*s, h)
}

func (s *set) join(t *set) {
	for _, h := range *t {
		s.add(h)
	}
}

const maxRecent = 1 << 17

// lately remembers values by key in two generations: when the younger is full
// it becomes the older one, and what stood there is forgotten.
type lately[V any] struct {
	most       int
	young, old map[uint64]V
}

func (l *lately[V]) get(key uint64) (V, bool) {
	if v, ok := l.young[key]; ok {
		return v, true
	}
	v, ok := l.old[key]
	return v, ok
}

func (l *lately[V]) put(key uint64, v V) {
	if _, ok := l.young[key]; !ok && (l.young == nil || len(l.young) >= l.most) {
		l.old, l.young = l.young, make(map[uint64]V)
	}
	l.young[key] = v
}
