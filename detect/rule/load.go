package rule

import (
	"cmp"
	"fmt"
	"io"
	"io/fs"
	"path"
	"runtime"
	"slices"
	"strings"
	"sync"
	"sync/atomic"

	"github.com/goccy/go-yaml/ast"

	"veghe"
	"veghe/detect/wording"
)

// Limits of files.
const (
	maxFileBytes = 512 << 10
	maxListBytes = 1 << 20
	maxFileDocs  = 2_000
	maxDocs      = 20_000
	maxFiles     = 5_000
)

// Load reads every *.yaml below fsys and every list in lists/*.txt. The pack
// holds all that could be read; the error, if any, is [Problems]: everything
// that is wrong, not only the first. Use a pack only when there is no error.
func Load(fsys fs.FS) (*Pack, error) { return read(fsys, false) }

// LoadToRun is Load without the examples: what a program needs that runs the
// rules and does not test them, sooner.
func LoadToRun(fsys fs.FS) (*Pack, error) { return read(fsys, true) }

func read(fsys fs.FS, lean bool) (*Pack, error) {
	l := loader{pack: &Pack{Lists: map[string]*List{}, policyAt: map[string]Position{}}, lean: lean}
	paths, err := l.find(fsys)
	if err != nil {
		return nil, fmt.Errorf("read the rule directory: %w", err)
	}
	for _, p := range paths { // lists first, rules name them
		switch path.Ext(p) {
		case ".txt":
			l.list(fsys, p)
		case ".tab":
			l.wording(fsys, p)
		}
	}
	l.parseAll(fsys, slices.DeleteFunc(slices.Clone(paths), func(p string) bool { return path.Ext(p) != ".yaml" }))
	if len(l.pack.Rules)+len(l.pack.Policies)+len(l.pack.Watches)+len(l.pack.Exceptions) == 0 && len(l.problems) == 0 {
		return l.pack, Problems{{Position: Position{Path: ".", Line: 1, Column: 1}, Msg: "no rules: no *.yaml with an indicator, policy, watch or exception"}}
	}
	l.link()
	l.problems.sort()
	return l.pack, l.problems.Err()
}

// LoadFile reads one rule file from memory, such as a watch written in the
// desk. Lists and other rules are not there to be named.
func LoadFile(name string, data []byte) (*Pack, error) {
	l := loader{pack: &Pack{Lists: map[string]*List{}, policyAt: map[string]Position{}}}
	l.parse(name, data)
	l.link()
	l.problems.sort()
	return l.pack, l.problems.Err()
}

type loader struct {
	pack     *Pack
	problems Problems
	docs     int
	lean     bool // examples are not wanted
	terms    termParser
}

func (l *loader) problem(p Position, format string, args ...any) {
	l.problems = append(l.problems, Problem{Position: p, Msg: fmt.Sprintf(format, args...)})
}

// find lists the files to read, sorted.
func (l *loader) find(fsys fs.FS) ([]string, error) {
	var paths []string
	err := fs.WalkDir(fsys, ".", func(p string, d fs.DirEntry, err error) error {
		switch {
		case err != nil:
			return err
		case d.IsDir() && p != "." && strings.HasPrefix(d.Name(), "."):
			return fs.SkipDir
		case d.IsDir() || strings.HasPrefix(d.Name(), "."):
			return nil
		case len(paths) >= maxFiles:
			return fmt.Errorf("more than %d files", maxFiles)
		}
		switch ext := path.Ext(p); {
		case ext == ".tab" && path.Base(path.Dir(p)) == "wording":
			paths = append(paths, p)
		case ext == ".yaml", ext == ".txt" && path.Base(path.Dir(p)) == "lists":
			paths = append(paths, p)
		case ext == ".yml":
			l.problem(Position{Path: p, Line: 1, Column: 1}, "rule files end in .yaml; rename it")
		}
		return nil
	})
	slices.Sort(paths)
	l.pack.Files = paths
	return paths, err
}

// file reads a file of at most limit bytes.
func (l *loader) file(fsys fs.FS, p string, limit int) ([]byte, bool) {
	start := Position{Path: p, Line: 1, Column: 1}
	f, err := fsys.Open(p)
	if err != nil {
		l.problem(start, "cannot be read: %v", err)
		return nil, false
	}
	defer func() { _ = f.Close() }() // it was only read
	data, err := io.ReadAll(io.LimitReader(f, int64(limit)+1))
	if err != nil {
		l.problem(start, "cannot be read: %v", err)
		return nil, false
	}
	if len(data) > limit {
		l.problem(start, "larger than %d KB; split it", limit>>10)
		return nil, false
	}
	return data, true
}

func (l *loader) list(fsys fs.FS, p string) {
	data, ok := l.file(fsys, p, maxListBytes)
	if !ok {
		return
	}
	name := listName(p)
	list, problems := parseList(name, p, data)
	l.problems = append(l.problems, problems...)
	if before := l.pack.Lists[name]; before != nil {
		l.problem(Position{Path: p, Line: 1, Column: 1}, "list %q is also %s, want one of them renamed", name, before.Path)
		return
	}
	l.pack.Lists[name] = list
}

