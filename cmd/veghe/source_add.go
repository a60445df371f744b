package main

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strconv"
	"strings"

	"github.com/goccy/go-yaml"

	"veghe"
	"veghe/crawler"
)

// sourceAdd tries a source, then writes it into the configuration, or prints
// what to write if there is no file.
func sourceAdd(ctx context.Context, e env, args []string) error {
	f := newSourceFlags("add", e.err)
	var id string
	f.StringVar(&id, "id", "", "short `name` of the source, such as local-forum")
	f.StringVar(&f.source.Name, "name", "", "its name for people")
	f.StringVar(&f.source.Purpose, "purpose", "", "why it is read, in a sentence")
	f.StringVar(&f.source.LegalBasis, "legal-basis", "", "the law or decision that allows it")
	dry := f.Bool("print", false, "print the entry, change nothing")
	anyway := f.Bool("anyway", false, "write it down although no posts were found")
	rest, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usageError{"add: want one address, such as https://forum.example.org/"}
	}
	cfg, err := f.configOrNone()
	if err != nil {
		return err
	}
	if err := f.describe(rest[0]); err != nil {
		return err
	}
	f.source.ID = sourceID(id, f.source.URL)
	for i := range cfg.Sources {
		if s := &cfg.Sources[i]; s.ID == f.source.ID || s.URL == f.source.URL {
			return withHint(fmt.Errorf("there is a source %s at %s already", s.ID, s.URL), "choose another name with -id, or edit the entry")
		}
	}
	got, err := f.probe(ctx, &cfg)
	if err != nil {
		return err
	}
	printProbed(e.out, got)
	if postsOf(got) == 0 && !*anyway {
		return withHint(errors.New("no posts were found, nothing was written down"), "%s; -anyway writes it down all the same", adviceOn(got))
	}
	entry := sourceEntry(&f.source)
	if *dry || f.file == "" {
		fmt.Fprintf(e.out, "\nto be put under sources: in the configuration, or name one with -c (it is made if missing)\n\n%s", entry)
		return nil
	}
	if err := addToFile(f.file, f.reader(&cfg), &f.source, entry, len(cfg.Sources)); err != nil {
		return withHint(err, "put this under sources: by hand\n%s%s", entry, f.reader(&cfg))
	}
	fmt.Fprintf(e.out, "\n%s is in %s now; veghe run -c %s reads it at its next start\n", f.source.ID, f.file, f.file)
	return nil
}

// configOrNone reads the configuration; one that is not there yet says nothing.
func (f *sourceFlags) configOrNone() (config, error) {
	file := f.file
	if _, err := os.Stat(file); errors.Is(err, fs.ErrNotExist) {
		f.file = ""
	}
	cfg, err := f.config()
	f.file = file
	return cfg, err
}

// reader is who reads, as an entry of the configuration, unless it says so
// already.
func (f *sourceFlags) reader(cfg *config) string {
	if cfg.Crawler.Operator != "" && cfg.Crawler.Contact != "" {
		return ""
	}
	return fmt.Sprintf("crawler:\n  operator: %s\n  contact: %s\n",
		quoted(cmp.Or(cfg.Crawler.Operator, f.operator)), quoted(cmp.Or(cfg.Crawler.Contact, f.contact)))
}

var notID = regexp.MustCompile(`[^a-z0-9]+`)

// sourceID is the id given, or one made from the host.
func sourceID(id, address string) veghe.SourceID {
	if id != "" {
		return veghe.SourceID(id)
	}
	_, host, _ := strings.Cut(address, "://")
	host, _, _ = strings.Cut(host, "/")
	return veghe.SourceID(strings.Trim(notID.ReplaceAllString(strings.TrimPrefix(strings.ToLower(host), "www."), "-"), "-"))
}

// sourceEntry writes a source as an item of a YAML list, without indentation.
func sourceEntry(s *crawler.Source) string {
	var b strings.Builder
	line := func(key, value string) {
		if value != "" {
			fmt.Fprintf(&b, "  %s: %s\n", key, value)
		}
	}
	line("id", quoted(string(s.ID)))
	line("name", quoted(s.Name))
	line("url", quoted(s.URL))
	line("purpose", quoted(s.Purpose))
	line("legal_basis", quoted(s.LegalBasis))
	line("type", quoted(string(s.Type)))
	line("kind", quoted(string(s.Kind)))
	if s.Every != 0 {
		line("every", s.Every.String())
	}
	if s.Rate != 0 {
		line("rate", strconv.FormatFloat(s.Rate, 'g', -1, 64))
	}
	if s.AllowLoopback {
		line("allow_loopback", "true")
	}
	return "- " + strings.TrimPrefix(b.String(), "  ")
}

