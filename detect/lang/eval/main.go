// Command eval measures language detection on files of one text a line, named
// after their language:
//
//	go run ./detect/lang/eval -data ../shared/data/langid
//
// For each folder of files, as they are and with diacritics removed, it
// prints the share of texts whose likeliest language is right, the share
// whose candidates hold the right one, how many candidates there are on
// average, the share left undetermined and the time per text.
package main

import (
	"bufio"
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"time"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"

	"veghe/detect/lang"
	"veghe/detect/lang/lingua"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1) //nolint:forbidigo // a command
	}
}

func run(args []string, w io.Writer) error {
	flags := flag.NewFlagSet("eval", flag.ContinueOnError)
	data := flags.String("data", "", "`folder` of folders of files such as ro.txt")
	second := flags.String("second", "off", "second opinion: high, low or off")
	only := flags.String("lang", "", "print the figures of each language too; \"each\" for all")
	if err := flags.Parse(args); err != nil {
		return err
	}
	files, err := filepath.Glob(filepath.Join(*data, "*", "*.txt"))
	if err != nil {
		return err
	}
	if *data == "" || len(files) == 0 {
		return errors.New("no files, want -data FOLDER that holds folders of ro.txt, en.txt …")
	}
	opinion, err := lingua.New(lingua.Options{Accuracy: lingua.Accuracy(*second)})
	if err != nil {
		return err
	}
	defer opinion.Close() //nolint:errcheck // always nil
	if *second != string(lingua.Off) {
		if err := opinion.Wait(context.Background()); err != nil {
			return err
		}
	}
	d, err := lang.New(lang.Options{Second: opinion})
	if err != nil {
		return err
	}
	if err := report(w, d, files, *only); err != nil {
		return err
	}
	return mixed(w, d, filepath.Join(*data, "sentences"))
}

// tally counts what was found in some texts.
type tally struct {
	texts, right, among, candidates, undetermined int
	took                                          time.Duration
}

func (t *tally) add(u tally) {
	t.texts += u.texts
	t.right += u.right
	t.among += u.among
	t.candidates += u.candidates
	t.undetermined += u.undetermined
	t.took += u.took
}

func (t *tally) String() string {
	n := float64(max(t.texts, 1))
	return fmt.Sprintf("%6d  %6.2f  %6.2f  %5.2f  %6.2f  %7.2f", t.texts,
		100*float64(t.right)/n, 100*float64(t.among)/n, float64(t.candidates)/n,
		100*float64(t.undetermined)/n, float64(t.took.Nanoseconds())/1000/n)
}

func report(w io.Writer, d *lang.Detector, files []string, only string) error {
	fmt.Fprintf(w, "%-28s %6s  %6s  %6s  %5s  %6s  %7s\n", "", "texts", "right", "among", "cands", "und", "µs")
	totals := map[string]*tally{}
	var order []string
	for _, file := range files {
		code := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, form := range []string{"", "stripped"} {
			texts, err := read(file, form)
			if err != nil {
				return err
			}
			got := measure(d, code, texts)
			name := filepath.Base(filepath.Dir(file)) + " " + form
			if totals[name] == nil {
				totals[name] = new(tally)
				order = append(order, name)
			}
			totals[name].add(got)
			if only == "each" || only == code {
				fmt.Fprintf(w, "%-28s %s\n", name+" "+code, &got)
			}
		}
	}
	for _, name := range order {
		fmt.Fprintf(w, "%-28s %s\n", name, totals[name])
	}
	return nil
}

func read(file, form string) ([]string, error) {
	f, err := os.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	var texts []string
	lines := bufio.NewScanner(f)
	for lines.Scan() {
		s := strings.TrimSpace(lines.Text())
		if form != "" {
			if s, err = strip(s); err != nil {
				return nil, err
			}
		}
		if s != "" {
			texts = append(texts, s)
		}
	}
	return texts, lines.Err()
}

func strip(s string) (string, error) {
	out, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(runes.In(unicode.Mn)), norm.NFC), s)
	return out, err
}

func measure(d *lang.Detector, code string, texts []string) tally {
	t := tally{texts: len(texts)}
	start := time.Now()
	for _, s := range texts {
		seg := longest(d.Detect(s))
		t.candidates += len(seg.Candidates)
		for i, c := range seg.Candidates {
			if c == code {
				t.among++
				if i == 0 {
					t.right++
				}
			}
		}
		if seg.Lang == lang.Undetermined {
			t.undetermined++
		}
	}
	t.took = time.Since(start)
	return t
}

func longest(segs []lang.Segment) lang.Segment {
	var l lang.Segment
	for _, s := range segs {
		if s.End-s.Start > l.End-l.Start {
			l = s
		}
	}
	return l
}
