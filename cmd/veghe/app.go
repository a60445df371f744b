package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"maps"
	"os"
	"runtime/debug"
	"sync"
	"sync/atomic"
	"time"

	"golang.org/x/sync/errgroup"

	"veghe"
	"veghe/crawler"
	"veghe/crawler/evidence"
	"veghe/detect"
	"veghe/detect/rule"
	"veghe/index"
	"veghe/index/desk"
	"veghe/index/ledger"
	"veghe/stream"
	"veghe/stream/embedded"
	"veghe/stream/kafka"
)

// stages says which stages a process runs.
type stages struct{ crawl, detect, serve bool }

var allStages = stages{crawl: true, detect: true, serve: true}

// Groups read the topics; their names stand in the stream for good.
const (
	groupDetect  = "detect"
	groupIndex   = "index"   // + "-" + node: each serving node has a full index
	groupLedger  = "ledger"  // + "-" + node
	groupReviews = "reviews" // + "-" + node
	groupChanges = "changes" // + "-" + node
)

// app is a running veghe: its stages, and the things they share. Parts that
// the chosen stages do not need are nil.
//
//	crawl ─posts─▶ detect ─assessments─▶ index ◀─ desk
//	                                       │        │
//	                              ledger ◀─┘        └─reviews─▶ index
type app struct {
	cfg     config
	stages  stages
	log     *slog.Logger
	metrics *metrics
	token   string // what collectors and our own commands send
	started time.Time
	holder  string // of duties: this process among those that share a desk

	stream      stream.Log
	embedded    *embedded.Log // the same, when it is the embedded one
	posts       *stream.Topic[veghe.Post]
	assessments *stream.Topic[veghe.Assessed]
	reviews     *stream.Topic[veghe.Review]
	changes     *stream.Topic[veghe.Change]
	canaries    *canaryMetrics
	judge       *canaryJudge // of the detect stage

	crawler   *crawler.Crawler
	evidence  *evidence.Store // nil if none is kept
	engine    *detect.Engine
	histories *histories               // of the engine, durable
	rules     atomic.Pointer[rule.Set] // in force
	tried     string                   // fingerprint of the rules last read; of watchRules
	refused   atomic.Pointer[string]   // why the newest rules are not in force
	index     *index.Index
	desk      *desk.Desk
	ledger    *ledger.Ledger

	ready   atomic.Bool // all parts are open and the stages run
	handled sync.Map    // stage name → *atomic.Int64, records since the start
	failing sync.Map    // stage name → string, what is wrong now

	backingUp sync.Mutex // held while a backup is made
	closers   []func() error
}

// openApp opens everything the stages need. On error everything opened is
// closed again.
func openApp(ctx context.Context, cfg config, st stages, log *slog.Logger) (*app, error) {
	a := &app{cfg: cfg, stages: st, log: log, metrics: newMetrics(thisBuild().Version), started: time.Now(), holder: newHolder(&cfg)}
	a.canaries = newCanaryMetrics(a.metrics.registry, st, cfg.Canary.Off)
	for _, s := range cfg.Sources {
		a.metrics.sources.know(string(s.ID))
	}
	if err := a.open(ctx); err != nil {
		return nil, errors.Join(whatToDo(&cfg, err), a.close())
	}
	for _, g := range a.groups() { // so that an alert on the first one has a zero to rise from
		a.metrics.dead.WithLabelValues(g.topic, g.group)
		a.metrics.stageErrors.WithLabelValues(g.stage)
		a.metrics.stageFailing.WithLabelValues(g.stage)
	}
	return a, nil
}

