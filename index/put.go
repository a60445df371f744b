package index

import (
	"cmp"
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"
	"time"

	"veghe"
)

// A batch is stored in pieces of at most so many posts and about so many
// bytes, to bound memory and how long others wait.
const (
	maxPiece      = 1000
	maxPieceBytes = 16 << 20
)

// Put stores posts and makes them searchable. It returns nil only when all of
// them are both, for good: whatever is killed afterwards finds them exactly
// once. On an error some may be stored; put the same batch again.
//
// A post is known by its id. A repeat changes nothing, a newer assessment
// replaces an older one, and a review stays. Within one version of the rules an
// unflagged assessment never replaces a flagged one: after a restart the
// detector may know less history than it did, and an alert must not be lost by
// that. Several assessments of one post in a batch count in their order.
func (x *Index) Put(ctx context.Context, batch []veghe.Assessed) (PutResult, error) {
	var all PutResult
	end, err := x.begin()
	if err != nil {
		return all, err
	}
	defer end()
	for len(batch) > 0 {
		piece, err := encode(batch)
		if err != nil {
			return all, err
		}
		batch = batch[len(piece):]
		done, err := x.putPiece(ctx, piece)
		if err != nil {
			return all, fmt.Errorf("put %d posts: %w", len(piece), err)
		}
		all.add(done)
	}
	return all, nil
}

func (r *PutResult) add(o PutResult) {
	r.New += o.New
	r.Updated += o.Updated
	r.Kept += o.Kept
	r.NewIDs = append(r.NewIDs, o.NewIDs...)
}

// encode makes records of the beginning of a batch.
func encode(batch []veghe.Assessed) ([]*record, error) {
	var out []*record
	size := 0
	for _, a := range batch[:min(len(batch), maxPiece)] {
		if a.Post.ID == "" {
			a.Post.ID = a.Assessment.ID
		}
		a.Post.Identify()
		a.Assessment.ID = a.Post.ID
		doc, err := a.Encode()
		if err != nil {
			return nil, fmt.Errorf("put post %s: %w", a.Post.ID, err)
		}
		if size += len(doc); size > maxPieceBytes && len(out) > 0 {
			break
		}
		out = append(out, &record{assessed: a, doc: doc})
	}
	return out, nil
}

func (x *Index) putPiece(ctx context.Context, piece []*record) (PutResult, error) {
	if err := x.roomLeft(); err != nil {
		return PutResult{}, err
	}
	var res PutResult
	err := x.write(ctx, func(ctx context.Context) (plan, error) {
		p, err := x.store.plan(ctx, piece, x.now())
		res = p.result
		return p, err
	})
	return res, err
}

// plan is a set of changes to the store, ready to be written.
type plan struct {
	result  PutResult
	write   []*record // without a number yet
	remove  []*record
	tallies tallies
	// versions are other texts of posts that are written.
	versions []*record
	rates    rates
	seen     seen
	today    int // what rates are let go of by
}

func (s *store) newPlan(now time.Time) plan {
	return plan{tallies: tallies{}, rates: rates{}, seen: newSeen(), today: dayOf(clamp(now))}
}

// plan decides what becomes of each record. It changes nothing.
func (s *store) plan(ctx context.Context, piece []*record, now time.Time) (plan, error) {
	ids := make([]string, len(piece))
	for i, r := range piece {
		ids[i] = string(r.assessed.Post.ID)
	}
	there, err := s.byID(ctx, ids)
	if err != nil {
		return plan{}, err
	}
	p := s.newPlan(now)
	waiting, err := s.awaited(ctx, ids)
	if err != nil {
		return plan{}, err
	}
	if err := p.seen.read(ctx, s, slices.AppendSeq(slices.Clone(piece), maps.Values(there))); err != nil {
		return plan{}, err
	}
	before := maps.Clone(there)
	changed := map[string]bool{}
	for i, r := range piece {
		old := there[ids[i]]
		switch {
		case old == nil:
			r.indexed = now.UTC().Truncate(time.Millisecond)
			r.shard = s.place(r.collected(), now)
			s.months[r.shard] = struct{}{}
			if c, ok := waiting[ids[i]]; ok {
				r.notice(c)
			}
			p.result.New++
			p.result.NewIDs = append(p.result.NewIDs, r.assessed.Post.ID)
		case keep(old, r):
			p.result.Kept++
			if r = p.version(old, r); r == nil {
				continue
			}
		default:
			r.takeOver(old)
			p.result.Updated++
			if edited := p.version(r, old); edited != nil {
				r = edited
			}
		}
		there[ids[i]] = r
		changed[ids[i]] = true
	}
	for _, id := range ids {
		if changed[id] {
			p.replace(s, before[id], there[id])
			delete(changed, id)
		}
	}
	return p, nil
}

