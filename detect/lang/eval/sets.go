package main

import (
	"bufio"
	"embed"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"unicode"

	"golang.org/x/text/runes"
	"golang.org/x/text/transform"
	"golang.org/x/text/unicode/norm"
)

// invented holds small talk as it is typed, without diacritics, and posts in
// two languages.
//
//go:embed chat/*.txt mixed.txt
var invented embed.FS

// set is a row of the report: texts of one kind.
type set struct {
	name     string
	stripped bool
	texts    []sample
}

type sample struct{ lang, text string }

// load reads the invented texts and the folders of data, each as it is and
// stripped of diacritics.
func load(data, part string) ([]set, error) {
	sets, err := folder(invented, "chat", "")
	if err != nil || data == "" {
		return sets, err
	}
	root := os.DirFS(data)
	folders, err := fs.ReadDir(root, ".")
	if err != nil {
		return nil, err
	}
	for _, f := range folders {
		if !f.IsDir() {
			continue
		}
		more, err := folder(root, f.Name(), part)
		if err != nil {
			return nil, err
		}
		sets = append(sets, more...)
	}
	if len(sets) < 2 {
		return nil, fmt.Errorf("no folder in %s, want folders that hold ro.txt, en.txt …", data)
	}
	return sets, nil
}

func folder(root fs.FS, name, part string) ([]set, error) {
	files, err := fs.Glob(root, path.Join(name, "*.txt"))
	if err != nil {
		return nil, err
	}
	as, bare := set{name: name}, set{name: name, stripped: true}
	for _, file := range files {
		lines, err := read(root, file)
		if err != nil {
			return nil, err
		}
		if lines, err = half(lines, part); err != nil {
			return nil, err
		}
		code := strings.TrimSuffix(filepath.Base(file), ".txt")
		for _, s := range lines {
			as.texts = append(as.texts, sample{code, s})
			bare.texts = append(bare.texts, sample{code, strip(s)})
		}
	}
	if slices.Equal(as.texts, bare.texts) {
		return []set{as}, nil
	}
	return []set{as, bare}, nil
}

func read(root fs.FS, file string) ([]string, error) {
	f, err := root.Open(file)
	if err != nil {
		return nil, err
	}
	defer f.Close() //nolint:errcheck // read only
	var texts []string
	lines := bufio.NewScanner(io.Reader(f))
	for lines.Scan() {
		if s := strings.TrimSpace(lines.Text()); s != "" && s[0] != '#' {
			texts = append(texts, s)
		}
	}
	return texts, lines.Err()
}

func half(lines []string, part string) ([]string, error) {
	rest := 0
	switch part {
	case "":
		return lines, nil
	case "odd":
	case "even":
		rest = 1
	default:
		return nil, errors.New("-part wants odd or even")
	}
	var out []string
	for i, s := range lines {
		if i%2 == rest {
			out = append(out, s)
		}
	}
	return out, nil
}

// strip removes diacritics. Cyrillic й and ї are letters of their own.
func strip(s string) string {
	mark := runes.Predicate(func(r rune) bool { return unicode.Is(unicode.Mn, r) })
	var b strings.Builder
	for _, r := range s {
		if r >= 0x400 && r < 0x530 {
			b.WriteRune(r)
			continue
		}
		out, _, err := transform.String(transform.Chain(norm.NFD, runes.Remove(mark), norm.NFC), string(r))
		if err != nil {
			out = string(r)
		}
		b.WriteString(out)
	}
	return b.String()
}
