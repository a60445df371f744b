package main

import (
	"bytes"
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"log/slog"
	"net/url"
	"os"
	"slices"
	"strings"
	"time"

	"golang.org/x/sync/errgroup"

	"veghe"
	"veghe/index"
	"veghe/index/desk"
	"veghe/index/links"
	"veghe/index/notify"
)

// notifyConfig says who is told outside of the desk.
type notifyConfig struct {
	// DeskURL is the address of the desk, for links.
	DeskURL  string   `yaml:"desk_url"`
	Digest   duration `yaml:"digest"`   // finds of this time go out together
	Throttle duration `yaml:"throttle"` // a contact or author is told of once in this time
	// Webhooks are addresses that finds are posted to.
	Webhooks []webhookConfig `yaml:"webhooks"`
	// Mail are mailboxes that finds are sent to.
	Mail []mailConfig `yaml:"mail"`
}

type webhookConfig struct {
	Name         string  `yaml:"name"`          // stays the same: it says where delivery goes on after a restart
	URL          string  `yaml:"url"`           // https, or http with allow_private
	SecretFile   string  `yaml:"secret_file"`   // holds the secret that notes are signed with
	AllowPrivate bool    `yaml:"allow_private"` // private addresses too
	Watches      []int64 `yaml:"watches"`       // only of these watches; empty: all
}

type mailConfig struct {
	Name         string   `yaml:"name"`          // stays the same, as for a webhook
	Server       string   `yaml:"server"`        // host:port of the SMTP server
	From         string   `yaml:"from"`          // address of the sender
	To           []string `yaml:"to"`            // addresses of those told
	User         string   `yaml:"user"`          // name at the server; empty: none
	PasswordFile string   `yaml:"password_file"` // holds the password
	TLS          string   `yaml:"tls"`           // starttls (default), tls, or none on this machine only
	Watches      []int64  `yaml:"watches"`       // only of these watches; empty: all
}

// channel is one way to tell people, by a name that stays.
type channel struct {
	name    string
	watches []int64
	notify.Sender
}

func (c channel) wants(watch int64) bool {
	return len(c.watches) == 0 || slices.Contains(c.watches, watch)
}

// channels opens what is configured; errors name the entry.
func (c *notifyConfig) channels() ([]channel, error) {
	var out []channel
	var errs []error
	add := func(kind, name string, watches []int64, s notify.Sender, err error) {
		if name == "" && err == nil {
			err = errors.New("name is empty: it says where delivery goes on after a restart")
		}
		if slices.ContainsFunc(out, func(o channel) bool { return o.name == kind+" "+name }) && err == nil {
			err = errors.New("the name stands twice")
		}
		if err != nil {
			errs = append(errs, fmt.Errorf("notify.%s %q: %w", kind, name, err))
			return
		}
		out = append(out, channel{kind + " " + name, watches, s})
	}
	for _, h := range c.Webhooks {
		secret, err := secretFile(h.SecretFile)
		var s notify.Sender
		if err == nil {
			s, err = notify.NewWebhook(notify.WebhookConfig{URL: h.URL, Secret: secret, AllowPrivate: h.AllowPrivate})
		}
		add("webhooks", h.Name, h.Watches, s, err)
	}
	for _, m := range c.Mail {
		var password []byte
		var err error
		if m.PasswordFile != "" {
			password, err = secretFile(m.PasswordFile)
		}
		var s notify.Sender
		if err == nil {
			s, err = notify.NewMail(notify.MailConfig{
				Server: m.Server, From: m.From, To: m.To, User: m.User, Password: string(password), TLS: notify.TLS(m.TLS),
			})
		}
		add("mail", m.Name, m.Watches, s, err)
	}
	if u, err := url.Parse(c.DeskURL); c.DeskURL != "" && (err != nil || u.Host == "") {
		errs = append(errs, fmt.Errorf("notify.desk_url is %q, want such as https://veghe.example.org", c.DeskURL))
	}
	if c.Digest < 0 || c.Throttle < 0 {
		errs = append(errs, errors.New("notify.digest and throttle: want times such as 10m and 24h"))
	}
	return out, errors.Join(errs...)
}

func secretFile(path string) ([]byte, error) {
	if path == "" {
		return nil, errors.New("secret_file is empty: name a file with the secret")
	}
	b, err := os.ReadFile(path)
	return bytes.TrimSpace(b), err
}

