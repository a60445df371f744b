package rule

import (
	"bytes"
	"errors"
	"fmt"
	"math"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/goccy/go-yaml"
	"github.com/goccy/go-yaml/ast"
	"github.com/goccy/go-yaml/parser"
)

// DecodeStrict reads one YAML document into the struct that v points to, by
// its yaml tags. An unknown key, a value of the wrong type, an anchor, is a
// problem with its place, and all are returned together, as [Problems]. Keys
// that are absent leave v as it is, so fill it with defaults first. Handled:
// structs, slices, maps with string keys, pointers, strings, booleans, whole
// and floating numbers, and time.Duration written as "90s".
func DecodeStrict(path string, data []byte, v any) error {
	f := newFile(path, data)
	var body ast.Node
	var first document
	for _, d := range f.documents() {
		switch b := f.parse(d, f.lines[d.from:d.to]); {
		case b == nil:
		case body != nil:
			f.report(d.from+1, 1, "a second document, want one")
			return f.problems.Err()
		default:
			body, first = b, d
		}
	}
	if body != nil {
		f.base = first.from
		f.decode(body, reflect.ValueOf(v).Elem(), "file")
	}
	return f.problems.Err()
}

// file is a YAML file being read; it collects what is wrong with it.
type file struct {
	*source
	problems Problems
	base     int // lines before the document being read
	// lifted are the lists of terms taken out of that document, by line.
	lifted map[int]*lifted
}

// document is one of the documents of a file: lines from to before to, counted
// from 0.
type document struct{ from, to int }

func newFile(path string, data []byte) *file {
	data = bytes.TrimPrefix(data, []byte("\ufeff"))
	return &file{source: &source{path, strings.Split(strings.ReplaceAll(string(data), "\r\n", "\n"), "\n")}}
}

// report reports a problem at a line and column of the file.
func (f *file) report(line, col int, format string, args ...any) {
	f.reportAt(f.at(line, col), format, args...)
}

func (f *file) reportAt(p Position, format string, args ...any) {
	f.problems = append(f.problems, Problem{Position: p, Msg: fmt.Sprintf(format, args...)})
}

// problem reports a problem at a node.
func (f *file) problem(n ast.Node, format string, args ...any) {
	f.reportAt(f.pos(n), format, args...)
}

// pos is where a node begins.
func (f *file) pos(n ast.Node) Position { return f.spot(n).position() }

// spot is pos, small.
func (f *file) spot(n ast.Node) spot {
	switch m := n.(type) {
	case *ast.MappingNode:
		if !m.IsFlowStyle && len(m.Values) > 0 {
			n = m.Values[0].Key
		}
	case *ast.MappingValueNode:
		n = m.Key
	}
	tk := n.GetToken()
	if tk == nil || tk.Position == nil {
		return spot{f.source, int32(f.base + 1), 1}
	}
	return spot{f.source, int32(f.base + tk.Position.Line), int32(tk.Position.Column)}
}

// documents cuts the file at its "---" lines. Each is parsed by itself, so
// that a broken one does not hide the others.
func (f *file) documents() (docs []document) {
	start := 0
	for i := 0; i <= len(f.lines); i++ {
		if i == len(f.lines) || separates(f.lines[i]) {
			docs = append(docs, document{start, i})
			start = i + 1
		}
	}
	return docs
}

func separates(line string) bool {
	return line == "---" || strings.HasPrefix(line, "--- #") || strings.TrimRight(line, " ") == "---"
}

// parse reads a document from its lines; nil if empty or broken.
func (f *file) parse(d document, lines []string) (body ast.Node) {
	f.base = d.from
	if line := tooDeep(lines); line >= 0 {
		f.report(d.from+line+1, 1, "nested too deeply, want at most %d levels", maxNesting)
		return nil
	}
	text := strings.Join(lines, "\n") + "\n"
	defer func() {
		if r := recover(); r != nil { // the parser is not ours, the input may be anyone's
			f.report(d.from+1, 1, "not YAML that can be read")
			body = nil
		}
	}()
	parsed, err := parser.ParseBytes([]byte(text), 0)
	if err != nil {
		f.syntax(d.from, err)
		return nil
	}
	for _, p := range parsed.Docs {
		if p.Body != nil && p.Body.Type() != ast.NullType && p.Body.Type() != ast.CommentType {
			return p.Body
		}
	}
	return nil
}

