package web

import (
	"bytes"
	"context"
	"errors"
	"net/http"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
	"veghe/index/handover"
)

// reportPage is for paper: no menu, no blur, one post to a page, and on each
// who printed it, when, and the hashes that tell whether a copy is the same.
type reportPage struct {
	Page
	Case   *store.CaseFile
	Made   time.Time
	By     string
	Office string
	Posts  []reportPost
	Gone   []veghe.PostID // of the case, and no longer kept
	Inline string         // the style, where the page has to stand alone
}

type reportPost struct {
	handover.Post
	Name    string
	Author  string
	Handle  bool // the author's name, not a pseudonym
	Reasons []indicatorChip
	Text    []run
	Source  veghe.Source
	Added   store.CaseMember
	Rows    []contactRow
}

func (d *desk) postReport(w http.ResponseWriter, r *http.Request) error {
	id, err := postID(r)
	if err != nil {
		return err
	}
	if err := d.note(r.Context(), ActRead, string(id), "report"); err != nil {
		return err
	}
	ctx, cancel := deadline(r)
	defer cancel()
	h, err := d.Search.Get(ctx, id)
	if err != nil {
		return err
	}
	l := d.localeOf(r)
	p := d.reportPage(ctx, r, l.T("report.post"))
	o := order{show: shower{pseudonyms: d.pseudo}, format: handover.Format{Whole: true}}
	post, err := d.handOver(ctx, h, o)
	if err != nil {
		return err
	}
	p.Posts = []reportPost{d.reportPost(l, post, o.show)}
	return d.render(w, r, http.StatusOK, "report", p)
}

func (d *desk) reportPage(ctx context.Context, r *http.Request, title string) reportPage {
	return reportPage{Page: d.page(r, title), Made: d.Clock().UTC(), By: userOf(ctx).Name, Office: d.Office}
}

func (d *desk) reportPost(l *locale, h handover.Post, show shower) reportPost {
	p := reportPost{
		Post: h, Name: l.nameOf(h.Hit), Author: string(h.Post.Author), Handle: show.handles,
		Reasons: indicatorChips(l, h.Assessment.Findings, d.titles()), Text: runs(h.Post.Text), Source: d.source(h.Post.Source),
		Rows: contacts(h.Assessment.Contacts),
	}
	if h.Post.Title != "" {
		p.Name = h.Post.Title
	}
	return p
}

func (d *desk) caseReportPage(w http.ResponseWriter, r *http.Request) error {
	ctx, cancel := context.WithTimeout(r.Context(), time.Minute)
	defer cancel()
	f, err := d.readCase(ctx, r.PathValue("id"))
	if err != nil {
		return err
	}
	o := order{show: shower{pseudonyms: d.pseudo}, format: handover.Format{Whole: true}, pack: handover.Pack{Case: &f}}
	p, err := d.caseReportOf(ctx, d.localeOf(r), r, &o)
	if err != nil {
		return err
	}
	return d.render(w, r, http.StatusOK, "report", p)
}

// caseReportOf reads every post of a case into the order's pack and onto the
// page.
func (d *desk) caseReportOf(ctx context.Context, l *locale, r *http.Request, o *order) (reportPage, error) {
	f := o.pack.Case
	p := d.reportPage(ctx, r, f.ID+" "+f.Title)
	p.Case = f
	for _, m := range f.Members {
		h, err := d.Search.Get(ctx, m.Post)
		if errors.Is(err, index.ErrNotFound) {
			p.Gone = append(p.Gone, m.Post)
			continue
		}
		if err != nil {
			return p, err
		}
		post, err := d.handOver(ctx, h, *o)
		if err != nil {
			return p, err
		}
		o.pack.Posts = append(o.pack.Posts, post)
		row := d.reportPost(l, post, o.show)
		row.Added = m
		p.Posts = append(p.Posts, row)
	}
	return p, nil
}

// caseReport is the report as a file that stands alone.
func (d *desk) caseReport(ctx context.Context, l *locale, r *http.Request, o *order) ([]byte, error) {
	p, err := d.caseReportOf(ctx, l, r, o)
	if err != nil {
		return nil, err
	}
	p.Inline = string(d.assets["report.css"].body)
	var b bytes.Buffer
	err = l.pages.ExecuteTemplate(&b, "report", p)
	return b.Bytes(), err
}
