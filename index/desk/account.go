package desk

import (
	"context"
	"database/sql"
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"time"

	"veghe"
	"veghe/index/database"
)

// Account is somebody who may sign in.
type Account struct {
	Name  string `json:"name"` // as it stands in the audit trail, for good
	Full  string `json:"full,omitempty"`
	Roles []Role `json:"roles"`
	// Sources, unless nil, are the only ones whose posts the account sees.
	Sources    []veghe.SourceID `json:"sources"`
	CreatedAt  time.Time        `json:"created_at"`
	SignedInAt time.Time        `json:"signed_in_at,omitzero"`
	DisabledAt time.Time        `json:"disabled_at,omitzero"` // zero: may sign in
	Password   bool             `json:"password"`             // has one
	TOTP       bool             `json:"totp"`                 // has a second factor
	External   bool             `json:"external"`             // signs in at the identity provider
}

// May is what the account may do: nothing once it is disabled.
func (a Account) May() Permission {
	if !a.DisabledAt.IsZero() {
		return 0
	}
	return PermissionsOf(a.Roles)
}

// The errors of accounts. A caller that answers somebody who is not signed in
// tells none of them apart.
var (
	ErrNoAccount = errors.New("no such account")
	ErrAccount   = errors.New("there is an account of that name already")
	ErrLastAdmin = errors.New("somebody must be left who can change accounts")
)

var accountName = regexp.MustCompile(`^[a-z0-9][a-z0-9._@-]{1,63}$`)

// reserved are names under which the program itself stands in the audit trail.
var reserved = map[string]bool{"local": true, "collector": true, "veghe": true, "nobody": true, "operator": true, "retention": true}

// CheckName says why an account cannot have a name, or nil.
func CheckName(name string) error {
	if !accountName.MatchString(name) {
		return fmt.Errorf("the name is %.70q, want 2 to 64 of a-z, 0-9 and . _ - @, beginning with a letter or digit", name)
	}
	if reserved[name] {
		return fmt.Errorf("the name %q stands for the program itself: choose another", name)
	}
	return nil
}

// AddAccount makes an account of a.Name, a.Full, a.Roles and a.Sources. Nobody
// can sign in with it yet: make a link for that.
func (d *Desk) AddAccount(ctx context.Context, a Account, now time.Time) error {
	return d.db.Tx(ctx, func(tx *database.Tx) error { return addAccount(ctx, tx, a, "", now) })
}

