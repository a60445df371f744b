package web

import (
	"net/http"
	"time"

	"veghe/index"
)

// TemplatePiece is a stretch of a template: words that the copies share, or a
// slot for what differs.
type TemplatePiece struct {
	// Text is as one of the copies has it; of a slot, that copy's filling.
	Text string `json:"text"`
	Slot bool   `json:"slot,omitempty"`
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
	Hits     []index.Hit              `json:"hits"`
}

func (d *desk) apiCluster(w http.ResponseWriter, r *http.Request) error {
	id := r.PathValue("id")
	if _, err := queryOf(r.URL.Query()); err != nil {
		return err
	}
	text := filter("cluster", id)
	if err := d.note(r.Context(), ActSearch, "", text); err != nil {
		return err
	}
	show, err := d.reveal(r, "cluster")
	if err != nil {
		return err
	}
	ctx, cancel := deadline(r)
	defer cancel()
	res, err := d.Search.Search(ctx, index.Query{Text: text, All: true, Size: clusterCopies, Sort: "newest", Facets: clusterFacets})
	if err != nil {
		return err
	}
	if len(res.Hits) == 0 {
		return refuse(http.StatusNotFound, "no posts of this template are kept")
	}
	v := clusterView{ID: id, Total: res.Total, Template: []TemplatePiece{}, Facets: res.Facets, Hits: show.all(res.Hits)}
	for _, h := range v.Hits {
		t := postedOrCollected(h.Post)
		if v.Last == nil || t.After(*v.Last) {
			v.Last = &t
		}
		if v.First == nil || t.Before(*v.First) {
			v.First = &t
		}
	}
	if d.Template != nil {
		v.Template = append(v.Template, d.Template(textsOf(v.Hits))...)
	}
	return writeJSON(w, http.StatusOK, v)
}
