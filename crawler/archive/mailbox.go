package archive

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/mail"
	"strings"
	"time"

	"veghe"
)

// maxMessage bounds what is kept of one message; text comes first, and what is
// behind it are attachments, which are not read.
const maxMessage = 8 << 20

// mailbox reads an mbox (RFC 4155): messages one behind the other, each after
// a line "From sender date". Where the text of a message has such a line it is
// quoted with ">", once more for each time it was quoted before.
type mailbox struct {
	in   *bufio.Reader
	o    Options
	n    int
	from string // the line that begins the next message
	// roots has the conversation of a message, by its id, for answers that
	// name only the message they answer.
	roots map[string]string
}

const maxRoots = 200_000

func newMailbox(in *bufio.Reader, o Options) *mailbox {
	return &mailbox{in: in, o: o, roots: map[string]string{}}
}

func (m *mailbox) Next(bool) (Record, error) {
	for {
		raw, from, err := m.message()
		if err != nil {
			return Record{}, err
		}
		if from == "" && len(bytes.TrimSpace(raw)) == 0 {
			continue // empty lines before the first message
		}
		m.n++
		r := Record{Where: fmt.Sprintf(": message %d", m.n)}
		if from == "" {
			r.Err = errors.New(`this is not the beginning of a message, want a line "From …"`)
			return r, nil
		}
		post, err := m.post(raw, from)
		if err != nil {
			r.Err = err
			return r, nil
		}
		if post != nil {
			r.Posts = []veghe.Post{*post}
		}
		return r, nil
	}
}

// message reads up to the next line that begins one, or to the end.
func (m *mailbox) message() (raw []byte, from string, err error) {
	from, m.from = m.from, ""
	empty, any := from == "", from != "" // the first message begins the file
	for {
		line, err := m.line()
		if errors.Is(err, io.EOF) && len(line) == 0 {
			if !any {
				return nil, "", io.EOF
			}
			return raw, from, nil
		}
		if err != nil && !errors.Is(err, io.EOF) {
			return nil, "", err
		}
		any = true
		if empty && bytes.HasPrefix(line, []byte("From ")) {
			m.from = string(bytes.TrimRight(line, "\r\n"))
			return raw, from, nil
		}
		empty = len(bytes.TrimRight(line, "\r\n")) == 0
		if unquoted := bytes.TrimLeft(line, ">"); len(unquoted) < len(line) && bytes.HasPrefix(unquoted, []byte("From ")) {
			line = line[1:]
		}
		if len(raw)+len(line) <= maxMessage {
			raw = append(raw, line...)
		}
	}
}

// maxMailLine bounds a line; the rest of a longer one is dropped.
const maxMailLine = 64 << 10

func (m *mailbox) line() ([]byte, error) {
	var line []byte
	for {
		part, err := m.in.ReadSlice('\n')
		if len(line) < maxMailLine {
			line = append(line, part[:min(len(part), maxMailLine-len(line))]...)
		}
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// post reads a message. One without a text is none.
func (m *mailbox) post(raw []byte, from string) (*veghe.Post, error) {
	msg, err := mail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return nil, errors.New("the header of the message cannot be read")
	}
	id := messageID(msg.Header.Get("Message-Id"))
	parents := references(msg.Header)
	thread := m.thread(id, parents)
	text, quotes := bodyText(msg)
	if strings.TrimSpace(text) == "" {
		return nil, nil
	}
	p := &veghe.Post{
		Source: m.o.Source, Kind: veghe.Forum, URL: archivedAt(msg.Header), Thread: veghe.ThreadID(thread), Author: author(msg.Header),
		Text: text, Quotes: quotes, PostedAt: m.posted(msg.Header, from),
	}
	// The subject of an answer is not its author's.
	if subject := decodeHeader(msg.Header.Get("Subject")); len(parents) == 0 {
		p.Title = clip(subject, maxTitle)
	}
	if len(parents) > 0 {
		p.ReplyTo = veghe.NativeID(m.o.Source, parents[len(parents)-1])
	}
	if id != "" {
		p.ID = veghe.NativeID(m.o.Source, id)
	}
	m.o.finish(p)
	return p, nil
}

// thread is the first message of the conversation, as far as it is known.
func (m *mailbox) thread(id string, parents []string) string {
	root := id
	if len(parents) > 0 {
		root = parents[0]
	}
	if known := m.roots[root]; known != "" {
		root = known
	}
	if id != "" && root != id && len(m.roots) < maxRoots {
		m.roots[id] = root
	}
	return root
}

// posted is the date of the message, or that of the line before it.
func (m *mailbox) posted(h mail.Header, from string) time.Time {
	t, err := h.Date()
	if err != nil {
		fields := strings.Fields(from)
		if len(fields) >= 7 {
			t, err = time.Parse("Mon Jan 2 15:04:05 2006", strings.Join(fields[len(fields)-5:], " "))
		}
	}
	if err != nil || t.Year() < 1980 || t.After(m.o.Now.AddDate(0, 0, 2)) {
		return time.Time{}
	}
	return t.UTC()
}

const (
	maxID         = 500
	maxTitle      = 1000
	maxReferences = 100
)

// messageID is an id without its brackets.
func messageID(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.IndexByte(s, '<'); i >= 0 {
		if j := strings.IndexByte(s[i:], '>'); j > 0 {
			s = s[i+1 : i+j]
		}
	}
	return clip(strings.Join(strings.Fields(s), ""), maxID)
}

// references are the messages that one answers, the first of the conversation
// first.
func references(h mail.Header) []string {
	var out []string
	add := func(s string) {
		for part := range strings.SplitSeq(s, ">") {
			if i := strings.IndexByte(part, '<'); i >= 0 && len(out) < maxReferences {
				if id := messageID(part[i:] + ">"); id != "" {
					out = append(out, id)
				}
			}
		}
	}
	add(h.Get("References"))
	before := len(out)
	add(h.Get("In-Reply-To"))
	if before > 0 { // the last reference is what is answered
		return out[:before]
	}
	if len(out) > 1 {
		out = out[:1] // some programs add more
	}
	return out
}

// author is the address a message is from, as archives may disguise it.
func author(h mail.Header) veghe.AuthorID {
	raw := decodeHeader(h.Get("From"))
	a, err := (&mail.AddressParser{WordDecoder: words()}).Parse(h.Get("From"))
	if err == nil {
		return veghe.AuthorID(clip(strings.ToLower(a.Address), maxID))
	}
	if name, _, ok := strings.Cut(raw, "("); ok && strings.Contains(name, " at ") {
		return veghe.AuthorID(clip(strings.ToLower(strings.ReplaceAll(strings.TrimSpace(name), " at ", "@")), maxID))
	}
	return veghe.AuthorID(clip(strings.TrimSpace(raw), maxID))
}

// archivedAt is where the message can be read (RFC 5064).
func archivedAt(h mail.Header) string {
	u := strings.Trim(strings.TrimSpace(h.Get("Archived-At")), "<>")
	if (strings.HasPrefix(u, "https://") || strings.HasPrefix(u, "http://")) && len(u) <= 2048 && !strings.ContainsAny(u, " \t") {
		return u
	}
	return ""
}
