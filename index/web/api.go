package web

import (
	_ "embed"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

// revealHeader carries the reason of a program that wants the handles of
// authors. Without it an author is a pseudonym.
const revealHeader = "Veghe-Reveal"

//go:embed openapi.json
var document []byte

func (d *desk) apiDocument(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "application/json")
	_, _ = w.Write(document) // the reader is gone if this fails
	return nil
}

func writeJSON(w http.ResponseWriter, status int, v any) error {
	b, err := json.Marshal(v)
	if err != nil {
		return fmt.Errorf("writing JSON: %w", err)
	}
	w.Header().Set("Content-Type", "application/json")
	w.WriteHeader(status)
	_, _ = w.Write(append(b, '\n')) // the reader is gone if this fails
	return nil
}

// queryOf reads a search from the parameters of a request, strictly: a
// misspelt parameter is an error, not another search.
func queryOf(v url.Values, more ...string) (index.Query, error) {
	known := append([]string{"q", "size", "after", "sort", "all", "facets", "histogram"}, more...)
	for name := range v {
		if !slices.Contains(known, name) {
			return index.Query{}, refuse(http.StatusBadRequest, fmt.Sprintf("unknown parameter %.40q, want one of %s", name, strings.Join(known, ", ")))
		}
	}
	q := index.Query{Text: v.Get("q"), After: v.Get("after"), Sort: v.Get("sort")}
	if s := v.Get("size"); s != "" {
		n, err := strconv.Atoi(s)
		if err != nil || n < 1 || n > 200 {
			return q, refuse(http.StatusBadRequest, fmt.Sprintf("size is %.20q, want 1 to 200", s))
		}
		q.Size = n
	}
	if q.Sort != "" && !slices.Contains(orders, q.Sort) {
		return q, refuse(http.StatusBadRequest, fmt.Sprintf("sort is %.20q, want one of %s", q.Sort, strings.Join(orders, ", ")))
	}
	var err error
	if q.All, err = boolOf(v, "all"); err != nil {
		return q, err
	}
	if q.Histogram, err = boolOf(v, "histogram"); err != nil {
		return q, err
	}
	if s := v.Get("facets"); s != "" {
		q.Facets = strings.Split(s, ",")
		if s == "none" {
			q.Facets = []string{}
		}
		if len(q.Facets) > 10 {
			return q, refuse(http.StatusBadRequest, fmt.Sprintf("facets names %d fields, want at most 10", len(q.Facets)))
		}
	}
	return q, nil
}

func boolOf(v url.Values, name string) (bool, error) {
	switch s := v.Get(name); s {
	case "":
		return false, nil
	case "1", "true":
		return true, nil
	case "0", "false":
		return false, nil
	default:
		return false, refuse(http.StatusBadRequest, fmt.Sprintf("%s is %.20q, want true or false", name, s))
	}
}

func (d *desk) apiSearch(w http.ResponseWriter, r *http.Request) error {
	q, err := queryOf(r.URL.Query())
	if err != nil {
		return err
	}
	if err := d.note(r.Context(), ActSearch, "", q.Text); err != nil {
		return err
	}
	show, err := d.reveal(r, "search")
	if err != nil {
		return err
	}
	ctx, cancel := deadline(r)
	defer cancel()
	res, err := d.Search.Search(ctx, q)
	if err != nil {
		return err
	}
	res.Hits = show.all(res.Hits)
	if res.Facets == nil {
		res.Facets = map[string][]index.Count{}
	}
	return writeJSON(w, http.StatusOK, res)
}

// shower shows or hides the handles of hits.
type shower struct {
	pseudonyms
	handles bool
}

func (s shower) one(h index.Hit) index.Hit {
	if s.handles {
		return h
	}
	return s.hide(h)
}

// all is never nil, so that it is written as [].
func (s shower) all(hits []index.Hit) []index.Hit {
	out := make([]index.Hit, 0, len(hits))
	for _, h := range hits {
		out = append(out, s.one(h))
	}
	return out
}

// reveal reads the reason to show handles, and records it.
func (d *desk) reveal(r *http.Request, object string) (shower, error) {
	given := r.Header.Get(revealHeader)
	if given == "" {
		return shower{pseudonyms: d.pseudo}, nil
	}
	if !userOf(r.Context()).May.Has(store.CanReveal) {
		return shower{}, fail(http.StatusForbidden, "error.not_allowed")
	}
	reason, err := reasonIn(given)
	if err != nil {
		return shower{}, refuse(http.StatusBadRequest, revealHeader+": want a reason of 3 to 2000 bytes")
	}
	return shower{pseudonyms: d.pseudo, handles: true}, d.note(r.Context(), ActReveal, object, reason)
}

