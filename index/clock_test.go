package index_test

import (
	"testing"
	"time"
)

// A post that says it was collected in a far future, from a collector or by a
// clock that was wrong, is not kept until then: its time begins when the next
// purge meets it.
func TestCollectedInTheFuture(t *testing.T) {
	x := open(t, t.TempDir()) // its clock stands at noon
	future, flagged := post("future", "un text"), post("flagged", "alt text")
	for _, p := range []*time.Time{&future.Post.CollectedAt, &flagged.Post.CollectedAt} {
		*p = noon.AddDate(7000, 0, 0)
	}
	future.Assessment.Flagged, flagged.Assessment.Flagged = false, true
	put(t, x, future, flagged)
	for _, tt := range []struct {
		olderThan time.Time
		want      int
	}{{noon.Add(-time.Hour), 0}, {noon.Add(time.Hour), 1}} {
		if n, err := x.Purge(t.Context(), tt.olderThan); n != tt.want || err != nil {
			t.Errorf("purge before %v: %d posts, %v, want %d", tt.olderThan, n, err, tt.want)
		}
	}
	if c, err := x.Count(t.Context()); c.Posts != 1 || c.Flagged != 1 || err != nil {
		t.Errorf("%+v (%v) are left, want the flagged one", c, err)
	}
}
