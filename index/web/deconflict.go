package web

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
	"veghe/index/links"
)

// others lists the cases that hold a value and that the user is not in. It
// looks beyond what the user may see, so its answer must never be shown: only
// that there are some. Which, whose and why stays with those who are in them.
func (s scopedSearch) others(ctx context.Context, n links.Node) ([]string, error) {
	if userOf(ctx).May.Has(store.CanOversee) {
		return nil, nil // sees them all anyway
	}
	res, err := s.Searcher.Search(ctx, index.Query{Text: nodeQuery(n), All: true, Size: 1, Facets: []string{"case"}})
	if err != nil {
		return nil, err
	}
	own, err := s.cases.Cases(ctx)
	if err != nil {
		return nil, err
	}
	holding, err := s.cases.all.CasesHolding(ctx, n.Kind, n.Value)
	if err != nil {
		return nil, err
	}
	for _, c := range res.Facets["case"] {
		holding = append(holding, c.Value)
	}
	slices.Sort(holding)
	return slices.DeleteFunc(slices.Compact(holding), func(id string) bool {
		return slices.ContainsFunc(own, func(c store.Case) bool { return c.ID == id })
	}), nil
}

// ask lets those who are in the other cases know who asks and about what. They
// answer if they want to.
func (d *desk) ask(ctx context.Context, r *http.Request, s subject) error {
	ids, err := d.scoped.others(ctx, s.Node)
	if err != nil {
		return err
	}
	if len(ids) == 0 {
		return refuse(http.StatusConflict, "no other team works on this")
	}
	note := strings.TrimSpace(r.PostFormValue("reason"))
	if len(note) > maxReason {
		return refuse(http.StatusBadRequest, "want a note of at most 2000 bytes")
	}
	if err := d.note(ctx, ActCase, d.object(s), "asked another team to get in touch"); err != nil {
		return err
	}
	for _, id := range ids {
		if err := d.scoped.cases.all.AskCase(ctx, id, d.object(s), note, userOf(ctx).Name, d.Clock().UTC()); err != nil {
			return err
		}
	}
	return nil
}

// sharedRow is a contact of a case on which another team works too.
type sharedRow struct {
	Kind, Shown, Href string
}

// maxShared is how many contacts of a case are looked up for its page.
const maxShared = 40

// shared finds which contacts of a case's posts other teams work on too.
func (d *desk) shared(ctx context.Context, l *locale, hits []index.Hit) ([]sharedRow, error) {
	if userOf(ctx).May.Has(store.CanOversee) {
		return nil, nil
	}
	var out []sharedRow
	seen := map[string]bool{}
	for _, h := range hits {
		for _, n := range links.Of(h) {
			key := n.Kind + "\x1f" + n.Value
			if n.Kind == "author" || seen[key] || len(seen) >= maxShared {
				continue
			}
			seen[key] = true
			ids, err := d.scoped.others(ctx, n)
			if err != nil {
				return nil, err
			}
			if len(ids) > 0 {
				v := d.nodeView(l, links.Box{Node: n})
				out = append(out, sharedRow{Kind: n.Kind, Shown: v.Full, Href: v.Href})
			}
		}
	}
	return out, nil
}

// attach puts a subject into a case, from its page.
func (d *desk) attach(ctx context.Context, r *http.Request, s subject) error {
	id, note := r.PostFormValue("case"), strings.TrimSpace(r.PostFormValue("reason"))
	if len(note) > maxReason {
		return refuse(http.StatusBadRequest, "want a note of at most 2000 bytes")
	}
	if err := d.note(ctx, ActCase, "case "+id, "attached "+d.object(s)); err != nil {
		return err
	}
	return noCase(d.Cases.AttachToCase(ctx, id, store.CaseValue{
		Kind: s.Kind, Value: d.markValue(s.Node), Post: s.Post, By: userOf(ctx).Name, At: d.Clock().UTC(), Note: note,
	}))
}

// valueRow is a value of a case, with the address of its page.
type valueRow struct {
	store.CaseValue
	Shown, Href string
}

func valueRows(l *locale, all []store.CaseValue) []valueRow {
	var out []valueRow
	for _, v := range all {
		row := valueRow{CaseValue: v, Shown: v.Value, Href: entityPath(v.Kind, v.Value)}
		switch v.Kind {
		case "author":
			row.Shown = l.T("author.short", "id", short(v.Value))
			row.Href = authorPath(v.Value, v.Post)
		case "email", "url", "site":
			row.Shown = defang(v.Value)
		case "cluster":
			row.Shown = l.T("entity.template", "id", v.Value)
		}
		out = append(out, row)
	}
	return out
}

// short is the part of a whole pseudonym that lists show.
func short(pseudonym string) string {
	s := strings.TrimPrefix(pseudonym, "author-")
	return s[:min(4, len(s))]
}

// openCases are the cases that the user may add to.
func (d *desk) openCases(ctx context.Context) ([]store.Case, error) {
	_, open, err := d.casesFor(ctx, veghe.PostID(""))
	return open, err
}
