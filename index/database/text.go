package database

import (
	"reflect"
	"strings"
	"unicode/utf8"
)

// PostgreSQL takes no U+0000 in text and no bytes that are not UTF-8; SQLite
// takes both, and both come from outside: in ids, handles, notes. The audit
// trail is hashed over what was written, so nothing may be lost. Each byte that
// cannot be kept is written as a character of a private range, and so is each
// byte of a character of that range itself.
const (
	firstStandIn = 0x10F700 // for byte 0
	lastStandIn  = firstStandIn + 0xFF
)

func standsIn(r rune) bool { return r >= firstStandIn && r <= lastStandIn }

// keepable writes any bytes as text that PostgreSQL keeps; kept undoes it.
func keepable(s string) string {
	if utf8.ValidString(s) && !strings.Contains(s, "\x00") && !maybeStandIn(s) {
		return s
	}
	var b strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		if r == 0 || r == utf8.RuneError && size == 1 || standsIn(r) {
			for _, c := range []byte(s[i : i+size]) {
				b.WriteRune(firstStandIn + rune(c))
			}
		} else {
			b.WriteString(s[i : i+size])
		}
		i += size
	}
	return b.String()
}

func kept(s string) string {
	if !maybeStandIn(s) {
		return s
	}
	var b strings.Builder
	for _, r := range s {
		if standsIn(r) {
			b.WriteByte(byte(r - firstStandIn))
		} else {
			b.WriteRune(r)
		}
	}
	return b.String()
}

// maybeStandIn looks for the two bytes with which every stand-in begins, and
// few other characters do.
func maybeStandIn(s string) bool { return strings.Contains(s, "\xf4\x8f") }

// mendScanned undoes keepable where it was read into.
func mendScanned(dest []any) {
	for _, d := range dest {
		switch d := d.(type) {
		case *string:
			*d = kept(*d)
		case *any:
			if s, ok := (*d).(string); ok {
				*d = kept(s)
			}
		default:
			if v := reflect.ValueOf(d); v.Kind() == reflect.Pointer && v.Elem().Kind() == reflect.String {
				v.Elem().SetString(kept(v.Elem().String()))
			}
		}
	}
}
