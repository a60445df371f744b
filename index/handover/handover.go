// Package handover writes what was found in the forms that others read: CSV
// and JSON Lines for people and scripts, STIX 2.1, MISP and CASE for the
// systems of other agencies.
//
// The same pack gives the same bytes: ids are made from what they name, so
// that two exports can be compared, and importing one twice doubles nothing.
// Nothing here asks a machine to act: STIX bundles hold observations, notes
// and opinions and no indicators, and no MISP attribute is meant for an IDS. A
// flag is a reason to look, and stays one wherever it is sent.
//
// What may be handed over, and to whom, is for the caller to decide and to
// record; handles are pseudonyms where the caller made them so.
package handover

import (
	"bytes"
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"io"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

// Pack is what is handed over.
type Pack struct {
	Made    time.Time
	By      string // who hands over
	Office  string // and for whom; empty: "veghe"
	Version string // of the program
	Query   string // what found the posts, unless Case
	Case    *store.CaseFile
	Posts   []Post
}

// Post is one post with what people decided about it, the newest first.
type Post struct {
	index.Hit
	Reviews []veghe.Review `json:"reviews,omitempty"`
}

// MaxDocument is how many posts a format takes that is one document.
const MaxDocument = 10_000

// Writer writes posts in one format. Begin comes first and End last; what
// follows an error is not to be used.
type Writer interface {
	Begin() error
	Write(Post) error
	End() error
}

// Format is a form to hand over in.
type Format struct {
	Name string // as in -format
	MIME string
	Ext  string // of a file, with its dot
	// Whole formats are one document and are held in memory.
	Whole bool
	open  func(w io.Writer, p Pack) Writer
}

// Formats lists all formats.
func Formats() []Format {
	document := func(make func(Pack) (any, error)) func(io.Writer, Pack) Writer {
		return func(w io.Writer, p Pack) Writer { return &whole{w: w, pack: p, make: make} }
	}
	return []Format{
		{"csv", "text/csv; charset=utf-8; header=present", ".csv", false, newCSV},
		{"jsonl", "application/jsonl", ".jsonl", false, newJSONL},
		{"stix", "application/stix+json;version=2.1", ".stix.json", true, document(stixBundle)},
		{"misp", "application/json", ".misp.json", true, document(mispEvent)},
		{"case", "application/ld+json", ".case.jsonld", true, document(caseGraph)},
	}
}

// Names lists the names of all formats.
func Names() []string {
	var out []string
	for _, f := range Formats() {
		out = append(out, f.Name)
	}
	return out
}

// FormatOf returns the format of a name; ok is false if there is none.
func FormatOf(name string) (f Format, ok bool) {
	i := slices.IndexFunc(Formats(), func(f Format) bool { return f.Name == name })
	if i < 0 {
		return f, false
	}
	return Formats()[i], true
}

// To returns a Writer to w. The posts of p, if any, are not written: pass
// them to Write.
func (f Format) To(w io.Writer, p Pack) Writer {
	p.Posts = nil
	return f.open(w, p)
}

// Write writes a whole pack.
func (f Format) Write(w io.Writer, p Pack) error {
	out := f.To(w, p)
	if err := out.Begin(); err != nil {
		return err
	}
	for _, post := range p.Posts {
		if err := out.Write(post); err != nil {
			return err
		}
	}
	return out.End()
}

// whole gathers posts for a format that is one document.
type whole struct {
	w    io.Writer
	pack Pack
	make func(Pack) (any, error)
}

func (*whole) Begin() error { return nil }

func (d *whole) Write(p Post) error {
	if len(d.pack.Posts) >= MaxDocument {
		return fmt.Errorf("more than %d posts in one document: narrow the search by time, or take csv or jsonl", MaxDocument)
	}
	d.pack.Posts = append(d.pack.Posts, p)
	return nil
}

func (d *whole) End() error {
	v, err := d.make(d.pack)
	if err != nil {
		return err
	}
	enc := json.NewEncoder(d.w)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	return enc.Encode(v)
}

// ours is the namespace of ids that no standard gives one: RFC 4122 URL, over
// the name of the program. It must never change.
var ours = uuid.NewSHA1(uuid.NameSpaceURL, []byte("veghe handover 1"))

// id is a stable UUID for something named by parts.
func id(parts ...string) string {
	var b strings.Builder
	for _, p := range parts {
		fmt.Fprintf(&b, "%d:%s", len(p), p)
	}
	return uuid.NewSHA1(ours, []byte(b.String())).String()
}

// canonical is JSON as RFC 8785 wants it, of values that hold strings and
// objects of strings only.
func canonical(v any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b) // sorts keys
	enc.SetEscapeHTML(false)
	if err := enc.Encode(v); err != nil {
		return nil // strings and maps of strings can be encoded
	}
	out := bytes.TrimSuffix(b.Bytes(), []byte("\n"))
	out = bytes.ReplaceAll(out, []byte(`\u2028`), []byte("\u2028"))
	return bytes.ReplaceAll(out, []byte(`\u2029`), []byte("\u2029"))
}

