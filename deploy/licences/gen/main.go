// Gen lists the modules that veghe is linked from with their licences, read
// out of the module cache. It fails on a licence that is not permissive, or
// that it does not know.
//
//	gen FILE         writes the page
//	gen -check FILE  fails if the page is not what it would write
package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
)

func main() {
	args := os.Args[1:]
	check := len(args) > 0 && args[0] == "-check"
	if check {
		args = args[1:]
	}
	if len(args) != 1 {
		fmt.Fprintln(os.Stderr, "usage: gen [-check] FILE")
		os.Exit(2)
	}
	if err := run(args[0], check); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

func run(file string, check bool) error {
	mods, err := modules()
	if err != nil {
		return err
	}
	got, err := page(mods)
	if err != nil {
		return err
	}
	if !check {
		return os.WriteFile(file, got, 0o644)
	}
	want, err := os.ReadFile(file)
	if err != nil {
		return err
	}
	if !bytes.Equal(got, want) {
		return fmt.Errorf("%s is stale: go run ./deploy/licences/gen %s", file, file)
	}
	return nil
}

type module struct {
	Path, Version, Dir string
	Main               bool
}

// modules are those whose packages are linked into veghe.
func modules() ([]module, error) {
	cmd := exec.CommandContext(context.Background(), "go", "list", "-deps", "-json=Module", "./cmd/veghe")
	cmd.Stderr = os.Stderr
	b, err := cmd.Output()
	if err != nil {
		return nil, fmt.Errorf("go list: %w", err)
	}
	seen := map[string]module{}
	for d := json.NewDecoder(bytes.NewReader(b)); ; {
		var p struct{ Module *module }
		if err := d.Decode(&p); errors.Is(err, io.EOF) {
			break
		} else if err != nil {
			return nil, err
		}
		if p.Module != nil && !p.Module.Main {
			seen[p.Module.Path] = *p.Module
		}
	}
	var out []module
	for _, m := range seen {
		out = append(out, m)
	}
	slices.SortFunc(out, func(a, b module) int { return strings.Compare(a.Path, b.Path) })
	return out, nil
}

func page(mods []module) ([]byte, error) {
	var b bytes.Buffer
	var bad []error
	b.WriteString("# Third-party software\n\nMade by `go run ./deploy/licences/gen docs/THIRD_PARTY.md`; CI fails when it is stale or a licence is not permissive. " +
		"veghe is linked from these modules and the Go standard library (BSD-3-Clause). The language tables derive from lingua, see [NOTICE](../detect/lang/NOTICE).\n\n| module | version | licence |\n|---|---|---|\n")
	for _, m := range mods {
		l, err := licence(m.Dir)
		if err != nil {
			bad = append(bad, fmt.Errorf("%s: %w", m.Path, err))
		}
		fmt.Fprintf(&b, "| %s | %s | %s |\n", m.Path, m.Version, l)
	}
	return b.Bytes(), errors.Join(bad...)
}

// licence names what stands in the licence file of a module.
func licence(dir string) (string, error) {
	names, err := os.ReadDir(dir)
	if err != nil {
		return "", err
	}
	for _, n := range names {
		up := strings.ToUpper(n.Name())
		if n.IsDir() || !strings.HasPrefix(up, "LICEN") && !strings.HasPrefix(up, "COPYING") && !strings.HasPrefix(up, "UNLICENSE") {
			continue
		}
		b, err := os.ReadFile(filepath.Join(dir, n.Name()))
		if err != nil {
			return "", err
		}
		if l := classify(string(b)); l != "" {
			return l, nil
		}
		return "", fmt.Errorf("%s is no permissive licence that is known: read it, and add it to classify or leave the module", n.Name())
	}
	return "", errors.New("no licence file")
}

// classify knows permissive licences by what only they say; "" means unknown.
func classify(text string) string {
	t := strings.Join(strings.Fields(text), " ")
	has := func(s string) bool { return strings.Contains(t, s) }
	switch {
	case has("GNU GENERAL PUBLIC LICENSE"), has("GNU AFFERO"), has("GNU LESSER"):
		return ""
	case has("Apache License") && has("Version 2.0"):
		return "Apache-2.0"
	case has("Permission is hereby granted, free of charge"):
		return "MIT"
	case has("Permission to use, copy, modify, and/or distribute this software"), has("Permission to use, copy, modify, and distribute this software"):
		return "ISC"
	case has("Redistribution and use in source and binary forms") && (has("Neither the name") || has("may not be used to endorse") || has("names of its contributors")):
		return "BSD-3-Clause"
	case has("Redistribution and use in source and binary forms"):
		return "BSD-2-Clause"
	case has("This is free and unencumbered software released into the public domain"):
		return "Unlicense"
	}
	return ""
}