// replace plans to write a record in the place of old, which may be nil.
func (p *plan) replace(s *store, old, r *record) {
	p.tallies.count(old, -1)
	p.tallies.count(r, +1)
	if s.counted(old) {
		p.rates.count(old, -1)
	}
	p.rates.count(r, +1)
	p.seen.replace(s, old, r)
	p.write = append(p.write, r)
}

// keep reports whether the stored assessment stays.
func keep(old, r *record) bool {
	was, is := &old.assessed.Assessment, &r.assessed.Assessment
	sameRules := was.RulesVersion == is.RulesVersion
	switch {
	case string(old.doc) == string(r.doc):
		return true
	case newerText(old, r): // the text of before comes once more
		return was.Flagged || !is.Flagged
	case otherText(old, r) && was.Flagged && !is.Flagged: // what was flagged is not undone by an edit
		return true
	case sameRules && was.Flagged != is.Flagged:
		return was.Flagged
	}
	return r.assessed.AssessedAt.Before(old.assessed.AssessedAt)
}

// tallies are changes of the counts per value.
type tallies map[tallyKey]int

type tallyKey struct {
	flagged      bool
	field, value string
}

func (t tallies) count(r *record, by int) {
	if r == nil {
		return
	}
	v := r.values()
	flagged := r.assessed.Assessment.Flagged
	t[tallyKey{flagged, "", ""}] += by
	for _, field := range tallied {
		for _, value := range v[field] {
			t[tallyKey{flagged, field, value}] += by
		}
	}
	t.countShard(r, flagged, by)
}

const insertPost = `INSERT OR REPLACE INTO posts (seq, id, flagged, severity, score, source, category, thread, place,
	time, posted, collected, assessed, indexed, rules_version, review, cases, gone, again, noticed, edited, shard, novelty, doc, sum)
	VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)`

// commit writes a plan in one transaction and returns its changes, numbered.
func (s *store) commit(ctx context.Context, p plan) ([]change, error) {
	seq := s.seq
	var out []change
	err := s.db.Tx(ctx, func(tx *sql.Tx) error {
		for _, r := range p.remove {
			seq++
			if err := remove(ctx, tx, seq, r); err != nil {
				return err
			}
			out = append(out, change{remove: string(r.assessed.Post.ID), shard: r.shard})
		}
		insert, err := tx.PrepareContext(ctx, insertPost)
		if err != nil {
			return err
		}
		defer insert.Close() //nolint:errcheck // nothing to lose
		for _, r := range p.write {
			seq++
			r.seq = seq
			if err := r.insert(ctx, insert); err != nil {
				return err
			}
			out = append(out, change{write: r, shard: r.shard})
		}
		if err := writeVersions(ctx, tx, p.versions); err != nil {
			return err
		}
		if err := p.tallies.write(ctx, tx); err != nil {
			return err
		}
		if err := p.seen.write(ctx, tx); err != nil {
			return err
		}
		if err := p.rates.write(ctx, tx, p.today); err != nil {
			return err
		}
		_, err = tx.ExecContext(ctx, `UPDATE meta SET value = ? WHERE name = 'seq'`, strconv.FormatInt(seq, 10))
		return err
	})
	if err != nil {
		return nil, err
	}
	s.seq = seq
	return out, nil
}

func remove(ctx context.Context, tx *sql.Tx, seq int64, r *record) error {
	id := string(r.assessed.Post.ID)
	for _, from := range []string{`DELETE FROM posts WHERE id = ?`, `DELETE FROM versions WHERE id = ?`} {
		if _, err := tx.ExecContext(ctx, from, id); err != nil {
			return err
		}
	}
	_, err := tx.ExecContext(ctx, `INSERT INTO gone (seq, id, shard) VALUES (?, ?, ?)`, seq, id, int(r.shard))
	return err
}

