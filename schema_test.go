package veghe_test

import (
	"encoding/json"
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
)

// The schema names the very fields that the types have, and requires those
// that are never left out.
func TestSchema(t *testing.T) {
	var schema struct {
		Defs map[string]struct {
			Properties map[string]any
			Required   []string
		} `json:"$defs"`
	}
	if err := json.Unmarshal(veghe.Schema, &schema); err != nil {
		t.Fatal(err)
	}
	words := []any{
		veghe.Post{},
		veghe.Quote{},
		veghe.Span{},
		veghe.Finding{},
		veghe.LangSpan{},
		veghe.Contact{},
		veghe.Cluster{},
		veghe.History{},
		veghe.Assessment{},
		veghe.Assessed{},
		veghe.Review{},
		veghe.Source{},
	}
	for _, w := range words {
		typ := reflect.TypeOf(w)
		t.Run(typ.Name(), func(t *testing.T) {
			var fields, always []string
			for field := range typ.Fields() {
				name, opts, _ := strings.Cut(field.Tag.Get("json"), ",")
				if name == "-" {
					continue
				}
				fields = append(fields, name)
				if !strings.HasPrefix(opts, "omit") {
					always = append(always, name)
				}
			}
			def := schema.Defs[typ.Name()]
			slices.Sort(fields)
			slices.Sort(always)
			if diff := cmp.Diff(fields, slices.Sorted(maps.Keys(def.Properties))); diff != "" {
				t.Errorf("fields (-type +schema):\n%s", diff)
			}
			if diff := cmp.Diff(always, slices.Sorted(slices.Values(def.Required))); diff != "" {
				t.Errorf("required (-type +schema):\n%s", diff)
			}
		})
	}
	if got, want := len(schema.Defs), len(words); got != want {
		t.Errorf("schema has %d definitions, want %d", got, want)
	}
}