func (a *app) open(ctx context.Context) error {
	if err := os.MkdirAll(a.cfg.Data, 0o700); err != nil {
		return fmt.Errorf("making the data folder: %w", err)
	}
	release, err := lockData(&a.cfg)
	if err != nil {
		return err
	}
	a.onClose(release)
	if a.token, err = localToken(a.cfg.path("token")); err != nil {
		return err
	}
	if err := a.openRules(); err != nil {
		return err
	}
	if err := a.openStream(ctx); err != nil {
		return err
	}
	for _, part := range []struct {
		wanted bool
		open   func(context.Context) error
	}{{a.stages.serve, a.openIndex}, {a.stages.detect, a.openEngine}, {a.stages.crawl, a.openCrawler}} {
		if part.wanted {
			if err := part.open(ctx); err != nil {
				return err
			}
		}
	}
	return nil
}

// onClose registers what to release; the last opened is closed first.
func (a *app) onClose(f func() error) { a.closers = append(a.closers, f) }

func (a *app) close() error {
	var errs []error
	for len(a.closers) > 0 {
		k := len(a.closers) - 1
		errs = append(errs, a.closers[k]())
		a.closers = a.closers[:k]
	}
	return errors.Join(errs...)
}

// loadRules reads and compiles the rules of a folder, or those built in, to
// run them: they come without their examples.
func loadRules(folder string) (*rule.Set, error) { return compileRules(folder, rule.LoadToRun) }

// loadRulesWhole is loadRules with the examples.
func loadRulesWhole(folder string) (*rule.Set, error) { return compileRules(folder, rule.Load) }

func compileRules(folder string, load func(fs.FS) (*rule.Pack, error)) (*rule.Set, error) {
	if folder != "" {
		if fi, err := os.Stat(folder); err != nil || !fi.IsDir() {
			return nil, withHint(fmt.Errorf("no folder of rules at %s", folder), "copy the rules folder of the repository as a start")
		}
	}
	pack, err := load(rulesFS(folder))
	if err != nil {
		return nil, withHint(fmt.Errorf("the rules cannot be used:\n%w", err), "veghe rules check shows every problem; rules/README.md says how rules are written")
	}
	set, err := rule.Compile(pack)
	// Reading leaves more behind than the set is large, and a program that has
	// just started, or waits for the next change of its rules, may keep that
	// for long.
	debug.FreeOSMemory()
	return set, err
}

func (a *app) openRules() error {
	a.tried = rulesFingerprint(a.cfg.Rules)
	set, err := loadRules(a.cfg.Rules)
	if err != nil {
		return err
	}
	a.rules.Store(set)
	return nil
}

func (a *app) openStream(ctx context.Context) error {
	if a.cfg.usesKafka() {
		k, err := kafka.Open(ctx, kafkaConfig(&a.cfg, historyWindow(a.rules.Load().Policies()), a.log))
		if err != nil {
			return fmt.Errorf("opening the stream: %w", err)
		}
		a.stream = k
	} else {
		if a.stages != allStages {
			return withHint(errors.New("stages in several processes need Kafka"), "name brokers under stream.kafka, or use veghe run, which has all stages in one process")
		}
		l, err := embedded.Open(a.cfg.path("log"), embeddedOptions(&a.cfg, historyWindow(a.rules.Load().Policies()), a.log))
		if err != nil {
			return fmt.Errorf("opening the log: %w", err)
		}
		a.stream, a.embedded = l, l
	}
	a.onClose(a.stream.Close)
	a.posts = postsTopic(a.stream, a.log)
	a.posts.OnDead = a.onDead(veghe.PostsTopic)
	a.assessments = &stream.Topic[veghe.Assessed]{
		Log: a.stream, Name: veghe.AssessmentsTopic, Dead: veghe.DeadTopic, Logger: a.log, Format: streamFormat,
		Encode: (*veghe.Assessed).Encode, Decode: (*veghe.Assessed).Decode,
		Key:     func(v *veghe.Assessed) string { return v.Post.Key() },
		Headers: assessedHeaders, OnDead: a.onDead(veghe.AssessmentsTopic),
	}
	a.reviews = &stream.Topic[veghe.Review]{
		Log: a.stream, Name: veghe.ReviewsTopic, Dead: veghe.DeadTopic, Logger: a.log, Format: streamFormat,
		Key: func(v *veghe.Review) string { return string(v.Post) }, OnDead: a.onDead(veghe.ReviewsTopic),
	}
	a.changes = changesTopic(a.stream, a.log)
	a.changes.OnDead = a.onDead(veghe.ChangesTopic)
	return nil
}

