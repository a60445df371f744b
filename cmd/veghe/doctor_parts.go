package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"log/slog"
	"os"
	"strings"
	"time"

	"veghe"
	"veghe/index/database"
	"veghe/index/desk"
	"veghe/index/sqlite"
	"veghe/stream/embedded"
	"veghe/stream/kafka"
)

func (d *doctor) rules() {
	began := time.Now()
	set, err := loadRules(d.cfg.Rules)
	if err != nil {
		d.fail("rules", "veghe rules check", err)
		return
	}
	from := "built in"
	if d.cfg.Rules != "" {
		from = "from " + d.cfg.Rules
	}
	d.ok("rules", "%d %s, version %s, compiled in %s", len(set.Rules()), from, set.Version(), time.Since(began).Round(time.Millisecond))
}

func (d *doctor) model() {
	if d.cfg.Model == "" {
		return
	}
	if _, err := d.cfg.companion(slog.New(slog.DiscardHandler)); err != nil {
		d.fail("model", "veghe model train makes a new one; without model: veghe runs without", err)
		return
	}
	d.ok("model", "%s can be used", d.cfg.Model)
}

// ourTopics are those the stages read and write.
var ourTopics = []string{veghe.PostsTopic, veghe.AssessmentsTopic, veghe.DeadTopic, veghe.ReviewsTopic, veghe.ChangesTopic, veghe.SourcesTopic, veghe.HistoriesTopic}

func (d *doctor) stream(ctx context.Context) {
	switch {
	case d.cfg.usesKafka():
		d.kafka(ctx)
	case d.stages != allStages:
		d.fail("stream", "name brokers under stream.kafka, or use veghe run", errors.New("stages in several processes need Kafka, and no brokers are named"))
	case d.running != nil:
		d.ok("log", "in use by process %d", d.at.PID)
	default:
		d.embedded()
	}
}

// embedded opens the log as veghe would, which cuts off what a crash left.
func (d *doctor) embedded() {
	if _, err := os.Stat(d.cfg.path("log")); errors.Is(err, fs.ErrNotExist) {
		d.ok("log", "not yet there")
		return
	}
	l, err := embedded.Open(d.cfg.path("log"), embedded.Options{})
	if err != nil {
		d.fail("log", "docs/runbooks/log-damaged.md", whatToDo(&d.cfg, err))
		return
	}
	var size, held int64
	for _, t := range l.Stats() {
		size, held = size+t.Bytes, held+t.Held
	}
	if err := l.Close(); err != nil {
		d.fail("log", "look at the disk", err)
		return
	}
	if held > size/2 && held > 1<<30 {
		d.warn("log", "start the stage that is behind, or see veghe status", "%.1f GB, of which %.1f GB only wait for a stage", float64(size)/1e9, float64(held)/1e9)
		return
	}
	d.ok("log", "can be opened, %.1f MB", float64(size)/1e6)
}

func (d *doctor) kafka(ctx context.Context) {
	const check = "kafka"
	ask, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	k, err := kafka.Open(ask, kafkaConfig(&d.cfg, historyWindow(nil), slog.New(slog.DiscardHandler)))
	if err != nil {
		d.fail(check, "mend stream.kafka", err)
		return
	}
	defer func() { _ = k.Close() }() // nothing was written
	if err := k.Ping(ask); err != nil {
		d.fail(check, "check addresses, firewall, TLS and sign-in; stages wait for the cluster and lose nothing", err)
		return
	}
	c, err := k.Cluster(ask, ourTopics...)
	if err != nil {
		d.fail(check, "the user needs Describe on the topics", err)
		return
	}
	want := d.cfg.Stream.Kafka.Replication
	if want == 0 {
		want = 3
	}
	if len(c.Topics) == 0 && c.Brokers < want {
		d.fail(check, "start more brokers, or set replication for a trial", fmt.Errorf("%d brokers, and topics are to have %d copies", c.Brokers, want))
		return
	}
	d.ok(check, "%d brokers, %d of %d topics made", c.Brokers, len(c.Topics), len(ourTopics))
	for _, t := range c.Topics {
		d.topic(t)
	}
}

