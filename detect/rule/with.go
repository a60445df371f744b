package rule

import (
	"fmt"
	"maps"
	"slices"
	"strings"
)

// With reads the documents of one file as if they stood in the set, in the
// place of those with the same names: a change that somebody tries out. The
// pack is for Compile; the error, if any, is [Problems], of which those of
// the file have its name as path. The set stays as it is.
func (s *Set) With(name string, data []byte) (*Pack, error) {
	start := Position{Path: name, Line: 1, Column: 1}
	if len(data) > maxFileBytes {
		return nil, Problems{{Position: start, Msg: fmt.Sprintf("larger than %d KB; split it", maxFileBytes>>10)}}
	}
	part := loader{pack: &Pack{Lists: s.pack.Lists, policyAt: map[string]Position{}}}
	part.parse(name, data)
	l := loader{pack: s.pack.without(part.pack)}
	l.enter(&part, name)
	l.link()
	if part.docs == 0 && len(l.problems) == 0 {
		l.problems = append(l.problems, Problem{Position: start, Msg: "nothing here, want a document that begins with indicator, policy, watch or exception"})
	}
	l.problems.sort()
	return l.pack, l.problems.Err()
}

// without is a copy of the pack that lacks what another one names.
func (p *Pack) without(q *Pack) *Pack {
	out := &Pack{Lists: p.Lists, Wording: p.Wording, Files: p.Files, policyAt: maps.Clone(p.policyAt)}
	out.Rules = slices.DeleteFunc(slices.Clone(p.Rules), func(r *Rule) bool {
		return slices.ContainsFunc(q.Rules, func(x *Rule) bool { return x.ID == r.ID })
	})
	out.Policies = slices.DeleteFunc(slices.Clone(p.Policies), func(r Policy) bool {
		return slices.ContainsFunc(q.Policies, func(x Policy) bool { return x.Name == r.Name })
	})
	out.Watches = slices.DeleteFunc(slices.Clone(p.Watches), func(w *Watch) bool {
		return slices.ContainsFunc(q.Watches, func(x *Watch) bool { return x.Name == w.Name })
	})
	out.Exceptions = slices.DeleteFunc(slices.Clone(p.Exceptions), func(e *Exception) bool {
		return slices.ContainsFunc(q.Exceptions, func(x *Exception) bool { return x.Name == e.Name })
	})
	return out
}

// In is the pack's rules, policies, watches and exceptions of one file, with
// the lists and the wording of all.
func (p *Pack) In(name string) *Pack {
	out := &Pack{Lists: p.Lists, Wording: p.Wording, Files: []string{name}, policyAt: p.policyAt}
	for _, r := range p.Rules {
		if r.Pos.Path == name {
			out.Rules = append(out.Rules, r)
		}
	}
	for i := range p.Policies {
		if p.policyAt[p.Policies[i].Name].Path == name {
			out.Policies = append(out.Policies, p.Policies[i])
		}
	}
	for _, w := range p.Watches {
		if w.Pos.Path == name {
			out.Watches = append(out.Watches, w)
		}
	}
	for _, e := range p.Exceptions {
		if e.Pos.Path == name {
			out.Exceptions = append(out.Exceptions, e)
		}
	}
	return out
}

// DocumentAt is the document of a rule file that line stands in, counted from
// 1; "" if there is none.
func DocumentAt(data []byte, line int) string {
	var doc strings.Builder
	n, found := 0, false
	for l := range strings.Lines(string(data)) {
		n++
		if strings.TrimRight(l, " \t\r\n") == "---" {
			if found {
				break
			}
			doc.Reset()
			continue
		}
		found = found || n == line
		doc.WriteString(l)
	}
	if !found {
		return ""
	}
	return strings.TrimLeft(doc.String(), "\r\n")
}
