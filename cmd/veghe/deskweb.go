package main

import (
	"context"
	"crypto/rand"
	"errors"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"time"

	"veghe"
	"veghe/crawler"
	"veghe/detect"
	"veghe/detect/cluster"
	"veghe/detect/rule"
	"veghe/index"
	"veghe/index/desk"
	"veghe/index/web"
)

// autoSignIn reports whether the desk signs its visitor in by itself until
// there is an account: only when nobody but this machine can reach it.
func (a *app) autoSignIn() bool { return !reachable(a.cfg.Listen) }

// deskHandler is the desk over this process's index, store and stream.
func (a *app) deskHandler(look deskLook) (http.Handler, error) {
	key, err := a.desk.Secret(context.Background(), "pseudonyms")
	if err != nil {
		return nil, err
	}
	external, err := a.cfg.Desk.provider()
	if err != nil {
		return nil, err
	}
	proxies, err := a.cfg.Desk.proxies()
	if err != nil {
		return nil, err
	}
	return web.New(web.Config{
		Search: a.index, Versions: a.index.Versions, Reviews: reviewer{a}, Audit: a.audit, Ingest: a.collect,
		Cases: casebook{a.desk, a.index}, Watches: a.desk, Marks: a.desk, Work: a.desk, Batch: a.desk.Batch, Identify: identify(a.cfg.Language.Region),
		Status: a.deskStatus, Rules: func() []web.RuleInfo { return ruleInfos(a.rules.Load()) },
		Precisions: func(ctx context.Context) ([]desk.Precision, error) { return a.desk.Precisions(ctx, time.Now()) },
		Sources:    a.cfg.sourceWords, Explain: func(v veghe.Assessed) []web.Sum { return explainSums(a.rules.Load().Policies(), v) },
		Otherwise: func(v veghe.Assessed) ([]web.Otherwise, bool) { return otherwise(a.rules.Load().Policies(), v) },
		Rates:     a.index.Rates, Template: alignTexts,
		Lab: newLaboratory(a), Proposals: a.desk, Exceptions: func() []web.ExceptionInfo { return exceptionInfos(a.rules.Load()) },
		Office: a.cfg.Crawler.Operator, Evidence: a.evidencePack(),
		Token: a.token, AutoSignIn: a.autoSignIn() && external == nil, Accounts: a.desk, Trail: a.desk, Keeper: a.keeper(),
		OIDC: external, SecondFactor: a.cfg.Desk.SecondFactor == "required", Sessions: a.cfg.Desk.lives(), Proxies: proxies,
		Notice: look.notice, NoSources: len(a.cfg.Sources) == 0, PseudonymKey: key,
		Logger: a.log, Version: thisBuild().Version, OnRequest: a.onRequest,
	})
}

func (a *app) onRequest(route string, status int, took time.Duration) {
	a.metrics.requests.WithLabelValues(route, strconv.Itoa(status)).Observe(took.Seconds())
}

// audit enters what someone did into the hash-chained trail.
func (a *app) audit(ctx context.Context, ev web.Event) error {
	_, err := a.desk.Record(ctx, desk.Event{At: ev.At, Who: ev.By, Action: string(ev.Action), Object: ev.Object, Reason: ev.Detail})
	return err
}

// reviewer makes decisions durable in the stream, where every node reads
// them, and applies them here at once.
type reviewer struct{ a *app }

func (r reviewer) Review(ctx context.Context, v veghe.Review) error {
	if v.ID == "" {
		v.ID = rand.Text()
	}
	if err := r.a.reviews.Publish(ctx, v); err != nil {
		return err
	}
	return r.a.applyReview(ctx, v)
}

func (r reviewer) Reviews(ctx context.Context, id veghe.PostID) ([]veghe.Review, error) {
	return r.a.desk.Reviews(ctx, id)
}

// applyReview is idempotent: the same review comes here and by the stream. A
// review of a post that is not here (yet) is kept all the same.
func (a *app) applyReview(ctx context.Context, v veghe.Review) error {
	hit, err := a.index.Get(ctx, v.Post)
	if err != nil && !errors.Is(err, index.ErrNotFound) {
		return err
	}
	added, err := a.desk.AddReview(ctx, v, firedRules(hit.Assessment))
	if err != nil {
		return err
	}
	if added {
		a.metrics.tookReview(v, hit)
	}
	newest, err := a.desk.Decision(ctx, v.Post)
	if err != nil {
		return err
	}
	err = a.index.SetReview(ctx, v.Post, newest)
	if errors.Is(err, index.ErrNotFound) {
		return nil
	}
	return err
}

func firedRules(as veghe.Assessment) []veghe.RuleID {
	var out []veghe.RuleID
	for _, f := range as.Findings {
		if !slices.Contains(out, f.Rule) {
			out = append(out, f.Rule)
		}
	}
	return out
}

func ruleInfos(set *rule.Set) []web.RuleInfo {
	var out []web.RuleInfo
	for _, r := range set.Rules() {
		out = append(out, web.RuleInfo{
			Indicator: r.Indicator, Rule: r.ID, Title: r.Title, Category: r.Category, Family: r.Family,
			Strength: string(r.Strength), Weight: r.Weight, Status: string(r.Status), Why: r.Why, FalsePositives: r.FalsePositives,
		})
	}
	return out
}

