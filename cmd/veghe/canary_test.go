package main

import (
	"bytes"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/index"
)

// Canaries go all the way, and nobody who looks for posts ever meets one: not
// in a search, a count, an export, a watch, a template, or the account.
func TestCanary(t *testing.T) {
	data := dataDir(t)
	a, stop := runningApp(t, data, false)
	ctx := t.Context()
	watch, err := a.desk.AddWatch(ctx, "all", "pasaportul", "ana", time.Now())
	if err != nil {
		t.Fatal(err)
	}
	post := veghe.Post{ID: "real", Source: "forum", Kind: veghe.Ad, Text: canaryText}
	for i := range 6 {
		if err := a.sendCanary(ctx, time.Now()); err != nil {
			t.Fatal(err)
		}
		if i == 3 {
			if err := a.collect(ctx, []veghe.Post{post}); err != nil {
				t.Fatal(err)
			}
		}
	}
	found := func(result string) float64 { return seriesSum(t, a, "veghe_canaries_total", result) }
	await(t, time.Minute, "six canaries", func() bool { return found(canarySearchable) == 6 })
	await(t, time.Minute, "the account", func() bool {
		st, err := a.status(ctx)
		return err == nil && len(st.Accounting) == 1 && st.Accounting[0].Collected == 1 && st.Accounting[0].Assessed == 1 && st.Accounting[0].InFlight == 0
	})
	for _, q := range []index.Query{{}, {All: true}, {All: true, Text: "-nimic"}, {All: true, Text: "pasaportul"}, {All: true, Text: "source:veghe*"}, {Text: "flagged:any"}} {
		res, err := a.index.Search(ctx, q)
		want := uint64(1)
		if strings.HasPrefix(q.Text, "source") {
			want = 0
		}
		if err != nil || res.Total != want || len(res.Hits) != int(want) {
			t.Errorf("%+v finds %d (%d hits), %v, want %d", q, res.Total, len(res.Hits), err, want)
		}
	}
	if c, err := a.index.Count(ctx); err != nil || c.Posts != 1 {
		t.Errorf("%+v, %v, want one post", c, err)
	}
	hit, err := a.index.Get(ctx, "real")
	if err != nil || hit.Assessment.Cluster != nil && hit.Assessment.Cluster.Size > 1 {
		t.Errorf("the real post is in a template with canaries: %+v, %v", hit.Assessment.Cluster, err)
	}
	await(t, time.Minute, "the watch", func() bool {
		hits, err := a.desk.WatchHits(ctx, watch.ID, 0, 10)
		return err == nil && len(hits) == 1
	})
	for _, bad := range []float64{found(canaryFailed), found(canaryUnflagged), seriesSum(t, a, "veghe_posts_collected_total", string(veghe.Canary)), seriesSum(t, a, "veghe_posts_assessed_total", string(veghe.Canary))} {
		if bad != 0 {
			t.Errorf("got %v, want 0", bad)
		}
	}
	stop()
	// What is on disk for people holds none either, also when opened again.
	err = filepath.WalkDir(filepath.Join(data, "index"), func(path string, d os.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		b, err := os.ReadFile(path)
		if bytes.Contains(b, []byte(`"source":"veghe.canary"`)) {
			t.Errorf("%s holds a canary", path)
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	b, _ := runningApp(t, data, false)
	if res, err := b.index.Search(ctx, index.Query{All: true}); err != nil || res.Total != 1 {
		t.Errorf("after a restart %d posts, %v", res.Total, err)
	}
}

// No post from outside passes for a canary, which nobody would ever see.
func TestCanaryIsReserved(t *testing.T) {
	a, _ := runningApp(t, dataDir(t), true)
	if err := a.collect(t.Context(), []veghe.Post{{Text: "x", Source: veghe.Canary}}); err == nil {
		t.Error("collect took a canary from outside")
	}
	h, err := a.deskHandler(deskLook{})
	if err != nil {
		t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(t.Context(), http.MethodPost, "/api/v1/posts", strings.NewReader(`{"text":"x","source":"veghe.canary"}`))
	r.Host, r.RemoteAddr = "localhost", "127.0.0.1:1"
	r.Header.Set("Authorization", "Bearer "+a.token)
	w := httptest.NewRecorder()
	h.ServeHTTP(w, r)
	if !strings.Contains(w.Body.String(), "reserved") {
		t.Errorf("the API answered %d %s", w.Code, w.Body)
	}
}

// seriesSum is the sum of a counter of this process over the series with a
// label of this value.
func seriesSum(t *testing.T, a *app, name, value string) (sum float64) {
	t.Helper()
	families, err := a.metrics.registry.Gather()
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range families {
		if f.GetName() != name {
			continue
		}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				if l.GetValue() == value {
					sum += m.GetCounter().GetValue()
				}
			}
		}
	}
	return sum
}
