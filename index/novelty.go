package index

import (
	"context"
	"crypto/sha256"
	"database/sql"
	"encoding/binary"
	"errors"
	"fmt"
	"math"
	"slices"

	"veghe"
	"veghe/index/sqlite"
)

// Novelty says how little of a flagged post had been seen in other flagged posts
// when it was first put as flagged: its contacts, the template of its text, its
// author. Something that n such posts have is new by 1/(1+n): wholly new at
// first, half at the second, a tenth at the tenth. Contacts count one half (the
// mean of all), the template three tenths, the author two; what a post does not
// have, such as contacts, is left out of account. A text of no template is new.
//
// The value is kept and does not change when others come, so that pages are
// stable. What the index no longer has is no longer known: a number that
// comes again after all its posts are purged is new again. Posts that were
// indexed before there was novelty have none.

// Weights of the parts of novelty.
const (
	byContacts = 0.5
	byTemplate = 0.3
	byAuthor   = 0.2
)

const noveltySchema = `
ALTER TABLE posts ADD COLUMN novelty INTEGER NOT NULL DEFAULT 0; -- in ten-thousandths
CREATE INDEX posts_novelty ON posts (novelty, score, time, id) WHERE flagged = 1;

-- How many flagged posts have a contact, template or author, by a hash that
-- does not tell which.
CREATE TABLE seen (key INTEGER PRIMARY KEY, n INTEGER NOT NULL);
`

// traits are what a post can share with others.
type traits struct {
	contacts []int64
	template int64 // 0 none
	author   int64 // 0 none
}

// maxTraits bounds the contacts of one post that are looked at.
const maxTraits = 32

// noveltyKinds are the contacts by which people are reached; a place or a price
// is no one's own.
var noveltyKinds = map[string]func(string) string{"phone": digits, "handle": fold, "email": fold, "url": linkKey}

// traits of a post; one that is not flagged shares nothing.
func (s *store) traits(r *record) (t traits) {
	if r == nil || !r.assessed.Assessment.Flagged {
		return t
	}
	for _, c := range r.assessed.Assessment.Contacts {
		form := noveltyKinds[c.Kind]
		if form == nil || len(t.contacts) == maxTraits {
			continue
		}
		if key := s.trait(c.Kind, form(c.Value)); !slices.Contains(t.contacts, key) {
			t.contacts = append(t.contacts, key)
		}
	}
	if c := r.assessed.Assessment.Cluster; c != nil {
		t.template = s.trait("template", c.ID)
	}
	if a := r.assessed.Post.Author; a != "" {
		t.author = s.trait("author", string(r.assessed.Post.Source)+"\x00"+fold(string(a)))
	}
	return t
}

func (t traits) all() []int64 {
	out := slices.Clone(t.contacts)
	for _, k := range []int64{t.template, t.author} {
		if k != 0 {
			out = append(out, k)
		}
	}
	return out
}

// trait hashes a value together with the store, so that what is kept cannot be
// compared with what another has.
func (s *store) trait(kind, value string) int64 {
	h := sha256.Sum256(fmt.Appendf(nil, "%s\x00%s\x00%s", s.id, kind, value))
	return int64(binary.LittleEndian.Uint64(h[:8]) | 1) // never 0
}

// seen is how many flagged posts have a trait, and by how much that changes.
type seen struct {
	known   map[int64]int // of all records at hand
	changes map[int64]int
}

func newSeen() seen { return seen{known: map[int64]int{}, changes: map[int64]int{}} }

func (n seen) count(t traits, by int) {
	for _, k := range t.all() {
		n.known[k] += by
		n.changes[k] += by
	}
}

// replace counts a record in the place of another; either may be nil. One that
// is flagged for the first time is given its novelty.
func (n seen) replace(s *store, old, r *record) {
	had, has := s.traits(old), s.traits(r)
	n.count(had, -1)
	flagged := r != nil && r.assessed.Assessment.Flagged
	if flagged && r.novelty == 0 && (old == nil || !old.assessed.Assessment.Flagged) {
		r.novelty = n.of(has, r.assessed.Assessment.Cluster)
	}
	n.count(has, +1)
}

// newness of something that so many posts have.
func newness(posts int) float64 { return 1 / float64(1+max(posts, 0)) }

// of is the novelty of a post, in ten-thousandths and at least one.
func (n seen) of(t traits, c *veghe.Cluster) int {
	template := 0
	if c != nil { // the detector may know more of it than are flagged
		template = max(n.known[t.template], c.Size-1)
	}
	sum, weights := byTemplate*newness(template), byTemplate
	if t.author != 0 {
		sum += byAuthor * newness(n.known[t.author])
		weights += byAuthor
	}
	if len(t.contacts) > 0 {
		all := 0.0
		for _, k := range t.contacts {
			all += newness(n.known[k])
		}
		sum += byContacts * all / float64(len(t.contacts))
		weights += byContacts
	}
	return max(1, int(math.Round(sum/weights*maxRank)))
}

// read reads what is known of the traits of some records.
func (n seen) read(ctx context.Context, s *store, all []*record) error {
	var keys []any
	for _, r := range all {
		for _, k := range s.traits(r).all() {
			if _, ok := n.known[k]; !ok {
				n.known[k] = 0
				keys = append(keys, k)
			}
		}
	}
	for part := range slices.Chunk(keys, maxPiece) {
		found, err := sqlite.All(ctx, s.db.Read, func(row sqlite.Row) (f [2]int64, err error) {
			err = row.Scan(&f[0], &f[1])
			return f, err
		}, `SELECT key, n FROM seen WHERE key IN (`+marks(len(part))+`)`, part...)
		if err != nil {
			return err
		}
		for _, f := range found {
			n.known[f[0]] = int(f[1])
		}
	}
	return nil
}

// write adds the changes to the counts.
func (n seen) write(ctx context.Context, tx *sql.Tx) error {
	for k, by := range n.changes {
		if by == 0 {
			continue
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO seen (key, n) VALUES (?, ?) ON CONFLICT DO UPDATE SET n = n + excluded.n`, k, by)
		if err == nil && by < 0 {
			_, err = tx.ExecContext(ctx, `DELETE FROM seen WHERE key = ? AND n <= 0`, k)
		}
		if err != nil {
			return err
		}
	}
	return nil
}

// seeAll counts the traits of the posts that were there before traits were
// counted, once: to them what comes now is held up.
func (s *store) seeAll(ctx context.Context) error {
	var done bool
	err := s.db.Read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM meta WHERE name = 'seen')`).Scan(&done)
	if err != nil || done {
		return err
	}
	return s.db.Tx(ctx, func(tx *sql.Tx) error {
		n, counted := newSeen(), 0
		for r, err := range s.records(ctx, `WHERE flagged = 1 ORDER BY seq`) {
			if err != nil && !errors.Is(err, ErrDamaged) {
				return err
			}
			n.count(s.traits(r), +1)
			if counted++; counted%(10*maxPiece) == 0 {
				if err := n.write(ctx, tx); err != nil {
					return err
				}
				n = newSeen()
			}
		}
		if err := n.write(ctx, tx); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO meta VALUES ('seen', '1')`)
		return err
	})
}
