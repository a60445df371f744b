package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"veghe/crawler/frontier"
	"veghe/index"
	"veghe/index/desk"
	"veghe/index/sqlite"
)

// scrubEvery is how often everything that is kept is looked at, scrubWithin how
// long one part of it may take but for the posts, which are read slowly.
const (
	scrubEvery  = 24 * time.Hour
	scrubWithin = 10 * time.Minute
)

// part is something that is kept, and how it is looked at. Look returns how
// many of what it has it read, 0 if they are not counted.
type part struct {
	name string // a label of metrics
	file string // in the data folder
	help string // what to do once it is damaged; empty: as whatToDo says
	look func(context.Context) (read int, err error)
}

// parts are those that this process has open.
func (a *app) parts() []part {
	var out []part
	uncounted := func(look func(context.Context) error) func(context.Context) (int, error) {
		return func(ctx context.Context) (int, error) {
			ctx, cancel := context.WithTimeout(ctx, scrubWithin)
			defer cancel()
			return 0, look(ctx)
		}
	}
	if a.crawler != nil {
		out = append(out, part{name: "frontier", file: frontierDB, look: uncounted(a.crawler.LookFrontier)})
	}
	if a.index == nil {
		return out
	}
	const onlyBackup = "what people decided is nowhere else: stop veghe, restore the last backup into a new folder (veghe restore), keep the damaged file"
	return append(out,
		part{name: "posts", file: indexDB, look: a.lookAtPosts},
		part{name: "index", file: indexDB, look: uncounted(a.index.Look)},
		part{name: "ledger", file: ledgerDB, look: uncounted(a.ledger.Look)},
		part{name: "desk", file: deskDB, help: onlyBackup, look: uncounted(a.desk.Look)},
		part{name: "trail", file: deskDB, help: "somebody or the disk changed the audit trail: keep the file as it is, and tell who is responsible for it; veghe audit verify says where", look: func(ctx context.Context) (int, error) {
			ctx, cancel := context.WithTimeout(ctx, scrubWithin)
			defer cancel()
			h, err := a.desk.Verify(ctx, desk.Head{})
			return int(h.Events), err
		}},
	)
}

func (a *app) lookAtPosts(ctx context.Context) (int, error) {
	read, damaged, err := a.index.Scrub(ctx)
	if err == nil && damaged > 0 {
		err = fmt.Errorf("%w: %d of %d posts are not as they were stored", index.ErrDamaged, damaged, read)
	}
	return read, err
}

// scrub looks for what the disk has changed, at the start and daily.
func (a *app) scrub(ctx context.Context) error {
	for _, p := range a.parts() {
		a.metrics.scrubAt.WithLabelValues(p.name).Set(0) // never yet
		a.metrics.damaged.WithLabelValues(p.name).Set(0)
	}
	every := time.NewTicker(scrubEvery)
	defer every.Stop()
	for {
		wrong := map[string]error{}
		for _, p := range a.parts() {
			if err := a.scrubPart(ctx, p); err != nil {
				wrong[p.name] = err
			}
			if ctx.Err() != nil {
				return nil
			}
		}
		a.settleScrub(wrong)
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}

// scrubPart looks at one part, and returns what is wrong with it.
func (a *app) scrubPart(ctx context.Context, p part) error {
	path := a.cfg.path(p.file)
	read, err := p.look(ctx)
	switch {
	case ctx.Err() != nil:
		return nil
	case err == nil:
		a.metrics.scrubbed(p.name, time.Now())
		a.log.Info("what is kept is as it was written", "part", p.name, "file", path, "read", read)
		return nil
	case errors.Is(err, context.DeadlineExceeded):
		a.log.Warn("what is kept could not be looked through in time, tomorrow again", "part", p.name, "file", path, "after", scrubWithin)
		return nil
	case !damages(err):
		a.log.Warn("what is kept could not be looked at, tomorrow again", "part", p.name, "file", path, "error", err)
		return fmt.Errorf("%s: %w", path, err)
	}
	a.metrics.damaged.WithLabelValues(p.name).Set(1)
	err = fmt.Errorf("%s: %w", path, err)
	if p.help != "" {
		err = withHint(err, "%s", p.help)
	}
	err = whatToDo(&a.cfg, err)
	a.log.Error("what is kept is not as it was written", "part", p.name, "file", path, "error", err, "hint", hint(err))
	return err
}

// damages reports whether an error says that what is kept is damaged, rather
// than that it could not be read just now.
func damages(err error) bool {
	return errors.Is(err, index.ErrDamaged) || errors.Is(err, frontier.ErrDamaged) || errors.Is(err, desk.ErrTampered) || sqlite.IsDamaged(err)
}

// settleScrub says how it went where stages say that.
func (a *app) settleScrub(wrong map[string]error) {
	a.log.Info("everything that is kept was looked through", "parts_damaged", len(wrong))
	if len(wrong) == 0 {
		a.done("scrub", 1)
		return
	}
	all := make([]error, 0, len(wrong))
	for _, err := range wrong {
		all = append(all, err)
	}
	a.fail("scrub", errors.Join(all...))
}
