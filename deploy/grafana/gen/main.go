// Gen writes the Grafana dashboards as JSON into the folder it is given: one
// for those who run veghe, one for analysts, one for those who lead
// investigators. They load in a stock Grafana 11 or later without edits: the
// data source is a variable.
package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
)

// dashboard is one page.
type dashboard struct {
	uid, title, about string
	rows              []row
}

type row struct {
	title  string
	panels []panel
}

// panel is one picture. Kind is timeseries, stat, table or bargauge; a row has
// 24 columns.
type panel struct {
	kind, title, about string
	unit               string
	wide               int // columns; 0 means 8
	stacked            bool
	instant            bool
	warn, bad          float64 // thresholds; 0 means none
	queries            []query
}

type query struct{ expr, legend string }

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "usage: gen DIR")
		os.Exit(2)
	}
	for name, b := range all() {
		if err := os.WriteFile(filepath.Join(os.Args[1], name), b, 0o644); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
	}
}

// all is every dashboard by its file name.
func all() map[string][]byte {
	out := map[string][]byte{}
	for _, d := range []dashboard{ops(), analysts(), leadership()} {
		out[d.uid+".json"] = d.json()
	}
	return out
}

type object = map[string]any

func (d dashboard) json() []byte {
	var panels []object
	y, id := 0, 0
	for _, r := range d.rows {
		id++
		panels = append(panels, object{"id": id, "type": "row", "title": r.title, "collapsed": false, "panels": []any{}, "gridPos": grid(0, y, 24, 1)})
		y++
		x := 0
		for _, p := range r.panels {
			id++
			w := p.wide
			if w == 0 {
				w = 8
			}
			if x+w > 24 {
				x, y = 0, y+8
			}
			panels = append(panels, p.json(id, grid(x, y, w, 8)))
			x += w
		}
		y += 8
	}
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	enc.SetIndent("", " ")
	// Maps are written in the order of their keys; nothing here can fail.
	_ = enc.Encode(object{
		"uid": d.uid, "title": d.title, "description": d.about, "tags": []string{"veghe"}, "schemaVersion": 39, "version": 1,
		"editable": true, "graphTooltip": 1, "refresh": "30s", "timezone": "browser", "time": object{"from": "now-24h", "to": "now"},
		"annotations": object{"list": []any{}}, "links": []any{}, "panels": panels,
		"templating": object{"list": []any{object{
			"name": "datasource", "label": "Prometheus", "type": "datasource", "query": "prometheus", "hide": 0, "current": object{}, "options": []any{}, "refresh": 1, "regex": "",
		}}},
	})
	return b.Bytes()
}

func grid(x, y, w, h int) object { return object{"x": x, "y": y, "w": w, "h": h} }

var source = object{"type": "prometheus", "uid": "${datasource}"}

func (p panel) json(id int, at object) object {
	targets := make([]object, len(p.queries))
	for i, q := range p.queries {
		targets[i] = object{"refId": string(rune('A' + i)), "expr": q.expr, "legendFormat": q.legend, "datasource": source, "instant": p.instant, "range": !p.instant}
		if p.kind == "table" {
			targets[i]["format"] = "table"
		}
	}
	custom := object{"lineWidth": 1, "fillOpacity": 10, "showPoints": "never", "stacking": object{"mode": "none"}}
	if p.stacked {
		custom["stacking"], custom["fillOpacity"] = object{"mode": "normal"}, 40
	}
	steps := []object{{"color": "green", "value": nil}}
	if p.warn > 0 {
		steps = append(steps, object{"color": "orange", "value": p.warn})
	}
	if p.bad > 0 {
		steps = append(steps, object{"color": "red", "value": p.bad})
	}
	out := object{
		"id": id, "type": p.kind, "title": p.title, "description": p.about, "datasource": source, "gridPos": at, "targets": targets,
		"fieldConfig": object{"defaults": object{"unit": p.unit, "min": 0, "custom": custom, "thresholds": object{"mode": "absolute", "steps": steps}}, "overrides": []any{}},
		"options":     object{},
	}
	switch p.kind {
	case "timeseries":
		out["options"] = object{"legend": object{"displayMode": "list", "placement": "bottom"}, "tooltip": object{"mode": "multi", "sort": "desc"}}
	case "stat":
		out["options"] = object{"reduceOptions": object{"calcs": []string{"lastNotNull"}}, "colorMode": "value", "graphMode": "area"}
	case "bargauge":
		out["options"] = object{"orientation": "horizontal", "displayMode": "basic", "reduceOptions": object{"calcs": []string{"lastNotNull"}}}
	}
	return out
}
