package desk

import (
	"context"
	"crypto/rand"
	"crypto/subtle"
	"encoding/base64"
	"errors"
	"fmt"
	"strings"
	"unicode/utf8"

	"golang.org/x/crypto/argon2"
	"golang.org/x/text/unicode/norm"
)

// Cost is what one guess of a password costs.
type Cost struct {
	Time    uint32 // passes
	Memory  uint32 // KiB
	Threads uint8
}

// defaultCost is the second recommendation of RFC 9106, for machines that do
// not have 2 GB to spare.
var defaultCost = Cost{Time: 3, Memory: 64 << 10, Threads: 4}

// SetCost changes what passwords cost from now on; tests make it small. Call
// it before anything else.
func (d *Desk) SetCost(c Cost) { d.cost = c }

const (
	minPassword = 12  // characters
	maxPassword = 256 // bytes
	saltSize    = 16
	keySize     = 32
)

// CheckPassword says why a password is not taken, or nil. Length is what
// counts (NIST SP 800-63B, 5.1.1.2); there are no rules on what it is made of,
// only against what is guessed first.
func CheckPassword(name, password string) error {
	p := norm.NFKC.String(password)
	low := strings.ToLower(p)
	switch {
	case utf8.RuneCountInString(p) < minPassword:
		return fmt.Errorf("the password has %d characters, want at least %d", utf8.RuneCountInString(p), minPassword)
	case len(p) > maxPassword:
		return fmt.Errorf("the password has %d bytes, want at most %d", len(p), maxPassword)
	case !utf8.ValidString(p):
		return errors.New("the password is not valid UTF-8")
	case distinct(p) < 5:
		return errors.New("the password repeats itself: want at least 5 different characters")
	case name != "" && strings.Contains(low, strings.ToLower(name)) && utf8.RuneCountInString(p) < minPassword+utf8.RuneCountInString(name):
		return errors.New("the password is little more than the name of the account")
	}
	for _, common := range []string{"password", "parola", "qwertyuiop", "1234567890", "veghe", "administrator", "letmein", "welcome"} {
		if rest := strings.ReplaceAll(low, common, ""); rest != low && utf8.RuneCountInString(rest) < 8 {
			return errors.New("the password is one of those that are guessed first")
		}
	}
	return nil
}

func distinct(s string) int {
	seen := map[rune]bool{}
	for _, r := range s {
		seen[r] = true
	}
	return len(seen)
}

// hash is the password as it is kept: a PHC string of argon2id (RFC 9106).
func (d *Desk) hash(ctx context.Context, password string) (string, error) {
	salt := make([]byte, saltSize)
	rand.Read(salt) // never fails
	key, err := d.derive(ctx, password, salt, d.cost)
	if err != nil {
		return "", err
	}
	return fmt.Sprintf("$argon2id$v=%d$m=%d,t=%d,p=%d$%s$%s", argon2.Version, d.cost.Memory, d.cost.Time, d.cost.Threads,
		base64.RawStdEncoding.EncodeToString(salt), base64.RawStdEncoding.EncodeToString(key)), nil
}

func (d *Desk) derive(ctx context.Context, password string, salt []byte, c Cost) ([]byte, error) {
	select {
	case d.hashing <- struct{}{}:
		defer func() { <-d.hashing }()
	case <-ctx.Done():
		return nil, ctx.Err()
	}
	return argon2.IDKey([]byte(norm.NFKC.String(password)), salt, c.Time, c.Memory, c.Threads, keySize), nil
}

var errHash = errors.New("a stored password cannot be read")

// matches reports whether a password is the one kept, and whether it was kept
// at another cost than now. Without one kept it takes as long, and says no.
func (d *Desk) matches(ctx context.Context, kept, password string) (ok, stale bool, err error) {
	if len(password) > maxPassword {
		return false, false, nil
	}
	if kept == "" {
		_, err := d.derive(ctx, password, make([]byte, saltSize), d.cost)
		return false, false, err
	}
	salt, want, cost, err := parseHash(kept)
	if err != nil {
		return false, false, err
	}
	got, err := d.derive(ctx, password, salt, cost)
	if err != nil {
		return false, false, err
	}
	return subtle.ConstantTimeCompare(got, want) == 1, cost != d.cost, nil
}

func parseHash(s string) (salt, key []byte, c Cost, err error) {
	parts := strings.Split(s, "$")
	if len(parts) != 6 || parts[1] != "argon2id" || parts[2] != fmt.Sprintf("v=%d", argon2.Version) {
		return nil, nil, c, errHash
	}
	if _, err := fmt.Sscanf(parts[3], "m=%d,t=%d,p=%d", &c.Memory, &c.Time, &c.Threads); err != nil {
		return nil, nil, c, errHash
	}
	if c.Time < 1 || c.Threads < 1 || c.Memory > 4<<20 || c.Time > 100 {
		return nil, nil, c, errHash
	}
	salt, err1 := base64.RawStdEncoding.DecodeString(parts[4])
	key, err2 := base64.RawStdEncoding.DecodeString(parts[5])
	if err1 != nil || err2 != nil || len(key) != keySize {
		return nil, nil, c, errHash
	}
	return salt, key, c, nil
}
