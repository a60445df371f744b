package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"time"

	"veghe"
	"veghe/detect/rule"
)

// approval is who lets weights change, and when; without a name nobody did.
type approval struct {
	name string
	at   time.Time
}

// weightEdit is a change of weights in rule files, line by line.
type weightEdit struct {
	files   map[string][]byte // new content by path
	diff    string            // unified, for patch -p1 within the folder of rules
	changed int               // weights
	from    string            // what they were fitted to
	before  string            // version of the rules
	version string            // version with the new weights
}

// lineChange is a change of one file: old lines from at on are replaced.
type lineChange struct {
	at       int // index of the first line
	old, new []string
}

// editWeights makes the edit, and makes sure that it changes these weights
// and nothing else.
func editWeights(fsys fs.FS, set *rule.Set, all []*calibration, by approval) (*weightEdit, error) {
	e := &weightEdit{files: map[string][]byte{}, before: set.Version()}
	wanted := map[veghe.RuleID]float64{}
	changes := map[string][]lineChange{}
	sources := map[string][]string{}
	var from []string
	for _, c := range all {
		if c.TooFew == "" {
			from = append(from, fmt.Sprintf("%d reviews of %s", c.Reviews, c.Category))
		}
		for _, w := range c.Rules {
			if !w.Changes {
				continue
			}
			at := set.Rule(w.Rule).Pos
			if sources[at.Path] == nil {
				b, err := fs.ReadFile(fsys, at.Path)
				if err != nil {
					return nil, err
				}
				sources[at.Path] = strings.SplitAfter(string(b), "\n")
			}
			change, err := setWeight(sources[at.Path], at.Line-1, w, c.note(w, by))
			if err != nil {
				return nil, fmt.Errorf("%v: %w", at, err)
			}
			changes[at.Path] = append(changes[at.Path], change)
			wanted[w.Rule] = w.After
		}
	}
	e.changed, e.from = len(wanted), strings.Join(from, ", ")
	for _, path := range slices.Sorted(maps.Keys(changes)) {
		slices.SortFunc(changes[path], func(a, b lineChange) int { return a.at - b.at })
		e.files[path] = applyChanges(sources[path], changes[path])
		e.diff += unified(path, sources[path], changes[path])
	}
	return e, e.check(fsys, wanted)
}

// note is the comment above a fitted weight.
func (c *calibration) note(w newWeight, by approval) string {
	s := fmt.Sprintf("%s %d reviews", noteStart, c.Reviews)
	if !c.Last.IsZero() {
		s += fmt.Sprintf(" of %s to %s", c.First.Format(time.DateOnly), c.Last.Format(time.DateOnly))
	}
	s += fmt.Sprintf(": found in %d of them, %d relevant; error %.2f, was %.2f.", w.Seen, w.Relevant, w.Error, w.Before)
	if by.name != "" {
		s += fmt.Sprintf(" Approved by %s, %s.", by.name, by.at.Format(time.DateOnly))
	}
	return s + "\n"
}

// noteStart is how the comment begins, so that the next one replaces it.
const noteStart = "# weight fitted to"

var weightLine = regexp.MustCompile(`^weight:[ \t]*[^ \t\r\n#]+`)

// setWeight changes or adds the weight of the rule whose document has line at.
// A comment at the end of the line stays.
func setWeight(lines []string, at int, w newWeight, note string) (lineChange, error) {
	first, last := at, at+1
	for first > 0 && !documentEnd(lines[first-1]) {
		first--
	}
	for last < len(lines) && !documentEnd(lines[last]) {
		last++
	}
	weight := fmt.Sprintf("weight: %.2f", w.After)
	for i := first; i < last; i++ {
		if !weightLine.MatchString(lines[i]) {
			continue
		}
		c := lineChange{at: i, old: lines[i : i+1], new: []string{note, weightLine.ReplaceAllString(lines[i], weight)}}
		if i > first && strings.HasPrefix(lines[i-1], noteStart) {
			c.at, c.old = i-1, lines[i-1:i+1]
		}
		return c, nil
	}
	for i := first; i < last; i++ {
		if strings.HasPrefix(lines[i], "strength:") && strings.HasSuffix(lines[i], "\n") {
			return lineChange{at: i + 1, new: []string{note, weight + "\n"}}, nil
		}
	}
	return lineChange{}, errors.New("there is no line strength: or weight: that could be changed; veghe rules fmt tidies the file")
}

func documentEnd(line string) bool { return strings.TrimRight(line, " \t\r\n") == "---" }

