// Package notify tells people outside of the desk that a standing search found
// something: by webhook and by e-mail.
//
// What leaves says how many, how grave and where to look, and never what a
// post says or who wrote it: a mailbox and a chat room are no place for that.
// A note carries an id that is the same whenever it is sent again, so that a
// receiver can tell a repeat; the caller keeps what was sent, and tries again
// what was not.
package notify

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"strings"
	"time"
)

// Note is news of one standing search.
type Note struct {
	ID    string    `json:"id"` // the same when it is sent again
	Watch int64     `json:"watch"`
	Name  string    `json:"name"`
	At    time.Time `json:"at"`
	Total int       `json:"total"` // posts found, of which Posts lists the gravest
	Posts []Post    `json:"posts"`
	// Repeats are further posts of contacts and authors that were told of
	// lately, since the note before.
	Repeats int    `json:"repeats,omitempty"`
	Link    string `json:"link,omitempty"` // to the search at the desk
}

// Post is one post found, without its words.
type Post struct {
	ID       string    `json:"id"`
	Severity string    `json:"severity"`
	Label    string    `json:"label,omitempty"`
	Source   string    `json:"source"`
	Posted   time.Time `json:"posted,omitzero"`
	Link     string    `json:"link,omitempty"`
}

// Sender delivers notes. Send returns when the other side has taken the note;
// what it did not take may be sent again.
type Sender interface {
	Send(context.Context, Note) error
}

// ErrRefused is wrapped by errors that trying again will not mend.
var ErrRefused = errors.New("refused for good")

// subject is the note in one line, without anything that breaks one.
func (n Note) subject() string {
	return oneLine(fmt.Sprintf("veghe: %s: %d new", n.Name, n.Total))
}

// oneLine takes line breaks and other controls out of a value.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r == 0x2028 || r == 0x2029 {
			return ' '
		}
		return r
	}, s)
}

// text is the note for people.
func (n Note) text() string {
	var b strings.Builder
	fmt.Fprintf(&b, "%s: %d\n\n", oneLine(n.Name), n.Total)
	for _, p := range n.Posts {
		fmt.Fprintf(&b, "- %s, %s", p.Severity, oneLine(p.Source))
		if p.Label != "" {
			fmt.Fprintf(&b, ", %s", oneLine(p.Label))
		}
		if !p.Posted.IsZero() {
			fmt.Fprintf(&b, ", %s", p.Posted.UTC().Format("2006-01-02 15:04"))
		}
		fmt.Fprintf(&b, "\n  %s\n", cmp.Or(p.Link, p.ID))
	}
	if more := n.Total - len(n.Posts); more > 0 {
		fmt.Fprintf(&b, "\n+ %d\n", more)
	}
	if n.Repeats > 0 {
		fmt.Fprintf(&b, "\n(+ %d: contacts or authors already told of / contacte sau autori deja anunțați)\n", n.Repeats)
	}
	if n.Link != "" {
		fmt.Fprintf(&b, "\n%s\n", n.Link)
	}
	b.WriteString("\nA reason to look, not a verdict on a person. / Un motiv de a privi, nu un verdict.\n")
	return b.String()
}
