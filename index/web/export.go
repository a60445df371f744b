package web

import (
	"archive/zip"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"strings"
	"time"

	"veghe"
	"veghe/index"
	"veghe/index/handover"
)

const (
	exportPage = 200
	maxExport  = 200_000 // posts in one export
)

// order is what somebody wants to hand over: what a search finds, or a case.
type order struct {
	format handover.Format
	query  index.Query
	pack   handover.Pack
	show   shower
}

// apiExport streams everything that a search finds, or a case holds. If it
// fails after it has begun, the connection is cut, so that half an export
// never looks whole.
func (d *desk) apiExport(w http.ResponseWriter, r *http.Request) error {
	v := r.URL.Query()
	q, err := queryOf(v, "format", "case")
	if err != nil {
		return err
	}
	show, err := d.reveal(r, "export")
	if err != nil {
		return err
	}
	return d.export(w, r, order{query: q, show: show}, v.Get("format"), v.Get("case"))
}

// exportForm is the same from a page. A reason reveals handles.
func (d *desk) exportForm(w http.ResponseWriter, r *http.Request) error {
	o := order{
		query: index.Query{Text: r.PostFormValue("q"), Sort: r.PostFormValue("sort"), All: r.PostFormValue("all") == "1"},
		show:  shower{pseudonyms: d.pseudo},
	}
	if given := strings.TrimSpace(r.PostFormValue("reason")); given != "" {
		reason, err := d.mayReveal(r, "export", given)
		if err != nil {
			return err
		}
		o.show.handles = reason != ""
	}
	return d.export(w, r, o, r.PostFormValue("format"), r.PostFormValue("case"))
}

// mayReveal records the reason to show handles, for those who may see them.
func (d *desk) mayReveal(r *http.Request, object, given string) (string, error) {
	if !userOf(r.Context()).Can("reveal") {
		return "", fail(http.StatusForbidden, "error.not_allowed")
	}
	reason, err := reasonIn(given)
	if err != nil {
		return "", err
	}
	return reason, d.note(r.Context(), ActReveal, object, reason)
}

