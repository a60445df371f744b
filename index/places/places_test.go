package places

import (
	"strings"
	"testing"
)

func TestFind(t *testing.T) {
	for _, c := range []struct{ name, want string }{
		// As contacts have them.
		{"RO/Bacău", "RO/Bacău"},
		{"RO", "RO"},
		{"RO/Dolj", "RO/Craiova"}, // a county is drawn at its seat
		{"RO/Pogoanele", "RO"},    // unknown town: its country
		// As pages write them.
		{"Bacău", "RO/Bacău"},
		{"BACAU, Romania", "RO/Bacău"},
		{"Franta", "FR"},
		{"koeln", "DE/Köln"},
		{"Târgu Mureș (centru)", "RO/Târgu Mureș"},
		// Nowhere.
		{"", ""},
		{"aproape de mare", ""},
		{strings.Repeat("x", 1000), ""},
	} {
		p, ok := Find(c.name)
		if p.Name != c.want || ok != (c.want != "") {
			t.Errorf("Find(%.40q) = %q, %v, want %q", c.name, p.Name, ok, c.want)
		}
	}
}

func TestDataIsSound(t *testing.T) {
	all, err := parse(data)
	if err != nil {
		t.Fatal(err)
	}
	seats, seen := 0, map[string]bool{}
	for _, p := range all.all {
		if seen[p.Name] {
			t.Errorf("%s stands twice", p.Name)
		}
		seen[p.Name] = true
		if strings.HasPrefix(p.Name, "RO/") {
			seats++
			if p.Lat < 43.6 || p.Lat > 48.3 || p.Lon < 20.2 || p.Lon > 29.8 {
				t.Errorf("%s is not in Romania: %v %v", p.Name, p.Lat, p.Lon)
			}
		}
		if !p.Country() && !seen[p.Name[:2]] {
			t.Errorf("%s is in a country that is not listed", p.Name)
		}
	}
	if seats < 41 {
		t.Errorf("%d towns in Romania, want at least the seats of its 41 counties", seats)
	}
}

func TestParseRefuses(t *testing.T) {
	for _, s := range []string{"RO", "RO/X 1", "RO/X a 1", "RO/X 91 1", "RO/X 1 181"} {
		if _, err := parse(s); err == nil || !strings.HasPrefix(err.Error(), "line 1: ") {
			t.Errorf("%q: %v, want an error that names the line", s, err)
		}
	}
}

// North is up, east is right, and everything asked for is in the picture.
func TestDraw(t *testing.T) {
	find := func(name string) Place {
		p, ok := Find(name)
		if !ok {
			t.Fatal(name)
		}
		return p
	}
	m := Draw([]Count{{find("Iași"), 1}, {find("Madrid"), 9}, {find("London"), 2}})
	at := map[string]Spot{}
	for _, s := range m.Spots {
		if s.X < 0 || s.X > mapWidth || s.Y < 0 || s.Y > mapHeight {
			t.Errorf("%s is outside: %+v", s.Place.Name, s)
		}
		at[s.Place.Name] = s
	}
	if at["GB/London"].Y >= at["ES/Madrid"].Y || at["RO/Iași"].X <= at["GB/London"].X {
		t.Errorf("the map is turned: %+v", at)
	}
	if m.Spots[0].Place.Name != "ES/Madrid" {
		t.Errorf("the largest spot is drawn over the others: %+v", m.Spots)
	}
	if len(m.Towns) < 100 || len(m.Countries) < 20 {
		t.Errorf("%d towns and %d countries in the background", len(m.Towns), len(m.Countries))
	}
	if one := Draw([]Count{{find("Iași"), 1}}); len(one.Towns) < 5 {
		t.Errorf("one town alone has %d neighbours", len(one.Towns))
	}
	if Draw(nil) != nil {
		t.Error("a map of nothing")
	}
}
