package rule

import (
	"strings"

	"github.com/goccy/go-yaml/ast"

	"veghe"
)

var exampleKeys = []string{"lang", "match", "text", "title", "note", "kind", "source", "author", "place", "posted_at", "features"}

func (r *reader) examples(n ast.Node) []Example {
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		r.problem(n, "examples is %s, want a list", kindOf(n))
		return nil
	}
	if len(seq.Values) > maxExamples {
		r.problem(n, "%d examples, want at most %d", len(seq.Values), maxExamples)
		return nil
	}
	var out []Example
	for _, v := range seq.Values {
		if e, ok := r.example(v); ok {
			out = append(out, e)
		}
	}
	return out
}

func (r *reader) example(n ast.Node) (Example, bool) {
	e := Example{Pos: r.pos(n)}
	pairs, ok := r.mapping(n, "an example")
	if !ok {
		return e, false
	}
	for _, p := range pairs {
		switch p.key {
		case "lang":
			e.Lang, _ = r.text(p.value, p.key)
			if !validLang(e.Lang) {
				r.problem(p.value, "lang is %q, want a code such as ro", e.Lang)
			}
		case "match":
			e.Match = oneOf(r.file, p, Match, NoMatch, Todo)
		case "text":
			e.Text, _ = r.text(p.value, p.key)
		case "title":
			e.Title, _ = r.text(p.value, p.key)
		case "note":
			e.Note, _ = r.text(p.value, p.key)
		case "kind":
			e.Kind = oneOf(r.file, p, veghe.Ad, veghe.Forum)
		case "source":
			s, _ := r.text(p.value, p.key)
			e.Source = veghe.SourceID(s)
		case "author":
			s, _ := r.text(p.value, p.key)
			e.Author = veghe.AuthorID(s)
		case "place":
			e.Place, _ = r.text(p.value, p.key)
		case "posted_at":
			e.PostedAt = r.date(p.value, p.key)
		case "features":
			e.Features = r.featureValues(p.value)
		default:
			r.unknown(p, "an example", exampleKeys)
		}
	}
	return e, r.checkExample(n, e)
}

func (r *reader) checkExample(n ast.Node, e Example) bool {
	switch {
	case e.Lang == "":
		r.problem(n, "an example without lang")
	case e.Match == "" && !r.hasProblemAt(e.Pos.Line):
		r.problem(n, "an example without match, want true, false or todo")
	case strings.TrimSpace(e.Text) == "" && e.Title == "":
		r.problem(n, "an example without text")
	case len(e.Text) > maxText:
		r.problem(n, "an example of %d bytes, want at most %d", len(e.Text), maxText)
	default:
		return true
	}
	return false
}

func (r *reader) featureValues(n ast.Node) map[string]float64 {
	pairs, ok := r.mapping(n, "features")
	if !ok {
		return nil
	}
	out := map[string]float64{}
	for _, p := range pairs {
		if len(r.known(pair{key: "feature", value: p.node}, features)) == 1 {
			out[p.key], _ = r.number(p.value, p.key)
		}
	}
	return out
}
