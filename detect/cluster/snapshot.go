package cluster

import (
	"bufio"
	"bytes"
	"cmp"
	"encoding/gob"
	"errors"
	"fmt"
	"hash/crc32"
	"io"
	"slices"
	"time"

	"veghe/detect/text"
)

// A snapshot is a line that names the format and the folding, a gob of the
// things below, and a CRC-32C of all before it. What another folding or
// format wrote is not read: its hashes mean nothing here.

// ErrSnapshot is wrapped by the error for a snapshot that cannot be used. An
// empty memory is the way on.
var ErrSnapshot = errors.New("snapshot cannot be used")

// MaxSnapshot is the largest snapshot that is read, in bytes.
const MaxSnapshot = 512 << 20

func snapshotHead() string { return "veghe clusters 1 " + text.Version + "\n" }

type snapshot struct {
	Most      int
	Born      uint32
	Next      uint32
	Reps      []savedRep
	Templates []savedTemplate
	Seen      savedLately[uint32]
	Contacts  savedLately[*reach]
	Voices    savedLately[*voice]
}

type savedRep struct {
	Number, Template uint32
	Shingles         []uint32
}

type savedTemplate struct {
	Number, Into, Newest               uint32
	ID                                 string
	Reps, Posts                        int
	First                              time.Time
	Times                              []time.Time
	Authors, Contacts, Places, Sources set
}

type savedLately[V any] struct{ Young, Old map[uint64]V }

func (l *lately[V]) save() savedLately[V] { return savedLately[V]{l.young, l.old} }

func (l *lately[V]) load(s savedLately[V]) { l.young, l.old = s.Young, s.Old }

// Memory is all that is remembered across posts by this package.
type Memory struct {
	Templates *Index
	Contacts  *Contacts
	Voices    *Voices
}

// NewMemory returns an empty one; known as in NewContacts.
func NewMemory(o Options, known []string) *Memory {
	return &Memory{New(o), NewContacts(known), NewVoices()}
}

// Save writes a snapshot. Posts wait meanwhile, about a second per 100 MB.
func (m *Memory) Save(w io.Writer) error {
	sum := crc32.New(crc32.MakeTable(crc32.Castagnoli))
	buf := bufio.NewWriter(w)
	out := io.MultiWriter(buf, sum)
	if _, err := io.WriteString(out, snapshotHead()); err != nil {
		return err
	}
	if err := m.encode(out); err != nil {
		return err
	}
	if err := writeSum(buf, sum.Sum32()); err != nil {
		return err
	}
	return buf.Flush()
}

func writeSum(w io.Writer, sum uint32) error {
	_, err := w.Write([]byte{byte(sum >> 24), byte(sum >> 16), byte(sum >> 8), byte(sum)})
	return err
}

func (m *Memory) encode(w io.Writer) error {
	m.Templates.mu.Lock()
	defer m.Templates.mu.Unlock()
	m.Contacts.mu.Lock()
	defer m.Contacts.mu.Unlock()
	m.Voices.mu.Lock()
	defer m.Voices.mu.Unlock()
	s := m.Templates.save()
	s.Contacts, s.Voices = m.Contacts.seen.save(), m.Voices.authors.save()
	return gob.NewEncoder(w).Encode(s)
}

func (x *Index) save() *snapshot {
	s := &snapshot{Most: x.most, Born: x.born, Next: x.next, Seen: x.seen.save()}
	for i := range x.ring {
		if r := &x.ring[i]; r.number != 0 {
			s.Reps = append(s.Reps, savedRep{r.number, r.template, r.shingles})
		}
	}
	for n, t := range x.templates {
		s.Templates = append(s.Templates, savedTemplate{
			Number: n, Into: t.into, Newest: t.newest, ID: t.id, Reps: t.reps, Posts: t.posts, First: t.first, Times: t.times,
			Authors: t.authors, Contacts: t.contacts, Places: t.places, Sources: t.sources,
		})
	}
	slices.SortFunc(s.Templates, func(a, b savedTemplate) int { return cmp.Compare(a.Number, b.Number) })
	return s
}

