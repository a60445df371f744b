package main

import (
	"fmt"
	"go/ast"
	"go/parser"
	"go/token"
	"maps"
	"path/filepath"
	"reflect"
	"strings"
	"testing"
	"time"
)

// fieldComments are the comments of all fields of structs in some folders, by
// package.Type.Field.
func fieldComments(t *testing.T, dirs map[string]string) map[string]string {
	t.Helper()
	out := map[string]string{}
	for pkg, dir := range dirs {
		files, err := filepath.Glob(filepath.Join(dir, "*.go"))
		if err != nil {
			t.Fatal(err)
		}
		for _, file := range files {
			f, err := parser.ParseFile(token.NewFileSet(), file, nil, parser.ParseComments|parser.SkipObjectResolution)
			if err != nil {
				t.Fatal(err)
			}
			ast.Inspect(f, func(n ast.Node) bool {
				spec, ok := n.(*ast.TypeSpec)
				if !ok {
					return true
				}
				if s, ok := spec.Type.(*ast.StructType); ok {
					commentsOf(pkg+"."+spec.Name.Name, s, out)
				}
				return true
			})
		}
	}
	return out
}

// commentsOf gives a field its own comment, or that of the fields above it
// that it stands with.
func commentsOf(name string, s *ast.StructType, out map[string]string) {
	last := ""
	lastEnd := token.NoPos
	for _, f := range s.Fields.List {
		text := strings.TrimSpace(f.Doc.Text())
		if text == "" && f.Pos() <= lastEnd+4 { // on the next line
			text = last
		}
		last, lastEnd = text, f.End()
		if own := strings.TrimSpace(f.Comment.Text()); own != "" {
			text, lastEnd = own, f.Comment.End()
		}
		for _, id := range f.Names {
			out[name+"."+id.Name] = strings.Join(strings.Fields(text), " ")
		}
	}
}

// configPage is docs/config.md.
type configPage struct {
	comments map[string]string
	b        strings.Builder
	keys     int
}

// section writes the keys of a struct, those of structs within it after them.
func (p *configPage) section(prefix string, v reflect.Value) {
	type sub struct {
		key string
		v   reflect.Value
	}
	var subs []sub
	rows := 0
	for i := range v.NumField() {
		f := v.Type().Field(i)
		key, opts, _ := strings.Cut(f.Tag.Get("yaml"), ",")
		fv := v.Field(i)
		switch {
		case opts == "inline" || f.Anonymous && key == "":
			subs = append(subs, sub{prefix, fv})
			continue
		case key == "" || key == "-" || !f.IsExported():
			continue
		}
		inner := fv
		if inner.Kind() == reflect.Slice && inner.Type().Elem().Kind() == reflect.Struct {
			inner = reflect.New(inner.Type().Elem()).Elem()
			subs = append(subs, sub{prefix + key + "[].", inner})
		} else if inner.Kind() == reflect.Struct && !isScalar(inner) {
			subs = append(subs, sub{prefix + key + ".", inner})
			continue
		}
		if rows == 0 {
			p.b.WriteString("\n| key | default | what it is |\n|---|---|---|\n")
		}
		rows++
		p.row(prefix+key, fv, v.Type(), f.Name)
	}
	for _, s := range subs {
		if s.key != prefix {
			fmt.Fprintf(&p.b, "\n## %s\n", strings.TrimSuffix(s.key, "."))
		}
		p.section(s.key, s.v)
	}
}

func (p *configPage) row(key string, v reflect.Value, in reflect.Type, field string) {
	pkg := in.PkgPath()[strings.LastIndex(in.PkgPath(), "/")+1:]
	text := p.comments[pkg+"."+in.Name()+"."+field]
	if text == "" { // its name says it
		text = strings.ReplaceAll(key[strings.LastIndex(key, ".")+1:], "_", " ")
	}
	p.keys++
	text = strings.TrimPrefix(text, field+" is ")
	fmt.Fprintf(&p.b, "| `%s` | %s | %s |\n", key, printable(v), strings.ReplaceAll(text, "|", "\\|"))
}

func isScalar(v reflect.Value) bool {
	_, text := reflect.TypeAssert[interface{ UnmarshalText([]byte) error }](v.Addr())
	_, yaml := reflect.TypeAssert[interface{ UnmarshalYAML([]byte) error }](v.Addr())
	return text || yaml || v.Type() == reflect.TypeFor[time.Time]()
}

func printable(v reflect.Value) string {
	if v.IsZero() || v.Kind() == reflect.Pointer || v.Kind() == reflect.Slice || v.Kind() == reflect.Map {
		return ""
	}
	if v.Type() == reflect.TypeFor[duration]() {
		return "`" + time.Duration(v.Int()).String() + "`"
	}
	return fmt.Sprintf("`%v`", v.Interface())
}

func TestConfigPage(t *testing.T) {
	p := &configPage{comments: fieldComments(t, map[string]string{
		"veghe": ".", "kafka": "../../stream/kafka", "crawler": "../../crawler", "extract": "../../crawler/extract", "oidc": "../../index/web/oidc",
	})}
	maps.Copy(p.comments, fieldComments(t, map[string]string{"veghe": "../.."})) // the root package is called veghe, too
	p.b.WriteString("# Configuration\n\nMade from the code by `make docs`; a test fails when it is stale. " +
		"`veghe.yaml` is given with `-c`; [deploy/veghe.example.yaml](../deploy/veghe.example.yaml) is a start. Every key is optional, an unknown one is an error with its place. Flags win over the file. Times are such as `90s`, `12h` or `7d`.\n\n## At the top\n")
	cfg := defaultConfig()
	p.section("", reflect.ValueOf(&cfg).Elem())
	if p.keys < 40 {
		t.Errorf("only %d keys were found", p.keys)
	}
	wantPage(t, "config.md", p.b.String())
}
