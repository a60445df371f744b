package main

import (
	"path/filepath"
	"strings"
	"testing"
	"time"
)

// Data that an earlier version wrote is opened by this one: the log with its
// offsets, the record, the desk, the ledger, the frontier, the evidence. Each
// file of testdata/upgrade is a backup that the version of that day made of its
// demo; add one when a format changes, and never remove one.
func TestUpgrade(t *testing.T) {
	old, err := filepath.Glob(filepath.Join("testdata", "upgrade", "*"+backupSuffix))
	if err != nil || len(old) == 0 {
		t.Fatalf("no data of earlier versions (%v)", err)
	}
	for _, file := range old {
		t.Run(strings.TrimSuffix(filepath.Base(file), backupSuffix), func(t *testing.T) {
			t.Parallel()
			data := dataDir(t)
			said := do(t, "restore", "-data", data, file)
			if !strings.Contains(said, "as they were backed up") || !strings.Contains(said, "demo-forum") {
				t.Fatalf("restore said %q", said)
			}
			if said := do(t, "evidence", "verify", "-data", data); strings.Contains(said, "problem") {
				t.Errorf("evidence: %s", said)
			}
			// The posts are years old by the time this runs: unflagged ones may go.
			p := start(t, "run", "-data", data, "-listen", "127.0.0.1:0", "-ops-listen", "127.0.0.1:0")
			var st status
			await(t, 2*time.Minute, "everything of the old data handled", func() bool {
				var ok bool
				st, ok = statusOf(t, data)
				if !ok || !st.Ready || st.Index == nil {
					return false
				}
				for _, s := range st.Stages {
					if s.Behind > 0 || s.Failing != "" {
						return false
					}
				}
				return st.Index.Flagged >= 10
			})
			for _, r := range st.Accounting {
				if r.Collected == 0 || r.Collected != r.Assessed+r.Dead+r.InFlight {
					t.Errorf("%s: the account does not close: %+v", r.Source, r)
				}
			}
			if out := do(t, "search", "-data", data, "indicator:DOC-01"); !strings.Contains(out, "DOC-01") {
				t.Errorf("the search index made anew does not find DOC-01: %.300s", out)
			}
			posts := filepath.Join(t.TempDir(), "posts.jsonl")
			writePosts(t, posts, 20) // and it goes on
			do(t, "import", "-data", data, posts)
			await(t, time.Minute, "new posts beside the old ones", func() bool {
				now, ok := statusOf(t, data)
				return ok && now.Index != nil && now.Index.Posts >= st.Index.Posts+15
			})
			p.stop()
		})
	}
}
