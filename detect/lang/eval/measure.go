package main

import (
	"fmt"
	"io"
	"slices"
	"strings"
	"syscall"
	"time"

	linguago "github.com/pemistahl/lingua-go"

	"veghe/detect/lang"
)

// ruled are the languages that rules are written in.
var ruled = strings.Fields("ro en es de fr it hu uk ru bg")

// rival is a way to tell languages.
type rival struct {
	name   string
	detect func(string) []lang.Segment
}

// plain is lingua as it comes, with the languages that it shares with us but
// for the sentinels, which it would only confuse with others.
func plain() func(string) []lang.Segment {
	d := linguago.NewLanguageDetectorBuilder().FromLanguages(
		linguago.Romanian, linguago.English, linguago.Italian, linguago.Spanish, linguago.German, linguago.French,
		linguago.Hungarian, linguago.Ukrainian, linguago.Russian, linguago.Bulgarian, linguago.Turkish,
		linguago.Polish, linguago.Portuguese, linguago.Dutch, linguago.Greek, linguago.Albanian, linguago.Croatian,
		linguago.Serbian, linguago.Arabic,
	).WithPreloadedLanguageModels().Build()
	return func(s string) []lang.Segment {
		l, ok := d.DetectLanguageOf(s)
		if !ok {
			return []lang.Segment{{End: len(s), Lang: lang.Undetermined}}
		}
		code := strings.ToLower(l.IsoCode639_1().String())
		return []lang.Segment{{End: len(s), Lang: code, Candidates: []string{code}}}
	}
}

// tally counts what was found in some texts.
type tally struct {
	texts, right, among, candidates, undetermined int
	ruled, ruledAmong, ruledCandidates            int
}

func (t *tally) add(code string, seg lang.Segment) {
	among := slices.Contains(seg.Candidates, code)
	t.texts++
	t.candidates += len(seg.Candidates)
	t.among += one(among)
	t.right += one(among && seg.Candidates[0] == code)
	t.undetermined += one(seg.Lang == lang.Undetermined)
	if slices.Contains(ruled, code) {
		t.ruled++
		t.ruledAmong += one(among)
		t.ruledCandidates += len(seg.Candidates)
	}
}

func one(b bool) int {
	if b {
		return 1
	}
	return 0
}

func (t *tally) String() string {
	return fmt.Sprintf("%6d  %6.2f  %6.2f  %5.2f  %6.2f  %5.2f  %6.2f", t.texts,
		100*per(t.right, t.texts), 100*per(t.among, t.texts), per(t.candidates, t.texts),
		100*per(t.ruledAmong, t.ruled), per(t.ruledCandidates, t.ruled), 100*per(t.undetermined, t.texts))
}

func per(a, b int) float64 { return float64(a) / float64(max(b, 1)) }

// report prints a line for each set and rival.
func report(w io.Writer, sets []set, rivals []rival, only string) {
	fmt.Fprintf(w, "%-32s %6s  %6s  %6s  %5s  %6s  %5s  %6s  %7s  %6s\n",
		"", "texts", "right", "among", "cands", "rules", "cands", "und", "CPU µs", "ratio")
	for i := range sets {
		s := &sets[i]
		costs := make([]float64, len(rivals))
		lines := make([]string, len(rivals))
		for k, r := range rivals {
			all, each, cost := s.measure(r)
			costs[k] = cost
			lines[k] = fmt.Sprintf("%-32s %s  %7.2f", s.title()+" "+r.name, all, cost)
			for _, code := range languages(s) {
				if only == "each" || only == code {
					fmt.Fprintf(w, "%-32s %s\n", s.title()+" "+r.name+" "+code, each[code])
				}
			}
		}
		for k, line := range lines {
			fmt.Fprintf(w, "%s  %6.1f\n", line, costs[len(costs)-1]/costs[k])
		}
	}
}

func (s *set) title() string {
	if s.stripped {
		return s.name + ", stripped"
	}
	return s.name
}

func languages(s *set) (codes []string) {
	for _, t := range s.texts {
		if !slices.Contains(codes, t.lang) {
			codes = append(codes, t.lang)
		}
	}
	return codes
}

// measure shows all texts to one rival. The cost is in microseconds of
// processor time per text.
func (s *set) measure(r rival) (all *tally, each map[string]*tally, cost float64) {
	found := make([]lang.Segment, len(s.texts))
	start := cpu()
	for i, t := range s.texts {
		found[i] = longest(r.detect(t.text))
	}
	took := cpu() - start
	all, each = new(tally), map[string]*tally{}
	for i, t := range s.texts {
		if each[t.lang] == nil {
			each[t.lang] = new(tally)
		}
		all.add(t.lang, found[i])
		each[t.lang].add(t.lang, found[i])
	}
	return all, each, float64(took.Nanoseconds()) / 1000 / float64(max(len(s.texts), 1))
}

// cpu is the processor time of this process so far.
func cpu() time.Duration {
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		return 0
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
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
