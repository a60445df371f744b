package crawler

import (
	"fmt"
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// A robots.txt is read anew when what is known of it is too old, and a change
// that concerns us is told, with what it was; across restarts too.
func TestRobotsChange(t *testing.T) {
	var file atomic.Pointer[http.HandlerFunc]
	says := func(h http.HandlerFunc) { file.Store(&h) }
	b := serve(t, map[string]http.HandlerFunc{
		"/robots.txt": func(w http.ResponseWriter, r *http.Request) { (*file.Load())(w, r) },
		"/":           html("%s", post("p1", "ana", "one")),
	})
	at := time.Date(2026, 10, 12, 9, 0, 0, 0, time.UTC)
	cfg := config(local(b.URL + "/"))
	cfg.Dir, cfg.Now = t.TempDir(), func() time.Time { return at }
	c := open(t, cfg)
	const first = "User-agent: *\nDisallow: /a\nAllow: /a/b\nCrawl-delay: 0.001"
	longRule := "Allow: /" + strings.Repeat("x", 500)
	var noticed time.Time
	for _, step := range []struct {
		name    string
		after   time.Duration
		says    http.HandlerFunc
		asked   int // for robots.txt, in all
		restart bool
		added   string // joined with " | "
		removed string
		outcome Outcome
	}{
		{name: "what is read first is no change", says: text(first), asked: 1, outcome: OK},
		{name: "it is believed for six hours", after: 5 * time.Hour, says: text("User-agent: *\nDisallow: /"), asked: 1, outcome: OK},
		{
			name: "order, comments and what is said to others", after: 2 * time.Hour, asked: 2, outcome: OK,
			says: text("# new\nUser-agent: other\nDisallow: /\n\nUser-agent: *\nCrawl-delay: 0.001\nAllow: /a/b\nDisallow: /a"),
		},
		{
			name: "a rule more, a rule less", after: 7 * time.Hour, asked: 3, outcome: Robots,
			says:  text("User-agent: *\nDisallow: /\nDisallow: /a\nCrawl-delay: 0.002"),
			added: "Crawl-delay: 2ms | Disallow: /", removed: "Allow: /a/b | Crawl-delay: 1ms",
		},
		{
			name: "a server in trouble says nothing", after: 7 * time.Hour, asked: 4, outcome: RobotsDown,
			says:  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusServiceUnavailable) },
			added: "Crawl-delay: 2ms | Disallow: /", removed: "Allow: /a/b | Crawl-delay: 1ms",
		},
		{
			name: "a new process knows it too", after: time.Hour, asked: 5, outcome: Robots, restart: true,
			says:  text("User-agent: veghe\nDisallow: /\nDisallow: /a\nCrawl-delay: 0.002"),
			added: "Crawl-delay: 2ms | Disallow: /", removed: "Allow: /a/b | Crawl-delay: 1ms",
		},
		{
			name: "no file is no rules", after: 7 * time.Hour, asked: 6, outcome: OK, says: http.NotFound,
			removed: "Crawl-delay: 2ms | Disallow: / | Disallow: /a",
		},
		{
			name: "many rules, and long ones, are cut short", after: 7 * time.Hour, asked: 7, outcome: OK,
			says:  text("User-agent: *\nDisallow: /1\nDisallow: /2\nDisallow: /3\nDisallow: /4\nDisallow: /5\nDisallow: /\u0103\n" + longRule),
			added: longRule[:shownRuleLen] + "... | Disallow: /%C4%83 | Disallow: /1 | Disallow: /2 | Disallow: /3 | and 2",
		},
	} {
		says(step.says)
		at = at.Add(step.after)
		if step.restart {
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			c = open(t, cfg)
		}
		before := c.Stats()[0].Outcomes[step.outcome]
		var got collector
		st := once(t, c, got.sink)
		if st.Outcomes[step.outcome] != before+1 {
			t.Errorf("%s: outcomes %v, want one more %s", step.name, st.Outcomes, step.outcome)
		}
		if n := b.count("/robots.txt"); n != step.asked {
			t.Errorf("%s: robots.txt was asked for %d times, want %d", step.name, n, step.asked)
		}
		added, removed := "", ""
		if ch := st.RobotsChange; ch != nil {
			added, removed = joined(ch.Added, ch.MoreAdded), joined(ch.Removed, ch.MoreRemoved)
			if ch.Host != "http://"+strings.TrimPrefix(b.URL, "http://") {
				t.Errorf("%s: host %s", step.name, ch.Host)
			}
			if !ch.At.Equal(noticed) && !ch.At.Equal(at) {
				t.Errorf("%s: noticed at %v, want now or before", step.name, ch.At)
			}
			noticed = ch.At
		}
		if diff := cmp.Diff([]string{step.added, step.removed}, []string{added, removed}); diff != "" {
			t.Errorf("%s (-want +got):\n%s", step.name, diff)
		}
	}
}

func joined(lines []string, more int) string {
	s := strings.Join(lines, " | ")
	if more > 0 {
		s += fmt.Sprintf(" | and %d", more)
	}
	return s
}

// A change is told to the sources on its host, and to no others.
func TestRobotsChangeOfWhom(t *testing.T) {
	rules := "User-agent: *\nDisallow: /a"
	at := time.Date(2026, 10, 12, 9, 0, 0, 0, time.UTC)
	routes := func() map[string]http.HandlerFunc {
		return map[string]http.HandlerFunc{"/": html("%s", post("p1", "ana", "one")), "/b": html("%s", post("p2", "ana", "two"))}
	}
	one, other := routes(), routes()
	one["/robots.txt"] = func(w http.ResponseWriter, r *http.Request) { text(rules)(w, r) }
	s1 := local(serve(t, one).URL + "/")
	s2 := local(strings.TrimSuffix(s1.URL, "/") + "/b")
	s3 := local(strings.Replace(serve(t, other).URL, "127.0.0.1", "localhost", 1) + "/")
	s2.ID, s3.ID = "s2", "s3"
	cfg := config(s1, s2, s3)
	cfg.Now = func() time.Time { return at }
	c := open(t, cfg)
	var got collector
	once(t, c, got.sink)
	rules, at = "User-agent: *\nDisallow: /c", at.Add(7*time.Hour)
	once(t, c, got.sink)
	for i, want := range []bool{true, true, false} {
		if st := c.Stats()[i]; (st.RobotsChange != nil) != want {
			t.Errorf("%s: change %+v, want one: %v", st.Source, st.RobotsChange, want)
		}
	}
}
