package frontier

import (
	"time"

	"veghe"
)

// linker adds the links of one page in one transaction.
type linker struct {
	tx     *tx
	source veghe.SourceID
	asap   time.Time
	room   int64 // addresses that may be added
	added  int64
	news   int
}

// addAll adds the links, those that continue the page last: whether they are
// due depends on the others.
func (k *linker) addAll(links []Link) error {
	for _, next := range []bool{false, true} {
		for _, l := range links {
			if l.Next != next {
				continue
			}
			if err := k.add(l); err != nil {
				return err
			}
		}
	}
	return nil
}

func (k *linker) add(l Link) error {
	if l.Mark != "" {
		if err := k.noticeMark(l); err != nil {
			return err
		}
	}
	if l.Next && k.news > 0 {
		const hurry = "UPDATE pages SET due = min(due, ?) WHERE source = ? AND url = ? AND lease = 0"
		if _, err := k.tx.exec(hurry, millis(k.asap), k.source, l.URL); err != nil {
			return err
		}
	}
	if k.added >= k.room {
		return nil
	}
	const insert = `INSERT INTO pages (source, url, kind, thread, seq, depth, chain, mark, due) VALUES (?,?,?,?,?,?,?,?,?)
		ON CONFLICT DO NOTHING`
	res, err := k.tx.exec(insert, k.source, l.URL, l.Kind, l.Thread, l.Seq, l.Depth, l.Chain, l.Mark, millis(k.asap))
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	k.added += n
	k.news += int(n)
	return err
}

// noticeMark makes a known page due, and the last page of its thread, if its
// list row looks different from the last time.
func (k *linker) noticeMark(l Link) error {
	const notice = `UPDATE pages SET mark = ?, due = CASE WHEN lease <> 0 THEN due ELSE min(due, ?) END
		WHERE source = ? AND url = ? AND mark <> ?`
	res, err := k.tx.exec(notice, l.Mark, millis(k.asap), k.source, l.URL, l.Mark)
	if err != nil {
		return err
	}
	n, err := res.RowsAffected()
	k.news += int(n)
	if err != nil || n == 0 || l.Thread == "" {
		return err
	}
	const last = "UPDATE pages SET due = min(due, ?) WHERE source = ? AND thread = ? AND last = 1 AND lease = 0"
	_, err = k.tx.exec(last, millis(k.asap), k.source, l.Thread)
	return err
}
