package crawler

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"veghe"
	"veghe/crawler/extract"
)

const example = `
operator: Test Office
contact: office@example.org
limits: {timeout: 10s, body: 1000000}
sources:
  - id: local-forum
    name: A forum
    url: https://forum.example.org/list
    urls: [https://forum.example.org/jobs]
    hosts: [www.example.org]
    paths: [/list, /jobs, /t/]
    purpose: recruitment of workers abroad
    legal_basis: decision 12/2026
    type: forum
    kind: post
    every: 30m
    rate: 0.5
    concurrency: 2
    max_pages: 200
    pages_per_day: 5000
    hours: {open: ["mon-fri 22:00-06:00", "sat,sun 00:00-24:00"], zone: Europe/Bucharest}
    max_depth: 3
    paused: true
    selectors:
      list: tr.row
      item: a.title
      next: a.next
      thread: "h1 @data-id"
      post: article
      id: "@id"
      author: .name
      title: h1
      text: .body
      quote: blockquote
      posted: time @datetime
      place: .place
      reply_to: a.re @href
      time_layout: 02.01.2006 15:04
      timezone: Europe/Bucharest
`

// The example has every key there is; it reads the same as YAML and as JSON.
func TestConfigKeys(t *testing.T) {
	var cfg Config
	if err := yaml.UnmarshalWithOptions([]byte(example), &cfg, yaml.Strict()); err != nil {
		t.Fatal(err)
	}
	if err := cfg.Validate(); err != nil {
		t.Fatal(err)
	}
	want := Source{
		Source: veghe.Source{
			ID: "local-forum", Name: "A forum", URL: "https://forum.example.org/list",
			Purpose: "recruitment of workers abroad", LegalBasis: "decision 12/2026",
		},
		URLs: []string{"https://forum.example.org/jobs"}, Hosts: []string{"www.example.org"}, Paths: []string{"/list", "/jobs", "/t/"},
		Type: extract.Forum, Kind: veghe.Forum, Every: Duration(30 * time.Minute), Rate: 0.5, Concurrency: 2, MaxPages: 200, MaxDepth: 3,
		PagesPerDay: 5000, Hours: Hours{Open: []string{"mon-fri 22:00-06:00", "sat,sun 00:00-24:00"}, Zone: "Europe/Bucharest"},
		Paused: true,
		Selectors: extract.Selectors{
			List: "tr.row", Item: "a.title", Next: "a.next", Thread: "h1 @data-id", Post: "article", ID: "@id", Author: ".name",
			Title: "h1", Text: ".body", Quote: "blockquote", Posted: "time @datetime", Place: ".place", ReplyTo: "a.re @href",
			TimeLayout: "02.01.2006 15:04", Timezone: "Europe/Bucharest",
		},
	}
	if diff := cmp.Diff(want, cfg.Sources[0]); diff != "" {
		t.Errorf("source (-want +got):\n%s", diff)
	}
	b, err := json.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	var again Config
	if err := json.Unmarshal(b, &again); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(cfg, again, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("through JSON (-want +got):\n%s", diff)
	}
	out, err := yaml.Marshal(cfg)
	if err != nil {
		t.Fatal(err)
	}
	again = Config{}
	if err := yaml.UnmarshalWithOptions(out, &again, yaml.Strict()); err != nil {
		t.Fatalf("what is written cannot be read: %v", err)
	}
	if diff := cmp.Diff(cfg, again, cmpopts.EquateEmpty()); diff != "" {
		t.Errorf("through YAML (-want +got):\n%s", diff)
	}
	if err := yaml.UnmarshalWithOptions([]byte("sources: [{id: a, speed: 3}]"), &again, yaml.Strict()); err == nil {
		t.Error("an unknown key was taken")
	}
}

