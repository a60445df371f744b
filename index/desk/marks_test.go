package desk_test

import (
	"testing"
	"time"

	"veghe/index/desk"
)

// A value is marked once, taken back, and can be marked again.
func TestMarks(t *testing.T) {
	d := openDesk(t)
	ctx, at := t.Context(), time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	m := desk.Mark{Kind: "phone", Value: "+40210000000", By: "ana", At: at, Reason: "switchboard of a hospital"}
	for range 2 {
		if err := d.MarkValue(ctx, m); err != nil {
			t.Fatal(err)
		}
	}
	if all, err := d.Marks(ctx); err != nil || len(all) != 1 || all[0] != m {
		t.Fatalf("%+v, %v, want the one mark", all, err)
	}
	if _, ok, err := d.MarkOf(ctx, "email", m.Value); ok || err != nil {
		t.Errorf("another kind is marked too: %v, %v", ok, err)
	}
	if err := d.UnmarkValue(ctx, "phone", m.Value, "dan", at); err != nil {
		t.Fatal(err)
	}
	if _, ok, err := d.MarkOf(ctx, "phone", m.Value); ok || err != nil {
		t.Errorf("still marked: %v, %v", ok, err)
	}
	if err := d.MarkValue(ctx, m); err != nil {
		t.Error(err)
	}
	if err := d.MarkValue(ctx, desk.Mark{Kind: "phone", Value: "1", By: "ana"}); err == nil {
		t.Error("a mark without a reason was taken")
	}
}