func (f *file) syntax(base int, err error) {
	var at yaml.Error
	if !errors.As(err, &at) || at.GetToken() == nil {
		f.report(base+1, 1, "not YAML: %v", err)
		return
	}
	p := at.GetToken().Position
	f.report(base+p.Line, p.Column, "not YAML: %s", at.GetMessage())
}

// maxNesting bounds how deep values may lie in each other.
const maxNesting = 20

// tooDeep is the line at which brackets or dashes nest too deeply, or -1. It
// runs before the parser, which recurses.
func tooDeep(lines []string) int {
	depth := 0
	for i, line := range lines {
		run := 0
		for j := range len(line) {
			switch line[j] {
			case '[', '{':
				depth++
			case ']', '}':
				depth = max(depth-1, 0)
			}
			if (line[j] == '-' || line[j] == '?' || line[j] == ':') && (j+1 == len(line) || line[j+1] == ' ') {
				run++
			}
			if depth > maxNesting || run > 4*maxNesting {
				return i
			}
		}
	}
	return -1
}

// pair is one key of a mapping with its value.
type pair struct {
	key   string
	node  ast.Node // the key
	value ast.Node
}

// mapping lists the pairs of a mapping; it reports anything else.
func (f *file) mapping(n ast.Node, what string) ([]pair, bool) {
	var values []*ast.MappingValueNode
	switch m := n.(type) {
	case *ast.MappingNode:
		values = m.Values
	case *ast.MappingValueNode:
		values = []*ast.MappingValueNode{m}
	default:
		f.problem(n, "%s is %s, want a mapping of keys to values", what, kindOf(n))
		return nil, false
	}
	pairs := make([]pair, 0, len(values))
	for _, v := range values {
		key, ok := scalar(v.Key)
		if !ok {
			f.problem(v, "a key of %s is not a plain word", what)
			continue
		}
		pairs = append(pairs, pair{key, v.Key, v.Value})
	}
	return pairs, true
}

// scalar is the text of a scalar node as written, without quotes.
func scalar(n ast.Node) (string, bool) {
	switch s := n.(type) {
	case *ast.StringNode:
		return s.Value, true
	case *ast.LiteralNode:
		return s.Value.Value, true
	case *ast.IntegerNode, *ast.FloatNode, *ast.BoolNode, *ast.InfinityNode, *ast.NanNode:
		return n.GetToken().Value, true
	}
	return "", false
}

// kindOf names what a node is, for messages.
func kindOf(n ast.Node) string {
	switch n.(type) {
	case nil, *ast.NullNode:
		return "empty"
	case *ast.MappingNode, *ast.MappingValueNode:
		return "a mapping"
	case *ast.SequenceNode:
		return "a list"
	case *ast.AnchorNode, *ast.AliasNode, *ast.MergeKeyNode:
		return "an anchor or alias, which are not used here (quote a value that starts with & or *)"
	case *ast.TagNode:
		return "a tag (quote a value that starts with !)"
	case *ast.IntegerNode, *ast.FloatNode:
		return "a number"
	case *ast.BoolNode:
		return "true or false"
	}
	return "a text"
}

// text reads a scalar.
func (f *file) text(n ast.Node, what string) (string, bool) {
	s, ok := scalar(n)
	if !ok {
		f.problem(n, "%s is %s, want a text", what, kindOf(n))
	}
	return s, ok
}

// item is one text of a list, and where it stands.
type item struct {
	text string
	at   spot
}

// texts reads a list of texts, or one text as a list of one.
func (f *file) texts(n ast.Node, what string) []item {
	if s, ok := scalar(n); ok {
		return []item{{s, f.spot(n)}}
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		f.problem(n, "%s is %s, want a text or a list of texts", what, kindOf(n))
		return nil
	}
	if l := f.liftedAt(seq); l != nil {
		return l.items
	}
	items := make([]item, 0, len(seq.Values))
	for _, v := range seq.Values {
		if s, ok := scalar(v); ok {
			items = append(items, item{s, f.spot(v)})
			continue
		}
		f.problem(v, "an entry of %s is %s, want a text", what, kindOf(v))
	}
	return items
}

// boolean reads true or false.
func (f *file) boolean(n ast.Node, what string) bool {
	b, ok := n.(*ast.BoolNode)
	if !ok {
		f.problem(n, "%s is %s, want true or false", what, kindOf(n))
		return false
	}
	return b.Value
}

// number reads a finite number.
func (f *file) number(n ast.Node, what string) (float64, bool) {
	s, ok := scalar(n)
	v, err := strconv.ParseFloat(s, 64)
	if !ok || err != nil || math.IsNaN(v) || math.IsInf(v, 0) {
		f.problem(n, "%s is not a number", what)
		return 0, false
	}
	return v, true
}

