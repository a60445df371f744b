package veghe

import (
	"bytes"
	"strconv"
	"time"
	"unicode/utf8"
)

// lineReader reads a post from a line as programs write them: an object with
// each field of a post at most once, strings for all but seq. What is in any
// way unusual it leaves to encoding/json, errors among it, so that there is
// one opinion on what a line means.
type lineReader struct {
	line []byte
	at   int
	seen uint32     // fields, a bit each
	buf  []byte     // for strings with escapes
	last [16]string // of fields that one post has from the other
}

// read is the post of a line; ok is false if it is for encoding/json to say.
func (l *lineReader) read() (p Post, ok bool) {
	if !l.take('{') {
		return p, false
	}
	for {
		key, ok := l.text()
		if !ok || !l.take(':') || !l.field(key, &p) {
			return p, false
		}
		if l.take(',') {
			continue
		}
		if !l.take('}') {
			return p, false
		}
		l.blank()
		return p, l.at == len(l.line)
	}
}

// field reads the value of a field.
func (l *lineReader) field(key []byte, p *Post) bool {
	switch string(key) {
	case "seq":
		return l.once(0) && l.number(&p.Seq)
	case "kind":
		v, ok := l.value(1)
		p.Kind = kindOf(v)
		return ok
	case "posted_at":
		return l.time(2, &p.PostedAt)
	case "collected_at":
		return l.time(3, &p.CollectedAt)
	}
	bit, to := 0, (*string)(nil)
	switch string(key) {
	case "id":
		bit, to = 4, (*string)(&p.ID)
	case "source":
		bit, to = 5, (*string)(&p.Source)
	case "url":
		bit, to = 6, &p.URL
	case "thread":
		bit, to = 7, (*string)(&p.Thread)
	case "reply_to":
		bit, to = 8, (*string)(&p.ReplyTo)
	case "author":
		bit, to = 9, (*string)(&p.Author)
	case "title":
		bit, to = 10, &p.Title
	case "text":
		bit, to = 11, &p.Text
	case "place":
		bit, to = 12, &p.Place
	case "content_hash":
		bit, to = 13, &p.ContentHash
	case "evidence":
		bit, to = 14, &p.Evidence
	default:
		return false
	}
	v, ok := l.value(bit)
	switch to {
	case (*string)(&p.Source), (*string)(&p.Thread), (*string)(&p.Author):
		*to = l.shared(bit, v)
	default:
		*to = string(v)
	}
	return ok
}

// shared is a string, without a copy if the field was the same in the last
// post.
func (l *lineReader) shared(bit int, v []byte) string {
	const short = 256 // what a reader may keep
	if string(v) == l.last[bit] {
		return l.last[bit]
	}
	s := string(v)
	if len(s) <= short {
		l.last[bit] = s
	}
	return s
}

// once notes a field, and reports whether it is new.
func (l *lineReader) once(bit int) bool {
	fresh := l.seen>>bit&1 == 0
	l.seen |= 1 << bit
	return fresh
}

// value is the string of a field.
func (l *lineReader) value(bit int) ([]byte, bool) {
	if !l.once(bit) {
		return nil, false
	}
	return l.text()
}

func (l *lineReader) blank() {
	for l.at < len(l.line) {
		switch l.line[l.at] {
		case ' ', '\t', '\r', '\n':
			l.at++
		default:
			return
		}
	}
}

// take reads one sign, after blanks.
func (l *lineReader) take(c byte) bool {
	l.blank()
	if l.at == len(l.line) || l.line[l.at] != c {
		return false
	}
	l.at++
	return true
}

// text reads a string. It is valid until the next one.
func (l *lineReader) text() ([]byte, bool) {
	if !l.take('"') {
		return nil, false
	}
	n := bytes.IndexByte(l.line[l.at:], '"')
	if n < 0 {
		return nil, false
	}
	s := l.line[l.at : l.at+n]
	for _, c := range s {
		if c < ' ' {
			return nil, false
		}
	}
	if bytes.IndexByte(s, '\\') >= 0 {
		return l.escaped()
	}
	l.at += n + 1
	return s, true
}

// unescape is what a letter after a backslash stands for; 0: nothing simple.
var unescape = [256]byte{'"': '"', '\\': '\\', '/': '/', 'b': '\b', 'f': '\f', 'n': '\n', 'r': '\r', 't': '\t'}

// escaped reads a string with escapes. Halves of characters are not simple.
func (l *lineReader) escaped() ([]byte, bool) {
	l.buf = l.buf[:0]
	for l.at < len(l.line) {
		c := l.line[l.at]
		l.at++
		switch {
		case c == '"':
			return l.buf, true
		case c < ' ':
			return nil, false
		case c != '\\':
			l.buf = append(l.buf, c)
			continue
		case l.at == len(l.line):
			return nil, false
		}
		c = l.line[l.at]
		l.at++
		if simple := unescape[c]; simple != 0 {
			l.buf = append(l.buf, simple)
			continue
		}
		if c != 'u' || l.at+4 > len(l.line) {
			return nil, false
		}
		r, err := strconv.ParseUint(string(l.line[l.at:l.at+4]), 16, 16)
		if err != nil || !utf8.ValidRune(rune(r)) {
			return nil, false
		}
		l.at += 4
		l.buf = utf8.AppendRune(l.buf, rune(r))
	}
	return nil, false
}

// number reads a small number without a sign.
func (l *lineReader) number(to *int) bool {
	l.blank()
	from := l.at
	for l.at < len(l.line) && l.line[l.at] >= '0' && l.line[l.at] <= '9' {
		*to = *to*10 + int(l.line[l.at]-'0')
		l.at++
	}
	const few = 9
	n := l.at - from
	return n == 1 || n > 1 && n <= few && l.line[from] != '0'
}

// time reads a time as Go writes them.
func (l *lineReader) time(bit int, to *time.Time) bool {
	v, ok := l.value(bit)
	if !ok {
		return false
	}
	t, err := time.Parse(time.RFC3339Nano, string(v))
	*to = t.UTC()
	return err == nil
}

// kindOf is a kind, without a copy of those that there are.
func kindOf(s []byte) Kind {
	switch string(s) {
	case string(Ad):
		return Ad
	case string(Forum):
		return Forum
	}
	return Kind(s)
}