func explainSums(policies []rule.Policy, v veghe.Assessed) []web.Sum {
	var out []web.Sum
	for _, s := range detect.Explain(policies, v.Assessment) {
		w := web.Sum{Category: s.Category, Prior: s.Prior, Evasion: s.Evasion, LogOdds: s.LogOdds, Score: s.Score, Gate: gateOf(s.Gate)}
		for _, f := range s.Families {
			w.Families = append(w.Families, web.FamilySum{Family: f.Name, Raw: f.Raw, Capped: f.Capped})
		}
		out = append(out, w)
	}
	return out
}

func gateOf(g detect.Gate) web.Gate {
	return web.Gate{
		State: string(g.State), Strong: g.Strong, Medium: g.Medium, Weak: g.Weak, Sum: g.Sum, Needed: g.Needed,
		Families: g.Families, Wanted: g.Wanted, WantedIfGrave: g.WantedIfGrave, By: g.By,
	}
}

func otherwise(policies []rule.Policy, v veghe.Assessed) (out []web.Otherwise, ok bool) {
	all, ok := detect.Without(policies, v.Assessment)
	for _, o := range all {
		out = append(out, web.Otherwise{Without: o.Without, Flagged: o.Flagged, Severity: o.Severity})
	}
	return out, ok
}

// alignTexts says what texts made from one template share.
func alignTexts(texts []string) (out []web.TemplatePiece) {
	for _, p := range cluster.Template(texts) {
		w := web.TemplatePiece{Text: p.Text, Slot: p.Slot}
		for _, v := range p.Values {
			w.Values = append(w.Values, web.TemplateValue{Text: v.Text, Count: v.Count})
		}
		out = append(out, w)
	}
	return out
}

// deskStatus is the status page's form of status.
func (a *app) deskStatus(ctx context.Context) (web.Status, error) {
	st, err := a.status(ctx)
	if err != nil {
		return web.Status{}, err
	}
	out := web.Status{RulesVersion: st.Rules.Version, RulesLoaded: st.Rules.Count, Started: st.Started}
	if st.Index != nil {
		out.Indexed = uint64(max(0, st.Index.Posts))
	}
	for _, s := range st.Stages {
		out.Stages = append(out.Stages, web.StageStatus{
			Name: s.Name, Healthy: s.Failing == "", Behind: s.Behind, Handled: s.Handled, Detail: s.Failing,
			Oldest: time.Duration(s.OldestSeconds * float64(time.Second)),
		})
	}
	out.Sources = sourceStatuses(&a.cfg, st)
	if a.index == nil {
		return out, nil
	}
	res, err := a.index.Search(ctx, index.Query{Size: 1, Facets: []string{"source"}})
	for _, c := range res.Facets["source"] {
		for i := range out.Sources {
			if string(out.Sources[i].ID) == c.Value {
				out.Sources[i].Flagged = int64(c.Count)
			}
		}
	}
	return out, err
}

// deskState is the desk's word for how a source is.
func deskState(s *crawler.Stats, now time.Time) string {
	state, _, _ := strings.Cut(stateOf(s, now).State, " until")
	return strings.ReplaceAll(state, " ", "_")
}

// sourceStatuses joins what is configured, what was visited and what is
// accounted for; imported posts may name sources that are none of ours.
func sourceStatuses(cfg *config, st status) []web.SourceStatus {
	var ids []veghe.SourceID
	rows := map[veghe.SourceID]*web.SourceStatus{}
	row := func(id veghe.SourceID) *web.SourceStatus {
		if rows[id] == nil {
			ids = append(ids, id)
			rows[id] = &web.SourceStatus{Source: veghe.Source{ID: id}}
		}
		return rows[id]
	}
	for _, s := range cfg.sourceWords() {
		row(s.ID).Source = s
	}
	for _, l := range st.Accounting {
		r := row(l.Source)
		r.Collected, r.Assessed, r.Dead, r.InFlight = int64(l.Collected), int64(l.Assessed), int64(l.Dead), int64(l.InFlight)
	}
	for _, s := range st.Sources {
		r := row(s.Source)
		r.LastSuccess, r.Pages, r.LastNew, r.OpensAt = s.LastSuccess, s.Pages, s.LastNew, s.OpensAt
		r.State, r.PerPage, r.Usual = deskState(&s, time.Now()), s.PerPage, s.Usual
		r.Gone, r.Disallowed = s.Gone, s.Outcomes[crawler.Robots]
		if c := s.RobotsChange; c != nil {
			r.RobotsChanged, r.RobotsAdded, r.RobotsRemoved, r.RobotsMore = c.At, c.Added, c.Removed, c.MoreAdded+c.MoreRemoved
		}
		if s.LastErrorAt.After(s.LastSuccess) {
			r.LastError, r.LastErrorAt = s.LastError, s.LastErrorAt
		}
		for outcome, n := range s.Outcomes {
			if outcome != "ok" && outcome != "not_modified" && outcome != "robots" {
				r.Errors += n
			}
		}
	}
	out := make([]web.SourceStatus, len(ids))
	for i, id := range ids {
		out[i] = *rows[id]
	}
	return out
}
