package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"time"

	"veghe/crawler/evidence"
	"veghe/index"
)

// purgeCmd deletes what is due now, instead of waiting for the next round of a
// running veghe, or says what would go.
func purgeCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("purge", e.err)
	dry := f.Bool("dry-run", false, "only count what would go")
	asJSON := f.Bool("json", false, "answer in JSON")
	if err := f.parseNone(args); err != nil {
		return err
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	var out purged
	path := "/purge"
	if *dry {
		path += "?dry=1"
	}
	err = newLocal(cfg.Data).ops(ctx, http.MethodPost, path, &out)
	if errors.Is(err, errNotRunning) {
		out, err = purgeAlone(ctx, &cfg, e, *dry)
	}
	if err != nil {
		return err
	}
	if *asJSON {
		return json.NewEncoder(e.out).Encode(out)
	}
	printPurged(e, &cfg, out)
	return nil
}

func printPurged(e env, cfg *config, p purged) {
	verb := "deleted"
	if p.Dry {
		verb = "would be deleted"
	}
	for _, class := range index.Classes {
		kept := "kept for good"
		if d := cfg.Retention.of(class); d > 0 {
			kept = fmt.Sprintf("kept %s: %d %s", days(d), p.Posts[class], verb)
		}
		fmt.Fprintf(e.out, "%-13s %s\n", class, kept)
	}
	fmt.Fprintf(e.out, "%-13s %d %s\n%-13s %d\n%-13s %d in force, %d posts kept by them\n", "closed cases", p.Cases, verb, "captures", p.Captures, "legal holds", p.Holds, p.Held)
	for _, n := range p.Records {
		fmt.Fprintf(e.out, "record of deletion %d\n", n)
	}
}

// purgeAlone does it while no veghe runs on the data folder.
func purgeAlone(ctx context.Context, cfg *config, e env, dry bool) (out purged, err error) {
	log := cfg.logger(e.err)
	x, err := index.Open(ctx, cfg.path("index"), index.Options{Log: log})
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, x.Close()) }()
	d, err := cfg.openDesk(ctx)
	if err != nil {
		return out, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	k := &keeper{cfg: cfg, index: x, desk: d, holder: newHolder(cfg)}
	defer func() { err = errors.Join(err, d.LeaveDuties(context.WithoutCancel(ctx), k.holder)) }()
	if !cfg.Evidence.Off && !dry {
		s, err := evidence.Open(cfg.path("evidence"), evidence.Options{Logger: log})
		if err != nil {
			return out, err
		}
		defer func() { err = errors.Join(err, s.Close()) }()
		k.evidence = s
	}
	now := time.Now()
	return k.purge(ctx, cfg.Retention.expiries(now), true, dry, now)
}

// keeper of this process.
func (a *app) keeper() *keeper {
	k := &keeper{cfg: &a.cfg, index: a.index, desk: a.desk, holder: a.holder}
	if a.evidence != nil {
		k.evidence = a.evidence
	}
	return k
}

func (a *app) servePurge(w http.ResponseWriter, r *http.Request) {
	if a.index == nil {
		answer(w, http.StatusNotFound, "this process has no index")
		return
	}
	now := time.Now()
	out, err := a.keeper().purge(r.Context(), a.cfg.Retention.expiries(now), true, r.URL.Query().Get("dry") == "1", now)
	sendJSON(w, out, err)
}

// Retention looks at unflagged posts often, since their time is short and their
// number large, and at all else now and then.
const (
	purgeEvery    = 10 * time.Minute
	purgeAllEvery = 12 * time.Hour
)

// retain lets go of what is past its time, and folds up the books.
func (a *app) retain(ctx context.Context) error {
	// A purge rewrites files, so it is not done more often than it must.
	every := time.NewTicker(min(purgeEvery, max(time.Duration(a.cfg.Retention.Unflagged)/4, time.Minute)))
	defer every.Stop()
	var all time.Time // when everything was looked at last
	for {
		now := time.Now()
		expire, whole := a.cfg.Retention.expiries(now), now.Sub(all) >= purgeAllEvery
		if !whole {
			expire = expire[:1] // unflagged
		}
		p, err := a.keeper().purge(ctx, expire, whole, false, now)
		if err == nil && whole {
			all = now
		}
		if err == nil {
			_, err = a.ledger.Compact(ctx, now.Add(-time.Duration(a.cfg.Retention.Unflagged)-24*time.Hour))
		}
		switch {
		case ctx.Err() != nil:
			return nil
		case err != nil:
			a.fail("retention", err)
			a.log.Warn("retention will be tried again", "error", err)
		case p.total()+p.Cases > 0:
			a.log.Info("what was past its time is gone", "posts", p.total(), "cases", p.Cases, "captures", p.Captures, "held", p.Held)
		}
		if err == nil {
			a.done("retention", p.total())
			a.metrics.retained("index", p.total())
		}
		select {
		case <-ctx.Done():
			return nil
		case <-every.C:
		}
	}
}