// date reads a day, or a time in RFC 3339, as UTC.
func (f *file) date(n ast.Node, what string) time.Time {
	s, _ := scalar(n)
	for _, layout := range []string{time.DateOnly, time.RFC3339} {
		if t, err := time.Parse(layout, s); err == nil {
			return t.UTC()
		}
	}
	f.problem(n, "%s is not a date, want one such as 2027-03-01", what)
	return time.Time{}
}

// decode reads a node into v; see [DecodeStrict].
func (f *file) decode(n ast.Node, v reflect.Value, what string) {
	switch v.Kind() {
	case reflect.Pointer:
		if v.IsNil() {
			v.Set(reflect.New(v.Type().Elem()))
		}
		f.decode(n, v.Elem(), what)
	case reflect.Struct:
		f.decodeStruct(n, v, what)
	case reflect.Slice:
		f.decodeSlice(n, v, what)
	case reflect.Map:
		f.decodeMap(n, v, what)
	default:
		f.decodeScalar(n, v, what)
	}
}

func (f *file) decodeStruct(n ast.Node, v reflect.Value, what string) {
	if n.Type() == ast.NullType {
		return
	}
	pairs, ok := f.mapping(n, what)
	if !ok {
		return
	}
	fields := map[string]int{}
	var known []string
	for i := range v.NumField() {
		name, _, _ := strings.Cut(v.Type().Field(i).Tag.Get("yaml"), ",")
		if name == "" {
			name = strings.ToLower(v.Type().Field(i).Name)
		}
		if name != "-" && v.Type().Field(i).IsExported() {
			fields[name] = i
			known = append(known, name)
		}
	}
	for _, p := range pairs {
		i, ok := fields[p.key]
		if !ok {
			f.unknown(p, what, known)
			continue
		}
		f.decode(p.value, v.Field(i), p.key)
	}
}

// unknown reports a key that is not among those known.
func (f *file) unknown(p pair, what string, known []string) {
	f.problem(p.node, "unknown key %q in %s, want one of: %s%s", p.key, what, strings.Join(known, " "), hint(p.key, known))
}

func (f *file) decodeSlice(n ast.Node, v reflect.Value, what string) {
	if n.Type() == ast.NullType {
		v.SetZero()
		return
	}
	seq, ok := n.(*ast.SequenceNode)
	if !ok {
		f.problem(n, "%s is %s, want a list", what, kindOf(n))
		return
	}
	out := reflect.MakeSlice(v.Type(), len(seq.Values), len(seq.Values))
	for i, e := range seq.Values {
		f.decode(e, out.Index(i), "an entry of "+what)
	}
	v.Set(out)
}

func (f *file) decodeMap(n ast.Node, v reflect.Value, what string) {
	if n.Type() == ast.NullType {
		return
	}
	pairs, ok := f.mapping(n, what)
	if !ok {
		return
	}
	if v.IsNil() {
		v.Set(reflect.MakeMap(v.Type()))
	}
	for _, p := range pairs {
		e := reflect.New(v.Type().Elem()).Elem()
		f.decode(p.value, e, p.key)
		v.SetMapIndex(reflect.ValueOf(p.key).Convert(v.Type().Key()), e)
	}
}

func (f *file) decodeScalar(n ast.Node, v reflect.Value, what string) {
	s, ok := scalar(n)
	if !ok {
		f.problem(n, "%s is %s, want a single value", what, kindOf(n))
		return
	}
	switch {
	case v.Type() == reflect.TypeFor[time.Duration]():
		d, err := time.ParseDuration(s)
		if err != nil {
			f.problem(n, "%s is not a duration, want one such as 90s or 2h", what)
			return
		}
		v.SetInt(int64(d))
	case v.Kind() == reflect.String:
		v.SetString(s)
	case v.Kind() == reflect.Bool:
		v.SetBool(f.boolean(n, what))
	case v.CanInt():
		i, err := strconv.ParseInt(strings.ReplaceAll(s, "_", ""), 10, v.Type().Bits())
		if err != nil {
			f.problem(n, "%s is not a whole number", what)
			return
		}
		v.SetInt(i)
	case v.CanFloat():
		if x, ok := f.number(n, what); ok {
			v.SetFloat(x)
		}
	default:
		f.problem(n, "%s cannot be set here", what)
	}
}
