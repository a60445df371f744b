package web

import (
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

type holdsView struct {
	Page
	Holds     []store.Hold
	Now       time.Time
	Kinds     []store.HoldKind
	Kind      store.HoldKind // filled in
	Value     string
	Deletions []store.Deletion
	Asked     veghe.PostID // whether it was deleted
	Found     *store.Deletion
}

// holdsPage shows what is kept for a legal reason, and what was deleted.
func (d *desk) holdsPage(w http.ResponseWriter, r *http.Request) error {
	if d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	ctx, cancel := deadline(r)
	defer cancel()
	v := r.URL.Query()
	p := holdsView{Page: d.page(r, d.localeOf(r).T("holds.title")), Now: d.Clock(), Kinds: store.HoldKinds, Kind: store.HoldKind(v.Get("kind")), Value: v.Get("value")}
	p.Nav, p.Asked = "holds", veghe.PostID(v.Get("deleted"))
	var err error
	if p.Holds, err = d.Accounts.Holds(ctx); err != nil {
		return err
	}
	if p.Deletions, err = d.Accounts.Deletions(ctx, 0, 50); err != nil {
		return err
	}
	if p.Asked != "" {
		found, ok, err := d.Accounts.Deleted(ctx, p.Asked)
		if err != nil {
			return err
		}
		if ok {
			p.Found = &found
		}
	}
	return d.render(w, r, http.StatusOK, "holds", p)
}

func (d *desk) addHoldForm(w http.ResponseWriter, r *http.Request) error {
	if d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	h := store.Hold{
		Kind: store.HoldKind(r.PostFormValue("kind")), Value: strings.TrimSpace(r.PostFormValue("value")),
		Reason: strings.TrimSpace(r.PostFormValue("reason")), By: userOf(r.Context()).Name,
	}
	until, err := dayOf(r.PostFormValue("until"), 1)
	if err != nil {
		return err
	}
	h.Until = until
	if !slices.Contains(store.HoldKinds, h.Kind) || h.Value == "" || len(h.Value) > 500 || len(h.Reason) < 3 || len(h.Reason) > maxReason ||
		!until.IsZero() && !d.Clock().Before(until) {
		return fail(http.StatusBadRequest, "error.hold")
	}
	if kind, canonical := d.Identify(h.Value); kind == string(h.Kind) { // as it stands in posts
		h.Value = canonical
	}
	if err := d.canHold(r, h); err != nil {
		return err
	}
	if err := d.note(r.Context(), ActHold, string(h.Kind)+" "+h.Value, "held: "+h.Reason); err != nil {
		return err
	}
	if _, err := d.Accounts.AddHold(r.Context(), h, d.Clock()); err != nil {
		return err
	}
	http.Redirect(w, r, "/holds", http.StatusSeeOther)
	return nil
}

// canHold refuses a hold of a post or a case that is not there: one mistyped
// would hold nothing, and nobody would know.
func (d *desk) canHold(r *http.Request, h store.Hold) error {
	ctx, cancel := deadline(r)
	defer cancel()
	switch h.Kind {
	case store.HoldPost:
		_, err := d.Search.Get(ctx, veghe.PostID(h.Value))
		return err
	case store.HoldCase:
		_, err := d.Cases.Case(ctx, h.Value)
		return noCase(err)
	}
	_, err := d.Search.Search(ctx, index.Query{Text: filter(string(h.Kind), h.Value), All: true, Size: 1, Facets: []string{}})
	return err // a query that cannot be run is a value that cannot be
}

func (d *desk) liftHoldForm(w http.ResponseWriter, r *http.Request) error {
	if d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	id, err := strconv.ParseInt(r.PathValue("id"), 10, 64)
	if err != nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	why, err := reasonIn(r.PostFormValue("reason"))
	if err != nil {
		return err
	}
	if err := d.note(r.Context(), ActHold, "hold "+r.PathValue("id"), "lifted: "+why); err != nil {
		return err
	}
	err = d.Accounts.LiftHold(r.Context(), id, userOf(r.Context()).Name, why, d.Clock())
	if errors.Is(err, store.ErrNoHold) {
		return fail(http.StatusNotFound, "error.not_found")
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/holds", http.StatusSeeOther)
	return nil
}
