package crawler

import (
	"bytes"
	"mime"
	"regexp"
	"unicode/utf8"

	"golang.org/x/net/html/charset"
	"golang.org/x/text/encoding/charmap"
	"golang.org/x/text/transform"
)

// toUTF8 decodes a page and says from what. In order: a byte order mark, the
// content type, the page's own declaration, valid UTF-8, and at last a guess
// among the encodings that Romanian pages come in. Bytes that mean nothing
// become U+FFFD.
func toUTF8(body []byte, contentType string) (text []byte, name string) {
	if ct, ok := xmlDeclared(body, contentType); ok {
		contentType = ct
	}
	enc, name, certain := charset.DetermineEncoding(body, contentType)
	if name == "utf-8" && !utf8.Valid(body) && !hasMultibyte(body) {
		// Declared UTF-8, yet no character outside ASCII is: the
		// declaration is the server's habit, not the page's encoding.
		certain = false
	}
	if !certain {
		if utf8.Valid(body) {
			return body, "utf-8"
		}
		if guess, ok := guessRomanian(body); ok {
			return decode(body, guess.NewDecoder()), guess.String() + " (guessed)"
		}
	}
	if name == "utf-8" {
		return bytes.ToValidUTF8(bytes.TrimPrefix(body, []byte("\xef\xbb\xbf")), []byte("\uFFFD")), name
	}
	return decode(body, enc.NewDecoder()), name
}

func decode(body []byte, d transform.Transformer) []byte {
	out, _, err := transform.Bytes(d, body)
	if err != nil {
		return bytes.ToValidUTF8(body, []byte("\uFFFD"))
	}
	return out
}

var xmlEncoding = regexp.MustCompile(`^\s*<\?xml[^>]{0,200}?\bencoding\s*=\s*["']([A-Za-z0-9._-]{1,40})["']`)

// xmlDeclared gives a content type with the charset that an XML declaration
// names, unless the server named one.
func xmlDeclared(body []byte, contentType string) (string, bool) {
	if _, params, err := mime.ParseMediaType(contentType); err == nil && params["charset"] != "" {
		return "", false
	}
	m := xmlEncoding.FindSubmatch(body[:min(len(body), 512)])
	if m == nil {
		return "", false
	}
	return "text/xml; charset=" + string(m[1]), true
}

// hasMultibyte says whether any character outside ASCII is valid UTF-8.
func hasMultibyte(b []byte) bool {
	for len(b) > 0 {
		i := bytes.IndexFunc(b, func(r rune) bool { return r >= utf8.RuneSelf })
		if i < 0 {
			return false
		}
		r, n := utf8.DecodeRune(b[i:])
		if r != utf8.RuneError {
			return true
		}
		b = b[i+n:]
	}
	return false
}

// guessRomanian recognises Romanian text in a one-byte encoding. All three
// that are in use put the letters ă ş ţ (or ș ț) at E3 BA FE, where Western
// ones have letters that hardly ever stand beside others; they differ in
// punctuation: windows-1250 has its quotes and dashes at 80–9F, ISO-8859-16
// has „ and ” at A5 and B5.
func guessRomanian(b []byte) (*charmap.Charmap, bool) {
	var letters, sure, c1, quotes16 int
	for i, c := range b {
		before, after := at(b, i-1), at(b, i+1)
		switch {
		case 0x80 <= c && c <= 0x9F:
			c1++
		case c == 0xA5 && isLetter(after) && !isLetter(before), c == 0xB5 && !isLetter(after) && before > ' ':
			quotes16++
		case c == 0xE3 && (isLetter(before) || isLetter(after)):
			letters++
		case (c == 0xBA || c == 0xFE) && (isLetter(before) || isLetter(after)):
			letters++
			sure++
		}
	}
	switch {
	case letters < 3 || sure == 0:
		return nil, false
	case c1 > 0:
		return charmap.Windows1250, true
	case quotes16 > 0:
		return charmap.ISO8859_16, true
	}
	// ISO-8859-2 and windows-1250 agree on every letter of Romanian.
	return charmap.Windows1250, true
}

func at(b []byte, i int) byte {
	if i < 0 || i >= len(b) {
		return ' '
	}
	return b[i]
}

func isLetter(c byte) bool { return c|0x20 >= 'a' && c|0x20 <= 'z' }
