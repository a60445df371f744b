package web

import (
	"context"
	"fmt"
	"maps"
	"net/http"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"veghe/index"
)

// TemplatePiece is a stretch of a template: words that the copies share, or a
// slot for what differs.
type TemplatePiece struct {
	// Text is as one of the copies has it; of a slot, that copy's filling.
	Text string `json:"text"`
	Slot bool   `json:"slot,omitempty"`
	// Kind is what varies in a slot: phone, email, url, handle, price, age,
	// place, name, number or words.
	Kind string `json:"kind,omitempty"`
	// Values fill the slot, the most frequent first.
	Values []TemplateValue `json:"values,omitempty"`
}

// TemplateValue is one filling of a slot.
type TemplateValue struct {
	Text  string `json:"text"`
	Count int    `json:"count"`
}

// clusterCopies is how many posts the template is made from: the newest.
const clusterCopies = 40

// clusterFacets are what copies of a template may differ in.
var clusterFacets = []string{"source", "place", "lang", "indicator", "severity"}

// clusterView is a template and the posts made from it.
type clusterView struct {
	ID       string                   `json:"id"`
	Total    uint64                   `json:"total"`
	First    *time.Time               `json:"first,omitempty"`
	Last     *time.Time               `json:"last,omitempty"`
	Template []TemplatePiece          `json:"template"`
	Facets   map[string][]index.Count `json:"facets"`
	Days     []index.Count            `json:"days"` // posts per day
	Hits     []index.Hit              `json:"hits"`
}

// cluster reads a template with its newest copies. First and Last are those
// of the copies read, unless the days say more.
func (d *desk) cluster(ctx context.Context, id string) (clusterView, error) {
	res, err := d.Search.Search(ctx, index.Query{
		Text: filter("cluster", id), All: true, Size: clusterCopies, Sort: "newest", Facets: clusterFacets, Histogram: true,
	})
	if err != nil {
		return clusterView{}, err
	}
	v := clusterView{ID: id, Total: res.Total, Template: []TemplatePiece{}, Facets: res.Facets, Days: append([]index.Count{}, res.Days...), Hits: res.Hits}
	for _, h := range v.Hits {
		t := h.Post.Written()
		if v.Last == nil || t.After(*v.Last) {
			v.Last = &t
		}
		if v.First == nil || t.Before(*v.First) {
			v.First = &t
		}
	}
	if d.Template != nil && len(v.Hits) > 0 {
		v.Template = append(v.Template, d.Template(textsOf(v.Hits))...)
	}
	nameSlots(v.Template, v.Hits)
	return v, nil
}

// nameSlots says of each slot what varies in it.
func nameSlots(pieces []TemplatePiece, copies []index.Hit) {
	for i := range pieces {
		if p := &pieces[i]; p.Slot {
			p.Kind = slotKind(p.Values, copies)
		}
	}
}

// slotKind says what the fillings of a slot are: contacts and places that the
// copies are known to have, else by how they look.
func slotKind(values []TemplateValue, copies []index.Hit) string {
	votes := map[string]int{}
	for _, v := range values {
		if text := strings.TrimSpace(v.Text); text != "" {
			votes[fillingKind(text, copies)] += v.Count
		}
	}
	best := "words"
	for _, kind := range slices.Sorted(maps.Keys(votes)) {
		if votes[kind] > votes[best] {
			best = kind
		}
	}
	return best
}

func fillingKind(text string, copies []index.Hit) string {
	low := strings.ToLower(text)
	for _, h := range copies {
		for _, c := range h.Assessment.Contacts {
			if raw := strings.ToLower(strings.TrimSpace(c.Raw)); raw != "" && (strings.Contains(low, raw) || strings.Contains(raw, low) && len(low) > 2) {
				return c.Kind
			}
		}
		if place := strings.ToLower(h.Post.Place); place != "" && strings.Contains(place, low) && len(low) > 2 {
			return "place"
		}
	}
	switch words := strings.Fields(text); {
	case strings.ContainsAny(text, "0123456789"):
		return "number"
	case len(words) <= 3 && !slices.ContainsFunc(words, func(w string) bool { r, _ := utf8.DecodeRuneInString(w); return !unicode.IsUpper(r) }):
		return "name"
	}
	return "words"
}

