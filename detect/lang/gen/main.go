// Command gen makes the n-gram table of detect/lang from lingua's language
// models, which lie in the module cache. Run it by hand when lingua changes:
//
//	go generate ./detect/lang
package main

import (
	"bytes"
	"context"
	"flag"
	"fmt"
	"maps"
	"math"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"

	"veghe/detect/lang/internal/ngram"
)

// The languages of each table. The last six Latin and two Cyrillic ones are
// sentinels: no rules are written in them, but without them their texts would
// be taken, confidently, for a neighbour.
var plans = []plan{
	{ngram.Latin, strings.Fields("ro en it es de fr hu tr pl pt nl sq sr hr cs ca sv"), 3e-6},
	{ngram.Cyrillic, strings.Fields("uk ru bg sr mk be"), 3e-6},
}

// folded is the share of text without diacritics in the model of a language.
const folded = 0.3

// backoff is what a letter keeps of its probability after a shorter context
// when the longer one was never seen.
const backoff = 0.3

type plan struct {
	script ngram.Script
	langs  []string
	// least is the least joint probability, in the language where it is
	// most common, of a sequence of three or four letters worth keeping.
	least float64
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
		s, err := p.source(*models)
		if err != nil {
			return err
		}
		sources = append(sources, s)
	}
	var b bytes.Buffer
	if err := ngram.Encode(&b, sources...); err != nil {
		return err
	}
	if err := os.WriteFile(*out, b.Bytes(), 0o644); err != nil {
		return err
	}
	for _, s := range sources {
		fmt.Fprintf(os.Stderr, "%d languages, %d sequences\n", len(s.Langs), len(s.Keys))
	}
	return nil
}

// source builds one table: which sequences to keep, then their costs.
func (p plan) source(models string) (ngram.Source, error) {
	src := ngram.Source{Script: p.script, Langs: p.langs}
	joint := make([]model, len(p.langs))
	for i, lang := range p.langs {
		m, err := load(models, lang, p.script)
		if err != nil {
			return src, fmt.Errorf("%s: %w", lang, err)
		}
		joint[i] = m.foldIn(p.script)
	}
	src.Keys = p.keep(joint)
	cost := make([]float64, len(joint))
	for _, k := range src.Keys {
		best := math.Inf(-1)
		for i, m := range joint {
			cost[i] = m.logP(k)
			best = max(best, cost[i])
		}
		for _, c := range cost {
			src.Rows = append(src.Rows, byte(min(255, math.Round((best-c)*ngram.Scale))))
		}
	}
	return src, nil
}

// keep lists the sequences worth their room.
func (p plan) keep(joint []model) []ngram.Key {
	keys := map[ngram.Key]bool{}
	for _, m := range joint {
		for k, v := range m {
			if k.Len() <= 2 && v > 1e-8 || v >= p.least {
				keys[k] = true
			}
		}
	}
	return slices.Sorted(maps.Keys(keys))
}

// model holds the joint probability of sequences of one to four letters.
type model map[ngram.Key]float64

// foldIn mixes in the same text without diacritics.
func (m model) foldIn(s ngram.Script) model {
	mixed := make(model, len(m)+len(m)/4)
	for _, k := range slices.Sorted(maps.Keys(m)) { // in order, so that sums are the same in every run
		mixed[k] += (1 - folded) * m[k]
		mixed[fold(s, k)] += folded * m[k]
	}
	return mixed
}

func fold(s ngram.Script, k ngram.Key) ngram.Key {
	var f ngram.Key
	for i := k.Len() - 1; i >= 0; i-- {
		f = f.Push(ngram.Fold(s, byte(k>>(7*i))&127))
	}
	return f
}

// logP is the sum over all orders of the log probability of the last letter
// of k given the letters before it.
func (m model) logP(k ngram.Key) float64 {
	sum := 0.0
	for n := k.Len(); n > 0; n-- {
		sum += math.Log(m.conditional(k, n))
		k = k.Shorter(n)
	}
	return sum
}

// conditional is the probability of the last of n letters given the others,
// backing off to fewer others, never zero.
func (m model) conditional(k ngram.Key, n int) float64 {
	weight := 1.0
	for ; n > 1; n-- {
		if p, ctx := m[k], m[k>>7]; p > 0 && ctx > 0 {
			return weight * min(1, p/ctx)
		}
		weight *= backoff
		k = k.Shorter(n)
	}
	return max(weight*m[k], 1e-7)
}