func (a *app) onDead(topic string) func(string, int) {
	return func(group string, n int) { a.metrics.dead.WithLabelValues(topic, group).Add(float64(n)) }
}

func embeddedOptions(c *config, window time.Duration, log *slog.Logger) embedded.Options {
	return embedded.Options{
		Logger:    log,
		Retention: embedded.Retention{Age: time.Duration(c.Retention.Unflagged), Bytes: c.Stream.Embedded.RetainBytes},
		Topics:    map[string]embedded.TopicOptions{veghe.HistoriesTopic: {Retention: &embedded.Retention{Age: window}}},
	}
}

func kafkaConfig(c *config, window time.Duration, log *slog.Logger) kafka.Config {
	k := c.Stream.Kafka
	k.Logger = log
	if k.Retention.Age == 0 {
		k.Retention.Age = time.Duration(c.Retention.Unflagged)
	}
	k.Topics = maps.Clone(k.Topics)
	if k.Topics == nil {
		k.Topics = map[string]kafka.Retention{}
	}
	r := k.Topics[veghe.HistoriesTopic]
	r.Age, r.Compact = cmp.Or(r.Age, window), true
	k.Topics[veghe.HistoriesTopic] = r
	r = k.Topics[veghe.SourcesTopic]
	r.Age, r.Compact = cmp.Or(r.Age, switchesStay), true
	k.Topics[veghe.SourcesTopic] = r
	return k
}

// Headers that can be read without decoding the value.
const (
	headerID     = "id"
	headerSource = "source"
	headerRules  = "rules" // version of the rules that judged
)

// streamFormat is the version of what stands on the stream. A field more needs
// no new one: older stages pass it on.
const streamFormat = 1

func postsTopic(l stream.Log, log *slog.Logger) *stream.Topic[veghe.Post] {
	return &stream.Topic[veghe.Post]{
		Log: l, Name: veghe.PostsTopic, Dead: veghe.DeadTopic, Logger: log, Format: streamFormat,
		Encode: (*veghe.Post).Encode, Decode: (*veghe.Post).Decode,
		Key:     func(p *veghe.Post) string { return p.Key() },
		Headers: func(p *veghe.Post) []stream.Header { return idHeaders(p) },
	}
}

// A canary has no id there: what keeps account by id never sees it.
func idHeaders(p *veghe.Post) []stream.Header {
	if p.Source == veghe.Canary {
		return []stream.Header{{Name: headerSource, Value: []byte(p.Source)}}
	}
	return []stream.Header{{Name: headerID, Value: []byte(p.ID)}, {Name: headerSource, Value: []byte(p.Source)}}
}

func assessedHeaders(v *veghe.Assessed) []stream.Header {
	return append(idHeaders(&v.Post), stream.Header{Name: headerRules, Value: []byte(v.Assessment.RulesVersion)})
}

func (a *app) openIndex(ctx context.Context) error {
	x, err := index.Open(ctx, a.cfg.path("index"), index.Options{Log: a.log})
	if err != nil {
		return fmt.Errorf("opening the index: %w", err)
	}
	a.index = x
	a.onClose(x.Close)
	if err := os.MkdirAll(a.cfg.path("desk"), 0o700); err != nil {
		return err
	}
	if a.desk, err = a.cfg.openDesk(ctx); err != nil {
		return fmt.Errorf("opening the desk's store: %w", err)
	}
	a.onClose(a.desk.Close)
	a.onClose(a.leaveDuties)
	if err := a.cfg.wantMoved(ctx, a.desk); err != nil {
		return err
	}
	if a.ledger, err = ledger.Open(ctx, a.cfg.path("ledger"), nil); err != nil {
		return fmt.Errorf("opening the ledger: %w", err)
	}
	a.onClose(a.ledger.Close)
	return nil
}