func addAccount(ctx context.Context, tx *database.Tx, a Account, subject string, now time.Time) error {
	if err := CheckName(a.Name); err != nil {
		return err
	}
	if err := check("full name", a.Full, false, maxName); err != nil {
		return err
	}
	if len(a.Roles) == 0 {
		return fmt.Errorf("account %s has no role, want some of %s", a.Name, JoinRoles(Roles))
	}
	sources, err := json.Marshal(a.Sources)
	if err != nil {
		return err
	}
	res, err := tx.ExecContext(ctx, `INSERT INTO account (name, "full", roles, sources, password, totp, totp_step, subject, created, signed_in, disabled)
		VALUES (?, ?, ?, ?, '', ?, 0, ?, ?, 0, 0) ON CONFLICT (name) DO NOTHING`, a.Name, a.Full, JoinRoles(a.Roles), string(sources), []byte{}, subject, micros(now))
	if err != nil {
		return fmt.Errorf("account: %w", err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(err, fmt.Errorf("%q: %w", a.Name, ErrAccount))
	}
	return nil
}

const accountColumns = `name, "full", roles, sources, password <> '', length(totp) > 0, subject <> '', created, signed_in, disabled`

func scanAccount(row database.Row) (a Account, err error) {
	var roles, sources string
	var created, signedIn, disabled int64
	if err := row.Scan(&a.Name, &a.Full, &roles, &sources, &a.Password, &a.TOTP, &a.External, &created, &signedIn, &disabled); err != nil {
		return a, err
	}
	if a.Roles, err = ParseRoles(roles); err != nil {
		return a, fmt.Errorf("account %s: %w", a.Name, err)
	}
	if err := json.Unmarshal([]byte(sources), &a.Sources); err != nil {
		return a, fmt.Errorf("account %s: %w", a.Name, err)
	}
	a.CreatedAt, a.SignedInAt, a.DisabledAt = moment(created), moment(signedIn), moment(disabled)
	return a, nil
}

func account(ctx context.Context, q database.Queryer, name string) (Account, error) {
	a, err := scanAccount(q.QueryRowContext(ctx, `SELECT `+accountColumns+` FROM account WHERE name = ?`, name))
	if errors.Is(err, sql.ErrNoRows) {
		return a, fmt.Errorf("%.70q: %w", name, ErrNoAccount)
	}
	return a, err
}

// Account returns one account, or ErrNoAccount.
func (d *Desk) Account(ctx context.Context, name string) (Account, error) {
	return account(ctx, d.db.Read, name)
}

// Accounts lists all accounts by name.
func (d *Desk) Accounts(ctx context.Context) ([]Account, error) {
	out, err := database.All(ctx, d.db.Read, scanAccount, `SELECT `+accountColumns+` FROM account ORDER BY name`)
	if err != nil {
		return nil, fmt.Errorf("accounts: %w", err)
	}
	return out, nil
}

// HasAccounts reports whether there is any account. Once there is, there
// always will be.
func (d *Desk) HasAccounts(ctx context.Context) (has bool, err error) {
	err = d.db.Read.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM account)`).Scan(&has)
	return has, err
}

// SetAccount changes the full name, the roles and the sources of an account.
func (d *Desk) SetAccount(ctx context.Context, a Account) error {
	if len(a.Roles) == 0 {
		return fmt.Errorf("account %s has no role, want some of %s", a.Name, JoinRoles(Roles))
	}
	if err := check("full name", a.Full, false, maxName); err != nil {
		return err
	}
	sources, err := json.Marshal(a.Sources)
	if err != nil {
		return err
	}
	return d.changeAccount(ctx, a.Name, `UPDATE account SET "full" = ?, roles = ?, sources = ? WHERE name = ?`,
		a.Full, JoinRoles(a.Roles), string(sources), a.Name)
}

// DisableAccount ends an account and all its sessions at once. It keeps its
// name. Disabling twice keeps the first time.
func (d *Desk) DisableAccount(ctx context.Context, name string, now time.Time) error {
	err := d.changeAccount(ctx, name, `UPDATE account SET disabled = CASE disabled WHEN 0 THEN ? ELSE disabled END WHERE name = ?`, micros(now), name)
	if err != nil {
		return err
	}
	return d.EndSessions(ctx, name)
}

// EnableAccount takes that back.
func (d *Desk) EnableAccount(ctx context.Context, name string) error {
	return d.changeAccount(ctx, name, `UPDATE account SET disabled = 0 WHERE name = ?`, name)
}

// changeAccount changes one account, unless nobody would be left who can change
// accounts.
func (d *Desk) changeAccount(ctx context.Context, name, change string, args ...any) error {
	return d.db.Tx(ctx, func(tx *database.Tx) error {
		before, err := account(ctx, tx, name)
		if err != nil {
			return err
		}
		if _, err := tx.ExecContext(ctx, change, args...); err != nil {
			return fmt.Errorf("account %s: %w", name, err)
		}
		after, err := account(ctx, tx, name)
		if err != nil || !before.May().Has(CanAdmin) || after.May().Has(CanAdmin) {
			return err
		}
		var left int
		err = tx.QueryRowContext(ctx, `SELECT count(*) FROM account WHERE disabled = 0 AND ',' || roles || ',' LIKE '%,admin,%'`).Scan(&left)
		if err == nil && left == 0 {
			return ErrLastAdmin
		}
		return err
	})
}
