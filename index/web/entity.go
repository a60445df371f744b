package web

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
	"veghe/index/links"
	"veghe/index/places"
)

// Marker keeps which values identify nobody.
type Marker interface {
	Marks(context.Context) ([]store.Mark, error)
	MarkOf(ctx context.Context, kind, value string) (store.Mark, bool, error)
	MarkValue(context.Context, store.Mark) error
	UnmarkValue(ctx context.Context, kind, value, by string, at time.Time) error
}

// entityKinds are the ways of linking posts, each with the field of a query
// that finds it.
var entityKinds = map[string]string{
	"phone": "phone", "handle": "handle", "email": "email", "url": "url", "site": "url", "place": "place",
	"author": "author", "cluster": "cluster", "source": "source",
}

func kindNames() string {
	var all []string
	for k := range entityKinds {
		all = append(all, k)
	}
	slices.Sort(all)
	return strings.Join(all, ", ")
}

// subject is what an entity's page is about.
type subject struct {
	links.Node
	query string // finds its posts; it names an author, so it never leaves
	shown string
}

// subjectOf reads the subject of a request. An author is named by pseudonym
// and one of their posts: no address ever holds a handle.
func (d *desk) subjectOf(ctx context.Context, r *http.Request, l *locale) (subject, error) {
	kind, value := r.PathValue("kind"), r.PathValue("value")
	field, ok := entityKinds[kind]
	if !ok || value == "" || len(value) > 500 {
		return subject{}, fail(http.StatusNotFound, "error.not_found")
	}
	s := subject{Node: links.Node{Kind: kind, Value: value}, query: filter(field, value), shown: value}
	switch kind {
	case "email", "url", "site":
		s.shown = defang(value)
	case "cluster":
		s.shown = l.T("entity.template", "id", value)
	case "author":
		h, err := d.Search.Get(ctx, veghe.PostID(r.URL.Query().Get("post")))
		if err != nil {
			return subject{}, err
		}
		if string(d.pseudo.of(h.Post.Source, h.Post.Author)) != value {
			return subject{}, fail(http.StatusNotFound, "error.not_found")
		}
		s.Node = links.Node{Kind: kind, Value: string(h.Post.Author), Source: h.Post.Source, Post: h.Post.ID}
		s.query = nodeQuery(s.Node)
		s.shown = l.T("author.short", "id", d.pseudo.short(h.Post.Source, h.Post.Author))
	}
	return s, nil
}

// nodeQuery finds the posts of a node.
func nodeQuery(n links.Node) string {
	q := filter(entityKinds[n.Kind], n.Value)
	if n.Kind == "author" {
		q += " " + filter("source", string(n.Source))
	}
	return q
}

// entityPath is the address of an entity's page.
func entityPath(kind, value string) string {
	return "/entities/" + kind + "/" + url.PathEscape(value)
}

// nodePath is the address of a node's page, under a pseudonym for an author.
func (d *desk) nodePath(n links.Node) string {
	if n.Kind != "author" {
		return entityPath(n.Kind, n.Value)
	}
	return authorPath(string(d.pseudo.of(n.Source, veghe.AuthorID(n.Value))), n.Post)
}

func authorPath(pseudonym string, post veghe.PostID) string {
	return entityPath("author", pseudonym) + "?post=" + url.QueryEscape(string(post))
}

// object is how the audit trail names a subject.
func (d *desk) object(s subject) string {
	if s.Kind == "author" {
		return "author " + string(d.pseudo.of(s.Source, veghe.AuthorID(s.Value)))
	}
	return s.Kind + " " + s.Value
}

type entityPage struct {
	Page
	Kind, Value, Shown string
	Total, Flagged     uint64
	First, Last        time.Time
	Search             string // the address of the search for its posts; empty for an author
	Histogram          *histogram
	Lanes              *lanes
	Map                *places.Map
	Places             []placeRow
	Unplaced           int
	Graph              *graphView
	Template           slotted // of a template
	Facets             []facet
	Items              []item
	Mark               *store.Mark
	CanMark            bool
	Action             string // where the forms go
	// Others says that another team works on it: never which, nor on what.
	Others bool
	Cases  []store.Case // that it can be put into
}

