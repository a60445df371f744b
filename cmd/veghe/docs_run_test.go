package main

import (
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"
)

// TestTutorials runs what the tutorials show: every block marked sh, in one
// shell, in an empty folder, with this program as veghe. What listens does so
// on ports of its own.
func TestTutorials(t *testing.T) {
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	pages, err := filepath.Glob(filepath.Join("..", "..", "docs", "tutorial-*.md"))
	if err != nil || len(pages) != 3 {
		t.Fatalf("tutorials %v (%v), want three", pages, err)
	}
	for _, page := range pages {
		t.Run(filepath.Base(page), func(t *testing.T) {
			t.Parallel()
			b, err := os.ReadFile(page)
			if err != nil {
				t.Fatal(err)
			}
			script := shellBlocks(string(b))
			if strings.Count(script, "veghe ") < 4 {
				t.Fatalf("the page shows too little:\n%s", script)
			}
			runPage(t, self, script)
		})
	}
}

// shellBlocks are the lines between ```sh and ```.
func shellBlocks(page string) string {
	var out strings.Builder
	in := false
	for line := range strings.Lines(page) {
		switch fence := strings.TrimSpace(line); {
		case fence == "```sh":
			in = true
		case strings.HasPrefix(fence, "```"):
			in = false
		case in:
			out.WriteString(line)
		}
	}
	return out.String()
}

func runPage(t *testing.T, self, script string) {
	t.Helper()
	dir, bin := t.TempDir(), t.TempDir()
	wrapper := fmt.Sprintf("#!/bin/sh\ncase \"$1\" in run) set -- \"$@\" -listen 127.0.0.1:0 -ops-listen 127.0.0.1:0;; esac\n%s=1 exec '%s' \"$@\"\n", asVeghe, self)
	if err := os.WriteFile(filepath.Join(bin, "veghe"), []byte(wrapper), 0o700); err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithTimeout(t.Context(), 4*time.Minute)
	defer cancel()
	var out bytes.Buffer
	cmd := exec.CommandContext(ctx, "sh", "-e", "-c", script)
	cmd.Dir = dir
	cmd.Env = append(os.Environ(), "PATH="+bin+string(os.PathListSeparator)+os.Getenv("PATH"))
	cmd.Stdout, cmd.Stderr = &out, &out
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	cmd.Cancel = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	err := cmd.Run()
	_ = cmd.Cancel() // what was started in the background ends with the page
	if err != nil {
		log, _ := os.ReadFile(filepath.Join(dir, "veghe.log")) // may not be there
		said := out.String()
		t.Errorf("%v\n%s\nlog:\n%.2000s", err, said[max(0, len(said)-3000):], log)
	}
}
