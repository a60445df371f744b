package main

import (
	"encoding/json"
	"log/slog"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/stream"
	"veghe/stream/embedded"
)

// Stages of this version beside those of the next one: what the next crawl and
// the next detect write and this version does not know goes on as it came,
// through detect and index to an export. Where handles are hidden it stays
// out, for it might name somebody.
func TestNextVersionsFields(t *testing.T) {
	cfg := defaultConfig()
	cfg.Data = dataDir(t)
	writeAsNextVersion(t, &cfg)
	start(t, "run", "-data", cfg.Data, "-listen", "127.0.0.1:0", "-ops-listen", "127.0.0.1:0")
	export := func(args ...string) (lines string, ok bool) {
		var out strings.Builder
		err := exportCmd(t.Context(), env{out: &out, err: &out}, append([]string{"-data", cfg.Data, "-all"}, args...))
		return out.String(), err == nil && strings.Count(out.String(), "\n") == 2
	}
	var lines string
	await(t, time.Minute, "both posts in an export", func() (ok bool) {
		lines, ok = export("-reveal", "a test")
		return ok
	})
	for _, want := range []string{`"tone":{"of":[1,2]}`, `"mood":"calm"`, `"urgency":3`, `"line":7`, `"route":["a"]`} {
		if !strings.Contains(lines, want) {
			t.Errorf("the export has no %s:\n%s", want, lines)
		}
	}
	if hidden, ok := export(); !ok || strings.Contains(hidden, "tone") || strings.Contains(hidden, "route") {
		t.Errorf("an export with hidden handles has what might name them:\n%s", hidden)
	}
}

// writeAsNextVersion puts a post and an assessed post of a later version into
// the log.
func writeAsNextVersion(t *testing.T, cfg *config) {
	t.Helper()
	l, err := embedded.Open(cfg.path("log"), embeddedOptions(cfg, time.Hour, slog.New(slog.DiscardHandler)))
	if err != nil {
		t.Fatal(err)
	}
	now := time.Now().UTC().Format(time.RFC3339) // what is older than retention goes
	for topic, value := range map[string]string{
		veghe.PostsTopic: `{"id":"p1","source":"s","kind":"post","thread":"t","author":"a","text":"Vand bicicleta.","collected_at":"NOW",
			"quotes":[{"author":"b","text":"Cat costa?","mood":"calm"}], "tone": {"of": [1, 2]}}`,
		veghe.AssessmentsTopic: `{"post":{"id":"p2","source":"s","kind":"post","thread":"t","author":"a","text":"Vand masa.","collected_at":"NOW"},
			"assessment":{"id":"p2","flagged":false,"severity":"none","score":{},"lang":[],"contacts":[],"rules_version":"next","urgency":3,
				"findings":[{"indicator":"DOC-01","rule":"DOC-01","category":"recruitment","family":"documents","weight":0,"why":"","spans":[{"start":0,"end":4,"text":"Vand","line":7}]}]},
			"assessed_at":"NOW","route":["a"]}`,
	} {
		var v json.RawMessage
		if err := json.Unmarshal([]byte(strings.ReplaceAll(value, "NOW", now)), &v); err != nil {
			t.Fatal(err)
		}
		next := stream.Topic[json.RawMessage]{Log: l, Name: topic, Format: streamFormat, Key: func(*json.RawMessage) string { return "s\x1ft" }}
		if err := next.Publish(t.Context(), v); err != nil {
			t.Fatal(err)
		}
	}
	if err := l.Close(); err != nil {
		t.Fatal(err)
	}
}