var plainYAML = regexp.MustCompile(`^[A-Za-z][A-Za-z0-9 _./-]*$`)

// quoted writes a string so that YAML cannot take it for anything else.
func quoted(s string) string {
	if s == "" || (plainYAML.MatchString(s) && strings.TrimSpace(s) == s) {
		switch strings.ToLower(s) {
		case "true", "false", "yes", "no", "on", "off", "null", "y", "n":
		default:
			return s
		}
	}
	return strconv.Quote(s)
}

// addToFile puts an entry into a configuration, whose comments and order stay
// as they are. The file is only replaced if the new one reads as the old one
// and the source. A file that is not there is made. Reader, if not empty, is
// put before all else.
func addToFile(file, reader string, s *crawler.Source, entry string, before int) error {
	old, err := os.ReadFile(file)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return fmt.Errorf("reading the configuration: %w", err)
	}
	out, err := insertEntry(reader+string(old), entry)
	if err != nil {
		return err
	}
	c := defaultConfig()
	if err := decodeConfig(file, []byte(out), &c); err != nil {
		return fmt.Errorf("the configuration cannot be added to: %w", err)
	}
	if len(c.Sources) != before+1 || !same(&c.Sources[before], s) {
		return errors.New("the list of sources is written in a form that cannot be added to")
	}
	mode := fs.FileMode(0o600)
	if info, err := os.Stat(file); err == nil {
		mode = info.Mode().Perm()
	}
	return replaceFile(file, []byte(out), mode)
}

// same compares what is written down of two sources.
func same(a, b *crawler.Source) bool {
	x, errX := yaml.Marshal(a)
	y, errY := yaml.Marshal(b)
	return errX == nil && errY == nil && string(x) == string(y)
}

func replaceFile(file string, b []byte, mode fs.FileMode) error {
	if to, err := filepath.EvalSymlinks(file); err == nil {
		file = to
	}
	if err := writeFile(file, b); err != nil {
		return fmt.Errorf("writing the configuration: %w", err)
	}
	return os.Chmod(file, mode)
}

var (
	sourcesKey  = regexp.MustCompile(`^sources:\s*(\[\s*\]|~|null)?\s*(#.*)?$`)
	topLevel    = regexp.MustCompile(`^[^\s#-]`)
	listItem    = regexp.MustCompile(`^(\s*)- `)
	blankOrNote = regexp.MustCompile(`^\s*(#.*)?$`)
)

// insertEntry puts an entry at the end of the list of sources of a YAML
// document, or begins that list at its end.
func insertEntry(doc, entry string) (string, error) {
	lines := strings.SplitAfter(doc, "\n")
	if n := len(lines) - 1; lines[n] == "" {
		lines = lines[:n]
	}
	at := slices.IndexFunc(lines, func(l string) bool { return strings.HasPrefix(l, "sources:") })
	if at < 0 {
		if doc != "" && !strings.HasSuffix(doc, "\n") {
			doc += "\n"
		}
		return doc + "sources:\n" + indented(entry, "  "), nil
	}
	m := sourcesKey.FindStringSubmatch(strings.TrimRight(lines[at], "\r\n"))
	if m == nil {
		return "", errors.New("the list of sources is written on one line, which cannot be added to")
	}
	lines[at] = strings.TrimRight("sources: "+m[2], " ") + "\n"
	end, indent := at+1, "  "
	for i := at + 1; i < len(lines) && !topLevel.MatchString(lines[i]); i++ {
		if item := listItem.FindStringSubmatch(lines[i]); item != nil && end == at+1 {
			indent = item[1]
		}
		if !blankOrNote.MatchString(strings.TrimRight(lines[i], "\r\n")) {
			end = i + 1
		}
	}
	if !strings.HasSuffix(lines[end-1], "\n") {
		lines[end-1] += "\n"
	}
	return strings.Join(lines[:end], "") + indented(entry, indent) + strings.Join(lines[end:], ""), nil
}

func indented(entry, by string) string {
	var b strings.Builder
	for line := range strings.Lines(entry) {
		b.WriteString(by + line)
	}
	return b.String()
}