// entityItems is how many posts stand on an entity's page, entityHits how many
// are looked at for its timeline and links.
const (
	entityItems = 10
	entityHits  = 200
)

var entityFacets = []string{"source", "place", "severity", "category", "indicator", "review", "lang"}

func (d *desk) entityPage(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	l := d.localeOf(r)
	s, err := d.subjectOf(ctx, r, l)
	if err != nil {
		return err
	}
	if err := d.note(ctx, ActRead, d.object(s), ""); err != nil {
		return err
	}
	p := entityPage{Page: d.page(r, s.shown), Kind: s.Kind, Value: r.PathValue("value"), Shown: s.shown, Action: r.URL.RequestURI()}
	p.Nav = "results"
	res, err := d.Search.Search(ctx, index.Query{Text: s.query, All: true, Size: entityHits, Sort: "newest", Facets: entityFacets, Histogram: true})
	if err != nil {
		return err
	}
	if err := d.fillEntity(ctx, &p, l, s, res); err != nil {
		return err
	}
	return d.render(w, r, http.StatusOK, "entity", p)
}

func (d *desk) fillEntity(ctx context.Context, p *entityPage, l *locale, s subject, res index.Result) error {
	flagged, err := d.Search.Search(ctx, index.Query{Text: s.query, Size: 1, Facets: []string{}})
	if err != nil {
		return err
	}
	p.Total, p.Flagged = res.Total, flagged.Total
	if p.First, p.Last, err = d.span(ctx, s.query, res.Hits); err != nil {
		return err
	}
	list := &resultsPage{Page: Page{All: true}}
	if s.Kind != "author" { // whose query would put a handle into addresses
		list.Query = s.query
		p.Search = searchLink(s.query, "", true, "")
		p.Histogram = newHistogram(l, list, res.Days)
		p.Facets = facets(list, l, res.Facets, d.titles(), []string{"severity", "category", "indicator", "source", "review", "lang"})
	}
	for _, h := range res.Hits[:min(entityItems, len(res.Hits))] {
		p.Items = append(p.Items, d.item(l, list, h, d.titles()))
	}
	p.Lanes = newLanes(l, res.Hits)
	if s.Kind == "cluster" && d.Template != nil {
		copies := res.Hits[:min(clusterCopies, len(res.Hits))]
		pieces := d.Template(textsOf(copies))
		nameSlots(pieces, copies)
		p.Template = newSlotted(pieces)
	}
	p.Places, p.Map, p.Unplaced = placesOf(res.Hits)
	if _, ok := links.Kinds[s.Kind]; !ok && s.Kind != "url" {
		return nil
	}
	m, marked, err := d.Marks.MarkOf(ctx, s.Kind, d.markValue(s.Node))
	if err != nil {
		return err
	}
	p.CanMark = true
	others, err := d.scoped.others(ctx, s.Node)
	if err != nil {
		return err
	}
	p.Others = len(others) > 0
	if userOf(ctx).Can("cases") {
		if p.Cases, err = d.openCases(ctx); err != nil {
			return err
		}
	}
	if marked {
		p.Mark = &m
		return nil // what it links says nothing
	}
	p.Graph, err = d.graph(ctx, l, s, res)
	return err
}

func textsOf(hits []index.Hit) []string {
	out := make([]string, len(hits))
	for i, h := range hits {
		out[i] = h.Post.Text
	}
	return out
}

// span is when the first and the last post of a query were written.
func (d *desk) span(ctx context.Context, query string, newest []index.Hit) (first, last time.Time, err error) {
	if len(newest) == 0 {
		return first, last, nil
	}
	oldest, err := d.Search.Search(ctx, index.Query{Text: query, All: true, Size: 1, Sort: "oldest", Facets: []string{}})
	if err != nil {
		return first, last, err
	}
	if len(oldest.Hits) > 0 {
		first = oldest.Hits[0].Post.Written()
	}
	return first, newest[0].Post.Written(), nil
}

