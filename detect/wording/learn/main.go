// Learn makes rules/wording/*.tab of labelled texts.
//
//	go run ./detect/wording/learn -rules rules -out rules/wording rules/testdata/golden
//
// Advertisements (ads*.jsonl) teach recruitment, one by one. Conversations
// (threads*.jsonl) teach grooming: each as a whole, and what each author in it
// wrote, for a post is judged before the rest is there. Ordinary posts
// (ordinary*.jsonl) teach both what is no reason to look. The examples of rules
// are learnt from too, at a fifth: they are short, and say one thing each.
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"flag"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"veghe"
	"veghe/detect/rule"
	"veghe/detect/wording"
)

func main() {
	out := flag.String("out", "rules/wording", "the `folder` to write to")
	from := flag.String("rules", "rules", "the `folder` of rules whose examples are learnt from")
	flag.Parse()
	if err := all(*out, *from, flag.Args()); err != nil {
		fmt.Fprintln(os.Stderr, "learn:", err)
		os.Exit(1)
	}
}

func all(out, from string, folders []string) error {
	pack, err := rule.Load(untaught{os.DirFS(from)})
	if err != nil {
		return err
	}
	for category, own := range teachers {
		if err := learn(filepath.Join(out, category+".tab"), category, folders, own, shown(pack, category)); err != nil {
			return err
		}
	}
	return nil
}

// untaught is a rule set without what was learnt before.
type untaught struct{ fs.FS }

func (u untaught) ReadDir(name string) ([]fs.DirEntry, error) {
	entries, err := fs.ReadDir(u.FS, name)
	return slices.DeleteFunc(entries, func(e fs.DirEntry) bool { return e.Name() == "wording" }), err
}

// trust is how much an example of a rule counts beside a whole text.
const trust = 0.2

// shown is the examples of the rules that count for a category. What a rule
// that speaks against does not match says nothing.
func shown(pack *rule.Pack, category string) (examples []wording.Example) {
	for _, r := range pack.Rules {
		if c := string(r.Category); c != category && c != string(veghe.Common) || r.Family == "evasion" {
			continue
		}
		against := r.Strength == rule.Negative
		for _, e := range r.Examples {
			if e.Match == rule.Match || e.Match == rule.NoMatch && !against {
				examples = append(examples, wording.Example{
					Texts: []string{e.Title, e.Text}, Telling: e.Match == rule.Match && !against, Trust: trust,
				})
			}
		}
	}
	return examples
}

// teachers are the files that teach a category, beside the ordinary ones.
var teachers = map[string]string{"recruitment": "ads*.jsonl", "grooming": "threads*.jsonl"}

func learn(file, category string, folders []string, own string, examples []wording.Example) error {
	var units []*unit
	for _, folder := range folders {
		names, err := filepath.Glob(filepath.Join(folder, own))
		if err != nil {
			return err
		}
		ordinary, err := filepath.Glob(filepath.Join(folder, "ordinary*.jsonl"))
		if err != nil {
			return err
		}
		names = append(names, ordinary...)
		slices.Sort(names)
		for _, name := range names {
			more, err := read(name)
			if err != nil {
				return err
			}
			units = append(units, more...)
		}
	}
	for _, u := range units {
		examples = append(examples, u.examples()...)
	}
	m, err := wording.Train(category, examples)
	if err != nil {
		return fmt.Errorf("%s: %w", category, err)
	}
	b, err := m.Append(nil)
	if err != nil {
		return err
	}
	fmt.Printf("%s: %d texts\n", file, len(examples))
	return os.WriteFile(file, b, 0o644)
}

type post struct {
	ID, Thread, Author, Title, Text string
	Label                           *struct{ Flag bool }
}

// unit is an advertisement, or a conversation.
type unit struct {
	telling bool
	posts   []post
}

// read reads labelled posts, in the order of the file.
func read(name string) (units []*unit, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	byID := map[string]*unit{}
	lines := bufio.NewScanner(f)
	lines.Buffer(nil, 1<<20)
	for lines.Scan() {
		var p post
		if err := json.Unmarshal(lines.Bytes(), &p); err != nil {
			return nil, fmt.Errorf("%s: %w", name, err)
		}
		id := p.Thread
		if id == "" {
			id = p.ID
		}
		u := byID[id]
		if u == nil {
			u = &unit{}
			byID[id] = u
			units = append(units, u)
		}
		u.posts = append(u.posts, p)
		u.telling = u.telling || p.Label != nil && p.Label.Flag
	}
	return units, lines.Err()
}

func (u *unit) examples() []wording.Example {
	all := wording.Example{Telling: u.telling}
	byAuthor := map[string]int{}
	var own []wording.Example
	for _, p := range u.posts {
		all.Texts = append(all.Texts, p.Title, p.Text)
		i, ok := byAuthor[p.Author]
		if !ok {
			i = len(own)
			byAuthor[p.Author] = i
			own = append(own, wording.Example{Telling: u.telling})
		}
		own[i].Texts = append(own[i].Texts, p.Text)
	}
	if len(u.posts) == 1 {
		return []wording.Example{all}
	}
	return append(own, all)
}
