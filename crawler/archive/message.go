package archive

import (
	"bytes"
	"encoding/base64"
	"errors"
	"io"
	"mime"
	"mime/multipart"
	"mime/quotedprintable"
	"net/mail"
	"net/textproto"
	"regexp"
	"strings"
	"unicode/utf8"

	"golang.org/x/net/html/charset"

	"veghe"
	"veghe/crawler"
	"veghe/crawler/extract"
)

// Bounds of one message.
const (
	maxParts     = 200
	maxPartDepth = 8
	maxMailText  = 256 << 10
	maxQuotes    = 200
)

// words decodes headers (RFC 2047) in any charset.
func words() *mime.WordDecoder {
	return &mime.WordDecoder{CharsetReader: func(label string, in io.Reader) (io.Reader, error) {
		return charset.NewReaderLabel(label, in)
	}}
}

func decodeHeader(s string) string {
	out, err := words().DecodeHeader(s)
	if err != nil {
		out = s
	}
	if !utf8.ValidString(out) {
		if b, ok := crawler.Text([]byte(out), "text/plain"); ok {
			out = string(b)
		}
		out = strings.ToValidUTF8(out, "\uFFFD")
	}
	return strings.Join(strings.Fields(out), " ")
}

// bodyText is what a message says, and apart from it what it cites.
func bodyText(m *mail.Message) (string, []veghe.Quote) {
	w := &partWalk{}
	w.part(textproto.MIMEHeader(m.Header), m.Body, 0)
	if plain := strings.TrimSpace(w.plain.String()); plain != "" {
		return splitQuoted(plain)
	}
	text, quotes := extract.Markup(w.html.String())
	return clip(text, maxMailText), quotes[:min(len(quotes), maxQuotes)]
}

// partWalk collects the texts of a message's parts.
type partWalk struct {
	plain, html strings.Builder
	parts       int
}

func (w *partWalk) part(h textproto.MIMEHeader, body io.Reader, depth int) {
	if w.parts++; w.parts > maxParts || depth > maxPartDepth {
		return
	}
	kind, params, err := mime.ParseMediaType(h.Get("Content-Type"))
	if err != nil {
		kind, params = "text/plain", nil
	}
	if d, _, err := mime.ParseMediaType(h.Get("Content-Disposition")); err == nil && d == "attachment" {
		return
	}
	switch {
	case strings.HasPrefix(kind, "multipart/") && params["boundary"] != "":
		r := multipart.NewReader(body, params["boundary"])
		for {
			p, err := r.NextRawPart() // the transfer encoding is decoded below
			if err != nil {
				return // the end, or as far as it can be read
			}
			w.part(p.Header, p, depth+1)
		}
	case kind == "text/plain":
		w.add(&w.plain, w.text(h, body, params, kind))
	case kind == "text/html":
		w.add(&w.html, w.text(h, body, params, kind))
	}
}

func (w *partWalk) add(to *strings.Builder, text string) {
	if to.Len() > 0 {
		to.WriteString("\n\n")
	}
	to.WriteString(clip(text, max(0, 2*maxMailText-to.Len())))
}

// text decodes one part.
func (w *partWalk) text(h textproto.MIMEHeader, body io.Reader, params map[string]string, kind string) string {
	switch strings.ToLower(strings.TrimSpace(h.Get("Content-Transfer-Encoding"))) {
	case "quoted-printable":
		body = quotedprintable.NewReader(body)
	case "base64":
		body = base64.NewDecoder(base64.StdEncoding, &noSpace{body})
	}
	b, err := io.ReadAll(io.LimitReader(body, 2*maxMailText))
	if err != nil && len(b) == 0 {
		return ""
	}
	contentType := kind
	if label := params["charset"]; label != "" {
		if enc, _ := charset.Lookup(label); enc != nil {
			contentType = mime.FormatMediaType(kind, map[string]string{"charset": label})
		}
	}
	text, ok := crawler.Text(b, contentType)
	if !ok {
		return ""
	}
	s := strings.ReplaceAll(string(text), "\r\n", "\n")
	if strings.EqualFold(params["format"], "flowed") {
		s = unflow(s, strings.EqualFold(params["delsp"], "yes"))
	}
	return s
}

// noSpace drops what stands between the lines of base64.
type noSpace struct{ r io.Reader }

func (n *noSpace) Read(p []byte) (int, error) {
	for {
		k, err := n.r.Read(p)
		out := p[:0]
		for _, c := range p[:k] {
			if c > ' ' {
				out = append(out, c)
			}
		}
		if len(out) > 0 || err != nil {
			return len(out), err
		}
		if len(p) == 0 {
			return 0, errors.New("no room")
		}
	}
}