// Every mistake is named with what to do about it.
func TestValidate(t *testing.T) {
	good := func() Config {
		s := local("https://forum.example.org/")
		s.AllowLoopback, s.Rate = false, 0
		return config(s)
	}
	for _, tt := range []struct {
		name   string
		change func(*Config)
		want   string // empty: fine
	}{
		{"fine", func(*Config) {}, ""},
		{"no source needs no operator", func(c *Config) { *c = Config{} }, ""},
		{"operator", func(c *Config) { c.Operator = "" }, "operator is missing: name the office"},
		{"contact", func(c *Config) { c.Contact = "" }, "contact is missing: give a web page or e-mail"},
		{"contact that is neither", func(c *Config) { c.Contact = "call me" }, "want an https address or an e-mail address"},
		{"header injection", func(c *Config) { c.Operator = "a\r\nb" }, "printable ASCII"},
		{"id", func(c *Config) { c.Sources[0].ID = "" }, "source 1: id is missing"},
		{"strange id", func(c *Config) { c.Sources[0].ID = "A b" }, "want up to 64 lower-case letters"},
		{"reserved id", func(c *Config) { c.Sources[0].ID = veghe.Canary }, "which is reserved"},
		{"twice", func(c *Config) { c.Sources = append(c.Sources, c.Sources[0]) }, "id is used twice"},
		{"purpose", func(c *Config) { c.Sources[0].Purpose = " " }, `source "s": purpose is missing`},
		{"legal basis", func(c *Config) { c.Sources[0].LegalBasis = "" }, "legal_basis is missing"},
		{"url", func(c *Config) { c.Sources[0].URL = "" }, "url is missing"},
		{"url without a scheme", func(c *Config) { c.Sources[0].URL = "forum.example.org" }, "want an address such as"},
		{"scheme", func(c *Config) { c.Sources[0].URL = "ftp://forum.example.org/" }, "want http or https"},
		{"credentials", func(c *Config) { c.Sources[0].URL = "https://a:b@forum.example.org/" }, "without logging in"},
		{"loopback", func(c *Config) { c.Sources[0].URL = "http://127.0.0.1:80/" }, "allow_loopback: true"},
		{"not loopback", func(c *Config) { c.Sources[0].AllowLoopback = true }, "remove allow_loopback"},
		{"type", func(c *Config) { c.Sources[0].Type = "blog" }, "want auto, forum, board, feed or page"},
		{"kind", func(c *Config) { c.Sources[0].Kind = "x" }, `want "ad" or "post"`},
		{"rate", func(c *Config) { c.Sources[0].Rate = 500 }, "at most 20"},
		{"every", func(c *Config) { c.Sources[0].Every = 1 }, "want 1s or more"},
		{"pages per day", func(c *Config) { c.Sources[0].PagesPerDay = -1 }, "pages_per_day is -1"},
		{"hours", func(c *Config) { c.Sources[0].Hours.Open = []string{"8-18"} }, `want such as "08:00-18:00"`},
		{"depth", func(c *Config) { c.Sources[0].MaxDepth = 99 }, "max_depth is 99"},
		{"paths", func(c *Config) { c.Sources[0].Paths = []string{"a"} }, "starts with /"},
		{"hosts", func(c *Config) { c.Sources[0].Hosts = []string{"https://a/"} }, "want a host name"},
		{"limits", func(c *Config) { c.Limits.Redirects = 99 }, "redirects is 99"},
		{"bad selector", func(c *Config) { c.Sources[0].Selectors.Post = "div[" }, "post is \"div[\", which is not a CSS selector"},
		{"bad attribute", func(c *Config) { c.Sources[0].Selectors.ID = "a @" }, "name of an attribute"},
		{"list without item", func(c *Config) { c.Sources[0].Selectors.Item = "" }, "item is the link within a row"},
		{"time zone", func(c *Config) { c.Sources[0].Selectors.Timezone = "Mars" }, "such as Europe/Bucharest"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			cfg := good()
			tt.change(&cfg)
			err := cfg.Validate()
			switch {
			case tt.want == "" && err != nil:
				t.Errorf("%v, want none", err)
			case tt.want != "" && (err == nil || !strings.Contains(err.Error(), tt.want)):
				t.Errorf("%v, want it to say %q", err, tt.want)
			}
		})
	}
	// All at once, not one by one.
	cfg := Config{Sources: []Source{{}}}
	if got := strings.Count(cfg.Validate().Error(), "\n") + 1; got != 6 {
		t.Errorf("%d mistakes reported, want 6:\n%v", got, cfg.Validate())
	}
}

func TestDuration(t *testing.T) {
	for _, bad := range []string{"", "5", "x", "-3s"} {
		var d Duration
		if err := d.UnmarshalText([]byte(bad)); err == nil {
			t.Errorf("%q was taken as %s", bad, d)
		}
	}
}

func TestBackoff(t *testing.T) {
	for n, want := range map[int]time.Duration{1: 30 * time.Second, 2: time.Minute, 4: 4 * time.Minute, 99: time.Hour} {
		if got := backoff(30*time.Second, n); got != want {
			t.Errorf("after %d failures %v, want %v", n, got, want)
		}
	}
}
