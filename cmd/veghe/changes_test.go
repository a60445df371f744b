package main

import (
	"context"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"sync/atomic"
	"testing"
	"time"

	"veghe"
	"veghe/crawler"
	"veghe/crawler/extract"
	"veghe/index"
)

// An ad that is taken down is found as gone, with the text it had.
func TestDeletedAd(t *testing.T) {
	var gone atomic.Bool
	site := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Content-Type", "text/html; charset=utf-8")
		switch {
		case r.URL.Path == "/":
			fmt.Fprint(w, `<p class="row"><a href="/ad">ad</a></p>`)
		case r.URL.Path == "/ad" && !gone.Load():
			fmt.Fprintf(w, `<div class="post" id="1"><p class="text">%s</p></div>`, tellingText)
		default:
			http.NotFound(w, r)
		}
	}))
	t.Cleanup(site.Close)
	cfg := defaultConfig()
	cfg.Data, cfg.Language.SecondOpinion = dataDir(t), "off"
	cfg.Crawler = crawlerConfig{Operator: "Test", Contact: "office@example.org"}
	cfg.Sources = []crawler.Source{{
		Source: veghe.Source{ID: "ads", URL: site.URL + "/", Purpose: "test", LegalBasis: "own texts"},
		Type:   extract.Forum, AllowLoopback: true, Rate: 1000, Every: crawler.Duration(time.Second),
		Selectors: extract.Selectors{List: ".row", Item: ".row a", Post: ".post", ID: "@id", Text: ".text"},
	}}
	a, err := openApp(t.Context(), cfg, allStages, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.run(ctx) }()
	t.Cleanup(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := a.close(); err != nil {
			t.Error(err)
		}
	})
	found := func(query string) []index.Hit {
		res, err := a.index.Search(t.Context(), index.Query{Text: query})
		if err != nil {
			t.Fatal(err)
		}
		return res.Hits
	}
	await(t, time.Minute, "the ad", func() bool { return len(found("pasaportul gone:no")) == 1 })
	gone.Store(true)
	await(t, time.Minute, "the ad gone", func() bool { return len(found("pasaportul gone:yes")) == 1 })
	if h := found("gone:yes")[0]; h.Post.Text != tellingText || time.Since(h.GoneSince) > time.Minute {
		t.Errorf("gone since %v: %d bytes of text", h.GoneSince, len(h.Post.Text))
	}
}