func (d *desk) export(w http.ResponseWriter, r *http.Request, o order, format, inCase string) error {
	var ok bool
	if o.format, ok = handover.FormatOf(format); !ok {
		return refuse(http.StatusBadRequest, fmt.Sprintf("format is %.20q, want one of %s", format, strings.Join(handover.Names(), ", ")))
	}
	ctx := r.Context()
	o.pack = d.packFor(ctx, o.query.Text)
	what := o.query.Text
	if inCase != "" {
		f, err := d.Cases.Case(ctx, inCase)
		if err != nil {
			return noCase(err)
		}
		o.pack.Case, what = &f, "case "+f.ID
		o.query = index.Query{Text: with(o.query.Text, filter("case", f.ID)), All: true, Sort: "oldest"}
	}
	if err := d.note(ctx, ActExport, format, what); err != nil {
		return err
	}
	o.query.Size, o.query.Facets, o.query.Histogram = exportPage, []string{}, false
	first, err := d.exportSearch(ctx, o.query)
	if err != nil {
		return err
	}
	if o.format.Whole && first.Total > handover.MaxDocument {
		return refuse(http.StatusBadRequest, fmt.Sprintf("%d posts are too many for one %s document, the most are %d: narrow the search by time, or take csv or jsonl", first.Total, format, handover.MaxDocument))
	}
	h := w.Header()
	h.Set("Content-Type", o.format.MIME)
	h.Set("Content-Disposition", attachment(d.fileName(o.pack, o.format.Ext)))
	if err := d.exportAll(ctx, w, o, first); err != nil {
		d.Logger.ErrorContext(ctx, "desk: export cut short", "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

func (d *desk) packFor(ctx context.Context, query string) handover.Pack {
	return handover.Pack{Made: d.Clock().UTC(), By: userOf(ctx).Name, Office: d.Office, Version: d.Version, Query: query}
}

func (d *desk) fileName(p handover.Pack, ext string) string {
	name := "veghe-"
	if p.Case != nil {
		name += p.Case.ID + "-"
	}
	return name + p.Made.Format("20060102-150405") + ext
}

func attachment(name string) string { return fmt.Sprintf(`attachment; filename="%s"`, name) }

func (d *desk) exportSearch(ctx context.Context, q index.Query) (index.Result, error) {
	ctx, cancel := context.WithTimeout(ctx, 30*time.Second)
	defer cancel()
	return d.Search.Search(ctx, q)
}

func (d *desk) exportAll(ctx context.Context, w http.ResponseWriter, o order, res index.Result) error {
	out := o.format.To(w, o.pack)
	if err := out.Begin(); err != nil {
		return err
	}
	for n := 0; ; {
		for _, h := range res.Hits {
			post, err := d.handOver(ctx, h, o)
			if err != nil {
				return err
			}
			if err := out.Write(post); err != nil {
				return err
			}
		}
		_ = http.NewResponseController(w).Flush() // not every writer can
		n += len(res.Hits)
		if res.Next == "" || len(res.Hits) == 0 {
			return out.End()
		}
		if n >= maxExport {
			return fmt.Errorf("more than %d posts: narrow the search by time", maxExport)
		}
		o.query.After = res.Next
		var err error
		if res, err = d.exportSearch(ctx, o.query); err != nil {
			return err
		}
	}
}

// handOver is a hit as it leaves the desk. What people decided goes with
// documents; in lines and tables the decision that counts is enough.
func (d *desk) handOver(ctx context.Context, h index.Hit, o order) (handover.Post, error) {
	p := handover.Post{Hit: o.show.one(h)}
	if !o.format.Whole || h.Review == "" {
		return p, nil
	}
	var err error
	p.Reviews, err = d.reviewsOf(ctx, h.Post.ID)
	return p, err
}

// EvidenceOrder asks for a signed pack of what was fetched.
type EvidenceOrder struct {
	Posts      []veghe.PostID
	Case       string
	By, Reason string
}

// packForm answers with everything of a case in one file: the report, every
// format, and a list of their hashes.
func (d *desk) packForm(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), 2*time.Minute)
	defer cancel()
	reason, err := reasonIn(r.PostFormValue("reason"))
	if err != nil {
		return err
	}
	f, err := d.Cases.Case(ctx, r.PathValue("id"))
	if err != nil {
		return noCase(err)
	}
	if err := d.note(ctx, ActExport, "case "+f.ID, reason); err != nil {
		return err
	}
	o := order{show: shower{pseudonyms: d.pseudo}}
	if r.PostFormValue("handles") == "1" {
		if _, err := d.mayReveal(r, "case "+f.ID, reason); err != nil {
			return err
		}
		o.show.handles = true
	}
	if r.PostFormValue("what") == "evidence" {
		return d.evidence(ctx, w, f.ID, reason)
	}
	o.pack = d.packFor(ctx, "")
	o.pack.Case = &f
	o.format.Whole = true
	report, err := d.caseReport(ctx, d.localeOf(r), r, &o)
	if err != nil {
		return err
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", attachment(d.fileName(o.pack, ".zip")))
	if err := writePack(w, o.pack, report, reason); err != nil {
		d.Logger.ErrorContext(ctx, "desk: pack cut short", "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// evidence answers with the signed pack of a case's captures.
func (d *desk) evidence(ctx context.Context, w http.ResponseWriter, inCase, reason string) error {
	if d.Evidence == nil {
		return refuse(http.StatusNotFound, "no evidence is kept on this machine")
	}
	h := w.Header()
	h.Set("Content-Type", "application/zip")
	h.Set("Content-Disposition", attachment("veghe-evidence-"+inCase+".zip"))
	err := d.Evidence(ctx, w, EvidenceOrder{Case: inCase, By: userOf(ctx).Name, Reason: reason})
	if err != nil {
		d.Logger.ErrorContext(ctx, "desk: evidence pack cut short", "error", err)
		panic(http.ErrAbortHandler)
	}
	return nil
}

// packManifest lists what is in a pack, so that its reader can tell whether it
// is whole.
type packManifest struct {
	Case    string            `json:"case"`
	Title   string            `json:"title"`
	MadeAt  time.Time         `json:"made_at"`
	By      string            `json:"by"`
	Office  string            `json:"office,omitempty"`
	Reason  string            `json:"reason"`
	Posts   int               `json:"posts"`
	Version string            `json:"veghe"`
	SHA256  map[string]string `json:"sha256"`
}

func writePack(w io.Writer, p handover.Pack, report []byte, reason string) error {
	z := zip.NewWriter(w)
	m := packManifest{
		Case: p.Case.ID, Title: p.Case.Title, MadeAt: p.Made, By: p.By, Office: p.Office, Reason: reason, Posts: len(p.Posts), Version: p.Version,
		SHA256: map[string]string{},
	}
	add := func(name string, write func(io.Writer) error) error {
		f, err := z.CreateHeader(&zip.FileHeader{Name: name, Method: zip.Deflate, Modified: p.Made})
		if err != nil {
			return err
		}
		sum := sha256.New()
		if err := write(io.MultiWriter(f, sum)); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
		m.SHA256[name] = hex.EncodeToString(sum.Sum(nil))
		return nil
	}
	errs := []error{
		add("report.html", func(w io.Writer) error { _, err := w.Write(report); return err }),
		add("machinetag.json", func(w io.Writer) error { _, err := w.Write(handover.Taxonomy); return err }),
	}
	for _, f := range handover.Formats() {
		errs = append(errs, add("posts"+f.Ext, func(w io.Writer) error { return f.Write(w, p) }))
	}
	errs = append(errs, add("case.json", func(w io.Writer) error { return json.NewEncoder(w).Encode(p.Case) }))
	list := m // without its own hash
	errs = append(errs, add("manifest.json", func(w io.Writer) error {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(list)
	}), z.Close())
	return errors.Join(errs...)
}
