package main

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/index"
	"veghe/index/desk"
)

// retentionConfig is how long posts stay, by what was made of them. All but
// Unflagged are kept for good when 0. A post in a case stays with the case.
type retentionConfig struct {
	// Unflagged posts are gone after this time, from log and index.
	Unflagged duration `yaml:"unflagged"`
	// NotRelevant is for flagged posts that somebody decided are not relevant;
	// 0 keeps them for good.
	NotRelevant duration `yaml:"not_relevant"`
	// Flagged is for flagged posts on which nobody decided, or was unsure.
	Flagged duration `yaml:"flagged"`
	// Relevant is for posts that somebody decided are relevant.
	Relevant duration `yaml:"relevant"`
	// ClosedCases is how long after its last change a closed case goes, with all
	// that was written in it; its posts are then those of their class.
	ClosedCases duration `yaml:"closed_cases"`
}

func (c *retentionConfig) validate() error {
	var errs []error
	if c.Unflagged <= 0 {
		errs = append(errs, fmt.Errorf("retention.unflagged is %v, want a time such as 7d", time.Duration(c.Unflagged)))
	}
	for name, d := range map[string]duration{"not_relevant": c.NotRelevant, "flagged": c.Flagged, "relevant": c.Relevant, "closed_cases": c.ClosedCases} {
		if d < 0 {
			errs = append(errs, fmt.Errorf("retention.%s is %v, want a time such as 365d, or 0 for good", name, time.Duration(d)))
		}
		if name != "closed_cases" && d > 0 && d < c.Unflagged {
			errs = append(errs, fmt.Errorf("retention.%s is shorter than retention.unflagged: the stream keeps copies for that long", name))
		}
	}
	return errors.Join(errs...)
}

func (c *retentionConfig) of(class index.Class) time.Duration {
	return time.Duration(map[index.Class]duration{
		index.Unflagged: c.Unflagged, index.NotRelevant: c.NotRelevant, index.Flagged: c.Flagged, index.Relevant: c.Relevant,
	}[class])
}

// expiries are the classes that do not stay for good.
func (c *retentionConfig) expiries(now time.Time) (out []index.Expiry) {
	for _, class := range index.Classes {
		if d := c.of(class); d > 0 {
			out = append(out, index.Expiry{Class: class, Before: now.Add(-d)})
		}
	}
	return out
}

// keeper deletes what is due and what somebody has a right to have deleted. It
// is the one place that knows all places where a post is kept.
type keeper struct {
	cfg      *config
	index    *index.Index
	desk     *desk.Desk
	holder   string         // of duties
	evidence evidenceEraser // nil: captures are kept by another process, or by none
}

// purged is what a purge did, or would do.
type purged struct {
	Dry      bool                `json:"dry_run"`
	Posts    map[index.Class]int `json:"posts"`
	Cases    int                 `json:"cases"`
	Captures int                 `json:"captures"`
	Held     int                 `json:"held"` // due, and kept by a legal hold
	Holds    int                 `json:"holds"`
	Records  []int64             `json:"records"` // numbers of the records of deletion
}

func (p *purged) total() (n int) {
	for _, x := range p.Posts {
		n += x
	}
	return n
}

// removal is what went of one class.
type removal struct {
	ids  []veghe.PostID
	refs []string // captures of flagged ones
}

// purge deletes what is due of some classes.
func (k *keeper) purge(ctx context.Context, expire []index.Expiry, cases, dry bool, now time.Time) (purged, error) {
	out := purged{Dry: dry, Posts: map[index.Class]int{}, Records: []int64{}}
	holds, err := k.desk.InForce(ctx, now)
	if err != nil {
		return out, err
	}
	out.Holds = len(holds)
	if cases {
		if err := k.purgeCases(ctx, holds, &out, now); err != nil {
			return out, err
		}
	}
	// What is in a case since a moment ago, wherever that was done, stays.
	if _, err := k.level(ctx, true); err != nil {
		return out, err
	}
	held := map[veghe.PostID]bool{}
	gone := map[index.Class]*removal{}
	out.Posts, err = k.index.Retain(ctx, index.Retention{
		Expire: expire, Dry: dry,
		Held: func(h index.Hit) bool {
			is := isHeld(holds, h)
			if is {
				held[h.Post.ID] = true
			}
			return is
		},
		Gone: func(c index.Class, hits []index.Hit) error {
			if gone[c] == nil {
				gone[c] = &removal{}
			}
			for _, h := range hits {
				gone[c].ids = append(gone[c].ids, h.Post.ID)
				if h.Post.Evidence != "" && c != index.Unflagged {
					gone[c].refs = append(gone[c].refs, h.Post.Evidence)
				}
			}
			return nil
		},
	})
	out.Held = len(held)
	// What is gone is recorded also when the rest failed.
	return out, errors.Join(err, k.record(context.WithoutCancel(ctx), gone, &out, now))
}

