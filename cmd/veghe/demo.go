package main

import (
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"os"
	"time"

	"golang.org/x/sync/errgroup"

	"veghe"
	"veghe/crawler"
	"veghe/crawler/demosite"
	"veghe/crawler/extract"
)

// demoPace is the time between new posts on the demo site.
const demoPace = 8 * time.Second

func demoCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("demo", e.err)
	site := f.String("site-listen", "127.0.0.1:0", "`address` of the invented site")
	pace := f.Duration("pace", demoPace, "time between new posts on the invented site")
	if _, err := f.parse(args); err != nil {
		return err
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	if f.data == "" {
		if cfg.Data, err = os.MkdirTemp("", "veghe-demo-*"); err != nil {
			return err
		}
		defer func() { _ = os.RemoveAll(cfg.Data) }() // best effort: it is in the temporary folder
	}
	if f.logLevel == "" {
		cfg.Log.Level = "warn"
	}
	l, err := listenOn(ctx, *site, "-site-listen")
	if err != nil {
		return err
	}
	demoConfig(&cfg, "http://"+l.Addr().String())
	if err := cfg.validate(); err != nil {
		return errors.Join(err, l.Close())
	}
	fmt.Fprintf(e.out, "invented site: http://%s/\n", l.Addr())
	g, ctx := errgroup.WithContext(ctx)
	g.Go(func() error { return serveSite(ctx, l, *pace) })
	g.Go(func() error { return serve(ctx, e, cfg, allStages, demoLook(e)) })
	return g.Wait()
}

func demoLook(e env) deskLook {
	return deskLook{
		notice: "Demo: everything here is invented. / Demonstrație: totul aici este inventat.",
		ready: func(url string) {
			fmt.Fprintf(e.out, "\nOpen %s in a browser. Everything there is invented; new posts keep arriving. Ctrl-C ends it.\n", url)
		},
	}
}

func serveSite(ctx context.Context, l net.Listener, pace time.Duration) error {
	s := &http.Server{Handler: demosite.New(demosite.Options{Pace: pace}), ReadHeaderTimeout: 5 * time.Second}
	defer context.AfterFunc(ctx, func() { _ = s.Close() })()
	if err := s.Serve(l); !errors.Is(err, http.ErrServerClosed) {
		return err
	}
	return nil
}

// demoConfig points the crawler at the invented site, as a veghe.yaml would.
func demoConfig(cfg *config, base string) {
	cfg.Crawler = crawlerConfig{Operator: "veghe demo", Contact: "demo@example.org"}
	cfg.Canary.Every = duration(5 * time.Second)
	cfg.Language.SecondOpinion = "off" // the demo is to start at once on any machine
	source := func(id, name, path string, t extract.Type) crawler.Source {
		return crawler.Source{
			Source: veghe.Source{
				ID: veghe.SourceID(id), Name: name, URL: base + path,
				Purpose: "showing how veghe works on invented posts", LegalBasis: "none needed: nothing here is about a person",
			},
			Type: t, AllowLoopback: true, Every: crawler.Duration(5 * time.Second), Rate: 200, Concurrency: 4,
		}
	}
	forum := source("demo-forum", "Invented forum", demosite.ForumPath, extract.Forum)
	forum.Selectors = extract.Selectors{
		List: ".list li", Item: "a.item", Next: "a.next", Post: "article.post", ID: "@id",
		Author: ".author", Title: "h1", Text: ".body", Posted: "time @datetime",
	}
	ads := source("demo-ads", "Invented ad board", demosite.AdsPath, extract.Board)
	cfg.Sources = append(cfg.Sources, forum, ads)
}