// openEngine also takes back what authors have shown before the last stop.
func (a *app) openEngine(ctx context.Context) error {
	languages, second, err := newLanguages(a.cfg.Language.SecondOpinion)
	if err != nil {
		return err
	}
	if second != nil {
		a.onClose(second.Close)
	}
	companion, err := a.cfg.companion(a.log)
	if err != nil {
		return err
	}
	a.engine = detect.New(detect.Options{Rules: a.rules.Load(), Languages: languages, Region: a.cfg.Language.Region, HistoryBytes: a.cfg.History.MaxBytes, Model: companion})
	a.judge = &canaryJudge{languages: languages, region: a.cfg.Language.Region}
	if err := a.loadClusters(); err != nil {
		return err
	}
	a.onClose(a.saveClusters)
	a.histories = newHistories(a)
	return a.histories.restore(ctx)
}

func (a *app) openCrawler(context.Context) error {
	if err := a.openEvidence(); err != nil {
		return err
	}
	cfg := crawler.Config{
		Operator: a.cfg.Crawler.Operator, Contact: a.cfg.Crawler.Contact, Sources: a.cfg.Sources,
		Dir: a.cfg.path("frontier"), Version: thisBuild().Version, Logger: a.log, OnVisit: a.onVisit,
		Changes: a.tellChanges,
	}
	if a.evidence != nil {
		cfg.Evidence = a.evidence
	}
	c, err := crawler.New(cfg)
	if err != nil {
		return fmt.Errorf("opening the crawler: %w", err)
	}
	a.crawler = c
	a.onClose(c.Close)
	return nil
}

func (a *app) onVisit(v crawler.Visit) {
	source := a.metrics.sources.label(string(v.Source))
	a.metrics.visits.WithLabelValues(source, string(v.Outcome)).Inc()
	a.metrics.pageBytes.WithLabelValues(source).Add(float64(v.Bytes))
	if v.Home {
		a.metrics.homePages.WithLabelValues(source).Inc()
		a.metrics.homePosts.WithLabelValues(source).Add(float64(v.Found))
	}
	a.metrics.edited.WithLabelValues(source).Add(float64(v.Edited))
	a.metrics.visit.WithLabelValues().Observe(v.Took.Seconds())
}

// run runs the stages until ctx ends or one of them cannot go on.
func (a *app) run(ctx context.Context) error {
	g, ctx := errgroup.WithContext(ctx)
	start := func(name string, f func(context.Context) error) {
		g.Go(func() error {
			if err := f(ctx); err != nil {
				return fmt.Errorf("%s: %w", name, err)
			}
			return nil
		})
	}
	if a.crawler != nil {
		start("crawl", a.crawl)
		start("sources", a.shareSources)
		if !a.cfg.Canary.Off {
			start("canaries", a.sendCanaries)
		}
	}
	if a.evidence != nil {
		start("evidence", a.keeping)
		start("evidence retention", a.retainEvidence)
	}
	if a.engine != nil {
		start("detect", a.detect)
		start("clusters", a.keepClusters)
	}
	if a.index != nil {
		start("index", a.indexing)
		start("ledger", a.bookkeeping)
		start("dead letters", a.bookkeepingDead)
		start("reviews", a.applyReviews)
		start("changes", a.applyChanges)
		start("retention", a.retain)
		start("desk", a.following)
		start("watches", a.watching)
		start("notes", a.notifying)
		start("audit", a.noteHeads)
	}
	if a.index != nil || a.crawler != nil {
		start("scrub", a.scrub)
	}
	start("metrics", a.watchGauges)
	start("rules", a.watchRules)
	a.ready.Store(true)
	defer a.ready.Store(false)
	return g.Wait()
}
