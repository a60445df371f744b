package frontier

import (
	"context"
	"database/sql"
	"errors"
	"time"

	"veghe"
)

// Quota bounds how many pages of a source are leased in a day. The zero value
// does not.
type Quota struct {
	Day   string // names the day, such as 2026-10-31
	Pages int    // 0 means no bound
}

// Lease gives up to n pages of a source that are due at asOf, and no more than
// its quota still has: start pages before others, then longest due first, then
// nearest to a start page. Each is the caller's until the given time; then it
// is due again.
func (f *Frontier) Lease(ctx context.Context, source veghe.SourceID, asOf, until time.Time, n int, q Quota) ([]Page, error) {
	var out []Page
	err := f.inTx(ctx, func(t *tx) error {
		out = nil
		n, err := q.left(t, source, n)
		if err != nil || n <= 0 {
			return err
		}
		if out, err = due(t, source, asOf, n); err != nil {
			return err
		}
		for i := range out {
			out[i].lease = millis(until)
			const take = "UPDATE pages SET lease = ?, due = ? WHERE source = ? AND url = ?"
			if _, err := t.exec(take, millis(until), millis(until), source, out[i].URL); err != nil {
				return err
			}
		}
		return q.spend(t, source, len(out))
	})
	return out, err
}

// Return gives leased pages back that were not tried: they are due at once, and
// do not count for the quota they were leased with.
func (f *Frontier) Return(ctx context.Context, q Quota, pages ...Page) error {
	return f.inTx(ctx, func(t *tx) error {
		for _, p := range pages {
			if err := release(t, p); errors.Is(err, ErrLeaseLost) {
				continue
			} else if err != nil {
				return err
			}
			if err := q.spend(t, p.Source, -1); err != nil {
				return err
			}
		}
		return nil
	})
}

// Release gives a leased page back whose visit was cut short: it is due at
// once.
func (f *Frontier) Release(ctx context.Context, p Page) error {
	return f.inTx(ctx, func(t *tx) error { return release(t, p) })
}

func release(t *tx, p Page) error {
	const release = "UPDATE pages SET lease = 0, due = 0 WHERE source = ? AND url = ? AND lease = ?"
	return held(t.exec(release, p.Source, p.URL, p.lease))
}

// Spent is how many pages of a source were leased on the day of a quota.
func (f *Frontier) Spent(ctx context.Context, source veghe.SourceID, q Quota) (n int, err error) {
	err = f.inTx(ctx, func(t *tx) error {
		n, err = spent(t, source, q.Day)
		return err
	})
	return n, err
}

func spent(t *tx, source veghe.SourceID, day string) (n int, err error) {
	err = t.one([]any{&n}, "SELECT coalesce(sum(pages), 0) FROM spent WHERE source = ? AND day = ?", source, day)
	return n, err
}

// left is how many of n pages the quota allows.
func (q Quota) left(t *tx, source veghe.SourceID, n int) (int, error) {
	if q.Pages == 0 {
		return n, nil
	}
	have, err := spent(t, source, q.Day)
	return min(n, q.Pages-have), err
}

// spend counts pages of the day and forgets the days before.
func (q Quota) spend(t *tx, source veghe.SourceID, n int) error {
	if q.Pages == 0 || n == 0 {
		return nil
	}
	const add = `INSERT INTO spent (source, day, pages) VALUES (?, ?, ?)
		ON CONFLICT DO UPDATE SET pages = max(0, CASE WHEN day = excluded.day THEN pages ELSE 0 END + excluded.pages), day = excluded.day`
	_, err := t.exec(add, source, q.Day, n)
	return err
}

// due are the pages to lease: what is new shows on start pages, so they do not
// wait behind the rest.
func due(t *tx, source veghe.SourceID, asOf time.Time, n int) ([]Page, error) {
	const query = `SELECT url, kind, thread, seq, depth, chain, mark, etag, modified, every, fails, fetched FROM pages `
	out, err := pages(t, source, query+`INDEXED BY pages_start WHERE source = ? AND due <= ? AND depth = 0 AND chain = 0 ORDER BY due LIMIT ?`, source, millis(asOf), n)
	if err != nil || len(out) == n {
		return out, err
	}
	more, err := pages(t, source, query+`WHERE source = ? AND due <= ? AND (depth > 0 OR chain > 0) ORDER BY due, depth LIMIT ?`, source, millis(asOf), n-len(out))
	return append(out, more...), err
}

func pages(t *tx, source veghe.SourceID, query string, args ...any) ([]Page, error) {
	var out []Page
	err := t.query(func(rows *sql.Rows) error {
		p := Page{Source: source}
		var every, fetched int64
		err := rows.Scan(&p.URL, &p.Kind, &p.Thread, &p.Seq, &p.Depth, &p.Chain, &p.Mark, &p.ETag, &p.LastModified, &every, &p.Fails, &fetched)
		p.Every, p.Fetched = time.Duration(every)*time.Millisecond, fromMillis(fetched)
		out = append(out, p)
		return err
	}, query, args...)
	return out, err
}
