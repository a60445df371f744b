package frontier

import (
	"path/filepath"
	"testing"
	"time"
)

// Pages fetched while the clock was a year ahead are due again when it is
// right, not in a year.
func TestClockSetRight(t *testing.T) {
	path := filepath.Join(t.TempDir(), "f.db")
	now := time.Now()
	ahead := now.AddDate(1, 0, 0)
	f := open(t, path)
	must(t, f.Seed(t.Context(), "s", now, Link{URL: "http://example.org/"}, Link{URL: "http://example.org/2"}))
	pages := lease(t, f, ahead, 2)
	must(t, f.Done(t.Context(), pages[0], Outcome{Now: ahead, Quiet: time.Hour}))
	must(t, f.Done(t.Context(), pages[1], Outcome{Now: now, Quiet: time.Hour}))
	must(t, f.Close())
	f = open(t, path)
	if got := lease(t, f, now, 5); len(got) != 1 || got[0].URL != pages[0].URL {
		t.Errorf("due after the clock was set right: %v, want only %s", urls(got), pages[0].URL)
	}
}
