package desk

import (
	"context"
	"crypto/rand"
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"
	"time"

	"veghe/index/database"
)

// Secret returns 32 random bytes kept under a name, made when first asked for:
// what signs sessions, for one. It is the same in every process.
func (d *Desk) Secret(ctx context.Context, name string) ([]byte, error) {
	if err := check("name", name, true, maxName); err != nil {
		return nil, fmt.Errorf("secret: %w", err)
	}
	fresh := make([]byte, 32)
	rand.Read(fresh) // never fails
	var value []byte
	err := d.db.Tx(ctx, func(tx *database.Tx) error {
		if _, err := tx.ExecContext(ctx, `INSERT INTO secret (name, value) VALUES (?, ?) ON CONFLICT DO NOTHING`, name, fresh); err != nil {
			return err
		}
		return tx.QueryRowContext(ctx, `SELECT value FROM secret WHERE name = ?`, name).Scan(&value)
	})
	if err != nil {
		return nil, fmt.Errorf("secret %q: %w", name, err)
	}
	return value, nil
}

// Token lets a program in: as Account, if it names one, with what both the
// account and Scopes may; else by itself, as a collector. The token itself is
// shown once, by CreateToken; only its hash is kept.
type Token struct {
	ID        string     `json:"id"`
	Name      string     `json:"name"` // what it is for
	Account   string     `json:"account,omitempty"`
	Scopes    Permission `json:"-"`
	CreatedAt time.Time  `json:"created_at"`
	ExpiresAt time.Time  `json:"expires_at,omitzero"` // zero: never
	RevokedAt time.Time  `json:"revoked_at,omitzero"` // zero: not revoked
	UsedAt    time.Time  `json:"used_at,omitzero"`    // to the minute; zero: never
}

// Good reports whether the token lets anyone in at a time.
func (t Token) Good(now time.Time) bool {
	return t.RevokedAt.IsZero() && (t.ExpiresAt.IsZero() || now.Before(t.ExpiresAt))
}

// tokenPrefix makes a token recognisable to scanners for leaked secrets.
const tokenPrefix = "veghe_"

// ErrToken is returned for a token that is unknown, expired or revoked; which
// of these is not told to whoever holds it.
var ErrToken = errors.New("the token is not valid")

// CreateToken makes a token of t.Name, t.Account and t.Scopes, good from now
// until t.ExpiresAt. The other fields of t are ignored.
func (d *Desk) CreateToken(ctx context.Context, t Token, now time.Time) (secret string, made Token, err error) {
	if err := check("name", t.Name, true, maxName); err != nil {
		return "", Token{}, fmt.Errorf("token: %w", err)
	}
	if t.Scopes == 0 || t.Account == "" && t.Scopes != CanIngest {
		return "", Token{}, errors.New("token: want scopes, and an account for any but ingest")
	}
	secret, hash := freshToken()
	made = Token{
		ID: hex.EncodeToString(hash[:6]), Name: t.Name, Account: t.Account, Scopes: t.Scopes,
		CreatedAt: now.UTC().Truncate(time.Microsecond), ExpiresAt: moment(micros(t.ExpiresAt)),
	}
	_, err = d.db.Write.ExecContext(ctx, `INSERT INTO token (id, hash, name, role, account, created, expires, revoked) VALUES (?, ?, ?, ?, ?, ?, ?, 0)`,
		made.ID, hash, made.Name, made.Scopes.String(), made.Account, micros(made.CreatedAt), micros(made.ExpiresAt))
	if err != nil {
		return "", Token{}, fmt.Errorf("token: %w", err)
	}
	return secret, made, nil
}

// freshToken returns a new token and what is kept of it.
func freshToken() (secret string, hash []byte) {
	raw := make([]byte, 32)
	rand.Read(raw) // never fails
	secret = tokenPrefix + base64.RawURLEncoding.EncodeToString(raw)
	return secret, tokenHash(secret)
}

// tokenHash is a plain SHA-256: a token has 256 random bits, so there is
// nothing to guess that a slow hash would protect.
func tokenHash(secret string) []byte {
	h := sha256.Sum256([]byte(secret))
	return h[:]
}

// Authenticate returns the token that secret is, or ErrToken. The look-up goes
// by the hash, so its time tells nothing about the secret.
func (d *Desk) Authenticate(ctx context.Context, secret string, now time.Time) (Token, error) {
	if !strings.HasPrefix(secret, tokenPrefix) || len(secret) > 100 {
		return Token{}, ErrToken
	}
	rows, err := d.tokens(ctx, `WHERE hash = ?`, tokenHash(secret))
	if err != nil {
		return Token{}, err
	}
	if len(rows) == 0 {
		return Token{}, ErrToken
	}
	t := rows[0]
	if !t.Good(now) {
		return Token{}, ErrToken
	}
	if now.Sub(t.UsedAt) >= usedEvery {
		t.UsedAt = now.UTC().Truncate(time.Microsecond)
		_, err = d.db.Write.ExecContext(ctx, `UPDATE token SET used = ? WHERE id = ?`, micros(t.UsedAt), t.ID)
	}
	return t, err
}

// Tokens lists all tokens, also those no longer good, oldest first.
func (d *Desk) Tokens(ctx context.Context) ([]Token, error) {
	return d.tokens(ctx, `ORDER BY created, id`)
}

// RevokeToken ends a token by its id. Revoking twice keeps the first time.
func (d *Desk) RevokeToken(ctx context.Context, id string, now time.Time) error {
	res, err := d.db.Write.ExecContext(ctx, `UPDATE token SET revoked = CASE revoked WHEN 0 THEN ? ELSE revoked END WHERE id = ?`, micros(now), id)
	if err != nil {
		return fmt.Errorf("token %s: %w", id, err)
	}
	if n, err := res.RowsAffected(); err != nil || n == 0 {
		return errors.Join(fmt.Errorf("token %.40q: no such token", id), err)
	}
	return nil
}

func (d *Desk) tokens(ctx context.Context, where string, args ...any) ([]Token, error) {
	out, err := database.All(ctx, d.db.Read, scanToken, `SELECT id, name, account, role, created, expires, revoked, used FROM token `+where, args...)
	if err != nil {
		return nil, fmt.Errorf("tokens: %w", err)
	}
	return out, nil
}

func scanToken(row database.Row) (t Token, err error) {
	var scopes string
	var created, expires, revoked, used int64
	if err := row.Scan(&t.ID, &t.Name, &t.Account, &scopes, &created, &expires, &revoked, &used); err != nil {
		return t, err
	}
	if t.Scopes, err = ParsePermission(scopes); err != nil {
		return t, fmt.Errorf("%s: %w", t.ID, err)
	}
	t.CreatedAt, t.ExpiresAt, t.RevokedAt, t.UsedAt = moment(created), moment(expires), moment(revoked), moment(used)
	return t, nil
}
