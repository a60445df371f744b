package main

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index"
	"veghe/index/desk"
	"veghe/index/desk/desktest"
	"veghe/index/notify"
)

// mailbox takes notes, or fails.
type mailbox struct {
	notes []notify.Note
	err   error
}

func (m *mailbox) Send(_ context.Context, n notify.Note) error {
	if m.err != nil {
		return m.err
	}
	m.notes = append(m.notes, n)
	return nil
}

// newsroom is a courier over a real store and posts in memory: post i is by
// the author that by names.
func newsroom(t *testing.T) (*courier, *mailbox, func(at time.Time, by ...string)) {
	t.Helper()
	d := desktest.Open(t, t.TempDir())
	noon := time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	w, err := d.AddWatch(t.Context(), "Drivers", "driver", "ana", noon)
	if err != nil {
		t.Fatal(err)
	}
	posts := map[veghe.PostID]index.Hit{}
	box := &mailbox{}
	c := &courier{
		channel: channel{name: "mail duty", Sender: box}, metrics: newMetrics("test"), desk: d, log: slog.New(slog.DiscardHandler), url: "https://desk.example.org",
		mine:   (&keeper{desk: d, holder: "this node"}).mine,
		digest: 10 * time.Minute, throttle: 24 * time.Hour,
		get: func(_ context.Context, id veghe.PostID) (index.Hit, error) {
			h, ok := posts[id]
			if !ok {
				return h, index.ErrNotFound
			}
			return h, nil
		},
	}
	return c, box, func(at time.Time, by ...string) {
		t.Helper()
		var ids []veghe.PostID
		for _, author := range by {
			id := veghe.PostID(fmt.Sprintf("p%d", len(posts)))
			posts[id] = index.Hit{
				Post:       veghe.Post{ID: id, Source: "board", Author: veghe.AuthorID(author), Text: "words that never leave"},
				Assessment: veghe.Assessment{Severity: veghe.High},
			}
			ids = append(ids, id)
		}
		if _, err := d.WatchSaw(t.Context(), "node", w.ID, int64(len(posts)), ids, at); err != nil {
			t.Fatal(err)
		}
	}
}

// Finds wait for the digest and go out together; who was told of lately is
// counted, in the next note at the latest; nothing goes out twice.
func TestCourier(t *testing.T) {
	c, box, found := newsroom(t)
	at := time.Date(2026, 11, 24, 13, 0, 0, 0, time.UTC)
	tick := func(after time.Duration, want int) {
		t.Helper()
		if err := c.tick(t.Context(), at.Add(after)); err != nil {
			t.Fatal(err)
		}
		if len(box.notes) != want {
			t.Fatalf("%d notes after %v, want %d", len(box.notes), after, want)
		}
	}
	found(at, "ana", "dan", "ana")
	tick(5*time.Minute, 0)
	found(at.Add(6*time.Minute), "eva")
	tick(10*time.Minute, 1)
	if n := box.notes[0]; n.Total != 3 || n.Repeats != 1 || n.Link != "https://desk.example.org/watches/1" || n.Posts[0].Link != "https://desk.example.org/posts/p0" {
		t.Errorf("the first note is %+v", n)
	}
	tick(11*time.Minute, 1)
	found(at.Add(time.Hour), "ana", "dan") // told of already
	tick(2*time.Hour, 1)
	found(at.Add(3*time.Hour), "gil")
	tick(4*time.Hour, 2)
	if n := box.notes[1]; n.Total != 1 || n.Repeats != 2 {
		t.Errorf("the second note is %+v", n)
	}
	found(at.Add(30*time.Hour), "ana") // a day later she is news again
	tick(31*time.Hour, 3)
	for _, n := range box.notes {
		if strings.Contains(fmt.Sprint(n), "words that never leave") || strings.Contains(fmt.Sprint(n), "ana") {
			t.Errorf("a note says too much: %+v", n)
		}
	}
}

// What the account of a watch may not see is not told of, nor counted.
func TestCourierKeepsToSources(t *testing.T) {
	for _, tt := range []struct {
		name    string
		sources []veghe.SourceID
		want    int // notes
	}{
		{"all", nil, 1},
		{"the source", []veghe.SourceID{"board", "forum"}, 1},
		{"another", []veghe.SourceID{"forum"}, 0},
		{"none", []veghe.SourceID{}, 0},
	} {
		t.Run(tt.name, func(t *testing.T) {
			c, box, found := newsroom(t)
			at := time.Date(2026, 11, 24, 13, 0, 0, 0, time.UTC)
			if err := c.desk.AddAccount(t.Context(), desk.Account{Name: "ana", Roles: []desk.Role{desk.Investigator}, Sources: tt.sources}, at); err != nil {
				t.Fatal(err)
			}
			found(at, "dan")
			if err := c.tick(t.Context(), at.Add(time.Hour)); err != nil {
				t.Fatal(err)
			}
			if len(box.notes) != tt.want {
				t.Errorf("%d notes, want %d", len(box.notes), tt.want)
			}
		})
	}
}