func (d *doctor) topic(t kafka.TopicState) {
	check := "topic " + strings.TrimPrefix(t.Name, d.cfg.Stream.Kafka.TopicPrefix)
	switch {
	case t.Leaderless > 0:
		d.fail(check, "bring the brokers back that hold it", fmt.Errorf("%d of %d partitions have no leader", t.Leaderless, t.Partitions))
	case t.Lacking > 0:
		d.warn(check, "see which broker is away", "%d of %d partitions lack a copy that is in sync", t.Lacking, t.Partitions)
	case t.Replicas < 2:
		d.warn(check, "use three brokers and replication: 3, unless this is a trial", "one copy only: a broker that is lost takes posts with it")
	default:
		d.ok(check, "%d partitions, %d copies", t.Partitions, t.Replicas)
	}
}

// stores: the databases, by their schema and, if nobody writes, whole.
func (d *doctor) stores(ctx context.Context) {
	if d.stages.crawl && d.running == nil { // else it is locked, and looked at daily
		d.store(ctx, "frontier", frontierDB)
	}
	if !d.stages.serve {
		return
	}
	d.store(ctx, "index", indexDB)
	if d.cfg.sharesDesk() {
		d.server(ctx)
	} else {
		d.store(ctx, "desk", deskDB)
	}
	d.store(ctx, "ledger", ledgerDB)
	d.trail(ctx)
}

// doctorReads is how long the doctor reads one database.
const doctorReads = time.Minute

func (d *doctor) store(ctx context.Context, check, name string) {
	path := d.cfg.path(name)
	v, err := sqlite.Version(ctx, path)
	if errors.Is(err, fs.ErrNotExist) {
		d.ok(check, "not yet there")
		return
	}
	if err == nil && d.running == nil {
		reading, cancel := context.WithTimeout(ctx, doctorReads)
		err = sqlite.Check(reading, path)
		late := reading.Err() != nil && ctx.Err() == nil
		cancel()
		if late && !sqlite.IsDamaged(err) {
			d.warn(check, "veghe repair reads it through, and changes nothing that is sound", "%s is too large to be read through in %s, schema version %d", name, doctorReads, v)
			return
		}
	}
	if err != nil {
		d.fail(check, "docs/runbooks/VegheDamaged.md", whatToDo(&d.cfg, err))
		return
	}
	d.ok(check, "%s is sound, schema version %d", name, v)
}

// The clocks of nodes decide which review came later and when a claim ends.
const (
	clockOff   = 2 * time.Second
	clockWrong = time.Minute
)

// server: the PostgreSQL of a shared desk.
func (d *doctor) server(ctx context.Context) {
	const check = "database"
	c, err := d.cfg.Desk.Database.server()
	if err != nil {
		d.fail(check, "name a file that this user can read", err)
		return
	}
	ask, cancel := context.WithTimeout(ctx, 20*time.Second)
	defer cancel()
	s, err := database.Look(ask, c)
	if err != nil {
		d.fail(check, "docs/postgres.md says what the desk wants of a server", err)
		return
	}
	d.ok(check, "PostgreSQL %s, schema %s, %d connections of veghe", s.Name, s.Schema, s.Connections)
	if !s.Encrypted && !c.Near() {
		d.warn(check, "set sslmode=verify-full in desk.database.url", "what goes to the server is not encrypted")
	}
	switch off := s.Ahead.Abs(); {
	case off >= clockWrong:
		d.fail("database clock", "let both machines keep time by NTP", fmt.Errorf("the server's clock is %s away from this machine's", s.Ahead.Round(time.Second)))
	case off >= clockOff:
		d.warn("database clock", "let both machines keep time by NTP", "the server's clock is %s away from this machine's", s.Ahead.Round(100*time.Millisecond))
	default:
		d.ok("database clock", "with this machine's")
	}
}

func (d *doctor) trail(ctx context.Context) {
	if !d.cfg.deskIsThere() {
		return
	}
	x, err := d.cfg.openDesk(ctx)
	if err != nil {
		d.fail("audit trail", "use the veghe that wrote it, or a newer one", err)
		return
	}
	h, err := x.Verify(ctx, desk.Head{})
	if err == nil {
		err = d.cfg.wantMoved(ctx, x)
	}
	if err = errors.Join(err, x.Close()); err != nil {
		d.fail("audit trail", "tell who is responsible for it; keep the file as it is", err)
		return
	}
	d.ok("audit trail", "%d events, each follows from the one before", h.Events)
}
