package desk

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha1" //nolint:gosec // HMAC-SHA-1 is what authenticator apps speak
	"crypto/subtle"
	"encoding/base32"
	"encoding/binary"
	"fmt"
	"net/url"
	"strings"
	"time"
)

// The second factor is a code of six digits that changes every 30 seconds
// (RFC 6238 over HMAC-SHA-1), as authenticator apps make it.
const (
	totpStep   = 30 * time.Second
	totpSecret = 20 // bytes
	totpSkew   = 1  // steps that a clock may be off, either way
)

var base32Plain = base32.StdEncoding.WithPadding(base32.NoPadding)

// NewTOTP makes a shared secret, written as apps take it.
func NewTOTP() string {
	b := make([]byte, totpSecret)
	rand.Read(b) // never fails
	return base32Plain.EncodeToString(b)
}

// TOTPAddress is the secret as an address that apps read from a QR code.
func TOTPAddress(secret, account string) string {
	label := url.PathEscape("veghe:" + account)
	return "otpauth://totp/" + label + "?" + url.Values{"secret": {secret}, "issuer": {"veghe"}}.Encode()
}

func parseTOTP(s string) ([]byte, error) {
	b, err := base32Plain.DecodeString(strings.ToUpper(strings.ReplaceAll(s, " ", "")))
	if err != nil || len(b) < 16 || len(b) > 64 {
		return nil, fmt.Errorf("the secret of the second factor is not one of ours")
	}
	return b, nil
}

// TOTPCode is the code at a time.
func TOTPCode(secret string, at time.Time) (string, error) {
	key, err := parseTOTP(secret)
	if err != nil {
		return "", err
	}
	return hotp(key, stepAt(at), 6), nil
}

func stepAt(at time.Time) int64 { return at.Unix() / int64(totpStep/time.Second) }

// hotp is RFC 4226.
func hotp(key []byte, counter int64, digits int) string {
	mac := hmac.New(sha1.New, key)
	_ = binary.Write(mac, binary.BigEndian, counter) // a hash takes everything
	sum := mac.Sum(nil)
	at := sum[len(sum)-1] & 0xf
	n := binary.BigEndian.Uint32(sum[at:]) & 0x7fffffff
	mod := uint32(1)
	for range digits {
		mod *= 10
	}
	return fmt.Sprintf("%0*d", digits, n%mod)
}

// totpMatches returns the step that a code is of, if it is one that is good now
// and comes after the last one used.
func totpMatches(key []byte, code string, now time.Time, last int64) (step int64, ok bool) {
	code = strings.ReplaceAll(code, " ", "")
	for skew := int64(-totpSkew); skew <= totpSkew; skew++ {
		s := stepAt(now) + skew
		same := subtle.ConstantTimeCompare([]byte(hotp(key, s, 6)), []byte(code)) == 1
		if same && s > last {
			step, ok = s, true
		}
	}
	return step, ok
}