// unflow joins the lines that a program broke (RFC 3676): those that end with
// a space, within the same depth of quotes.
func unflow(s string, dropSpace bool) string {
	var out bytes.Buffer
	depth, soft := 0, false
	for line := range strings.SplitSeq(s, "\n") {
		rest := strings.TrimLeft(line, ">")
		d := len(line) - len(rest)
		rest = strings.TrimPrefix(rest, " ")
		switch {
		case soft && d == depth:
		case out.Len() > 0:
			out.WriteString("\n")
			fallthrough
		default:
			out.WriteString(strings.Repeat(">", d))
			if d > 0 {
				out.WriteByte(' ')
			}
		}
		soft = strings.HasSuffix(rest, " ") && rest != "-- "
		if soft && dropSpace {
			rest = rest[:len(rest)-1]
		}
		out.WriteString(rest)
		depth = d
	}
	return out.String()
}

var (
	// attribution is the line that says whose words follow.
	attribution = regexp.MustCompile(`(?i)^.{0,200}\b(wrote|writes|a scris|scria|schrieb|a écrit|ha scritto|escribió|написал|написала)\b.{0,100}:\s*$`)
	// dated is how one begins that is long enough to be broken.
	dated = regexp.MustCompile(`^(On|Pe|În|In|La|Le|Il|El|Am) .{0,60}\d`)
	// forwarded begins the message that is answered, as some programs put it
	// below their own.
	forwarded = regexp.MustCompile(`(?i)^\s*-{2,}\s*(original message|forwarded message|mesaj(ul)? (original|ini[tțţ]ial|redirec[tțţ]ionat)|ursprüngliche nachricht)\s*-{2,}\s*$`)
	address   = regexp.MustCompile(`<?([A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9.-]{1,100})>?`)
)

// splitQuoted takes from a message what others wrote (lines with ">", and the
// message below a line "Original Message") and its signature: neither counts
// as what its author says here.
func splitQuoted(s string) (string, []veghe.Quote) {
	q := &quoteSplit{}
	lines := strings.Split(s, "\n")
	for i, line := range lines {
		switch {
		case line == "-- " || line == "--" && len(lines)-i <= 8:
			q.close()
			q.quote("", lines[i+1:])
			return q.result()
		case forwarded.MatchString(line):
			q.close()
			q.quote("", lines[i+1:])
			return q.result()
		case strings.HasPrefix(strings.TrimPrefix(line, " "), ">"):
			q.cited = append(q.cited, strings.TrimPrefix(strings.TrimPrefix(strings.TrimPrefix(line, " "), ">"), " "))
		default:
			q.close()
			q.own = append(q.own, line)
		}
	}
	q.close()
	return q.result()
}

type quoteSplit struct {
	own, cited []string
	quotes     []veghe.Quote
}

// close ends a run of quoted lines. The line before it that says whose words
// they are goes with them.
func (q *quoteSplit) close() {
	if len(q.cited) == 0 {
		return
	}
	line := q.attribution()
	who := veghe.AuthorID("")
	if m := address.FindStringSubmatch(line); m != nil {
		who = veghe.AuthorID(strings.ToLower(m[1]))
	}
	q.quote(who, q.cited)
	q.cited = nil
}

// attribution takes the line that says whose words follow, which may be broken
// in two, from the author's own.
func (q *quoteSplit) attribution() string {
	n := len(q.own)
	for n > 0 && strings.TrimSpace(q.own[n-1]) == "" {
		n--
	}
	if n > 1 {
		if line := q.own[n-2] + " " + q.own[n-1]; dated.MatchString(line) && attribution.MatchString(line) {
			q.own = q.own[:n-2]
			return line
		}
	}
	if n > 0 && attribution.MatchString(q.own[n-1]) {
		line := q.own[n-1]
		q.own = q.own[:n-1]
		return line
	}
	return ""
}

func (q *quoteSplit) quote(who veghe.AuthorID, lines []string) {
	text := strings.TrimSpace(strings.Join(lines, "\n"))
	if text != "" && len(q.quotes) < maxQuotes {
		q.quotes = append(q.quotes, veghe.Quote{Author: who, Text: clip(text, maxMailText)})
	}
}

func (q *quoteSplit) result() (string, []veghe.Quote) {
	return clip(strings.TrimSpace(strings.Join(q.own, "\n")), maxMailText), q.quotes
}

// clip cuts a text at a number of bytes, between characters.
func clip(s string, most int) string {
	if len(s) <= most {
		return s
	}
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}
