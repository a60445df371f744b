package main

import (
	"bufio"
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"unicode/utf8"

	"golang.org/x/sync/errgroup"

	"veghe"
	"veghe/detect"
	"veghe/detect/lang"
)

func scanCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("scan", e.err)
	asJSON := f.Bool("json", false, "print JSON Lines even on a terminal (elsewhere they are the default)")
	all := f.Bool("all", false, "print every assessment, not only flagged ones")
	plain := f.Bool("text", false, "input is plain text: each file (or all of standard input) is one post")
	stateless := f.Bool("stateless", false, "judge each post by itself, without history")
	opinion := f.String("second-opinion", "off", "lingua's `accuracy` for short uncertain texts: high, low or off")
	workers := f.Int("workers", 0, "how many posts to read side by side (default: one per core)")
	files, err := f.parse(args)
	if err != nil {
		return err
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	engine, done, err := scanEngine(ctx, cfg, *opinion, *stateless)
	if err != nil {
		return err
	}
	defer done()
	s := &scanner{engine: engine, env: e, out: bufio.NewWriterSize(e.out, 64<<10), json: *asJSON || !e.terminal, all: *all, workers: *workers}
	err = eachInput(e, files, func(name string, r io.Reader) error {
		if *plain {
			return s.scanText(name, r)
		}
		return s.scanLines(ctx, name, r)
	})
	if err := errors.Join(err, s.out.Flush()); err != nil {
		return err
	}
	return s.bad.err()
}

// scanEngine is the engine of run, with the second opinion waited for, so
// that the same input gives the same output.
func scanEngine(ctx context.Context, cfg config, opinion string, stateless bool) (*detect.Engine, func(), error) {
	cfg.Language.SecondOpinion = opinion
	if err := cfg.validate(); err != nil {
		return nil, nil, err
	}
	var languages *lang.Detector
	var second *secondOpinion
	var load errgroup.Group // each takes a while, and most of it on one core
	load.Go(func() (err error) {
		languages, second, err = newLanguages(opinion)
		return err
	})
	set, err := loadRules(cfg.Rules)
	if err := cmp.Or(err, load.Wait()); err != nil {
		return nil, nil, err
	}
	companion, err := cfg.companion(cfg.logger(os.Stderr))
	if err != nil {
		return nil, nil, err
	}
	done := func() {}
	if second != nil {
		done = func() { _ = second.Close() } // it only waits
		if err := second.Wait(ctx); err != nil {
			return nil, nil, err
		}
	}
	return detect.New(detect.Options{Rules: set, Languages: languages, Region: cfg.Language.Region, Stateless: stateless, HistoryBytes: cfg.History.MaxBytes, Model: companion}), done, nil
}

// eachInput calls f with each file, or with standard input if there are none.
// "-" is standard input too.
func eachInput(e env, files []string, f func(name string, r io.Reader) error) error {
	if len(files) == 0 {
		files = []string{"-"}
	}
	for _, name := range files {
		if name == "-" {
			if err := f("standard input", e.in); err != nil {
				return err
			}
			continue
		}
		file, err := os.Open(name)
		if err != nil {
			return withHint(err, "give files that exist, or - for standard input")
		}
		err = f(name, file)
		if err := errors.Join(err, file.Close()); err != nil {
			return err
		}
	}
	return nil
}

// eachLine calls f with each line of the files that is not empty. A line that
// cannot be read, or that f calls bad, is reported and counted and the rest
// goes on; an error that f stops with ends it.
func eachLine(e env, files []string, bad *badLines, f func(line []byte) (bad, stop error)) error {
	return eachInput(e, files, func(name string, r io.Reader) error {
		lines := newLineReader(r)
		for n := 1; ; n++ {
			line, err := lines.next()
			if errors.Is(err, io.EOF) {
				return nil
			}
			if err == nil && len(bytes.TrimSpace(line)) == 0 {
				continue
			}
			var stop error
			if err == nil {
				err, stop = f(line)
			}
			if stop != nil {
				return stop
			}
			if err != nil {
				bad.add(name, n, err)
			}
		}
	})
}

// badLines counts and reports input that cannot be used.
type badLines struct {
	env   env
	count int
}

func (b *badLines) add(name string, line int, err error) {
	b.count++
	fmt.Fprintf(b.env.err, "%s:%d: %v\n", name, line, err)
}

// err is nil if there were none.
func (b *badLines) err() error {
	if b.count == 0 {
		return nil
	}
	return partialError{fmt.Sprintf("%d bad lines were left out, see above; the rest was done", b.count)}
}

type scanner struct {
	engine  *detect.Engine
	env     env
	out     *bufio.Writer
	json    bool
	all     bool
	workers int
	bad     badLines
}

func (s *scanner) scanText(name string, r io.Reader) error {
	s.bad.env = s.env
	b, err := io.ReadAll(io.LimitReader(r, veghe.MaxPost+1))
	if err != nil {
		return fmt.Errorf("%s: %w", name, err)
	}
	switch {
	case len(b) > veghe.MaxPost:
		s.bad.add(name, 1, fmt.Errorf("text is more than %d bytes, want less", veghe.MaxPost))
		return nil
	case !utf8.Valid(b):
		s.bad.add(name, 1, errors.New("not valid UTF-8: convert it first, for example with iconv"))
		return nil
	case len(bytes.TrimSpace(b)) == 0:
		s.bad.add(name, 1, veghe.ErrNoText)
		return nil
	}
	p := veghe.Post{Text: string(b)}
	p.Identify()
	posts := []veghe.Post{p}
	s.print(posts, s.engine.AssessAll(posts, 1))
	return nil
}

func (s *scanner) print(posts []veghe.Post, assessments []veghe.Assessment) {
	enc := json.NewEncoder(s.out)
	enc.SetEscapeHTML(false)
	for i, a := range assessments {
		if !a.Flagged && !s.all {
			continue
		}
		if s.json {
			_ = enc.Encode(a) // an error stays in the writer and comes out of Flush
			continue
		}
		printAssessment(s.out, &posts[i], &a) //nolint:gosec // as many assessments as posts
	}
}

// printAssessment prints for a person at a terminal.
func printAssessment(w io.Writer, p *veghe.Post, a *veghe.Assessment) {
	verdict := "not flagged"
	if a.Flagged {
		verdict = fmt.Sprintf("%s: %s", strings.ToUpper(string(a.Severity)), a.Label)
	}
	fmt.Fprintf(w, "%s  %s", a.ID, verdict)
	for _, c := range []veghe.Category{veghe.Recruitment, veghe.Grooming} {
		fmt.Fprintf(w, "  %s %.2f", c, a.Score[c])
	}
	fmt.Fprintln(w)
	for _, f := range a.Findings {
		note := ""
		if f.Shadow {
			note = " (shadow)"
		}
		fmt.Fprintf(w, "  %-10s %+.1f  %s%s\n", f.Rule, f.Weight, oneLine(f.Why), note)
	}
	if a.Flagged && p.URL != "" {
		fmt.Fprintf(w, "  %s\n", oneLine(p.URL))
	}
}

// oneLine keeps hostile text from moving the cursor.
func oneLine(s string) string {
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f || r >= 0x80 && r < 0xa0 {
			return ' '
		}
		return r
	}, s)
}