func (d *desk) apiCluster(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if _, err := queryOf(r.URL.Query()); err != nil {
		return err
	}
	if err := d.note(r.Context(), ActSearch, "", filter("cluster", id)); err != nil {
		return err
	}
	show, err := d.reveal(r, "cluster")
	if err != nil {
		return err
	}
	ctx, cancel := deadline(r)
	defer cancel()
	v, err := d.cluster(ctx, id)
	if err != nil {
		return err
	}
	if len(v.Hits) == 0 {
		return refuse(http.StatusNotFound, "no posts of this template are kept")
	}
	v.Hits = show.all(v.Hits)
	return writeJSON(w, http.StatusOK, v)
}

// templateView is a template as a post's page shows it.
type templateView struct {
	clusterView
	slotted
	Href    string // its own page
	Places  []spreadRow
	Sources []spreadRow
	Bars    *histogram
}

// slotted is the text of a template with its slots numbered.
type slotted struct {
	Pieces []templatePiece
	Slots  []slotView
}

// templatePiece is shared words, or a slot by its number.
type templatePiece struct {
	Runs []run
	Slot int // from 1; 0 is no slot
	Kind string
}

type slotView struct {
	Num    int
	Kind   string
	Values []slotValue
}

type slotValue struct {
	Runs  []run
	Count int
	Empty bool // some copies have nothing there
}

// spreadRow is a place or source and how many copies it has.
type spreadRow struct {
	index.Count
	Href  string
	Width int // of its bar, in hundredths
}

// Bounds of what a page shows of a template.
const (
	maxSlots       = 24
	maxSlotValues  = 8
	maxTemplateRun = 4000 // bytes of the shared words
	leastCopies    = 2
)

func newTemplateView(l *locale, v clusterView) *templateView {
	return &templateView{
		clusterView: v, slotted: newSlotted(v.Template), Href: entityPath("cluster", v.ID), Places: spread("place", v), Sources: spread("source", v),
		Bars: newHistogram(l, &resultsPage{Page: Page{Query: filter("cluster", v.ID), All: true}}, v.Days),
	}
}

func newSlotted(pieces []TemplatePiece) (t slotted) {
	size := 0
	for _, p := range pieces {
		if size += len(p.Text); size > maxTemplateRun {
			break
		}
		if !p.Slot {
			t.Pieces = append(t.Pieces, templatePiece{Runs: runs(p.Text)})
			continue
		}
		if len(t.Slots) == maxSlots {
			continue
		}
		s := slotView{Num: len(t.Slots) + 1, Kind: p.Kind}
		for _, val := range p.Values[:min(len(p.Values), maxSlotValues)] {
			s.Values = append(s.Values, slotValue{Runs: runs(val.Text), Count: val.Count, Empty: strings.TrimSpace(val.Text) == ""})
		}
		t.Slots = append(t.Slots, s)
		t.Pieces = append(t.Pieces, templatePiece{Runs: runs(p.Text), Slot: s.Num, Kind: p.Kind})
	}
	return t
}

func spread(field string, v clusterView) []spreadRow {
	var out []spreadRow
	for _, c := range v.Facets[field] {
		out = append(out, spreadRow{c, searchLink(with(filter("cluster", v.ID), filter(field, c.Value)), "newest", true, ""), 100 * c.Count / max(1, v.Facets[field][0].Count)})
	}
	return out
}

// templateOf is the template of a post, nil if it was made from none that
// others were made from too.
func (d *desk) templateOf(ctx context.Context, l *locale, h index.Hit) (*templateView, error) {
	if h.Assessment.Cluster == nil {
		return nil, nil
	}
	v, err := d.cluster(ctx, h.Assessment.Cluster.ID)
	if err != nil {
		return nil, fmt.Errorf("reading the template: %w", err)
	}
	if len(v.Hits) < leastCopies {
		return nil, nil
	}
	return newTemplateView(l, v), nil
}
