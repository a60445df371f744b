package web

import (
	"cmp"
	"context"
	"fmt"
	"slices"
	"time"

	"veghe"
	"veghe/index"
)

// versionView is what changed from one capture of a post to the next.
type versionView struct {
	Was, Is  capture
	Title    []changed // nil if the titles are the same
	Text     []changed
	Cut      bool
	SameText bool
}

// capture is one text of a post, with its proof.
type capture struct {
	At       time.Time
	Hash     string
	Evidence string
	Href     string // to the post of its own; "" if it has none
	Counts   bool   // it is the one of the page
}

const (
	maxCaptures  = 12 // of one post, the newest
	sameAddress  = 60 // posts looked at for other captures
	maxDiffShown = 6
)

// versions are the changes of a post between its captures, newest first. Of
// sources that number their posts earlier texts are kept under the same id;
// elsewhere an edited post is another one at the same address.
func (d *desk) versions(ctx context.Context, h index.Hit) ([]versionView, error) {
	all := []captured{{capture: captureOf(h.Post), title: h.Post.Title, text: h.Post.Text}}
	all[0].Counts = true
	if !h.EditedAt.IsZero() {
		others, err := d.Versions(ctx, h.Post.ID)
		if err != nil {
			return nil, fmt.Errorf("reading the other texts: %w", err)
		}
		for _, v := range others {
			all = append(all, captured{captureOf(v.Post), v.Post.Title, v.Post.Text})
		}
	}
	if h.Post.URL != "" {
		res, err := d.Search.Search(ctx, index.Query{Text: filter("url", h.Post.URL), All: true, Size: sameAddress, Sort: "newest", Facets: []string{}})
		if err != nil {
			return nil, fmt.Errorf("looking for other captures: %w", err)
		}
		for _, o := range res.Hits {
			if o.Post.ID != h.Post.ID && sameThing(o.Post, h.Post) {
				c := captured{captureOf(o.Post), o.Post.Title, o.Post.Text}
				c.Href = postPath(o.Post.ID)
				all = append(all, c)
			}
		}
	}
	slices.SortStableFunc(all, func(a, b captured) int { return cmp.Or(a.At.Compare(b.At), cmp.Compare(a.Hash, b.Hash)) })
	return compare(all[max(0, len(all)-maxCaptures):]), nil
}

type captured struct {
	capture
	title, text string
}

func captureOf(p veghe.Post) capture {
	return capture{At: p.CollectedAt, Hash: p.ContentHash, Evidence: p.Evidence}
}

// sameThing reports whether two posts are one that was edited: the same place
// at the same address by the same author. A post in a conversation must also
// have the same number or time, since many may stand at one address.
func sameThing(a, b veghe.Post) bool {
	if a.Source != b.Source || a.URL != b.URL || a.Thread != b.Thread || a.Author != b.Author || a.Kind != b.Kind {
		return false
	}
	if a.Kind == veghe.Ad {
		return true
	}
	return a.Seq == b.Seq && a.PostedAt.Equal(b.PostedAt) && (a.Seq > 0 || !a.PostedAt.IsZero())
}

func compare(all []captured) []versionView {
	var out []versionView
	for i := 1; i < len(all) && len(all) > 1; i++ {
		was, is := all[i-1], all[i]
		v := versionView{Was: was.capture, Is: is.capture, SameText: was.text == is.text}
		if was.title != is.title {
			v.Title, _ = changes(was.title, is.title)
		}
		if !v.SameText {
			v.Text, v.Cut = changes(was.text, is.text)
		}
		out = append(out, v)
	}
	slices.Reverse(out)
	return out[:min(len(out), maxDiffShown)]
}
