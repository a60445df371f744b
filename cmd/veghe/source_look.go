package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"strings"
	"time"
	"unicode"

	"veghe"
	"veghe/crawler"
	"veghe/crawler/extract"
)

// sourceFlags describe a source on the command line.
type sourceFlags struct {
	*flags
	source            crawler.Source
	typ, kind, every  string
	operator, contact string
}

func newSourceFlags(name string, w io.Writer) *sourceFlags {
	f := &sourceFlags{flags: newFlags("source "+name, w)}
	f.StringVar(&f.typ, "type", "", "`kind` of pages: auto, forum, board, feed or page (default auto)")
	f.StringVar(&f.kind, "kind", "", "what the posts are: ad or post (default: as the pages say)")
	f.StringVar(&f.operator, "operator", "", "the office that reads; default: from the configuration")
	f.StringVar(&f.contact, "contact", "", "where sites reach it; default: from the configuration")
	f.BoolVar(&f.source.AllowLoopback, "allow-loopback", false, "the source is on this machine (for tests)")
	f.Float64Var(&f.source.Rate, "rate", 0, "requests per second to a host (default 1)")
	f.StringVar(&f.every, "every", "", "time between visits (default 15m)")
	return f
}

// describe completes the source by the address and the flags.
func (f *sourceFlags) describe(address string) error {
	if !strings.Contains(address, "://") {
		address = "https://" + address
	}
	f.source.URL = address
	f.source.Type, f.source.Kind = extract.Type(f.typ), veghe.Kind(f.kind)
	if f.every != "" {
		d, err := time.ParseDuration(f.every)
		if err != nil {
			return usageError{fmt.Sprintf("-every is %q, want such as 30m", f.every)}
		}
		f.source.Every = crawler.Duration(d)
	}
	return nil
}

// probe looks at the source as the crawler of cfg would.
func (f *sourceFlags) probe(ctx context.Context, cfg *config) (crawler.Probed, error) {
	operator, contact := cmp.Or(f.operator, cfg.Crawler.Operator), cmp.Or(f.contact, cfg.Crawler.Contact)
	if operator == "" || contact == "" {
		return crawler.Probed{}, withHint(errors.New("sites must know who reads them, also once: operator and contact are missing"),
			"give -operator and -contact, or name a configuration that has them with -c")
	}
	if err := f.source.Validate(); err != nil {
		return crawler.Probed{}, withHint(err, "%s", adviceOnSource(err))
	}
	return crawler.Probe(ctx, crawler.Config{Operator: operator, Contact: contact, Version: thisBuild().Version}, f.source)
}

func sourceTest(ctx context.Context, e env, args []string) error {
	f := newSourceFlags("test", e.err)
	asJSON := f.Bool("json", false, "print JSON, with whole posts")
	rest, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usageError{"test: want one address, such as https://forum.example.org/"}
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	if err := f.describe(rest[0]); err != nil {
		return err
	}
	f.source.ID, f.source.Purpose, f.source.LegalBasis = "test", "a look, nothing is kept", "public page"
	for i := range cfg.Sources { // with what is known of it, such as selectors
		if s := &cfg.Sources[i]; s.URL == f.source.URL || string(s.ID) == rest[0] {
			f.source = *s
		}
	}
	got, err := f.probe(ctx, &cfg)
	if err != nil {
		return err
	}
	if *asJSON {
		enc := json.NewEncoder(e.out)
		enc.SetIndent("", "  ")
		err = enc.Encode(got)
	} else {
		printProbed(e.out, got)
	}
	if err == nil && postsOf(got) == 0 {
		return withHint(partialError{"no posts were found"}, "%s", adviceOn(got))
	}
	return err
}

func postsOf(p crawler.Probed) int {
	n := 0
	for i := range p.Pages {
		n += len(p.Pages[i].Posts)
	}
	return n
}

// Bounds of a preview.
const (
	previewPosts = 5
	previewLinks = 8
	previewRunes = 160
)

func printProbed(w io.Writer, p crawler.Probed) {
	for i := range p.Pages {
		page := &p.Pages[i]
		fmt.Fprintf(w, "%s %s\n", page.Kind, clean(page.URL, 200))
		fmt.Fprintf(w, "  %s, %d bytes, %d requests", page.Outcome, page.Bytes, page.Requests)
		if page.Outcome == crawler.OK || page.Outcome == crawler.Unparsed {
			fmt.Fprintf(w, "; recognised: %s", cmp.Or(page.Engine, "nothing"))
		}
		fmt.Fprintln(w)
		if page.Error != "" {
			fmt.Fprintf(w, "  %s\n", clean(page.Error, 300))
		}
		for _, s := range page.Problems {
			fmt.Fprintf(w, "  problem: %s\n", clean(s, 200))
		}
		printPosts(w, page.Posts)
		printNext(w, page)
	}
}

func printPosts(w io.Writer, posts []veghe.Post) {
	if len(posts) == 0 {
		return
	}
	fmt.Fprintf(w, "  %d posts\n", len(posts))
	for i := range posts[:min(len(posts), previewPosts)] {
		p := &posts[i]
		when := "no time"
		if !p.PostedAt.IsZero() {
			when = p.PostedAt.UTC().Format("2006-01-02 15:04")
		}
		fmt.Fprintf(w, "    %s  %s, %s", p.Kind, when, cmp.Or(clean(string(p.Author), 40), "nobody named"))
		if p.Seq > 0 {
			fmt.Fprintf(w, ", #%d", p.Seq)
		}
		if p.ReplyTo != "" {
			fmt.Fprint(w, ", an answer")
		}
		if n := len(p.Quotes); n > 0 {
			fmt.Fprintf(w, ", %d quoted", n)
		}
		fmt.Fprintln(w)
		if p.Title != "" {
			fmt.Fprintf(w, "      %s\n", clean(p.Title, previewRunes))
		}
		fmt.Fprintf(w, "      %s\n", clean(p.Text, previewRunes))
	}
	if n := len(posts) - previewPosts; n > 0 {
		fmt.Fprintf(w, "    and %d more\n", n)
	}
}

func printNext(w io.Writer, page *crawler.ProbedPage) {
	if len(page.Next)+page.Left == 0 {
		return
	}
	fmt.Fprintf(w, "  would be visited next: %d", len(page.Next))
	if page.Left > 0 {
		fmt.Fprintf(w, " (%d others not: another host or path, media, or too far)", page.Left)
	}
	fmt.Fprintln(w)
	for _, l := range page.Next[:min(len(page.Next), previewLinks)] {
		fmt.Fprintf(w, "    %-6s %s\n", l.Kind, clean(l.URL, 160))
	}
	if n := len(page.Next) - previewLinks; n > 0 {
		fmt.Fprintf(w, "    and %d more\n", n)
	}
}

// clean makes a line of what a page wrote, with nothing in it that a terminal
// would obey.
func clean(s string, n int) string {
	s = strings.Map(func(r rune) rune {
		switch {
		case unicode.IsSpace(r):
			return ' '
		case unicode.IsControl(r), unicode.Is(unicode.Cf, r):
			return -1
		}
		return r
	}, s)
	if r := []rune(s); len(r) > n {
		return string(r[:n]) + "…"
	}
	return s
}