func (p Pack) office() string { return cmp.Or(p.Office, "veghe") }

// name is what the pack is called.
func (p Pack) name() string {
	switch {
	case p.Case != nil:
		return p.Case.ID + " " + p.Case.Title
	case p.Query != "":
		return "Posts found for: " + p.Query
	default:
		return "Flagged posts"
	}
}

// key is what the ids of the pack's own objects rest on.
func (p Pack) key() string {
	if p.Case != nil {
		return "case " + p.Case.ID
	}
	return "query " + p.Query
}

// words are the title and text of a post, and their SHA-256 in hex.
func words(h Post) (text, sum string) {
	text = h.Post.Text
	if h.Post.Title != "" {
		text = h.Post.Title + "\n\n" + text
	}
	b := sha256.Sum256([]byte(text))
	return text, hex.EncodeToString(b[:])
}

// seen is when a post was assessed, else collected, else now: when what we
// say about it came to be.
func (p Pack) seen(h Post) time.Time {
	for _, t := range []time.Time{h.AssessedAt, h.Post.CollectedAt, h.Post.PostedAt} {
		if !t.IsZero() {
			return t.UTC()
		}
	}
	return p.Made.UTC()
}

// address returns an absolute address as others can take it, or "".
func address(s string) string {
	if !strings.Contains(s, "://") && strings.Contains(s, ".") {
		s = "https://" + s
	}
	u, err := url.Parse(s)
	if err != nil || u.Host == "" || u.Scheme != "http" && u.Scheme != "https" {
		return ""
	}
	return u.String()
}

// account is a handle apart from its network: telegram:ana is ana on telegram.
func account(value string) (network, name string) {
	network, name, ok := strings.Cut(value, ":")
	if !ok || network == "" || name == "" {
		return "unknown", strings.TrimPrefix(value, "@")
	}
	return network, strings.TrimPrefix(name, "@")
}

// contacts are those of a post that reach somebody, each once.
func contacts(h Post) []veghe.Contact {
	var out []veghe.Contact
	for _, c := range h.Assessment.Contacts {
		switch c.Kind {
		case "phone", "email", "handle", "url":
		default:
			continue
		}
		if !slices.ContainsFunc(out, func(o veghe.Contact) bool { return o.Kind == c.Kind && o.Value == c.Value }) {
			out = append(out, c)
		}
	}
	return out
}

// reasons are the findings of a post in words, one a line.
func reasons(h Post) string {
	var b strings.Builder
	for _, f := range h.Assessment.Findings {
		if !f.Shadow {
			fmt.Fprintf(&b, "%s (%s, weight %+.1f): %s\n", f.Rule, f.Category, f.Weight, f.Why)
		}
	}
	fmt.Fprintf(&b, "severity %s; rules %s. A reason to look, not a verdict on a person.", h.Assessment.Severity, h.Assessment.RulesVersion)
	return b.String()
}

// tags are what the taxonomy says of a post; see machinetag.json.
func tags(h Post) []string {
	out := []string{tag("severity", string(h.Assessment.Severity))}
	for _, c := range []veghe.Category{veghe.Recruitment, veghe.Grooming} {
		if slices.ContainsFunc(h.Assessment.Findings, func(f veghe.Finding) bool { return f.Category == c && !f.Shadow }) {
			out = append(out, tag("category", string(c)))
		}
	}
	if h.Review == veghe.Withdrawn {
		h.Review = ""
	}
	return append(out, tag("review", cmp.Or(string(h.Review), "none")))
}

func tag(predicate, value string) string { return "veghe:" + predicate + `="` + value + `"` }

// langs are the languages of a text in order of appearance.
func langs(h Post) string {
	var out []string
	for _, s := range h.Assessment.Lang {
		if !slices.Contains(out, s.Lang) {
			out = append(out, s.Lang)
		}
	}
	return strings.Join(out, " ")
}
