package rule

import (
	"bytes"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
)

// keyOrder is the order in which a tidy document has its keys. Others follow
// in the order they were written in.
var keyOrder = []string{
	"indicator", "policy", "watch", "exception",
	"title", "description", "category", "family", "unit", "owner", "indicators", "reason", "expires",
	"strength", "weight", "status", "tags", "references", "why", "falsepositives", "signals", "condition", "examples",
}

// Format returns a rule file with its documents tidy: keys in the order of
// FORMAT.md, no spaces at the ends of lines, one empty line at most, one line
// end at the end. Comments stay with the key that follows them. The lists are
// those of the rule set that the file is part of. Format changes no meaning; a
// file that cannot be read, or would mean something else, is an error.
func Format(lists map[string]*List, name string, data []byte) ([]byte, error) {
	before, err := parseOnly(lists, name, data)
	if err != nil {
		return nil, err
	}
	var out bytes.Buffer
	for i, doc := range splitDocuments(string(data)) {
		if i > 0 {
			out.WriteString("---\n")
		}
		out.WriteString(formatDocument(doc))
	}
	after, err := parseOnly(lists, name, out.Bytes())
	if err != nil {
		return nil, fmt.Errorf("%s: left as it is, for tidied it could not be read: %w", name, err)
	}
	if !bytes.Equal(meaning(before), meaning(after)) {
		return nil, fmt.Errorf("%s: left as it is, for tidying would change its meaning; look for spaces at line ends and empty lines within a text", name)
	}
	return out.Bytes(), nil
}

// parseOnly reads one file without looking for the rules it names elsewhere.
func parseOnly(lists map[string]*List, name string, data []byte) (*Pack, error) {
	l := loader{pack: &Pack{Lists: lists, policyAt: map[string]Position{}}}
	l.parse(name, data)
	l.problems.sort()
	return l.pack, l.problems.Err()
}

// meaning is everything in a pack but where it stands in the file.
func meaning(p *Pack) []byte {
	rules := make([]Rule, len(p.Rules))
	for i, r := range p.Rules {
		rules[i] = *r
		rules[i].Pos, rules[i].Signals, rules[i].Condition = Position{}, nil, nil
		rules[i].Examples = slices.Clone(r.Examples)
		for k := range rules[i].Examples {
			rules[i].Examples[k].Pos = Position{}
		}
	}
	b, err := json.Marshal([]any{versionOf(p), rules})
	if err != nil {
		panic(err) // plain values only
	}
	return b
}

// splitDocuments cuts at lines that begin a document.
func splitDocuments(s string) []string {
	var docs []string
	var b strings.Builder
	for line := range strings.Lines(s) {
		if strings.TrimRight(line, " \t\r\n") == "---" {
			if strings.TrimSpace(b.String()) != "" {
				docs = append(docs, b.String())
			}
			b.Reset()
			continue
		}
		b.WriteString(line)
	}
	if strings.TrimSpace(b.String()) != "" {
		docs = append(docs, b.String())
	}
	return docs
}

// block is one key of a document with its value and the comments before it.
type block struct {
	key   string
	lines []string
}

func formatDocument(doc string) string {
	var blocks []block
	var pending []string
	for line := range strings.Lines(doc) {
		line = tidyEnd(line)
		switch key, top := topKey(line); {
		case top:
			blocks = append(blocks, block{key, append(pending, line)})
			pending = nil
		case strings.HasPrefix(line, "#"), line == "" && pending != nil:
			pending = append(pending, line)
		case len(blocks) == 0:
			pending = append(pending, line)
		default:
			last := &blocks[len(blocks)-1]
			last.lines = append(append(last.lines, pending...), line)
			pending = nil
		}
	}
	rank := func(b block) int {
		if i := slices.Index(keyOrder, b.key); i >= 0 {
			return i
		}
		return len(keyOrder)
	}
	slices.SortStableFunc(blocks, func(a, b block) int { return rank(a) - rank(b) })
	var lines []string
	for _, b := range blocks {
		lines = append(lines, b.lines...)
	}
	return joinTidy(append(lines, pending...))
}

// tidyEnd takes the spaces off the end of a line.
func tidyEnd(line string) string { return strings.TrimRight(line, " \t\r\n") }

// topKey is the key that a line begins with, if it begins one of the document.
func topKey(line string) (string, bool) {
	key, _, ok := strings.Cut(line, ":")
	if !ok || key == "" || strings.ContainsAny(key, " \t#-\"'{}[]") {
		return "", false
	}
	return key, true
}

// joinTidy joins lines, without empty ones at either end and never two in a
// row.
func joinTidy(lines []string) string {
	var b strings.Builder
	empty := 0
	for _, l := range lines {
		if l == "" {
			empty++
			continue
		}
		if empty > 0 && b.Len() > 0 {
			b.WriteByte('\n')
		}
		empty = 0
		b.WriteString(l + "\n")
	}
	return b.String()
}