func applyChanges(lines []string, changes []lineChange) []byte {
	var b bytes.Buffer
	at := 0
	write := func(lines []string) {
		for _, l := range lines {
			b.WriteString(l)
		}
	}
	for _, c := range changes {
		write(lines[at:c.at])
		write(c.new)
		at = c.at + len(c.old)
	}
	write(lines[at:])
	return b.Bytes()
}

// context is how many lines of a unified diff stand around a change.
const diffContext = 3

// unified is the diff of one file.
func unified(path string, lines []string, changes []lineChange) string {
	if k := len(lines); k > 0 && lines[k-1] == "" {
		lines = lines[:k-1] // what SplitAfter leaves after the last line end
	}
	var b strings.Builder
	fmt.Fprintf(&b, "--- a/%s\n+++ b/%s\n", path, path)
	shift := 0
	for len(changes) > 0 {
		n := 1
		for n < len(changes) && changes[n].at-(changes[n-1].at+len(changes[n-1].old)) <= 2*diffContext {
			n++
		}
		shift = hunk(&b, lines, changes[:n], shift)
		changes = changes[n:]
	}
	return b.String()
}

// hunk writes changes that stand close together; shift is how many lines more
// the new file has by then.
func hunk(b *strings.Builder, lines []string, changes []lineChange, shift int) int {
	lastChange := changes[len(changes)-1]
	from := max(0, changes[0].at-diffContext)
	to := min(len(lines), lastChange.at+len(lastChange.old)+diffContext)
	more := 0
	for _, c := range changes {
		more += len(c.new) - len(c.old)
	}
	fmt.Fprintf(b, "@@ -%d,%d +%d,%d @@\n", from+1, to-from, from+shift+1, to-from+more)
	put := func(sign string, lines []string) {
		for _, l := range lines {
			b.WriteString(sign + l)
			if !strings.HasSuffix(l, "\n") {
				b.WriteString("\n\\ No newline at end of file\n")
			}
		}
	}
	for _, c := range changes {
		put(" ", lines[from:c.at])
		put("-", c.old)
		put("+", c.new)
		from = c.at + len(c.old)
	}
	put(" ", lines[from:to])
	return shift + more
}

// check loads the rules with the new files: they must mean the old ones with
// the wanted weights, no more and no less.
func (e *weightEdit) check(fsys fs.FS, wanted map[veghe.RuleID]float64) error {
	edited, err := rule.Load(overlay{fsys, e.files})
	if err != nil {
		return fmt.Errorf("nothing was changed, for the changed files could not be read: %w", err)
	}
	old, err := rule.Load(fsys)
	if err != nil {
		return err
	}
	strengths := map[veghe.RuleID]rule.Strength{}
	for _, r := range edited.Rules {
		strengths[r.ID] = r.Strength
	}
	for _, r := range old.Rules {
		if w, ok := wanted[r.ID]; ok {
			// A rule that states no strength has that of its weight.
			r.Weight, r.Strength = &w, strengths[r.ID]
		}
	}
	var versions []string
	for _, p := range []*rule.Pack{edited, old} {
		set, err := rule.Compile(p)
		if err != nil {
			return err
		}
		versions = append(versions, set.Version())
	}
	if versions[0] != versions[1] {
		return errors.New("nothing was changed, for the edit would change more than weights; veghe rules fmt tidies the files")
	}
	e.version = versions[0]
	return nil
}

// write replaces the files, each as a whole.
func (e *weightEdit) write(folder string) error {
	for _, path := range slices.Sorted(maps.Keys(e.files)) {
		name := filepath.Join(folder, filepath.FromSlash(path))
		info, err := os.Stat(name)
		if err != nil {
			return err
		}
		tmp := name + ".new"
		if err := os.WriteFile(tmp, e.files[path], info.Mode().Perm()); err != nil {
			return errors.Join(err, os.Remove(tmp))
		}
		if err := os.Rename(tmp, name); err != nil {
			return err
		}
	}
	return nil
}

// overlay is a file system in which some files have another content.
type overlay struct {
	fs.FS
	files map[string][]byte
}

func (o overlay) Open(name string) (fs.File, error) {
	f, err := o.FS.Open(name)
	b, changed := o.files[name]
	if err != nil || !changed {
		return f, err
	}
	return changedFile{f, bytes.NewReader(b)}, nil
}

// changedFile reads something else than the file it stands for.
type changedFile struct {
	fs.File
	r *bytes.Reader
}

func (f changedFile) Read(b []byte) (int, error) { return f.r.Read(b) }
