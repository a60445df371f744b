package frontier

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"sync"

	"veghe"
)

// What several callers want at the same time goes into one transaction: a
// commit costs more than most of what is in it. Whoever comes while another's
// transaction runs waits in line, and the first of those who waited does it
// for all.
//
//	Done ──┐
//	Lease ─┼─▶ line ─▶ one transaction ─▶ to each the own answer
//	Done ──┘

// atOnce is how many callers share a transaction at most.
const atOnce = 256

// job is what one caller wants done.
type job struct {
	do   func(*tx) error
	err  error         // set before done is closed
	done chan struct{} // closed when it is done, or has failed
}

// line is where callers wait for a transaction.
type line struct {
	turn chan struct{} // held by whoever uses the connection

	mu      sync.Mutex // guards waiting
	waiting []*job
}

func newLine() *line { return &line{turn: make(chan struct{}, 1)} }

func (l *line) join(j *job) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.waiting = append(l.waiting, j)
}

// next takes those who have waited longest out of the line.
func (l *line) next() []*job {
	l.mu.Lock()
	defer l.mu.Unlock()
	n := min(len(l.waiting), atOnce)
	out := l.waiting[:n:n]
	l.waiting = l.waiting[n:]
	return out
}

// inTx runs do in a transaction, which others may share, and commits it. If
// do fails, nothing of it is kept. It may be run a second time after another
// has failed, so it must begin anew then. A do that returns ErrLeaseLost must
// have written nothing. What has begun is not cut short by the end of ctx.
func (f *Frontier) inTx(ctx context.Context, do func(*tx) error) error {
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("frontier: %w", err)
	}
	j := &job{do: do, done: make(chan struct{})}
	f.line.join(j)
	for {
		select {
		case <-j.done:
			return j.err
		case f.line.turn <- struct{}{}:
			f.runAll(f.line.next())
			<-f.line.turn
		}
	}
}

// runAll does the jobs in one transaction; if one of them fails, each in one
// of its own. Whoever calls it has the turn.
func (f *Frontier) runAll(jobs []*job) {
	if len(jobs) < 2 || f.run(jobs...) != nil {
		for _, j := range jobs {
			if err := f.run(j); err != nil {
				j.err = err
			}
		}
	}
	for _, j := range jobs {
		close(j.done)
	}
}

// run does jobs in one transaction. If it fails, nothing of any of them is
// kept. That a lease was lost is the job's own affair and fails nothing.
func (f *Frontier) run(jobs ...*job) error {
	t := &tx{f: f, grown: make(map[veghe.SourceID]int64)}
	_, err := t.exec("BEGIN IMMEDIATE")
	for i := 0; i < len(jobs) && err == nil; i++ {
		jobs[i].err = jobs[i].do(t)
		if !errors.Is(jobs[i].err, ErrLeaseLost) {
			err = jobs[i].err
		}
	}
	if err == nil {
		_, err = t.exec("COMMIT")
	}
	if err != nil {
		_, _ = t.exec("ROLLBACK") // fails if SQLite has done so itself
		return fmt.Errorf("frontier: %w", err)
	}
	f.grow(t.grown)
	return nil
}

// tx is a transaction. Its statements are parsed once and kept. They are not
// cut off when a caller's context ends: they are short, and to cut one off
// would undo what others wait for.
type tx struct {
	f     *Frontier
	grown map[veghe.SourceID]int64 // addresses it adds
}

func (t *tx) exec(query string, args ...any) (sql.Result, error) {
	s, err := t.f.prepared(query)
	if err != nil {
		return nil, err
	}
	return s.ExecContext(context.Background(), args...)
}

// query reads rows to their end: each is given to scan.
func (t *tx) query(scan func(*sql.Rows) error, query string, args ...any) error {
	s, err := t.f.prepared(query)
	if err != nil {
		return err
	}
	rows, err := s.QueryContext(context.Background(), args...)
	if err != nil {
		return err
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		if err := scan(rows); err != nil {
			return err
		}
	}
	return rows.Err()
}

// one reads a single row. Without one it fails with sql.ErrNoRows.
func (t *tx) one(into []any, query string, args ...any) error {
	s, err := t.f.prepared(query)
	if err != nil {
		return err
	}
	return s.QueryRowContext(context.Background(), args...).Scan(into...)
}

// room is how many addresses a source may still add.
func (t *tx) room(source veghe.SourceID) int64 {
	t.f.mu.Lock()
	defer t.f.mu.Unlock()
	return t.f.opt.MaxKnown - t.f.known[source] - t.grown[source]
}

// grow counts the addresses of a transaction that was committed.
func (f *Frontier) grow(by map[veghe.SourceID]int64) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for source, n := range by {
		f.known[source] += n
	}
}

// prepared gives a statement of this package ready to run. Whoever calls it
// has the turn.
func (f *Frontier) prepared(query string) (*sql.Stmt, error) {
	if s := f.stmts[query]; s != nil {
		return s, nil
	}
	s, err := f.conn.PrepareContext(context.Background(), query)
	if err != nil {
		return nil, err
	}
	f.stmts[query] = s
	return s, nil
}

// alone gives the connection to do, between transactions.
func (f *Frontier) alone(do func(*sql.Conn) error) error {
	f.line.turn <- struct{}{}
	defer func() { <-f.line.turn }()
	return do(f.conn)
}
