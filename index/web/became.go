package web

import (
	"context"
	"fmt"
	"time"

	"veghe/index"
)

// versionView is another text of a post that was edited.
type versionView struct {
	Seen    time.Time
	Later   bool // it is the text there now; the one shown counts since it was flagged
	Heading []piece
	Text    []piece
	Cut     bool
}

// maxVersionShown is how much of each other text is shown, in bytes.
const maxVersionShown = 8 << 10

// versions are the other texts of a post, with what was found in them.
func (d *desk) versions(ctx context.Context, h index.Hit) ([]versionView, error) {
	if d.Versions == nil || h.EditedAt.IsZero() {
		return nil, nil
	}
	all, err := d.Versions(ctx, h.Post.ID)
	if err != nil {
		return nil, fmt.Errorf("reading the other texts: %w", err)
	}
	var out []versionView
	for _, v := range all {
		title, text := marksOf(numbered(v.Assessment.Findings), nil)
		view := versionView{Seen: v.Post.CollectedAt, Later: v.Post.CollectedAt.After(h.Post.CollectedAt), Heading: pieces(v.Post.Title, title)}
		shown := v.Post.Text
		if len(shown) > maxVersionShown {
			shown, view.Cut = shown[:wordEdge(shown, maxVersionShown)], true
		}
		view.Text = pieces(shown, text)
		out = append(out, view)
	}
	return out, nil
}