// notifying tells each channel of what watches found, each at its own pace.
func (a *app) notifying(ctx context.Context) error {
	channels, err := a.cfg.Notify.channels()
	if err != nil {
		return err
	}
	g, ctx := errgroup.WithContext(ctx)
	for _, ch := range channels {
		c := a.courier(ch)
		g.Go(func() error {
			every := time.NewTicker(watchEvery)
			defer every.Stop()
			for {
				if err := c.tick(ctx, time.Now().UTC()); err != nil && ctx.Err() == nil {
					a.log.Warn("a channel will be told later", "channel", c.name, "error", err)
				}
				select {
				case <-ctx.Done():
					return nil
				case <-every.C:
				}
			}
		})
	}
	return g.Wait()
}

func (a *app) courier(ch channel) *courier {
	for _, outcome := range []string{noteDelivered, noteFailed, noteRefused} {
		a.metrics.told.WithLabelValues(ch.name, outcome) // a zero to rise from
	}
	return &courier{
		metrics: a.metrics, channel: ch, desk: a.desk, get: a.index.Get, mine: a.keeper().mine, log: a.log, url: strings.TrimSuffix(a.cfg.Notify.DeskURL, "/"),
		digest:   cmp.Or(time.Duration(a.cfg.Notify.Digest), 10*time.Minute),
		throttle: cmp.Or(time.Duration(a.cfg.Notify.Throttle), 24*time.Hour),
	}
}

// courier tells one channel. What was told is kept in the desk's store, so
// that a restart neither loses nor repeats a find; a note that was sent and
// not noted is sent again under the same id.
type courier struct {
	channel
	metrics          *metrics
	desk             *desk.Desk
	mine             func(ctx context.Context, duty string, now time.Time) (bool, error)
	get              func(context.Context, veghe.PostID) (index.Hit, error)
	log              *slog.Logger
	url              string // of the desk, for links
	digest, throttle time.Duration
}

const (
	pendingAtOnce = 2000 // finds that make one note; the next goes out right after
	listed        = 25   // of them by name
	maxBackoff    = time.Hour
	refusedPause  = 6 * time.Hour // after a refusal for good: somebody may have mended it
)

// tick tells the channel of every watch that has something to tell.
func (c *courier) tick(ctx context.Context, now time.Time) error {
	all, err := c.desk.Watches(ctx)
	if err != nil {
		return err
	}
	var errs []error
	var waiting int
	var longest time.Duration
	for _, w := range all {
		if !c.wants(w.ID) {
			continue
		}
		for ctx.Err() == nil {
			more, err := c.deliver(ctx, w, now)
			if err != nil {
				errs = append(errs, fmt.Errorf("watch %d: %w", w.ID, err))
			}
			if !more || err != nil {
				break
			}
		}
		n, since, err := c.waiting(ctx, w.ID, now)
		if err != nil {
			errs = append(errs, fmt.Errorf("watch %d: %w", w.ID, err))
		}
		waiting, longest = waiting+n, max(longest, since)
	}
	c.metrics.waiting(c.name, waiting, longest)
	return errors.Join(append(errs, c.desk.ForgetTold(ctx, now.Add(-c.throttle)))...)
}

// waiting is how many posts of a watch the channel has yet to be told of, and
// how long the oldest is known.
func (c *courier) waiting(ctx context.Context, watch int64, now time.Time) (int, time.Duration, error) {
	v, err := c.desk.DeliveryOf(ctx, c.name, watch)
	if err != nil {
		return 0, 0, err
	}
	n, oldest, err := c.desk.Waiting(ctx, watch, v.Upto, pendingAtOnce)
	if err != nil || n == 0 {
		return 0, 0, err
	}
	return n, now.Sub(oldest), nil
}

// deliver sends at most one note, and reports whether more waits.
func (c *courier) deliver(ctx context.Context, w desk.Watch, now time.Time) (more bool, err error) {
	v, err := c.desk.DeliveryOf(ctx, c.name, w.ID)
	if err != nil || now.Before(v.Next) {
		return false, err
	}
	// Of the nodes that share a desk one tells a channel, until it stops.
	if mine, err := c.mine(ctx, "tell "+c.name, now); err != nil || !mine {
		return false, err
	}
	hits, err := c.desk.Pending(ctx, w.ID, v.Upto, pendingAtOnce)
	if err != nil || len(hits) == 0 || hits[0].At.Add(c.digest).After(now) && len(hits) < pendingAtOnce {
		return false, err
	}
	note, entities, err := c.compose(ctx, w, v, hits, now)
	if err != nil {
		return false, err
	}
	upto := hits[len(hits)-1].N
	if note.Total == 0 { // only repeats: they are counted in the next note
		v.Upto, v.Repeats = upto, note.Repeats
		return len(hits) == pendingAtOnce, c.desk.Delivered(ctx, v, nil, now)
	}
	err = c.Send(ctx, note)
	c.metrics.told.WithLabelValues(c.name, outcomeOf(err)).Inc()
	if err != nil {
		v.Failures++
		v.Problem, v.Next = err.Error(), now.Add(backoff(v.Failures, err))
		return false, errors.Join(err, c.desk.Delivered(context.WithoutCancel(ctx), v, nil, now))
	}
	c.log.Info("a channel was told", "channel", c.name, "watch", w.ID, "posts", note.Total, "repeats", note.Repeats)
	v.Upto, v.Repeats, v.Failures, v.Problem, v.Told = upto, 0, 0, "", now
	return len(hits) == pendingAtOnce, c.desk.Delivered(context.WithoutCancel(ctx), v, entities, now)
}

