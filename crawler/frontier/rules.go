package frontier

import (
	"context"
	"database/sql"
	"errors"
	"time"
)

// Rules are what a host says to crawlers, and what it said before.
type Rules struct {
	Now, Before string
	Changed     time.Time // zero: it never said anything else
}

// KeepRules keeps what a host says now. It gives that beside what it said
// before, and whether this is new.
func (f *Frontier) KeepRules(ctx context.Context, host, rules string, now time.Time) (kept Rules, fresh bool, err error) {
	err = f.inTx(ctx, func(t *tx) error {
		kept, fresh = Rules{}, false
		var changed int64
		err := t.one([]any{&kept.Now, &kept.Before, &changed}, "SELECT rules, before, changed FROM robots WHERE host = ?", host)
		switch {
		case errors.Is(err, sql.ErrNoRows):
			kept.Now = rules
			_, err = t.exec("INSERT INTO robots (host, rules) VALUES (?, ?)", host, rules)
			return err
		case err != nil:
			return err
		case kept.Now == rules:
			kept.Changed = fromMillis(changed)
			return nil
		}
		kept, fresh = Rules{Now: rules, Before: kept.Now, Changed: fromMillis(millis(now))}, true
		_, err = t.exec("UPDATE robots SET before = rules, rules = ?, changed = ? WHERE host = ?", rules, millis(now), host)
		return err
	})
	return kept, fresh, err
}