// wording reads what was learnt for one category.
func (l *loader) wording(fsys fs.FS, p string) {
	data, ok := l.file(fsys, p, wording.MaxFile)
	if !ok {
		return
	}
	m, err := wording.Read(data)
	if err != nil {
		l.problem(Position{Path: p, Line: 1, Column: 1}, "%v", err)
		return
	}
	category := veghe.Category(strings.TrimSuffix(path.Base(p), ".tab"))
	if got := m.Card().Category; got != string(category) {
		l.problem(Position{Path: p, Line: 1, Column: 1}, "was learnt for %q, want the file named after it", got)
	}
	if l.pack.Wording == nil {
		l.pack.Wording = map[veghe.Category]*wording.Model{}
	}
	l.pack.Wording[category] = m
}

// parseAll reads rule files side by side, for most of the time to load goes
// into YAML, and enters them in their order.
func (l *loader) parseAll(fsys fs.FS, paths []string) {
	parts := make([]loader, len(paths))
	var next atomic.Int64
	var wg sync.WaitGroup
	for range min(runtime.GOMAXPROCS(0), len(paths)) {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < len(paths); i = int(next.Add(1)) - 1 {
				parts[i].pack, parts[i].lean = &Pack{Lists: l.pack.Lists, policyAt: map[string]Position{}}, l.lean
				parts[i].rules(fsys, paths[i])
			}
		})
	}
	wg.Wait()
	for i := range parts {
		l.enter(&parts[i], paths[i])
	}
}

// enter adds what was read from one file.
func (l *loader) enter(part *loader, name string) {
	l.docs += part.docs
	if l.docs > maxDocs && l.docs-part.docs <= maxDocs {
		l.problem(Position{Path: name, Line: 1, Column: 1}, "too many documents, want at most %d in all", maxDocs)
	}
	l.problems = append(l.problems, part.problems...)
	l.pack.Rules = append(l.pack.Rules, part.pack.Rules...)
	l.pack.Watches = append(l.pack.Watches, part.pack.Watches...)
	l.pack.Exceptions = append(l.pack.Exceptions, part.pack.Exceptions...)
	known := len(l.pack.Policies) // within its file each policy was checked
	for _, p := range part.pack.Policies {
		l.policy(p, part.pack.policyAt[p.Name], known)
	}
}

func (l *loader) rules(fsys fs.FS, p string) {
	if data, ok := l.file(fsys, p, maxFileBytes); ok {
		l.parse(p, data)
	}
}

// parse reads the documents of one rule file.
func (l *loader) parse(p string, data []byte) {
	f := newFile(p, data)
	n := 0
	for _, d := range f.documents() {
		body := l.body(f, d)
		if body == nil {
			continue
		}
		if n == maxFileDocs || l.docs == maxDocs {
			f.report(d.from+1, 1, "too many documents, want at most %d in a file and %d in all", maxFileDocs, maxDocs)
			break
		}
		n++
		l.docs++
		l.document(f, d, body)
	}
	f.lifted = nil
	l.problems = append(l.problems, f.problems...)
}

// body parses a document, if it can without its lists of terms.
func (l *loader) body(f *file, d document) ast.Node {
	known := len(f.problems)
	if lines := f.lift(d, l.lean); lines != nil {
		if body := f.parse(d, lines); body != nil {
			return body
		}
		f.whole(known)
	}
	return f.parse(d, f.lines[d.from:d.to])
}

var documentKinds = []string{"indicator", "policy", "watch", "exception"}

// document reads a document. What is wrong with it is said of the document as
// it stands: if anything is, it is read again with all that was left out.
func (l *loader) document(f *file, d document, body ast.Node) {
	rules, watches, exceptions, known := len(l.pack.Rules), len(l.pack.Watches), len(l.pack.Exceptions), len(f.problems)
	l.read(f, body)
	if f.lifted == nil || len(f.problems) == known && f.allFound() {
		return
	}
	l.pack.Rules, l.pack.Watches, l.pack.Exceptions = l.pack.Rules[:rules], l.pack.Watches[:watches], l.pack.Exceptions[:exceptions]
	f.whole(known)
	if body := f.parse(d, f.lines[d.from:d.to]); body != nil {
		l.read(f, body)
	}
}

