package places

import (
	"cmp"
	"math"
	"slices"
	"strings"
)

// Map is a picture of places: the ones meant on top of all the towns known
// nearby. X and Y are in units of a canvas Width wide and Height high, from
// its upper left corner.
type Map struct {
	Width, Height int
	Spots         []Spot
	Names         []Label // of the largest spots
	Towns         []Dot   // in the background
	Countries     []Label
}

// Spot is a place that something was found at.
type Spot struct {
	Dot
	Place Place
	Count int
	R     float64 // radius; the area grows with the count
}

// Dot is a point of the canvas.
type Dot struct{ X, Y float64 }

// Label is a name on the map.
type Label struct {
	Dot
	Text string
	Left bool // the text ends here, for want of room on the right
}

// Count is a place and how often it was found.
type Count struct {
	Place Place
	N     int
}

const (
	mapWidth  = 640
	mapHeight = 420
	border    = 24.0
	leastSpan = 6.0 // degrees of latitude: one town alone still has neighbours
)

// Draw makes a map that holds all counted places, the most frequent drawn
// last. Nothing to draw is nil.
func Draw(counts []Count) *Map {
	if len(counts) == 0 {
		return nil
	}
	v := viewOf(counts)
	m := &Map{Width: mapWidth, Height: mapHeight}
	most := 1
	for _, c := range counts {
		most = max(most, c.N)
	}
	for _, c := range counts {
		d := v.at(c.Place)
		m.Spots = append(m.Spots, Spot{Dot: d, Place: c.Place, Count: c.N, R: 4 + 10*math.Sqrt(float64(c.N)/float64(most))})
	}
	slices.SortStableFunc(m.Spots, func(a, b Spot) int {
		return cmp.Or(cmp.Compare(b.R, a.R), cmp.Compare(a.Place.Name, b.Place.Name))
	})
	m.name()
	for _, p := range read().all {
		d := v.at(p)
		switch inside := d.X > 8 && d.X < mapWidth-8 && d.Y > 8 && d.Y < mapHeight-8; {
		case !inside:
		case p.Country():
			m.Countries = append(m.Countries, Label{Dot: d, Text: p.Name})
		default:
			m.Towns = append(m.Towns, d)
		}
	}
	return m
}

// view is a plain projection: degrees of longitude are as wide as they are at
// the middle of the picture.
type view struct{ lat, lon, perLat, perLon float64 }

func viewOf(counts []Count) view {
	south, north, west, east := 90.0, -90.0, 180.0, -180.0
	for _, c := range counts {
		south, north = min(south, c.Place.Lat), max(north, c.Place.Lat)
		west, east = min(west, c.Place.Lon), max(east, c.Place.Lon)
	}
	v := view{lat: (south + north) / 2, lon: (west + east) / 2}
	shrink := max(0.2, math.Cos(v.lat*math.Pi/180))
	high := max(leastSpan, north-south)
	wide := max(leastSpan, (east-west)*shrink)
	v.perLat = min((mapHeight-2*border)/high, (mapWidth-2*border)/wide)
	v.perLon = v.perLat * shrink
	return v
}

func (v view) at(p Place) Dot {
	round := func(x float64) float64 { return math.Round(x*10) / 10 }
	return Dot{round(mapWidth/2 + (p.Lon-v.lon)*v.perLon), round(mapHeight/2 - (p.Lat-v.lat)*v.perLat)}
}

// maxNames is how many spots are named on the map.
const maxNames = 12

// name writes the names of the largest spots beside them, where none covers
// another.
func (m *Map) name() {
	for _, s := range m.Spots {
		_, town, isTown := strings.Cut(s.Place.Name, "/")
		if !isTown || len(m.Names) >= maxNames {
			continue
		}
		l := Label{Dot: Dot{s.X + s.R + 3, s.Y + 4}, Text: town}
		if s.X > mapWidth*0.8 {
			l.X, l.Left = s.X-s.R-3, true
		}
		if !slices.ContainsFunc(m.Names, func(o Label) bool { return math.Abs(o.Y-l.Y) < 13 && math.Abs(o.X-l.X) < 80 }) {
			m.Names = append(m.Names, l)
		}
	}
}