// Load takes a snapshot in place of what is remembered. On an error, which
// wraps ErrSnapshot unless reading failed, nothing has changed.
func (m *Memory) Load(r io.Reader) error {
	all, err := io.ReadAll(io.LimitReader(r, MaxSnapshot+1))
	if err != nil {
		return err
	}
	body, err := checked(all)
	if err != nil {
		return err
	}
	var s snapshot
	if err := gob.NewDecoder(bytes.NewReader(body)).Decode(&s); err != nil {
		return fmt.Errorf("%w: %w", ErrSnapshot, err)
	}
	x, err := s.index(m.Templates.most)
	if err != nil {
		return err
	}
	m.Templates.mu.Lock()
	defer m.Templates.mu.Unlock()
	m.Templates.take(x)
	m.Contacts.mu.Lock()
	defer m.Contacts.mu.Unlock()
	m.Contacts.seen.load(s.Contacts)
	m.Voices.mu.Lock()
	defer m.Voices.mu.Unlock()
	m.Voices.authors.load(s.Voices)
	return nil
}

// checked is what stands between the head and the sum.
func checked(all []byte) ([]byte, error) {
	head := snapshotHead()
	switch {
	case len(all) > MaxSnapshot:
		return nil, fmt.Errorf("%w: more than %d bytes", ErrSnapshot, MaxSnapshot)
	case !bytes.HasPrefix(all, []byte(head)) || len(all) < len(head)+4:
		return nil, fmt.Errorf("%w: it does not begin with %q", ErrSnapshot, head)
	}
	body, tail := all[:len(all)-4], all[len(all)-4:]
	sum := uint32(tail[0])<<24 | uint32(tail[1])<<16 | uint32(tail[2])<<8 | uint32(tail[3])
	if crc32.Checksum(body, crc32.MakeTable(crc32.Castagnoli)) != sum {
		return nil, fmt.Errorf("%w: its checksum is wrong", ErrSnapshot)
	}
	return body[len(head):], nil
}

// index makes an index of at most so many representatives.
func (s *snapshot) index(most int) (*Index, error) {
	if s.Most != most || len(s.Reps) > most || s.Next == 0 {
		return nil, fmt.Errorf("%w: it is of an index of %d representatives, want %d", ErrSnapshot, s.Most, most)
	}
	x := New(Options{Capacity: most})
	for len(x.ring) < most && int(s.Next)-1 > len(x.ring) {
		x.grow(2 * len(x.ring))
	}
	x.born, x.next = s.Born, s.Next
	x.seen.load(s.Seen)
	for _, t := range s.Templates {
		x.templates[t.Number] = &template{
			id: t.ID, into: t.Into, reps: t.Reps, posts: t.Posts, newest: t.Newest, first: t.First, times: t.Times,
			authors: t.Authors, contacts: t.Contacts, places: t.Places, sources: t.Sources,
		}
	}
	slices.SortFunc(s.Reps, func(a, b savedRep) int { return cmp.Compare(a.Number, b.Number) })
	for _, r := range s.Reps {
		if r.Number == 0 || x.templates[r.Template] == nil || len(r.Shingles) < minShingles || len(r.Shingles) > 2*maxShingles {
			return nil, fmt.Errorf("%w: representative %d makes no sense", ErrSnapshot, r.Number)
		}
		sk := Sketch{shingles: r.Shingles}
		sk.band()
		at := &x.ring[int(r.Number)%len(x.ring)]
		*at = representative{number: r.Number, template: r.Template, shingles: r.Shingles, keys: sk.keys}
		x.enter(at)
	}
	return x, nil
}

// take makes x what y is.
func (x *Index) take(y *Index) {
	x.ring, x.next, x.most, x.table = y.ring, y.next, y.most, y.table
	x.templates, x.born, x.seen = y.templates, y.born, y.seen
}
