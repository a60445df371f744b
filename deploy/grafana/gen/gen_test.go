package main

import (
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/google/go-cmp/cmp"
)

// The JSON that people load is what the code makes.
func TestDashboardsAreCurrent(t *testing.T) {
	for name, got := range all() {
		want, err := os.ReadFile(filepath.Join("..", "dashboards", name))
		if err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(string(want), string(got)); diff != "" {
			t.Errorf("%s is stale: run make docs", name)
		}
	}
}

// Panels do not overlap and stay within the page, and ids are unique: else
// Grafana moves them about.
func TestLayout(t *testing.T) {
	type rect struct{ X, Y, W, H int }
	for name, b := range all() {
		var d struct {
			Panels []struct {
				ID      int
				GridPos rect
			}
		}
		if err := json.Unmarshal(b, &d); err != nil {
			t.Fatal(err)
		}
		taken, ids := map[[2]int]int{}, map[int]bool{}
		for _, p := range d.Panels {
			if g := p.GridPos; ids[p.ID] || g.X+g.W > 24 {
				t.Errorf("%s: panel %d: id twice, or beyond the edge: %+v", name, p.ID, g)
			}
			ids[p.ID] = true
			for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
				for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
					if other := taken[[2]int{x, y}]; other != 0 {
						t.Fatalf("%s: panels %d and %d overlap", name, other, p.ID)
					}
					taken[[2]int{x, y}] = p.ID
				}
			}
		}
	}
}