func outcomeOf(err error) string {
	switch {
	case err == nil:
		return noteDelivered
	case errors.Is(err, notify.ErrRefused):
		return noteRefused
	}
	return noteFailed
}

// backoff doubles from half a minute.
func backoff(failures int, err error) time.Duration {
	if errors.Is(err, notify.ErrRefused) {
		return refusedPause
	}
	return min(maxBackoff, 30*time.Second<<min(failures-1, 10))
}

// compose makes the note of some finds. Whoever was told of lately is counted,
// not listed: nothing is left out without a number.
func (c *courier) compose(ctx context.Context, w desk.Watch, v desk.Delivery, hits []desk.WatchHit, now time.Time) (notify.Note, []string, error) {
	n := notify.Note{
		ID: noteID(c.name, w.ID, v.Upto, hits[len(hits)-1].N), Watch: w.ID, Name: w.Name, At: now, Repeats: v.Repeats, Posts: []notify.Post{},
	}
	if c.url != "" {
		n.Link = fmt.Sprintf("%s/watches/%d", c.url, w.ID)
	}
	only, err := c.sourcesOf(ctx, w.By)
	if err != nil {
		return n, nil, err
	}
	var told []string
	for _, hit := range hits {
		h, err := c.get(ctx, hit.Post)
		if errors.Is(err, index.ErrNotFound) {
			continue // its time was over
		}
		if err != nil {
			return n, nil, err
		}
		if only != nil && !slices.Contains(only, h.Post.Source) {
			continue // not there for the one whose watch it is
		}
		entities := entitiesOf(h)
		repeat := slices.ContainsFunc(entities, func(e string) bool { return slices.Contains(told, e) })
		if !repeat {
			if repeat, err = c.desk.ToldSince(ctx, c.name, w.ID, entities, now.Add(-c.throttle)); err != nil {
				return n, nil, err
			}
		}
		if repeat {
			n.Repeats++
			continue
		}
		told = append(told, entities...)
		n.Total++
		n.Posts = append(n.Posts, c.post(h))
	}
	slices.SortStableFunc(n.Posts, func(a, b notify.Post) int {
		return cmp.Compare(veghe.Severity(b.Severity).Rank(), veghe.Severity(a.Severity).Rank())
	})
	n.Posts = n.Posts[:min(listed, len(n.Posts))]
	return n, told, nil
}

// sourcesOf are the only sources whose posts somebody sees, or nil for all. A
// name without an account is from before there were accounts.
func (c *courier) sourcesOf(ctx context.Context, name string) ([]veghe.SourceID, error) {
	a, err := c.desk.Account(ctx, name)
	if errors.Is(err, desk.ErrNoAccount) {
		return nil, nil
	}
	return a.Sources, err
}

func (c *courier) post(h index.Hit) notify.Post {
	p := notify.Post{
		ID: string(h.Post.ID), Severity: string(h.Assessment.Severity), Label: h.Assessment.Label, Source: string(h.Post.Source), Posted: h.Post.PostedAt,
	}
	if c.url != "" {
		p.Link = c.url + "/posts/" + url.PathEscape(p.ID)
	}
	return p
}

// entitiesOf are the people and things that a post is about, to tell of each
// only once in a while.
func entitiesOf(h index.Hit) []string {
	var out []string
	for _, n := range links.Of(h) {
		out = append(out, n.Kind+"\x1f"+string(n.Source)+"\x1f"+n.Value)
	}
	return out
}

func noteID(channel string, watch, from, to int64) string {
	sum := sha256.Sum256(fmt.Appendf(nil, "%s\x1f%d\x1f%d\x1f%d", channel, watch, from, to))
	return hex.EncodeToString(sum[:12])
}
