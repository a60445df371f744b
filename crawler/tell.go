package crawler

import (
	"context"
	"log/slog"

	"veghe"
	"veghe/crawler/frontier"
)

const tellAtOnce = 500

// tell hands on what became of posts. What cannot be handed on now is told
// after the next pass.
func (v *visitor) tell(ctx context.Context) {
	if v.changes == nil {
		return
	}
	for ctx.Err() == nil {
		found, err := v.frontier.Changes(ctx, v.ID, tellAtOnce)
		if err == nil && len(found) > 0 {
			if err = v.changes(ctx, v.changesOf(found)); err == nil {
				err = v.frontier.Told(context.WithoutCancel(ctx), v.ID, found)
			}
		}
		if err != nil && ctx.Err() == nil {
			v.log.Warn("what became of posts will be told later", slog.Int("posts", len(found)), slog.Any("error", err))
		}
		if err != nil || len(found) < tellAtOnce {
			return
		}
	}
}

func (v *visitor) changesOf(found []frontier.Change) []veghe.Change {
	now := v.now().UTC()
	out := make([]veghe.Change, len(found))
	gone, back := int64(0), int64(0)
	for i, c := range found {
		out[i] = veghe.Change{Post: c.ID, Source: v.ID, Kind: veghe.Gone, Since: c.Since, As: c.Again, SeenAt: now}
		switch {
		case c.Since.IsZero():
			out[i].Kind, out[i].As = veghe.Back, ""
			back++
		case c.Again != "":
			out[i].Kind = veghe.Again
		default:
			gone++
		}
	}
	v.health.update(func(s *Stats) { s.Gone, s.Back = s.Gone+gone, s.Back+back })
	return out
}
