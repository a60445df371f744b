package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/crawler/evidence"
	"veghe/index/desk"
)

// tellingText is flagged by the shipped rules.
const tellingText = "Plecare maine in Italia, fara contract, pasaportul il tinem noi pana achiti drumul, se scade din salariu."

// runningApp is a veghe in this process, without sources. It ends with the
// test, or when stop is called.
func runningApp(t *testing.T, data string, evidenceOff bool) (a *app, stop func()) {
	t.Helper()
	cfg := defaultConfig()
	cfg.Data, cfg.Language.SecondOpinion, cfg.Evidence.Off = data, "off", evidenceOff
	a, err := openApp(t.Context(), cfg, allStages, slog.New(slog.DiscardHandler))
	if err != nil {
		t.Fatal(err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- a.run(ctx) }()
	stop = sync.OnceFunc(func() {
		cancel()
		if err := <-ended; err != nil {
			t.Error(err)
		}
		if err := a.close(); err != nil {
			t.Error(err)
		}
	})
	t.Cleanup(stop)
	return a, stop
}

// Evidence that is switched off keeps nothing, and does not hold up the
// retention of the log as a reader that never comes.
func TestEvidenceOff(t *testing.T) {
	data := dataDir(t)
	a, stop := runningApp(t, data, false)
	collectPage(t, a, "one", tellingText)
	await(t, time.Minute, "the assessment read for the evidence", func() bool { return a.count("evidence") == 1 })
	group := a.evidenceGroup()
	stop()
	a, _ = runningApp(t, data, true)
	behind, _, err := a.lag(t.Context(), readingGroup{"evidence", veghe.AssessmentsTopic, group})
	if err != nil || behind != 1 || a.evidence != nil {
		t.Errorf("the group is %d behind, %v; want it forgotten, so 1", behind, err)
	}
}

// collectPage keeps an invented page and collects the post on it, as the
// crawler does.
func collectPage(t *testing.T, a *app, id, text string) evidence.Ref {
	t.Helper()
	ref, err := a.evidence.Add(t.Context(), evidence.Capture{Source: "forum", Exchanges: []evidence.Exchange{{
		URL: "http://forum.example.org/" + id, At: time.Now(), IP: "192.0.2.7", Request: []byte("GET / HTTP/1.1\r\n\r\n"),
		Response: fmt.Appendf(nil, "HTTP/1.1 200 OK\r\nContent-Length: %d\r\n\r\n%s", len(text), text),
	}}})
	if err != nil {
		t.Fatal(err)
	}
	err = a.collect(t.Context(), []veghe.Post{{ID: veghe.PostID(id), Source: "forum", Kind: veghe.Ad, Text: text, Evidence: ref.String()}})
	if err != nil {
		t.Fatal(err)
	}
	return ref
}

// The capture of a page with a flagged post stays, and that of a post in a
// case; that of an ordinary page
// goes, but not before its posts were assessed.
func TestEvidenceRetention(t *testing.T) {
	a, _ := runningApp(t, dataDir(t), false)
	flagged := collectPage(t, a, "flagged", tellingText)
	ordinary := collectPage(t, a, "ordinary", "Vand bicicleta de oras, stare buna, se vede in weekend.")
	inCase := collectPage(t, a, "in-case", "Caut coleg de apartament, chiria se imparte, aproape de metrou.")
	await(t, time.Minute, "all posts assessed", func() bool { return a.count("evidence") == 3 && a.evidence.Stats().Kept == 1 })
	book := casebook{a.desk, a.index}
	c, err := book.OpenCase(t.Context(), "Flat mates", "ana", time.Now())
	if err == nil {
		_, err = book.AddToCase(t.Context(), c.ID, "in-case", "ana", "", time.Now())
	}
	if err != nil {
		t.Fatal(err)
	}
	await(t, time.Minute, "the post of the case indexed", func() bool { return a.index.SetCases(t.Context(), "in-case", []string{c.ID}) == nil })
	if err := a.purgeEvidence(t.Context(), -time.Hour); err != nil {
		t.Fatal(err)
	}
	found, err := evidence.Folder{Dir: a.cfg.path("evidence")}.Find(t.Context(), []evidence.Ref{flagged, ordinary, inCase})
	if err != nil || found[flagged] == nil || found[inCase] == nil || found[ordinary] != nil {
		t.Errorf("flagged is there: %v, in a case: %v, ordinary: %v; want true, true, false; %v", found[flagged] != nil, found[inCase] != nil, found[ordinary] != nil, err)
	}
}

// What a flagged post of a conversation rests on stays with it.
func TestEarlierPosts(t *testing.T) {
	post := func(id string, flagged bool, rests ...veghe.PostID) *veghe.Assessed {
		return &veghe.Assessed{
			Post:       veghe.Post{ID: veghe.PostID(id), Evidence: "capture of " + id},
			Assessment: veghe.Assessment{Flagged: flagged, History: &veghe.History{Posts: rests}},
		}
	}
	e := earlierPosts{}
	for _, id := range []string{"1", "2", "3"} {
		if got := e.refs(post(id, false)); got != nil {
			t.Errorf("%s is not flagged, but %q stay", id, got)
		}
	}
	want := []string{"capture of 4", "capture of 1", "capture of 3", ""} // evidence passes over what names nothing
	if d := cmp.Diff(want, e.refs(post("4", true, "1", "3", "unknown"))); d != "" {
		t.Error(d)
	}
}

// vegheRun runs a command line in this process.
func vegheRun(t *testing.T, args ...string) (code int, out string) {
	t.Helper()
	var b bytes.Buffer
	code = run(t.Context(), env{in: strings.NewReader(""), out: &b, err: &b}, args)
	return code, b.String()
}

// A pack is exported while veghe runs, the audit trail says who and why, and
// on another machine it verifies until a byte is changed.
func TestEvidenceExport(t *testing.T) {
	data := dataDir(t)
	a, _ := runningApp(t, data, false)
	collectPage(t, a, "one", tellingText)
	if err := a.collect(t.Context(), []veghe.Post{{ID: "imported", Text: tellingText}}); err != nil {
		t.Fatal(err)
	}
	await(t, time.Minute, "both posts indexed", func() bool {
		c, err := a.index.Count(t.Context())
		return err == nil && c.Posts == 2
	})
	zip := filepath.Join(t.TempDir(), "pack.zip")
	export := func(args ...string) (int, string) {
		return vegheRun(t, append([]string{"evidence", "export", "-data", data, "-o", zip, "-by", "ana"}, args...)...)
	}

	if code, out := export("one"); code != exitUsage || !strings.Contains(out, "want -reason") {
		t.Errorf("without a reason: %d %s", code, out)
	}
	if code, out := export("-reason", "x", "nobody"); code != exitError || !strings.Contains(out, "nobody") {
		t.Errorf("an unknown post: %d %s", code, out)
	}
	code, out := export("-reason", "request 12/2026", "-post", "one", "imported")
	if code != exitPartial || !strings.Contains(out, "2 posts, 1 with what was fetched") || !strings.Contains(out, "post imported: no capture") {
		t.Fatalf("%d %s", code, out)
	}
	if code, out := export("-reason", "again", "one"); code != exitError || !strings.Contains(out, "not overwritten") {
		t.Errorf("over a pack: %d %s", code, out)
	}
	_, after, _ := strings.Cut(out, "signed with key ")
	key, _, _ := strings.Cut(after, "\n")

	events, err := a.desk.Events(t.Context(), desk.EventFilter{Action: "export_evidence"})
	if err != nil || len(events) != 2 || events[0].Who != "ana" || events[0].Reason != "request 12/2026" {
		t.Errorf("audit trail: %+v, %v", events, err)
	}
	if code, out := vegheRun(t, "evidence", "verify", "-key", key, zip); code != exitOK || !strings.Contains(out, "every byte is as it was signed") {
		t.Errorf("verify: %d %s", code, out)
	}
	if code, out := vegheRun(t, "evidence", "verify", "-key", strings.Repeat("0", 64), zip); code != exitError || !strings.Contains(out, "not with the one given") {
		t.Errorf("another key: %d %s", code, out)
	}
	if code, out := vegheRun(t, "evidence", "verify", "-data", data); code != exitOK || !strings.Contains(out, "3 records as they were stored") {
		t.Errorf("the data folder: %d %s", code, out)
	}
	flipByte(t, zip, "pasaportul")
	if code, out := vegheRun(t, "evidence", "verify", zip); code != exitError || !strings.Contains(out, "CHANGED: posts/0001.json was changed") {
		t.Errorf("a changed byte: %d %s", code, out)
	}
}

// flipByte changes a letter where a word first stands.
func flipByte(t *testing.T, path, word string) {
	t.Helper()
	f, err := os.OpenFile(path, os.O_RDWR, 0)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	b, err := io.ReadAll(f)
	if err != nil {
		t.Fatal(err)
	}
	i := bytes.Index(b, []byte(word))
	if i < 0 {
		t.Fatal("no such word in the pack")
	}
	if _, err := f.WriteAt([]byte{b[i] ^ 0x20}, int64(i)); err != nil {
		t.Fatal(err)
	}
}
