package main

import (
	"context"
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil/promlint"

	"veghe/crawler/demosite"
)

// get fetches from a running veghe, with its token if wanted.
func get(t *testing.T, address, token string) (int, string) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 10*time.Second)
	defer cancel()
	req, err := http.NewRequestWithContext(ctx, http.MethodGet, address, nil)
	if err != nil {
		t.Fatal(err)
	}
	if token != "" {
		req.Header.Set("Authorization", "Bearer "+token)
	}
	res, err := http.DefaultClient.Do(req)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = res.Body.Close() }()
	b, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return res.StatusCode, string(b)
}

// The demo as a newcomer meets it: posts are flagged, the desk shows them, the
// metrics count them, and it ends cleanly.
func TestDemo(t *testing.T) {
	data := dataDir(t)
	p := start(t, "demo", "-data", data, "-listen", "127.0.0.1:0", "-ops-listen", "127.0.0.1:0", "-pace", "50ms")
	// All of the site, so that what follows does not hang on how fast it came.
	all := demosite.New(demosite.Options{}).Posts()
	await(t, 2*time.Minute, "every post of the site indexed", func() bool {
		st, ok := statusOf(t, data)
		return ok && st.Ready && st.Index != nil && st.Index.Posts == all && st.Index.Alerts >= 4
	})
	at, token, err := newLocal(data).note()
	if err != nil {
		t.Fatal(err)
	}
	desk, ops := "http://"+at.Listen, "http://"+at.Ops

	t.Run("the desk shows flagged posts without a sign-in", func(t *testing.T) {
		code, body := get(t, desk+"/", "")
		if code != http.StatusOK || !strings.Contains(body, "DOC-01") {
			t.Errorf("answer %d, want a page that names DOC-01", code)
		}
	})
	t.Run("search by API", func(t *testing.T) {
		_, body := get(t, desk+"/api/v1/search?q="+url.QueryEscape("category:grooming lang:ro"), token)
		var res struct {
			Total  int
			Hits   []any
			Facets map[string]any
		}
		if err := json.Unmarshal([]byte(body), &res); err != nil || res.Total == 0 || len(res.Hits) == 0 || len(res.Facets) == 0 {
			t.Errorf("total %d, %d hits, %d facets, %v; want some of each", res.Total, len(res.Hits), len(res.Facets), err)
		}
	})
	t.Run("a review is found again", func(t *testing.T) {
		var found struct {
			Hits []struct{ Post struct{ ID string } }
		}
		_, body := get(t, desk+"/api/v1/search?size=1", token)
		if err := json.Unmarshal([]byte(body), &found); err != nil || len(found.Hits) != 1 {
			t.Fatalf("%d hits, %v; want one", len(found.Hits), err)
		}
		id := found.Hits[0].Post.ID
		var review struct{ Decision string }
		err := newLocal(data).api(t.Context(), http.MethodPost, "/api/v1/posts/"+id+"/review", "application/json",
			strings.NewReader(`{"decision":"relevant","reason":"test"}`), &review)
		if err != nil || review.Decision != "relevant" {
			t.Fatalf("review %+v, %v", review, err)
		}
		_, body = get(t, desk+"/api/v1/search?q=review:relevant", token)
		if !strings.Contains(body, `"total":1,`) || !strings.Contains(body, id) {
			t.Errorf("the reviewed post is not found by review:relevant: %.100s", body)
		}
	})
	t.Run("posts of other collectors need the token", func(t *testing.T) {
		res, err := http.Post(desk+"/api/v1/posts", "application/x-ndjson", strings.NewReader(`{"text":"x"}`))
		if err != nil {
			t.Fatal(err)
		}
		_ = res.Body.Close()
		if res.StatusCode != http.StatusUnauthorized {
			t.Errorf("answer %d without a token, want 401", res.StatusCode)
		}
	})
	for path, want := range map[string]string{"/healthz": "alive", "/readyz": "ready"} {
		if code, body := get(t, ops+path, ""); code != http.StatusOK || !strings.Contains(body, want) {
			t.Errorf("%s answers %d %q, want %q", path, code, body, want)
		}
	}
	if code, _ := get(t, ops+"/dead", ""); code != http.StatusUnauthorized {
		t.Errorf("dead letters without a token: %d, want 401", code)
	}
	t.Run("metrics", func(t *testing.T) {
		wanted := []string{
			`veghe_alerts_total{category="recruitment"`, `veghe_alerts_total{category="grooming"`, `veghe_hop_seconds_bucket{hop="assessed_to_searchable"`,
			`veghe_posts_collected_total{source="demo-ads"}`, `veghe_source_visits_total{outcome="robots",source="demo-ads"}`, `veghe_build_info{`,
			`veghe_ledger_posts{source="demo-forum",state="in_flight"}`,
			`veghe_dead_letters_total{group="detect",topic="veghe.posts"} 0`, `veghe_stage_errors_total{stage="index"} 0`,
		}
		var body string
		for _, want := range wanted { // gauges are taken every few seconds
			await(t, time.Minute, "metrics with "+want, func() bool {
				_, body = get(t, ops+"/metrics", "")
				return strings.Contains(body, want)
			})
		}
		problems, err := promlint.New(strings.NewReader(body)).Lint()
		if err != nil {
			t.Fatal(err)
		}
		for _, pr := range problems {
			t.Errorf("%s: %s", pr.Metric, pr.Text)
		}
	})
	p.stop()
	if _, _, err := newLocal(data).note(); err == nil {
		t.Error("a veghe that stopped still says where it runs")
	}
}

// Only a desk that nobody else can reach signs its visitor in by itself.
func TestAutoSignIn(t *testing.T) {
	for listen, want := range map[string]bool{"127.0.0.1:8420": true, "[::1]:8420": true, "localhost:8420": true, "0.0.0.0:8420": false, ":8420": false, "192.0.2.1:8420": false} {
		a := &app{cfg: config{Listen: listen}}
		if got := a.autoSignIn(); got != want {
			t.Errorf("listening on %s signs visitors in: %v, want %v", listen, got, want)
		}
	}
}

// Sources are not ours to trust as labels: past a number they are "other".
func TestLabelsAreBounded(t *testing.T) {
	b := newBounded(2)
	for in, want := range map[string]string{"": "none", strings.Repeat("x", 100): "other"} {
		if got := b.label(in); got != want {
			t.Errorf("label of %.5q is %q, want %q", in, got, want)
		}
	}
	got := []string{b.label("a"), b.label("b"), b.label("c"), b.label("a")}
	if strings.Join(got, " ") != "a b other a" {
		t.Errorf("labels %v, want a b other a", got)
	}
}
