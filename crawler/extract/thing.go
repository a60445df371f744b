package extract

import (
	"slices"
	"strings"

	xhtml "golang.org/x/net/html"
)

// thing is one schema.org item, whether it was written as JSON-LD or as
// microdata.
type thing struct {
	types []string // without the address of the vocabulary
	id    string   // @id or itemid
	props map[string][]prop
}

// prop is one value of a property: a thing, an element with the text, or a
// string.
type prop struct {
	thing *thing
	node  *xhtml.Node
	text  string
}

// Bounds of the things of one page.
const (
	maxThings     = 20_000
	maxThingDepth = 24
)

// is says whether the thing is of one of the types.
func (t *thing) is(types ...string) bool {
	for _, have := range t.types {
		if slices.Contains(types, have) {
			return true
		}
	}
	return false
}

// typeName takes the vocabulary off a type.
func typeName(s string) string {
	s = strings.TrimSpace(s)
	if i := strings.LastIndexAny(s, "/#:"); i >= 0 {
		s = s[i+1:]
	}
	return s
}

func (t *thing) add(name string, p prop) {
	if t.props == nil {
		t.props = make(map[string][]prop)
	}
	name = typeName(name)
	t.props[name] = append(t.props[name], p)
}

// str is a short value: of a thing its name, else its id or value.
func (t *thing) str(names ...string) string {
	for _, n := range names {
		for _, v := range t.props[n] {
			if s := v.str(); s != "" {
				return s
			}
		}
	}
	return ""
}

func (v prop) str() string {
	switch {
	case v.thing != nil:
		if s := v.thing.str("name", "alternateName", "value"); s != "" {
			return s
		}
		return v.thing.id
	case v.node != nil:
		return oneLine(textOf(v.node, nil), maxTitle)
	}
	return oneLine(v.text, maxTitle)
}

// rich is a long value with its quotes apart.
func (t *thing) rich(names ...string) (string, []quoted) {
	for _, n := range names {
		for _, v := range t.props[n] {
			var text string
			var quotes []quoted
			switch {
			case v.thing != nil:
				continue
			case v.node != nil:
				text, quotes = splitQuotes(v.node, isQuote)
			default:
				text, quotes = fromMarkup(v.text)
			}
			if text != "" {
				return text, quotes
			}
		}
	}
	return "", nil
}

// things are the values of properties that are things.
func (t *thing) things(names ...string) []*thing {
	var out []*thing
	for _, n := range names {
		for _, v := range t.props[n] {
			if v.thing != nil {
				out = append(out, v.thing)
			}
		}
	}
	return out
}
