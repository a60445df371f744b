// Command gen makes the n-gram table of detect/lang from lingua's language
// models, which lie in the module cache. Run it by hand when lingua changes:
//
//	go generate ./detect/lang
package main

import (
	"cmp"
	"context"
	"flag"
	"fmt"
	"maps"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"veghe/detect/lang/internal/ngram"
)

// The languages of each table. The last four Latin and two Cyrillic ones are
// sentinels: no rules are written in them, but without them their texts would
// be taken, confidently, for a neighbour.
var plans = []plan{
	{ngram.Latin, strings.Fields("ro en it es de fr hu tr pl pt nl sq sr hr cs ca sv")},
	{ngram.Cyrillic, strings.Fields("uk ru bg sr mk be")},
}

// rare is the share of a language's letters below which a sequence is not
// looked at, and worth the gain that keeps one. At 2e-6 the table is half as
// large again and 0.6 % more of single words come out right.
const (
	rare  = 2e-7
	worth = 5e-6
)

type plan struct {
	script ngram.Script
	langs  []string
}

func main() {
	if err := run(); err != nil {
		fmt.Fprintln(os.Stderr, "gen:", err)
		os.Exit(1) //nolint:forbidigo // a command
	}
}

func run() error {
	models := flag.String("models", "", "lingua's `folder` language-models; empty asks the go command")
	out := flag.String("out", "ngrams.bin", "`file` to write")
	least := flag.Float64("worth", worth, "gain that keeps a sequence")
	flag.Parse()
	if *models == "" {
		dir, err := exec.CommandContext(context.Background(), "go", "list", "-m", "-f", "{{.Dir}}", "github.com/pemistahl/lingua-go").Output()
		if err != nil {
			return fmt.Errorf("find lingua-go: %w (run go mod download)", err)
		}
		*models = filepath.Join(strings.TrimSpace(string(dir)), "language-models")
	}
	var sources []ngram.Source
	for _, p := range plans {
		s, err := p.source(*models, *least)
		if err != nil {
			return err
		}
		sources = append(sources, s)
	}
	if err := os.WriteFile(*out, ngram.Encode(sources...), 0o644); err != nil {
		return err
	}
	for _, s := range sources {
		fmt.Fprintf(os.Stderr, "%d languages, %d sequences\n", len(s.Langs), len(s.Keys))
	}
	return nil
}

// source builds one table: which sequences to keep, then their costs.
func (p plan) source(folder string, least float64) (ngram.Source, error) {
	src := ngram.Source{Script: p.script, Langs: p.langs}
	models := make([]*model, len(p.langs))
	for i, lang := range p.langs {
		s, err := load(folder, lang)
		if err != nil {
			return src, fmt.Errorf("%s: %w", lang, err)
		}
		if lang == "sr" && p.script == ngram.Latin {
			s = s.romanize()
		}
		models[i] = newModel(s, p.script, lang)
	}
	all := common(models)
	byKey := newRows(models, all)
	src.Keys = keep(models, byKey, all, least)
	for _, k := range src.Keys {
		row := byKey[k]
		best := slices.Max(row)
		for _, v := range row {
			src.Levels = append(src.Levels, ngram.Level((best-v)*ngram.Scale))
		}
	}
	return src, nil
}

// common lists the sequences that are not rare in some language, and with
// each all its tails, in order of length.
func common(models []*model) []ngram.Key {
	keys := map[ngram.Key]bool{}
	for _, m := range models {
		for k := range m.count {
			if k.Len() > 2 && m.frequency(k) < rare {
				continue
			}
			for ; k != 0 && !keys[k]; k = k.Tail() {
				keys[k] = true
			}
		}
	}
	return slices.SortedFunc(maps.Keys(keys), func(a, b ngram.Key) int {
		return cmp.Or(cmp.Compare(a.Len(), b.Len()), cmp.Compare(a, b))
	})
}

// keep lists the sequences worth their room, and with each all its heads, in
// order: the search in the table grows a sequence letter by letter.
func keep(models []*model, byKey rows, all []ngram.Key, least float64) []ngram.Key {
	kept := map[ngram.Key]bool{}
	for _, k := range all {
		if k == ngram.Key(ngram.Edge) {
			kept[k] = true
			continue
		}
		shorter := k.Tail()
		for shorter != 0 && !kept[shorter] {
			shorter = shorter.Tail()
		}
		if k.Len() > 1 && byKey.gain(models, k, shorter) < least {
			continue
		}
		for ; k != 0; k = k.Head() {
			kept[k] = true
		}
	}
	return sortedKeys(kept)
}

func sortedKeys[V any](m map[ngram.Key]V) []ngram.Key { return slices.Sorted(maps.Keys(m)) }
