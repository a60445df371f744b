package desk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"errors"
	"fmt"
	"strings"
	"time"

	"veghe/index/database"
)

// ErrSignIn is a sign-in that is refused. Why is not told to whoever tries.
var ErrSignIn = errors.New("the sign-in is refused")

// ErrCode is a sign-in whose password was right and whose second factor is
// missing or wrong.
var ErrCode = errors.New("the code of the second factor is needed")

// TooOften is a sign-in that is not even looked at, since too many failed.
type TooOften struct{ Wait time.Duration }

func (e *TooOften) Error() string {
	return fmt.Sprintf("too many sign-ins failed: wait %s", e.Wait.Round(time.Second))
}

// How failures slow the next try down: after so many, a second, then twice as
// long each time, up to a quarter of an hour. Nobody is locked out for good,
// for that would let anyone lock anyone out.
const (
	freeFailures    = 4  // of an account
	freeFailuresFor = 20 // of an address, behind which a whole office may sit
	maxWait         = 15 * time.Minute
	forgetAfter     = 24 * time.Hour
)

// waitAfter is how long to wait after n failures.
func waitAfter(n, free int) time.Duration {
	if n <= free {
		return 0
	}
	return min(time.Second<<min(n-free-1, 20), maxWait)
}

// Attempt is one try to sign in.
type Attempt struct {
	Name, Password string
	Code           string // of the second factor, or a recovery code
	Address        string // where it comes from, without the port
}

// SignIn checks a name with its password and second factor. The error is
// ErrSignIn, ErrCode, *TooOften, or a failure of ours. Failures are counted
// by account and by address, also for names that are not there, and take as
// long as for those that are.
func (d *Desk) SignIn(ctx context.Context, try Attempt, now time.Time) (Account, error) {
	name := strings.ToLower(strings.TrimSpace(try.Name))
	subjects := map[string]int{"account " + clip(name, 64): freeFailures, "address " + clip(try.Address, 64): freeFailuresFor}
	if err := d.mayTry(ctx, subjects, now); err != nil {
		return Account{}, err
	}
	a, err := d.verify(ctx, name, try, now)
	switch {
	case err == nil:
		return a, d.signedIn(ctx, a.Name, now)
	case errors.Is(err, ErrSignIn), errors.Is(err, ErrCode) && try.Code != "":
		return Account{}, errors.Join(err, d.failed(ctx, subjects, now))
	}
	return Account{}, err
}

func clip(s string, n int) string { return s[:min(len(s), n)] }

func (d *Desk) verify(ctx context.Context, name string, try Attempt, now time.Time) (Account, error) {
	var kept string
	var totp []byte
	err := d.db.Read.QueryRowContext(ctx, `SELECT password, totp FROM account WHERE name = ? AND disabled = 0`, name).Scan(&kept, &totp)
	if err != nil && !errors.Is(err, sql.ErrNoRows) {
		return Account{}, fmt.Errorf("sign-in: %w", err)
	}
	ok, stale, err := d.matches(ctx, kept, try.Password)
	if err != nil {
		return Account{}, fmt.Errorf("sign-in: %w", err)
	}
	if !ok {
		return Account{}, ErrSignIn
	}
	if len(totp) > 0 {
		if try.Code == "" {
			return Account{}, ErrCode
		}
		if err := d.useCode(ctx, name, totp, try.Code, now); err != nil {
			return Account{}, err
		}
	}
	if stale {
		if err := d.SetPassword(ctx, name, try.Password); err != nil {
			return Account{}, err
		}
	}
	return d.Account(ctx, name)
}

// useCode spends a code: of the app, or one of those on paper.
func (d *Desk) useCode(ctx context.Context, name string, totp []byte, code string, now time.Time) error {
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		var last int64
		if err := tx.QueryRowContext(ctx, `SELECT totp_step FROM account WHERE name = ?`, name).Scan(&last); err != nil {
			return err
		}
		if step, ok := totpMatches(totp, code, now, last); ok {
			_, err := tx.ExecContext(ctx, `UPDATE account SET totp_step = ? WHERE name = ?`, step, name)
			return err
		}
		res, err := tx.ExecContext(ctx, `DELETE FROM recovery WHERE account = ? AND hash = ?`, name, recoveryHash(code))
		if err != nil {
			return err
		}
		if n, err := res.RowsAffected(); err != nil || n == 0 {
			return errors.Join(err, ErrCode)
		}
		return nil
	})
}