// placeRow is one place that posts name, as the reader calls it.
type placeRow struct {
	Name  string
	Count int
	Href  string
	Known bool // is on the map
}

// placesOf counts where posts say they are: the place of the advertisement
// and those in its text, each once per post.
func placesOf(hits []index.Hit) (rows []placeRow, m *places.Map, unplaced int) {
	names := map[string]int{}
	for _, h := range hits {
		seen := map[string]bool{}
		for _, name := range placeNames(h) {
			if p, ok := places.Find(name); ok {
				name = p.Name
			}
			if !seen[name] {
				seen[name] = true
				names[name]++
			}
		}
	}
	var counts []places.Count
	for name, n := range names {
		p, ok := places.Find(name)
		if ok {
			counts = append(counts, places.Count{Place: p, N: n})
		} else {
			unplaced++
		}
		_, town, isTown := strings.Cut(name, "/")
		if !isTown {
			town = name
		}
		shown := town
		if isTown {
			shown += " (" + name[:2] + ")"
		}
		rows = append(rows, placeRow{Name: shown, Count: n, Known: ok, Href: searchLink(filter("place", town), "", true, "")})
	}
	slices.SortFunc(rows, func(a, b placeRow) int { return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(a.Name, b.Name)) })
	slices.SortFunc(counts, func(a, b places.Count) int { return cmp.Compare(a.Place.Name, b.Place.Name) })
	if len(rows) > maxPlaces {
		rows = rows[:maxPlaces]
	}
	return rows, places.Draw(counts), unplaced
}

// maxPlaces is how many places a page lists.
const maxPlaces = 40

func placeNames(h index.Hit) []string {
	var out []string
	if h.Post.Place != "" {
		out = append(out, h.Post.Place)
	}
	for _, c := range h.Assessment.Contacts {
		if c.Kind == "place" {
			out = append(out, c.Value)
		}
	}
	return out
}

// entityForm takes every form of an entity: what is done stands in "do".
func (d *desk) entityForm(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := deadline(r)
	defer cancel()
	s, err := d.subjectOf(ctx, r, d.localeOf(r))
	if err != nil {
		return err
	}
	if _, ok := links.Kinds[s.Kind]; !ok && s.Kind != "url" {
		return refuse(http.StatusBadRequest, fmt.Sprintf("a %s links nobody, so it cannot be marked", s.Kind))
	}
	by, at := userOf(ctx).Name, d.Clock().UTC()
	switch r.PostFormValue("do") {
	case "mark":
		reason, err := reasonIn(r.PostFormValue("reason"))
		if err != nil {
			return err
		}
		if err := d.note(ctx, ActMark, d.object(s), "not identifying: "+reason); err != nil {
			return err
		}
		err = d.Marks.MarkValue(ctx, store.Mark{Kind: s.Kind, Value: d.markValue(s.Node), By: by, At: at, Reason: reason})
		if err != nil {
			return err
		}
	case "unmark":
		if err := d.note(ctx, ActMark, d.object(s), "identifying again"); err != nil {
			return err
		}
		if err := d.Marks.UnmarkValue(ctx, s.Kind, d.markValue(s.Node), by, at); err != nil {
			return err
		}
	case "ask":
		if err := d.ask(ctx, r, s); err != nil {
			return err
		}
	case "attach":
		if !userOf(ctx).Can("cases") {
			return fail(http.StatusForbidden, "error.not_allowed")
		}
		if err := d.attach(ctx, r, s); err != nil {
			return err
		}
	default:
		return refuse(http.StatusBadRequest, "do is none of mark, unmark, ask and attach")
	}
	http.Redirect(w, r, d.nodePath(s.Node), http.StatusSeeOther)
	return nil
}

// markValue is how a mark names a node: an author by pseudonym.
func (d *desk) markValue(n links.Node) string {
	if n.Kind == "author" {
		return string(d.pseudo.of(n.Source, veghe.AuthorID(n.Value)))
	}
	return n.Value
}
