package index_test

import (
	"errors"
	"fmt"
	"testing"

	"veghe"
	"veghe/index"
)

// A standing search finds everything that is stored and everything that comes,
// each once, whatever comes in between.
func TestSince(t *testing.T) {
	x := open(t, t.TempDir())
	for i := 0; i < 1_200; i += 48 { // of which one look at changes ends in the middle
		var batch []veghe.Assessed
		for n := i; n < i+48; n++ {
			text := "pay for the bus"
			if n%3 == 0 {
				text = "passport stays with us"
			}
			batch = append(batch, post(fmt.Sprintf("p%d", n), text))
		}
		put(t, x, batch...)
	}
	found := map[veghe.PostID]int{}
	at := int64(0)
	follow := func() {
		t.Helper()
		for {
			ids, upTo, err := x.Since(t.Context(), `"passport stays"`, at)
			if err != nil {
				t.Fatal(err)
			}
			for _, id := range ids {
				found[id]++
			}
			if upTo == at {
				return
			}
			at = upTo
		}
	}
	follow()
	if len(found) != 400 || found["p3"] != 1 {
		t.Errorf("%d found in what is stored, want 400", len(found))
	}
	put(t, x, post("later", "the passport stays here"), post("other", "the bus"), post("quiet", "passport stays", unflagged))
	follow()
	if found["later"] != 1 || found["other"] != 0 || found["quiet"] != 0 {
		t.Errorf("later %d, other %d, quiet %d", found["later"], found["other"], found["quiet"])
	}
	var bad *index.QueryError
	if _, _, err := x.Since(t.Context(), "lang:", 0); !errors.As(err, &bad) {
		t.Errorf("got %v, want a QueryError", err)
	}
}
