package main

import (
	"bytes"
	"cmp"
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"veghe"
)

// process is a veghe in another process, which a test may kill.
type process struct {
	binary string // empty: this one
	t      *testing.T
	args   []string
	cmd    *exec.Cmd
	log    *lockedBuffer
}

// lockedBuffer keeps the last of what a process says, for a test that fails.
type lockedBuffer struct {
	mu sync.Mutex // guards b
	b  bytes.Buffer
}

func (l *lockedBuffer) Write(p []byte) (int, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.b.Len() > 1<<20 {
		l.b.Reset()
	}
	return l.b.Write(p)
}

func (l *lockedBuffer) String() string {
	l.mu.Lock()
	defer l.mu.Unlock()
	s := l.b.String()
	return s[max(0, len(s)-4000):]
}

// start starts veghe with these arguments; the test ends it.
func start(t *testing.T, args ...string) *process {
	t.Helper()
	return startOther(t, "", args...)
}

// startOther is start with another version's binary.
func startOther(t *testing.T, binary string, args ...string) *process {
	t.Helper()
	p := &process{t: t, binary: binary, args: args, log: &lockedBuffer{}}
	p.start()
	t.Cleanup(func() {
		p.kill()
		if t.Failed() {
			t.Logf("%s said at last:\n%s", strings.Join(args, " "), p.log)
		}
	})
	return p
}

func (p *process) start() {
	p.t.Helper()
	p.cmd = exec.Command(cmp.Or(p.binary, os.Args[0]), p.args...)
	p.cmd.Env = append(os.Environ(), asVeghe+"=1")
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	if err := p.cmd.Start(); err != nil {
		p.t.Fatal(err)
	}
}

// kill is kill -9.
func (p *process) kill() {
	if p.cmd.Process != nil {
		_ = p.cmd.Process.Kill() // it may have ended by itself
		_ = p.cmd.Wait()
	}
}

// stop asks it to stop and wants a clean end.
func (p *process) stop() {
	p.t.Helper()
	if err := p.cmd.Process.Signal(os.Interrupt); err != nil {
		p.t.Fatal(err)
	}
	if err := p.cmd.Wait(); err != nil {
		p.t.Errorf("stopped with %v, want a clean end", err)
	}
}

// await polls until ok, or fails the test when the time is up.
func await(t *testing.T, within time.Duration, what string, ok func() bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), within)
	defer cancel()
	tick := time.NewTicker(50 * time.Millisecond)
	defer tick.Stop()
	for !ok() {
		select {
		case <-ctx.Done():
			t.Fatalf("after %v still waiting: %s", within, what)
		case <-tick.C:
		}
	}
}

// statusOf asks the veghe on a data folder, and reports whether it answered.
func statusOf(t *testing.T, data string) (status, bool) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 5*time.Second)
	defer cancel()
	var st status
	err := newLocal(data).ops(ctx, http.MethodGet, "/status", &st)
	return st, err == nil
}

// settled reports whether every one of n posts was assessed and indexed.
func settled(t *testing.T, data string, n int) bool {
	st, ok := statusOf(t, data)
	if !ok || st.Index == nil || st.Index.Posts < n {
		return false
	}
	collected, assessed := 0, 0
	for _, r := range st.Accounting {
		collected += r.Collected
		assessed += r.Assessed + r.Dead
	}
	for _, s := range st.Stages {
		if s.Behind > 0 {
			return false
		}
	}
	return collected >= n && assessed == collected
}

// someText is an invented ordinary or telling text.
func someText(rng *rand.Rand) string {
	texts := []string{
		"Vand bicicleta de oras, stare buna, se vede in weekend.",
		"Caut coleg de apartament, chiria se imparte, aproape de metrou.",
		"Anyone else having trouble with the router after the update?",
		"Cafeneaua noastra angajeaza ospatar cu contract din prima zi.",
		"Plecare maine in Italia, fara contract, pasaportul il tinem noi pana achiti drumul, se scade din salariu.",
	}
	return fmt.Sprintf("%s (%d)", texts[rng.IntN(len(texts))], rng.IntN(1_000_000_000))
}

// signs are the parts of an invented conversation that only together say
// something, and small talk between them.
var signs = []string{
	"salut, cati ani ai?",
	"ce faci azi",
	"esti foarte matura pentru varsta ta",
	"hai sa vorbim pe telegram, aici nu e privat",
	"am fost la film, a fost frumos",
	"parintii tai se uita in telefonul tau?",
	"sterge mesajele dupa ce vorbim, e secretul nostru",
}

func postID(i int) veghe.PostID { return veghe.PostID(fmt.Sprintf("post-%06d", i)) }

// writePosts writes n invented posts as JSON Lines.
func writePosts(t *testing.T, path string, n int) {
	t.Helper()
	rng := rand.New(rand.NewPCG(7, uint64(n)))
	var buf bytes.Buffer
	enc := json.NewEncoder(&buf)
	for i := range n {
		p := veghe.Post{
			ID: postID(i), Source: veghe.SourceID(fmt.Sprintf("source-%d", i%3)), Kind: veghe.Forum,
			Thread: veghe.ThreadID(fmt.Sprintf("t%d", i/7)), Seq: i%7 + 1, Author: veghe.AuthorID(fmt.Sprintf("a%d", i%977)), Text: someText(rng),
		}
		if i%10 == 3 { // conversations that go on over the whole file
			k := i / 10
			p.Thread, p.Author = veghe.ThreadID(fmt.Sprintf("long%d", k%12)), veghe.AuthorID(fmt.Sprintf("b%d", k%12))
			p.Text = fmt.Sprintf("%s (%d)", signs[k/12%len(signs)], i)
		}
		if err := enc.Encode(p); err != nil {
			t.Fatal(err)
		}
	}
	if err := os.WriteFile(path, buf.Bytes(), 0o600); err != nil {
		t.Fatal(err)
	}
}

func dataDir(t *testing.T) string { return filepath.Join(t.TempDir(), "data") }
