package crawler

import "testing"

// A source is measured against its own past, however many posts a page has.
func TestDrifting(t *testing.T) {
	for _, tt := range []struct {
		name         string
		before, then int // posts on a page
		pages        int // of then
		want         bool
	}{
		{"as ever", 20, 20, 50, false},
		{"an empty page or two", 20, 0, 5, false},
		{"its layout changed", 20, 1, 40, true},
		{"nothing is found any more", 1, 0, 40, true},
		{"a quiet board", 1, 1, 200, false},
		{"fewer to a page", 20, 10, 60, false},
		{"it stays so", 20, 2, 5000, false}, // by then that is usual
	} {
		var s Stats
		for range 500 {
			s.readHome(tt.before)
		}
		for range tt.pages {
			s.readHome(tt.then)
		}
		if s.Drifting() != tt.want {
			t.Errorf("%s: %.2f a page, usually %.2f: drifting %v, want %v", tt.name, s.PerPage, s.Usual, s.Drifting(), tt.want)
		}
	}
	var s Stats
	s.readHome(20)
	if s.readHome(0); s.Drifting() {
		t.Error("two pages say nothing")
	}
}
