// Package places knows roughly where places are: the seats of Romania's
// counties, European countries and their larger towns. It draws a map for
// somebody who wants to see at a glance whether posts come from one valley or
// from ten countries; it is no survey, and what it does not know it says so.
package places

import (
	"bufio"
	_ "embed"
	"fmt"
	"strconv"
	"strings"
	"sync"

	"veghe/detect/text"
)

//go:embed places.txt
var data string

// Place is somewhere on the map.
type Place struct {
	// Name is "RO/Bacău" of a town and "RO" of a country, as contacts of
	// kind place have it.
	Name     string
	Lat, Lon float64 // degrees, WGS 84, good to about ten kilometres
}

// Country reports whether the place is a whole country, drawn at its middle.
func (p Place) Country() bool { return len(p.Name) == 2 }

// table is the data by folded name.
type table struct {
	all    []Place
	byName map[string]int
}

var read = sync.OnceValue(func() table {
	t, err := parse(data)
	if err != nil {
		panic("places: " + err.Error()) // the data is embedded and tested
	}
	return t
})

// parse reads lines of "RO/Bacău 46.57 26.91" with other names after the
// coordinates, separated by commas.
func parse(s string) (table, error) {
	t := table{byName: map[string]int{}}
	lines := bufio.NewScanner(strings.NewReader(s))
	for n := 1; lines.Scan(); n++ {
		line := strings.TrimSpace(lines.Text())
		if line == "" || line[0] == '#' {
			continue
		}
		main, others, _ := strings.Cut(line, "=")
		p, err := parsePlace(main)
		if err != nil {
			return t, fmt.Errorf("line %d: %w", n, err)
		}
		t.add(p, strings.Split(others, ","))
	}
	return t, lines.Err()
}

func parsePlace(s string) (Place, error) {
	words := strings.Fields(s)
	if len(words) < 3 {
		return Place{}, fmt.Errorf("want a name, a latitude and a longitude")
	}
	k := len(words) - 2
	lat, err := strconv.ParseFloat(words[k], 64)
	if err != nil || lat < -90 || lat > 90 {
		return Place{}, fmt.Errorf("latitude is %q, want degrees", words[k])
	}
	lon, err := strconv.ParseFloat(words[k+1], 64)
	if err != nil || lon < -180 || lon > 180 {
		return Place{}, fmt.Errorf("longitude is %q, want degrees", words[k+1])
	}
	return Place{Name: strings.Join(words[:k], " "), Lat: lat, Lon: lon}, nil
}

// add makes the place known under all its names; the first place of a name
// keeps it.
func (t *table) add(p Place, others []string) {
	t.all = append(t.all, p)
	names := append([]string{p.Name}, others...)
	if _, town, ok := strings.Cut(p.Name, "/"); ok {
		names = append(names, town)
	}
	for _, name := range names {
		key := fold(name)
		if _, taken := t.byName[key]; key != "" && !taken {
			t.byName[key] = len(t.all) - 1
		}
	}
}

func fold(s string) string { return strings.TrimSpace(text.Fold(s)) }

// Find returns the place of a name as contacts have it ("RO/Bacău", "IT") or
// as pages write it ("Bacău, România", "Köln").
func Find(name string) (Place, bool) {
	if len(name) > 200 {
		return Place{}, false
	}
	t := read()
	for _, try := range []string{name, firstPart(name), countryOf(name)} {
		if i, ok := t.byName[fold(try)]; ok && fold(try) != "" {
			return t.all[i], true
		}
	}
	return Place{}, false
}

// firstPart is what stands before a comma, a bracket or a dash.
func firstPart(s string) string {
	if i := strings.IndexAny(s, ",(;|–"); i > 0 {
		return s[:i]
	}
	return ""
}

// countryOf is the country of a town that is not on the map.
func countryOf(s string) string {
	if len(s) > 3 && s[2] == '/' {
		return s[:2]
	}
	return ""
}
