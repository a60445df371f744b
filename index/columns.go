package index

import (
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"sync"

	"github.com/blevesearch/bleve/v2/index/scorch"
	segment "github.com/blevesearch/bleve_index_api"
)

// Sorting and counting need a few values of every post found. Bleve keeps them
// in packed blocks of a thousand posts, and unpacking those is most of the time
// of a search that finds many. So they are unpacked once per file, when they
// are first asked for, into columns: eight bytes of a post for its time, four
// for each other field. Files never change, only what is deleted from them.

// fileColumns are the values of the posts in one file, by their place in it.
type fileColumns struct {
	mu      sync.Mutex // guards the maps while they are filled
	numbers map[string][]int64
	sets    map[string]*sets
}

// sets is which values each post has of a field, by the number of their set:
// as many numbers as posts, but few sets.
type sets struct {
	of    []uint32  // by place; 0 is the empty set
	nodes []setNode // by number
	next  map[setNode]uint32
}

// setNode is a set: a smaller one and one more value.
type setNode struct {
	rest  uint32
	value string
}

func newSets(posts int) *sets {
	return &sets{of: make([]uint32, posts), nodes: make([]setNode, 1), next: map[setNode]uint32{}}
}

func (s *sets) add(post int, value []byte) {
	key := setNode{s.of[post], string(value)}
	n, ok := s.next[key]
	if !ok {
		n = uint32(len(s.nodes))
		s.nodes = append(s.nodes, key)
		s.next[key] = n
	}
	s.of[post] = n
}

// count adds how often each value is in the sets counted.
func (s *sets) count(counted []int, into map[string]int) {
	for n, c := range counted {
		if c == 0 {
			continue
		}
		for at := uint32(n); at != 0; at = s.nodes[at].rest {
			into[s.nodes[at].value] += c
		}
	}
}

// columnCache has the columns of the files of a shard.
type columnCache struct {
	mu     sync.Mutex // guards byFile
	byFile map[uint64]*fileColumns
}

// file is one file of a snapshot with the columns asked for, in that order.
type file struct {
	posts   uint64
	numbers [][]int64
	sets    []*sets
}

// of returns the columns of each file of a snapshot. What belongs to files that
// are gone is let go of.
func (c *columnCache) of(snap *scorch.IndexSnapshot, numbers, fields []string) ([]file, error) {
	files := snap.Segments()
	all := make([]*fileColumns, len(files))
	c.mu.Lock()
	now := make(map[uint64]*fileColumns, len(files))
	for i, f := range files {
		if all[i] = c.byFile[f.Id()]; all[i] == nil {
			all[i] = &fileColumns{numbers: map[string][]int64{}, sets: map[string]*sets{}}
		}
		now[f.Id()] = all[i]
	}
	c.byFile = now
	c.mu.Unlock()
	out := make([]file, len(files))
	start := uint64(0)
	for i, f := range files {
		var err error
		if out[i], err = all[i].pick(snap, start, int(f.FullSize()), numbers, fields); err != nil {
			return nil, err
		}
		start += out[i].posts
	}
	return out, nil
}

// pick reads what is missing and gives what is asked for.
func (c *fileColumns) pick(snap *scorch.IndexSnapshot, start uint64, posts int, numbers, fields []string) (file, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	out := file{posts: uint64(posts)}
	if err := c.fill(snap, start, posts, numbers, fields); err != nil {
		return out, err
	}
	for _, name := range numbers {
		out.numbers = append(out.numbers, c.numbers[name])
	}
	for _, name := range fields {
		out.sets = append(out.sets, c.sets[name])
	}
	return out, nil
}

// fill reads what is missing. The posts of the file are numbered from start.
func (c *fileColumns) fill(snap *scorch.IndexSnapshot, start uint64, posts int, numbers, fields []string) error {
	freshNumbers, freshSets := map[string][]int64{}, map[string]*sets{}
	var missing []string
	for _, name := range numbers {
		if c.numbers[name] == nil {
			freshNumbers[name] = make([]int64, posts)
			missing = append(missing, name)
		}
	}
	for _, name := range fields {
		if c.sets[name] == nil {
			freshSets[name] = newSets(posts)
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 {
		return nil
	}
	values, err := snap.DocValueReader(missing)
	if err != nil {
		return err
	}
	var bad error
	var id segment.IndexInternalID
	for i := range posts {
		id = segment.NewIndexInternalID(id, start+uint64(i))
		err := values.VisitDocValues(id, func(field string, value []byte) {
			if s := freshSets[field]; s != nil {
				s.add(i, value)
				return
			}
			n, err := strconv.ParseInt(string(value), 10, 64)
			if err != nil {
				bad = fmt.Errorf("field %s has what is not a number", field)
			}
			freshNumbers[field][i] = n
		})
		if err != nil || bad != nil {
			return errors.Join(err, bad)
		}
	}
	for name, s := range freshSets {
		s.nodes, s.next = slices.Clip(s.nodes), nil
		c.sets[name] = s
	}
	maps.Copy(c.numbers, freshNumbers)
	return nil
}
