package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"strings"
	"time"

	"veghe/index"
	"veghe/index/handover"
)

func searchCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("search", e.err)
	asJSON := f.Bool("json", false, "print JSON")
	size := f.Int("n", 20, "how many hits, 1 to 200")
	after := f.String("after", "", "the \"next\" of the page before")
	sort := f.String("sort", "", "score, novelty, newest or oldest")
	all := f.Bool("all", false, "also posts that were not flagged")
	args, err := f.parse(args)
	if err != nil {
		return err
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	q := index.Query{Text: strings.Join(args, " "), Size: *size, After: *after, Sort: *sort, All: *all}
	res, err := searchAnywhere(ctx, &cfg, q)
	if err != nil {
		return pointAt(err)
	}
	if *asJSON {
		enc := json.NewEncoder(e.out)
		enc.SetEscapeHTML(false)
		return enc.Encode(res)
	}
	return printHits(e, res)
}

// searchAnywhere asks the running veghe, or opens the index if none runs.
func searchAnywhere(ctx context.Context, cfg *config, q index.Query) (index.Result, error) {
	var res index.Result
	v := url.Values{"q": {q.Text}, "size": {strconv.Itoa(q.Size)}, "after": {q.After}, "sort": {q.Sort}}
	if q.All {
		v.Set("all", "1")
	}
	err := newLocal(cfg.Data).api(ctx, http.MethodGet, "/api/v1/search?"+v.Encode(), "", nil, &res)
	if !errors.Is(err, errNotRunning) {
		return res, err
	}
	x, err := openIndexAlone(ctx, cfg)
	if err != nil {
		return res, err
	}
	res, err = x.Search(ctx, q)
	return res, errors.Join(err, x.Close())
}

func openIndexAlone(ctx context.Context, cfg *config) (*index.Index, error) {
	if _, err := os.Stat(cfg.path("index")); err != nil {
		return nil, withHint(fmt.Errorf("there is no index in %s", cfg.Data), "name the data folder with -data; veghe run or veghe demo makes one")
	}
	return index.Open(ctx, cfg.path("index"), index.Options{})
}

// pointAt shows where a query is wrong.
func pointAt(err error) error {
	var bad *index.QueryError
	if !errors.As(err, &bad) {
		return err
	}
	pos := min(max(0, bad.Pos), len(bad.Query))
	return fmt.Errorf("%s\n  %s\n  %s^", bad.Error(), bad.Query, strings.Repeat(" ", len([]rune(bad.Query[:pos]))))
}

func printHits(e env, res index.Result) error {
	for _, h := range res.Hits {
		a := &h.Assessment
		when := h.Post.PostedAt
		if when.IsZero() {
			when = h.Post.CollectedAt
		}
		fmt.Fprintf(e.out, "%-8s  %s  %s  %s  %s\n", a.Severity, when.Format(time.DateOnly), h.Post.ID, h.Post.Source, a.Label)
		ids := make([]string, 0, len(a.Findings))
		for _, id := range indicators(*a) {
			ids = append(ids, string(id))
		}
		fmt.Fprintf(e.out, "          %s\n", strings.Join(ids, " "))
		if len(h.Post.Title) > 0 {
			fmt.Fprintf(e.out, "          %s\n", oneLine(h.Post.Title))
		}
	}
	_, err := fmt.Fprintf(e.out, "%d of %d\n", len(res.Hits), res.Total)
	if res.Next != "" {
		fmt.Fprintf(e.out, "more with -after %s\n", res.Next)
	}
	return err
}

func exportCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("export", e.err)
	format := f.String("format", "jsonl", strings.Join(handover.Names(), ", "))
	all := f.Bool("all", false, "also posts that were not flagged")
	inCase := f.String("case", "", "everything in this `case`, such as 2026-0001; a query narrows it")
	reason := f.String("reveal", "", "`reason` to show the handles of authors; goes into the audit trail")
	taxonomy := f.Bool("taxonomy", false, "print machinetag.json, the taxonomy of the tags, and nothing else")
	args, err := f.parse(args)
	if err != nil {
		return err
	}
	if *taxonomy {
		_, err := e.out.Write(handover.Taxonomy)
		return err
	}
	if _, ok := handover.FormatOf(*format); !ok {
		return usageError{fmt.Sprintf("format is %q, want one of %s", *format, strings.Join(handover.Names(), ", "))}
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	v := url.Values{"q": {strings.Join(args, " ")}, "format": {*format}}
	if *all {
		v.Set("all", "1")
	}
	if *inCase != "" {
		v.Set("case", *inCase)
	}
	l := newLocal(cfg.Data)
	if *reason != "" {
		l.header = http.Header{"Veghe-Reveal": {*reason}}
	}
	err = l.api(ctx, http.MethodGet, "/api/v1/export?"+v.Encode(), "", nil, e.out)
	if errors.Is(err, errNotRunning) {
		return withHint(err, "exports are entered in the audit trail by the desk: start veghe run first")
	}
	return err
}