// apiHit is one post with what people decided about it and what its findings
// are worth.
type apiHit struct {
	index.Hit
	Reviews []veghe.Review `json:"reviews"`
	// BaseRates is how often its indicators are seen, in the last days, in
	// posts of its source and main language and in all.
	BaseRates index.Rates `json:"base_rates"`
	// Otherwise is what would have become of the post without an indicator,
	// where that differs; absent where it cannot be told.
	Otherwise []Otherwise `json:"otherwise,omitempty"`
	// Versions are its other texts if it was edited, oldest first.
	Versions []index.Version `json:"versions,omitempty"`
}

func (d *desk) apiPost(w http.ResponseWriter, r *http.Request) error {
	id, err := postID(r)
	if err != nil {
		return err
	}
	if err := d.note(r.Context(), ActRead, string(id), ""); err != nil {
		return err
	}
	show, err := d.reveal(r, string(id))
	if err != nil {
		return err
	}
	ctx, cancel := deadline(r)
	defer cancel()
	h, err := d.Search.Get(ctx, id)
	if err != nil {
		return err
	}
	reviews, err := d.reviewsOf(ctx, id)
	if err != nil {
		return err
	}
	rates, err := d.rates(ctx, h)
	if err != nil {
		return err
	}
	other, _ := d.Otherwise(assessed(h))
	versions, err := d.Versions(ctx, id)
	if err != nil {
		return fmt.Errorf("reading the other texts: %w", err)
	}
	for i := range versions {
		versions[i].Post = show.one(index.Hit{Post: versions[i].Post}).Post
	}
	return writeJSON(w, http.StatusOK, apiHit{show.one(h), reviews, ratesOf(rates, h.Assessment.Findings), other, versions})
}

func (d *desk) apiReview(w http.ResponseWriter, r *http.Request) error {
	id, err := postID(r)
	if err != nil {
		return err
	}
	var in struct {
		Decision veghe.Decision `json:"decision"`
		Reason   string         `json:"reason"`
	}
	dec := json.NewDecoder(r.Body)
	dec.DisallowUnknownFields()
	if err := dec.Decode(&in); err != nil {
		return &failure{
			status: http.StatusBadRequest, key: "error.bad_request", cause: err,
			detail: `want a JSON object such as {"decision":"relevant","reason":"…"}`,
		}
	}
	review, err := d.decide(r, id, in.Decision, in.Reason)
	if err != nil {
		return err
	}
	return writeJSON(w, http.StatusCreated, review)
}

// entity is everything linked by one value.
type entity struct {
	Kind   string                   `json:"kind"`
	Value  string                   `json:"value"`
	Total  uint64                   `json:"total"`
	First  *time.Time               `json:"first,omitempty"`
	Last   *time.Time               `json:"last,omitempty"`
	Facets map[string][]index.Count `json:"facets"`
	Hits   []index.Hit              `json:"hits"`
	Next   string                   `json:"next,omitempty"`
}

func (d *desk) apiEntity(w http.ResponseWriter, r *http.Request) error {
	kind, value := r.PathValue("kind"), r.PathValue("value")
	field, ok := entityKinds[kind]
	if !ok {
		return refuse(http.StatusNotFound, fmt.Sprintf("no entities of kind %.20q, want one of %s", kind, kindNames()))
	}
	q, err := queryOf(r.URL.Query())
	if err != nil {
		return err
	}
	q.Text, q.All = with(q.Text, filter(field, value)), true
	if err := d.note(r.Context(), ActSearch, "", q.Text); err != nil {
		return err
	}
	show, err := d.reveal(r, "entity")
	if err != nil {
		return err
	}
	ctx, cancel := deadline(r)
	defer cancel()
	res, err := d.Search.Search(ctx, q)
	if err != nil {
		return err
	}
	e := entity{Kind: kind, Value: value, Total: res.Total, Facets: res.Facets, Hits: show.all(res.Hits), Next: res.Next}
	for sort, at := range map[string]**time.Time{"oldest": &e.First, "newest": &e.Last} {
		edge, err := d.Search.Search(ctx, index.Query{Text: q.Text, All: true, Size: 1, Sort: sort, Facets: []string{}})
		if err != nil {
			return err
		}
		if len(edge.Hits) > 0 {
			t := edge.Hits[0].Post.Written()
			*at = &t
		}
	}
	return writeJSON(w, http.StatusOK, e)
}

// rest throws away what is left of a line.
func rest(r io.ByteReader) {
	for {
		if b, err := r.ReadByte(); err != nil || b == '\n' {
			return
		}
	}
}
