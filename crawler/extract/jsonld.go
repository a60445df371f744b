package extract

import (
	"bytes"
	"encoding/json"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/PuerkitoBio/goquery"
)

// jsonLD reads schema.org items from scripts of type application/ld+json.
func (p *page) jsonLD() bool {
	b := jsonThings{byID: make(map[string]*thing)}
	var roots []*thing
	p.doc.Find("script[type]").EachWithBreak(func(i int, s *goquery.Selection) bool {
		if strings.Contains(strings.ToLower(s.AttrOr("type", "")), "ld+json") {
			v, err := lenientJSON([]byte(s.Text()))
			if err != nil {
				p.problem("a JSON-LD script is not JSON")
			}
			roots = append(roots, b.list(v, 0)...)
		}
		return i < 500
	})
	if b.count >= maxThings {
		p.problem("more than %d JSON-LD items, the rest is left out", maxThings)
	}
	b.link(roots)
	return p.schema(roots)
}

// lenientJSON reads the first JSON value of a script as people write them:
// within comment or CDATA marks, with raw control characters in strings, with
// something after the end.
func lenientJSON(b []byte) (any, error) {
	for _, mark := range []string{"<!--", "-->", "//<![CDATA[", "<![CDATA[", "//]]>", "]]>", "/*", "*/"} {
		b = bytes.TrimSpace(b)
		b = bytes.TrimPrefix(b, []byte(mark))
		b = bytes.TrimSuffix(b, []byte(mark))
	}
	b = bytes.Map(func(r rune) rune {
		if r < ' ' {
			return ' '
		}
		return r
	}, b)
	if len(bytes.TrimSpace(b)) == 0 {
		return nil, nil
	}
	d := json.NewDecoder(bytes.NewReader(b))
	d.UseNumber()
	var v any
	err := d.Decode(&v)
	return v, err
}

// jsonThings turns JSON into things, within bounds.
type jsonThings struct {
	count int
	byID  map[string]*thing
}

// list gives the things at the top of a value: itself, its members, or what
// is in its @graph.
func (b *jsonThings) list(v any, depth int) []*thing {
	if depth > maxThingDepth {
		return nil
	}
	switch v := v.(type) {
	case []any:
		var out []*thing
		for _, e := range v {
			out = append(out, b.list(e, depth+1)...)
		}
		return out
	case map[string]any:
		if g, ok := v["@graph"]; ok && v["@type"] == nil {
			return b.list(g, depth+1)
		}
		if t := b.thing(v, depth); t != nil {
			return []*thing{t}
		}
	}
	return nil
}

func (b *jsonThings) thing(m map[string]any, depth int) *thing {
	if depth > maxThingDepth || b.count >= maxThings {
		return nil
	}
	b.count++
	t := &thing{}
	for _, key := range slices.Sorted(maps.Keys(m)) {
		v := m[key]
		switch key {
		case "@id":
			t.id, _ = v.(string)
		case "@type":
			for _, s := range jsonStrings(v) {
				t.types = append(t.types, typeName(s))
			}
		case "@value":
			for _, s := range jsonStrings(v) {
				t.add("value", prop{text: s})
			}
		default:
			if key != "" && key[0] != '@' {
				b.values(t, key, v, depth)
			}
		}
	}
	if t.id != "" && len(t.types) > 0 && b.byID[t.id] == nil {
		b.byID[t.id] = t
	}
	return t
}

func (b *jsonThings) values(t *thing, key string, v any, depth int) {
	switch v := v.(type) {
	case []any:
		for _, e := range v {
			if _, nested := e.([]any); !nested {
				b.values(t, key, e, depth)
			}
		}
	case map[string]any:
		if c := b.thing(v, depth+1); c != nil {
			t.add(key, prop{thing: c})
		}
	default:
		for _, s := range jsonStrings(v) {
			t.add(key, prop{text: s})
		}
	}
}

// jsonStrings gives the strings of a value that is one or a list of them.
func jsonStrings(v any) []string {
	switch v := v.(type) {
	case string:
		return []string{v}
	case json.Number:
		return []string{v.String()}
	case bool:
		return []string{strconv.FormatBool(v)}
	case []any:
		var out []string
		for _, e := range v {
			if s, ok := e.(string); ok {
				out = append(out, s)
			}
		}
		return out
	}
	return nil
}

// link puts things in place of references to them, {"@id": "…"} alone.
func (b *jsonThings) link(roots []*thing) {
	seen := make(map[*thing]bool)
	var walk func(t *thing, depth int)
	walk = func(t *thing, depth int) {
		if seen[t] || depth > 2*maxThingDepth {
			return
		}
		seen[t] = true
		for _, values := range t.props {
			for i := range values {
				c := values[i].thing
				if c == nil {
					continue
				}
				if len(c.types) == 0 && len(c.props) == 0 && b.byID[c.id] != nil {
					values[i].thing = b.byID[c.id]
				}
				walk(values[i].thing, depth+1)
			}
		}
	}
	for _, t := range roots {
		walk(t, 0)
	}
}