// What could not be sent is sent later, under the same id, once; meanwhile the
// metrics say how much waits, and since when.
func TestCourierTriesAgain(t *testing.T) {
	c, box, found := newsroom(t)
	at := time.Date(2026, 11, 24, 13, 0, 0, 0, time.UTC)
	found(at, "ana")
	box.err = errors.New("connection refused")
	var waits []time.Duration
	now := at.Add(10 * time.Minute)
	for range 4 {
		if err := c.tick(t.Context(), now); err == nil {
			t.Fatal("a failure was kept quiet")
		}
		v, err := c.desk.DeliveryOf(t.Context(), c.name, 1)
		if err != nil || v.Problem != "connection refused" {
			t.Fatalf("%+v, %v", v, err)
		}
		waits = append(waits, v.Next.Sub(now))
		if err := c.tick(t.Context(), now.Add(time.Second)); err != nil {
			t.Errorf("tried too early: %v", err)
		}
		now = v.Next
	}
	if n, oldest := value(t, c.metrics, "notes_waiting_posts"), value(t, c.metrics, "notes_waiting_seconds"); n != 1 || oldest < 600 {
		t.Errorf("%v posts wait since %v s, want 1 since ten minutes or more", n, oldest)
	}
	if fmt.Sprint(waits) != "[30s 1m0s 2m0s 4m0s]" {
		t.Errorf("waited %v", waits)
	}
	box.err = nil
	for range 2 {
		if err := c.tick(t.Context(), now.Add(time.Hour)); err != nil {
			t.Fatal(err)
		}
	}
	if len(box.notes) != 1 || box.notes[0].ID != noteID(c.name, 1, 0, 1) {
		t.Errorf("got %+v", box.notes)
	}
	if n := value(t, c.metrics, "notes_waiting_posts"); n != 0 {
		t.Errorf("%v posts wait after they were told of", n)
	}
	notes := map[string]float64{}
	for _, m := range gathered(t, c.metrics, "notes_total") {
		notes[m.GetLabel()[1].GetValue()] = m.GetCounter().GetValue()
	}
	if diff := cmp.Diff(map[string]float64{noteDelivered: 1, noteFailed: 4}, notes); diff != "" {
		t.Errorf("notes (-want +got):\n%s", diff)
	}
	if v, err := c.desk.DeliveryOf(t.Context(), c.name, 1); err != nil || v.Failures != 0 || v.Problem != "" {
		t.Errorf("%+v, %v", v, err)
	}
}

// However many are found, all are in the count.
func TestCourierNeverCaps(t *testing.T) {
	c, box, found := newsroom(t)
	at := time.Date(2026, 11, 24, 13, 0, 0, 0, time.UTC)
	var by []string
	for i := range pendingAtOnce + 7 {
		by = append(by, fmt.Sprint("author", i))
	}
	found(at, by...)
	if err := c.tick(t.Context(), at.Add(time.Hour)); err != nil {
		t.Fatal(err)
	}
	total := 0
	for _, n := range box.notes {
		total += n.Total + n.Repeats
		if len(n.Posts) > listed {
			t.Errorf("%d posts listed", len(n.Posts))
		}
	}
	if total != len(by) || len(box.notes) != 2 {
		t.Errorf("%d told of in %d notes, want %d in 2", total, len(box.notes), len(by))
	}
}

func TestNotifyConfig(t *testing.T) {
	secret := filepath.Join(t.TempDir(), "secret")
	if err := os.WriteFile(secret, []byte("a secret of some length\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	good := notifyConfig{
		DeskURL:  "https://desk.example.org",
		Webhooks: []webhookConfig{{Name: "a", URL: "https://hooks.example.org", SecretFile: secret, Watches: []int64{2}}},
		Mail:     []mailConfig{{Name: "a", Server: "mail.example.org:587", From: "veghe@example.org", To: []string{"duty@example.org"}}},
	}
	all, err := good.channels()
	if err != nil || len(all) != 2 || all[0].wants(1) || !all[0].wants(2) || !all[1].wants(1) {
		t.Errorf("%+v, %v", all, err)
	}
	for want, c := range map[string]notifyConfig{
		`notify.webhooks "a": url`:         {Webhooks: []webhookConfig{{Name: "a", URL: "http://hooks.example.org", SecretFile: secret}}},
		`notify.webhooks "a": secret_file`: {Webhooks: []webhookConfig{{Name: "a", URL: "https://hooks.example.org"}}},
		`notify.mail "": name is empty`:    {Mail: []mailConfig{{Server: "mail.example.org:587", From: "veghe@example.org", To: []string{"duty@example.org"}}}},
		`notify.mail "a": the name stands`: {Mail: []mailConfig{good.Mail[0], good.Mail[0]}},
		"notify.desk_url":                  {DeskURL: "desk"},
		"notify.digest":                    {Digest: -1},
	} {
		if _, err := c.channels(); err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("got %v, want %s", err, want)
		}
	}
}

// value is that of a gauge with one series.
func value(t *testing.T, m *metrics, name string) float64 {
	t.Helper()
	series := gathered(t, m, name)
	if len(series) != 1 {
		t.Fatalf("%s has %d series, want 1", name, len(series))
	}
	return series[0].GetGauge().GetValue()
}