// read reads one document by its first key.
func (l *loader) read(f *file, body ast.Node) {
	pairs, ok := f.mapping(body, "a rule document")
	if !ok {
		return
	}
	if len(pairs) == 0 {
		f.problem(body, "an empty document, want one that begins with indicator, policy, watch or exception")
		return
	}
	r := reader{file: f, pack: l.pack, pairs: pairs, head: pairs[0], parser: &l.terms}
	switch pairs[0].key {
	case "indicator":
		l.pack.Rules = append(l.pack.Rules, r.rule())
	case "policy":
		l.policy(r.policy(body), f.pos(body), len(l.pack.Policies))
	case "watch":
		l.pack.Watches = append(l.pack.Watches, r.watch())
	case "exception":
		l.pack.Exceptions = append(l.pack.Exceptions, r.exception())
	default:
		f.problem(pairs[0].node, "a document begins with %q, want indicator, policy, watch or exception first%s", pairs[0].key, hint(pairs[0].key, documentKinds))
	}
}

// link checks what holds between documents: unique names, and names that lead
// somewhere.
func (l *loader) link() {
	p := l.pack
	slices.SortStableFunc(p.Rules, func(a, b *Rule) int { return cmp.Compare(a.ID, b.ID) })
	slices.SortStableFunc(p.Watches, func(a, b *Watch) int { return cmp.Compare(a.Name, b.Name) })
	slices.SortStableFunc(p.Exceptions, func(a, b *Exception) int { return cmp.Compare(a.Name, b.Name) })
	known := map[string]bool{}
	var ids []string
	for i, r := range p.Rules {
		if i > 0 && r.ID == p.Rules[i-1].ID && r.ID != "" {
			l.problem(r.Pos, "indicator %q is defined twice, also at %v; give one a suffix such as %s.other", r.ID, p.Rules[i-1].Pos, r.ID)
		}
		known[string(r.ID)], known[string(r.Indicator)] = true, true
		ids = append(ids, string(r.ID))
	}
	for i := range p.Policies {
		if w := p.Policies[i].Wording; w != nil {
			known[string(w.Indicator)] = true
			ids = append(ids, string(w.Indicator))
		}
	}
	for i, w := range p.Watches {
		if i > 0 && w.Name == p.Watches[i-1].Name && w.Name != "" {
			l.problem(w.Pos, "watch %q is defined twice, also at %v", w.Name, p.Watches[i-1].Pos)
		}
		l.linkSignals(w.Signals, known, ids)
	}
	for i, e := range p.Exceptions {
		if i > 0 && e.Name == p.Exceptions[i-1].Name && e.Name != "" {
			l.problem(e.Pos, "exception %q is defined twice, also at %v", e.Name, p.Exceptions[i-1].Pos)
		}
		for _, id := range e.Indicators {
			if !known[id] {
				l.problem(e.Pos, "exception %q is about %q, which is no indicator here%s", e.Name, id, hint(id, ids))
			}
		}
	}
	for _, r := range p.Rules {
		l.linkSignals(r.Signals, known, ids)
	}
	l.cycles()
}

// policy adds a policy; the first so many must not have its name or category.
func (l *loader) policy(p Policy, at Position, among int) {
	for i := range l.pack.Policies[:among] {
		q := &l.pack.Policies[i]
		if q.Name == p.Name {
			l.problem(at, "policy %q is defined twice, also at %v", p.Name, l.pack.policyAt[p.Name])
		} else if q.Category == p.Category {
			l.problem(at, "category %q has policy %q already, want one each", p.Category, q.Name)
		}
	}
	l.pack.Policies = append(l.pack.Policies, p)
	l.pack.policyAt[p.Name] = at
}

func (l *loader) linkSignals(signals []*Signal, known map[string]bool, ids []string) {
	for _, s := range signals {
		for _, id := range s.Indicators {
			if !known[id] {
				l.problem(s.Pos, "signal %q waits for %q, which is no indicator here%s", s.Name, id, hint(id, ids))
			}
		}
	}
}

// cycles finds rules that wait for each other.
func (l *loader) cycles() {
	_, circle := levels(l.pack.Rules)
	for _, r := range circle {
		l.problem(r.Pos, "indicator %q waits for itself, through its indicator signals; break the circle", r.ID)
	}
}

// levels numbers rules so that each stands above those that its indicator
// signals wait for; circle lists those that cannot be numbered.
func levels(rules []*Rule) (level map[*Rule]int, circle []*Rule) {
	byID := map[string][]*Rule{}
	for _, r := range rules {
		byID[string(r.ID)] = append(byID[string(r.ID)], r)
		if string(r.ID) != string(r.Indicator) {
			byID[string(r.Indicator)] = append(byID[string(r.Indicator)], r)
		}
	}
	waits := func(r *Rule) (on []*Rule) {
		for _, s := range r.Signals {
			for _, id := range s.Indicators {
				on = append(on, byID[id]...)
			}
		}
		return on
	}
	level = map[*Rule]int{}
	left := slices.Clone(rules)
	for len(left) > 0 {
		var still []*Rule
		for _, r := range left {
			n, ready := 0, true
			for _, w := range waits(r) {
				k, done := level[w]
				ready = ready && done
				n = max(n, k+1)
			}
			if ready {
				level[r] = n
			} else {
				still = append(still, r)
			}
		}
		if len(still) == len(left) {
			return level, still
		}
		left = still
	}
	return level, nil
}