func isHeld(holds []desk.Hold, h index.Hit) bool {
	return slices.ContainsFunc(holds, func(x desk.Hold) bool { return x.Holds(h.Post, h.Assessment.Contacts) })
}

// record notes what went, and lets the captures of flagged posts go with them.
func (k *keeper) record(ctx context.Context, gone map[index.Class]*removal, out *purged, now time.Time) error {
	var errs []error
	var refs []string
	for _, class := range index.Classes {
		r := gone[class]
		if r == nil || len(r.ids) == 0 {
			continue
		}
		why := fmt.Sprintf("collected before %s", now.Add(-k.cfg.Retention.of(class)).UTC().Format(time.RFC3339))
		if k.cfg.sharesDesk() { // each node deletes from an index of its own
			why += ", at node " + k.cfg.Node
		}
		d, err := k.desk.AddDeletion(ctx, desk.Deletion{At: now, Class: string(class), Why: why}, r.ids, class != index.Unflagged, false)
		errs = append(errs, err)
		out.Records = append(out.Records, d.N)
		refs = append(refs, r.refs...)
	}
	n, err := k.eraseCaptures(ctx, refs)
	out.Captures += n
	return errors.Join(append(errs, err)...)
}

// eraseCaptures removes captures that no post that stays needs.
func (k *keeper) eraseCaptures(ctx context.Context, refs []string) (int, error) {
	if k.evidence == nil || len(refs) == 0 {
		return 0, nil
	}
	used, err := k.index.EvidenceUsed(ctx, refs)
	if err != nil {
		return 0, err
	}
	refs = slices.DeleteFunc(refs, func(r string) bool { return used[r] })
	p, err := k.evidence.Erase(ctx, refs...)
	return p.Captures, err
}

// purgeCases removes old closed cases. Their posts become those of their class.
func (k *keeper) purgeCases(ctx context.Context, holds []desk.Hold, out *purged, now time.Time) error {
	after := time.Duration(k.cfg.Retention.ClosedCases)
	if after <= 0 {
		return nil
	}
	old, err := k.desk.OldCases(ctx, now.Add(-after), holds)
	if err != nil {
		return err
	}
	out.Cases = len(old)
	if out.Dry || len(old) == 0 {
		return nil
	}
	if mine, err := k.mine(ctx, "closed cases", now); err != nil || !mine {
		out.Cases = 0 // another node does it
		return err
	}
	for _, id := range old {
		posts, err := k.desk.DeleteCase(ctx, id)
		if err != nil {
			return err
		}
		for _, p := range posts {
			if err := (casebook{k.desk, k.index}).tell(ctx, p); err != nil {
				return err
			}
		}
		d, err := k.desk.AddDeletion(ctx, desk.Deletion{At: now, Class: "case", Why: "case " + id + ", closed and unchanged for " + days(after)}, nil, false, false)
		if err != nil {
			return err
		}
		out.Records = append(out.Records, d.N)
	}
	return nil
}

func days(d time.Duration) string { return fmt.Sprintf("%d days", int(d.Hours()/24)) }

// heldEvidence lists the captures of posts that a hold names, so that they
// stay too. A hold of a source or a contact may name many.
func (k *keeper) heldEvidence(ctx context.Context, now time.Time) (refs []string, err error) {
	holds, err := k.desk.InForce(ctx, now)
	if err != nil {
		return nil, err
	}
	for _, h := range holds {
		field := string(h.Kind)
		switch h.Kind {
		case desk.HoldCase: // CaseEvidence has them
			continue
		case desk.HoldPost:
			field = "id"
		}
		hits, err := k.index.All(ctx, field+`:"`+strings.ReplaceAll(h.Value, `"`, " ")+`"`, maxPerson)
		if err != nil {
			return nil, fmt.Errorf("hold %d: %w", h.ID, err)
		}
		for _, x := range hits {
			if x.Post.Evidence != "" {
				refs = append(refs, x.Post.Evidence)
			}
		}
	}
	return refs, nil
}