func (r *record) insert(ctx context.Context, insert *sql.Stmt) error {
	cases, err := json.Marshal(r.cases)
	if err != nil {
		return err
	}
	p, a := &r.assessed.Post, &r.assessed.Assessment
	_, err = insert.ExecContext(ctx, r.seq, string(p.ID), a.Flagged, r.severity().Rank(), rank(r.score()), string(p.Source),
		strings.Join(r.categories(), " "), string(p.Thread), p.Seq,
		r.time().UnixMilli(), millis(p.PostedAt), r.collected().UnixMilli(), millis(r.assessed.AssessedAt), r.indexed.UnixMilli(),
		a.RulesVersion, string(r.review), string(cases), millis(r.gone), string(r.again), millis(r.noticed), millis(r.edited), int(r.shard), r.novelty, r.doc, sum(r.doc))
	return err
}

func fromMillis(ms int64) time.Time {
	if ms == 0 {
		return time.Time{}
	}
	return time.UnixMilli(ms).UTC()
}

func millis(t time.Time) int64 {
	if t.IsZero() {
		return 0
	}
	return clamp(t).UnixMilli()
}

func (t tallies) write(ctx context.Context, tx *sql.Tx) error {
	add, err := tx.PrepareContext(ctx, `INSERT INTO tally (flagged, field, value, n) VALUES (?, ?, ?, ?)
		ON CONFLICT (flagged, field, value) DO UPDATE SET n = n + excluded.n`)
	if err != nil {
		return err
	}
	defer add.Close() //nolint:errcheck // nothing to lose
	fewer := false
	for k, n := range t {
		if n == 0 {
			continue
		}
		fewer = fewer || n < 0
		if _, err := add.ExecContext(ctx, k.flagged, k.field, k.value, n); err != nil {
			return err
		}
	}
	if fewer {
		_, err = tx.ExecContext(ctx, `DELETE FROM tally WHERE n <= 0`)
	}
	return err
}

// write plans, commits and makes searchable. Plans are made and committed one
// at a time; while the search index takes one, the next is already made, and
// it takes them in the order of their numbers.
func (x *Index) write(ctx context.Context, decide func(context.Context) (plan, error)) error {
	if err := x.heal(ctx); err != nil {
		return err
	}
	if err := x.writing.lock(ctx); err != nil {
		return err
	}
	changes, seq, err := x.decideAndCommit(ctx, decide)
	if err != nil || len(changes) == 0 {
		x.writing.unlock()
		return errors.Join(err, x.settled(ctx, err))
	}
	// From here on the store has it and the search index must follow, so the
	// caller's hurry no longer counts.
	ctx = context.WithoutCancel(ctx)
	err = x.applying.lock(ctx)
	x.writing.unlock()
	if err != nil {
		return err
	}
	err = x.engine.apply(changes, seq)
	x.applying.unlock()
	if err != nil {
		return x.heal(ctx)
	}
	return nil
}

func (x *Index) decideAndCommit(ctx context.Context, decide func(context.Context) (plan, error)) ([]change, int64, error) {
	p, err := decide(ctx)
	if err != nil {
		return nil, 0, err
	}
	if len(p.write)+len(p.remove)+len(p.versions) == 0 {
		return nil, x.store.seq, nil
	}
	changes, err := x.store.commit(ctx, p)
	return changes, x.store.seq, err
}

// settled waits until what was committed before is searchable too: a batch of
// nothing but repeats may repeat one that is still on its way.
func (x *Index) settled(ctx context.Context, failed error) error {
	if failed != nil {
		return nil
	}
	if err := x.applying.lock(ctx); err != nil {
		return err
	}
	x.applying.unlock()
	if x.engine.isSick() != nil {
		return x.heal(ctx)
	}
	return nil
}

// roomLeft refuses to go on while the disk is nearly full: bleve breaks when it
// cannot finish writing a file, and what it breaks must be made anew.
func (x *Index) roomLeft() error {
	if x.opt.MinFree < 0 {
		return nil
	}
	free, size, err := freeSpace(x.dir)
	if err != nil {
		return err
	}
	if want := cmp.Or(x.opt.MinFree, min(1<<30, size/8)); free < want {
		return fmt.Errorf("%w: %s has %d MiB free, want at least %d MiB", ErrNoSpace, x.dir, free>>20, want>>20)
	}
	return nil
}
