package rule

import (
	"encoding/json"
	"fmt"
	"io/fs"
	"path"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe/rules"
)

// readWhole reads a file as loader.parse does, with nothing lifted.
func readWhole(lists map[string]*List, name string, data []byte) *loader {
	l := &loader{pack: &Pack{Lists: lists, policyAt: map[string]Position{}}}
	f := newFile(name, data)
	for _, d := range f.documents() {
		if body := f.parse(d, f.lines[d.from:d.to]); body != nil {
			l.read(f, body)
		}
	}
	l.problems = append(l.problems, f.problems...)
	return l
}

func readLifted(lists map[string]*List, name string, data []byte, lean bool) *loader {
	l := &loader{pack: &Pack{Lists: lists, policyAt: map[string]Position{}}, lean: lean}
	l.parse(name, data)
	return l
}

// seen is all that was read: meaning, places and problems.
func (l *loader) seen() (lines []string) {
	note := func(format string, args ...any) { lines = append(lines, fmt.Sprintf(format, args...)) }
	l.problems.sort()
	for _, p := range l.problems {
		note("%v", p)
	}
	signals := func(signals []*Signal) {
		for _, s := range signals {
			field, _ := json.Marshal(s.Field)
			note("%v %s %v %d %v %v %v %s", s.Pos, s.Name, s.Kind, s.own, s.Lists, s.Contacts, s.Indicators, field)
			for _, t := range s.Terms {
				note("%v %s %q %q %v", t.at.position(), t.Lang, t.Text, t.spelled, t.symbol)
			}
			for _, p := range s.Patterns {
				note("%s %q", p.Lang, p.Source)
			}
		}
	}
	for _, r := range l.pack.Rules {
		note("%v %s %v %v %v %s", r.Pos, r.ID, r.Tags, r.FalsePositives, r.condPos, r.Condition.text())
		signals(r.Signals)
	}
	for _, w := range l.pack.Watches {
		note("%v %s", w.Pos, w.Name)
		signals(w.Signals)
	}
	for _, e := range l.pack.Exceptions {
		note("%v %s %v", e.Pos, e.Name, e.Indicators)
		signals(e.Signals)
	}
	return lines
}

// Of the shipped rules nearly all lists are lifted, and what is read is what
// the parser alone would read.
func TestShippedRulesAreReadTheSame(t *testing.T) {
	p, err := Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	entries, left := 0, 0
	for _, name := range p.Files {
		if path.Ext(name) != ".yaml" {
			continue
		}
		data, err := fs.ReadFile(rules.FS, name)
		if err != nil {
			t.Fatal(err)
		}
		want := readWhole(p.Lists, name, data)
		lean := readLifted(p.Lists, name, data, true)
		if diff := cmp.Diff(want.seen(), lean.seen()); diff != "" {
			t.Errorf("%s (-whole +lean):\n%s", name, diff)
		}
		for _, r := range lean.pack.Rules {
			if len(r.Examples) > 0 {
				t.Errorf("%s has examples, though none were wanted", r.ID)
			}
		}
		f := newFile(name, data)
		for _, d := range f.documents() {
			f.lift(d, false)
			for _, l := range f.lifted {
				entries += len(l.items)
			}
		}
		for _, r := range want.pack.Rules {
			for _, s := range r.Signals {
				left += s.own
			}
		}
	}
	if entries*10 < left*9 {
		t.Errorf("%d of %d terms were lifted, want nine in ten", entries, left)
	}
}

// A lean reading needs no sound examples, but tells all that is wrong with
// anything else as ever.
func TestExamplesAreLeftOut(t *testing.T) {
	good := oneRule("  a: {ro: [pasaport]}", "a") + "examples:\n  - {lang: xx-yy, match: perhaps}\n- [\n"
	if got := readLifted(nil, "a.yaml", []byte(good), true).problems; len(got) > 0 {
		t.Errorf("problems, though examples are not wanted: %v", got)
	}
	bad := strings.Replace(oneRule("  a: {ro: [pasaport]}", "a"), "title:", "titel:", 1) + "examples:\n  - {lang: ro}\n"
	if diff := cmp.Diff(readWhole(nil, "a.yaml", []byte(bad)).seen(), readLifted(nil, "a.yaml", []byte(bad), true).seen()); diff != "" {
		t.Errorf("-whole +lean:\n%s", diff)
	}
}

// liftCases are lists that are lifted, and what must not be.
var liftCases = []string{
	"  a:\n    ro: [pasaport*, carte de identitate, fără acte, 'hotel: da', \"e-mail\", 100 de lei, 007, 1.5, true, colo?r, don't, hh.ru]\n    en: [passport]",
	"  a:\n    \"*\": [whatsapp]\n    '*': [viber]",
	"  a: [telegram, signal]",
	"  a: {ro: [pasaport], en: [passport]}",
	"  a:\n    ro: [a,\n      b]",
	"  a:\n    ro: []\n    en: [null, NULL, ~]",
	"  a:\n    ro: [un: doi, 'un''doi', \"un\\tdoi\", un #doi, *un, &un doi, !un doi, {un: doi}, [un], ]",
	"  a:\n    ro: [un, , doi]\n    en: [one, two,]",
	"  a:\n    regexp:\n      ro: [taxa de plecare, 'plecare (azi|maine)']",
	"  a:\n    list: [x, y]\n    ro: [un]",
	"  a:\n    contact: [phone, email]\n    min: [1]",
	"  a:\n    field:\n      source: [jobs, forum]\n      place: [iasi]",
	"  a: |\n    ro: [un, doi]\n  b:\n    ro: [trei]",
	"  a:\n    ro: \"un\n      en: [doi]\n      trei\"",
	"  a:\n    ro: [un\u00a0, \u2028doi, trei\u200b]",
	"  a:\n    ro: ['un', \"doi\" , trei  ,patru]  \n    en: [one]",
	"  a:\n\tro: [un]",
	"  a:\n    ro: [un]\n    ro: [doi]",
	"  a:\n    ro: [un'doi, un\"doi, -un, - un, ?un, un*doi*, un?]",
	"  a:\n    ro: [0x1f, 1_000, 1e5, .5, +5, 12:30, 2026-01-01, yes, no, on, off, <<, =]",
}

func FuzzLift(f *testing.F) {
	for _, signals := range liftCases {
		f.Add(oneRule(signals, "a"))
		f.Add(oneRule(signals, "a") + "---\n" + oneRule(signals, "a and b"))
	}
	f.Fuzz(func(t *testing.T, s string) {
		if len(s) > 1<<12 {
			return
		}
		lists := map[string]*List{"x": {Name: "x", Terms: []Term{mustTerm(t, AnyLang, "unu")}}}
		if diff := cmp.Diff(readWhole(lists, "a.yaml", []byte(s)).seen(), readLifted(lists, "a.yaml", []byte(s), false).seen()); diff != "" {
			t.Errorf("-whole +lifted:\n%s", diff)
		}
	})
}

func FuzzPlainTerm(f *testing.F) {
	for _, s := range []string{"pasaport", "carte de identit*", "a b c d", "ab*", "x", "un  doi", "un ", "pas*t", "l o n g", strings.Repeat("a", 101)} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, s string) {
		if !plainTerm(s) {
			return
		}
		got, err := new(termParser).fold(Term{Text: s})
		if err != nil || got.spelled != s || got.symbol {
			t.Errorf("%q is folded to %q, %v", s, got.spelled, err)
		}
	})
}