func (d *Desk) signedIn(ctx context.Context, name string, now time.Time) error {
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM failure WHERE subject = ?`, "account "+name); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `UPDATE account SET signed_in = ? WHERE name = ?`, micros(now), name)
		return err
	})
}

func (d *Desk) mayTry(ctx context.Context, subjects map[string]int, now time.Time) error {
	for s, free := range subjects {
		var n int
		var at int64
		err := d.db.Read.QueryRowContext(ctx, `SELECT n, at FROM failure WHERE subject = ?`, s).Scan(&n, &at)
		if errors.Is(err, sql.ErrNoRows) {
			continue
		}
		if err != nil {
			return fmt.Errorf("sign-in: %w", err)
		}
		if wait := moment(at).Add(waitAfter(n, free)).Sub(now); wait > 0 {
			return &TooOften{Wait: wait}
		}
	}
	return nil
}

// failed counts a failure, and forgets old ones.
func (d *Desk) failed(ctx context.Context, subjects map[string]int, now time.Time) error {
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		if _, err := tx.ExecContext(ctx, `DELETE FROM failure WHERE at < ?`, micros(now.Add(-forgetAfter))); err != nil {
			return err
		}
		for s := range subjects {
			if _, err := tx.ExecContext(ctx, `INSERT INTO failure (subject, n, at) VALUES (?, 1, ?) ON CONFLICT (subject) DO UPDATE SET n = failure.n + 1, at = excluded.at`, s, micros(now)); err != nil {
				return err
			}
		}
		return nil
	})
}

// SetPassword gives an account a password that CheckPassword takes.
func (d *Desk) SetPassword(ctx context.Context, name, password string) error {
	if err := CheckPassword(name, password); err != nil {
		return err
	}
	kept, err := d.hash(ctx, password)
	if err != nil {
		return err
	}
	return d.changeAccount(ctx, name, `UPDATE account SET password = ? WHERE name = ?`, kept, name)
}

// recoveryCodes is how many codes on paper stand in for a lost app.
const recoveryCodes = 10

// SetTOTP gives an account a second factor, after a code shows that the app has
// the secret, and returns codes to keep on paper, each good once. An empty
// secret takes the second factor away.
func (d *Desk) SetTOTP(ctx context.Context, name, secret, code string, now time.Time) (recovery []string, err error) {
	key, step := []byte{}, int64(0)
	if secret != "" {
		if key, err = parseTOTP(secret); err != nil {
			return nil, err
		}
		var ok bool
		if step, ok = totpMatches(key, code, now, 0); !ok {
			return nil, ErrCode
		}
		for range recoveryCodes {
			recovery = append(recovery, newRecoveryCode())
		}
	}
	err = d.db.Tx(ctx, func(tx *database.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE account SET totp = ?, totp_step = ? WHERE name = ?`, key, step, name); err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM recovery WHERE account = ?`, name); err != nil {
			return err
		}
		for _, c := range recovery {
			if _, err := tx.ExecContext(ctx, `INSERT INTO recovery (account, hash) VALUES (?, ?)`, name, recoveryHash(c)); err != nil {
				return err
			}
		}
		return nil
	})
	return recovery, err
}

// newRecoveryCode has 80 random bits, such as ABCD-EFGH-JKLM-NPQR.
func newRecoveryCode() string {
	s := rand.Text()[:16]
	return s[:4] + "-" + s[4:8] + "-" + s[8:12] + "-" + s[12:]
}

func recoveryHash(code string) []byte {
	h := sha256.Sum256([]byte(strings.ToUpper(strings.NewReplacer("-", "", " ", "").Replace(code))))
	return h[:]
}

// Link lets its holder choose a password for an account, once.
type Link struct {
	Account string // empty: the holder makes the first account
	Expires time.Time
}

// LinkLife is how long a link works.
const LinkLife = 72 * time.Hour

// NewLink makes a link for an account and ends those it had. Without an
// account it makes the first one, and only while there is none.
func (d *Desk) NewLink(ctx context.Context, name string, now time.Time) (secret string, err error) {
	secret = rand.Text()
	err = d.db.Tx(ctx, func(tx *database.Tx) error {
		if name != "" {
			if _, err := account(ctx, tx, name); err != nil {
				return err
			}
		}
		if _, err := tx.ExecContext(ctx, `DELETE FROM link WHERE account = ? OR expires < ?`, name, micros(now)); err != nil {
			return err
		}
		_, err := tx.ExecContext(ctx, `INSERT INTO link (hash, account, expires) VALUES (?, ?, ?)`, tokenHash(secret), name, micros(now.Add(LinkLife)))
		return err
	})
	if err != nil {
		return "", fmt.Errorf("link: %w", err)
	}
	return secret, nil
}

// Link returns what a link is for, or ErrSignIn.
func (d *Desk) Link(ctx context.Context, secret string, now time.Time) (Link, error) {
	return linkOf(ctx, d.db.Read, secret, now)
}

func linkOf(ctx context.Context, q database.Queryer, secret string, now time.Time) (l Link, err error) {
	var expires int64
	err = q.QueryRowContext(ctx, `SELECT account, expires FROM link WHERE hash = ? AND (account <> '' OR NOT EXISTS (SELECT 1 FROM account))`,
		tokenHash(secret)).Scan(&l.Account, &expires)
	l.Expires = moment(expires)
	if errors.Is(err, sql.ErrNoRows) || err == nil && !now.Before(l.Expires) {
		return Link{}, ErrSignIn
	}
	return l, err
}

// UseLink spends a link: it sets the password of its account, which a.Name
// names, or makes the first account as a says. All sessions of the account end.
func (d *Desk) UseLink(ctx context.Context, secret string, a Account, password string, now time.Time) error {
	if err := CheckPassword(a.Name, password); err != nil {
		return err
	}
	kept, err := d.hash(ctx, password)
	if err != nil {
		return err
	}
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		l, err := linkOf(ctx, tx, secret, now)
		if err != nil {
			return err
		}
		if l.Account == "" {
			if err := addAccount(ctx, tx, a, "", now); err != nil {
				return err
			}
		} else if l.Account != a.Name {
			return ErrSignIn
		}
		for _, q := range []string{`DELETE FROM link WHERE account IN ('', ?)`, `DELETE FROM session WHERE account = ?`} {
			if _, err := tx.ExecContext(ctx, q, a.Name); err != nil {
				return err
			}
		}
		_, err = tx.ExecContext(ctx, `UPDATE account SET password = ? WHERE name = ? AND disabled = 0`, kept, a.Name)
		return err
	})
}

// ResetAccount takes the password and the second factor of an account away and
// ends its sessions; a new link lets its owner in again.
func (d *Desk) ResetAccount(ctx context.Context, name string) error {
	if _, err := d.Account(ctx, name); err != nil {
		return err
	}
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		if _, err := tx.ExecContext(ctx, `UPDATE account SET password = '', totp = ?, totp_step = 0 WHERE name = ?`, []byte{}, name); err != nil {
			return err
		}
		for _, q := range []string{
			`DELETE FROM recovery WHERE account = ?`,
			`DELETE FROM session WHERE account = ?`, `DELETE FROM failure WHERE subject = 'account ' || ?`,
		} {
			if _, err := tx.ExecContext(ctx, q, name); err != nil {
				return err
			}
		}
		return nil
	})
}

// SignInExternal signs somebody in whom the identity provider vouches for, with
// the roles that it gives them now. The account is made at the first time. A
// local account of the same name is not taken over.
func (d *Desk) SignInExternal(ctx context.Context, subject string, a Account, now time.Time) (Account, error) {
	err := d.db.Tx(ctx, func(tx *database.Tx) error {
		var name string
		err := tx.QueryRowContext(ctx, `SELECT name FROM account WHERE subject = ?`, subject).Scan(&name)
		if errors.Is(err, sql.ErrNoRows) {
			return addAccount(ctx, tx, a, subject, now)
		}
		if err != nil {
			return err
		}
		a.Name = name
		_, err = tx.ExecContext(ctx, `UPDATE account SET "full" = ?, roles = ? WHERE name = ?`, clip(a.Full, maxName), JoinRoles(a.Roles), name)
		return err
	})
	if err != nil {
		return Account{}, fmt.Errorf("sign-in: %w", err)
	}
	got, err := d.Account(ctx, a.Name)
	if err != nil {
		return Account{}, err
	}
	if got.May() == 0 {
		return Account{}, ErrSignIn
	}
	return got, d.signedIn(ctx, got.Name, now)
}
