package veghe

import (
	"bytes"
	"encoding/json"
	"io"
	"reflect"
	"strconv"
	"strings"
)

// More is what stands in a value and is not known here, since a newer version
// wrote it: what each field holds, by its place as a JSON Pointer (RFC 6901)
// without the first slash, such as "quotes/0/tone". It goes on with the value
// as it came, so that a stage of this version between two of the next one loses
// nothing. Only what stages and stores hand each other is read like this:
// [ParsePost] leaves out what it does not know.
type More map[string]json.RawMessage

// Decode reads what [Post.Encode] wrote, in this version or another.
func (p *Post) Decode(b []byte) error {
	more, err := decode(b, p)
	if err == nil && more == nil && len(p.Quotes) > 0 {
		var in struct{ Quotes []json.RawMessage }
		more, err = moreInQuotes(b, &in, &in.Quotes, reflect.TypeFor[Post]())
	}
	p.More = more
	return err
}

// Encode is the post as JSON, with what a newer version wrote in it.
func (p *Post) Encode() ([]byte, error) { return EncodeWith(p, p.More) }

// Decode reads what [Assessed.Encode] wrote, in this version or another.
func (a *Assessed) Decode(b []byte) error {
	more, err := decode(b, a)
	if err == nil && more == nil && len(a.Post.Quotes) > 0 {
		var in struct {
			Post struct{ Quotes []json.RawMessage }
		}
		more, err = moreInQuotes(b, &in, &in.Post.Quotes, reflect.TypeFor[Assessed]())
	}
	a.Post.More, more = more.split("post")
	a.Assessment.More, more = more.split("assessment")
	a.More = more
	return err
}

// Encode is the assessed post as JSON, with what a newer version wrote in it.
func (a *Assessed) Encode() ([]byte, error) { return EncodeWith(a, a.AllMore()) }

// AllMore is what is not known here of all parts, for whatever has the same
// parts.
func (a *Assessed) AllMore() More {
	if len(a.More)+len(a.Post.More)+len(a.Assessment.More) == 0 {
		return nil
	}
	all := More{}
	for within, more := range map[string]More{"": a.More, "post/": a.Post.More, "assessment/": a.Assessment.More} {
		for place, v := range more {
			all[within+place] = v
		}
	}
	return all
}

// EncodeWith is v as JSON with more put in its places. What v itself has there
// stays, and what has lost its place is left out.
func EncodeWith(v any, more More) ([]byte, error) {
	b, err := json.Marshal(v)
	if err != nil || len(more) == 0 {
		return b, err
	}
	return more.into(b)
}

// decode is json.Unmarshal that also gives what has no field in v. Where there
// is no such thing it costs as much.
func decode[T any](b []byte, v *T) (More, error) {
	d := json.NewDecoder(bytes.NewReader(b))
	d.DisallowUnknownFields()
	if d.Decode(v) == nil {
		if _, err := d.Token(); err == io.EOF { //nolint:errorlint // as Decoder promises
			return nil, nil
		}
	}
	// Unknown fields, or an error for json.Unmarshal to name.
	*v = *new(T)
	if err := json.Unmarshal(b, v); err != nil {
		return nil, err
	}
	more := More{}
	more.collect("", b, reflect.TypeFor[T]())
	return more, nil
}

// moreInQuotes looks at quotes, which read themselves, so that the decoder does
// not see what is new in them. In is the part of b that has them.
func moreInQuotes(b []byte, in any, quotes *[]json.RawMessage, whole reflect.Type) (More, error) {
	if err := json.Unmarshal(b, in); err != nil {
		return nil, err
	}
	for _, q := range *quotes {
		type plain Quote
		if more, err := decode(q, new(plain)); err == nil && more != nil {
			more = More{}
			more.collect("", b, whole)
			return more, nil
		}
	}
	return nil, nil
}

// collect finds the fields of b that t does not have. Places end with a slash
// but for the first, which is empty.
func (m More) collect(place string, b []byte, t reflect.Type) {
	switch t.Kind() {
	case reflect.Pointer:
		m.collect(place, b, t.Elem())
	case reflect.Slice:
		var list []json.RawMessage
		if json.Unmarshal(b, &list) == nil {
			for i, v := range list {
				m.collect(place+strconv.Itoa(i)+"/", v, t.Elem())
			}
		}
	case reflect.Struct:
		var fields map[string]json.RawMessage
		if json.Unmarshal(b, &fields) != nil {
			return // another form of it, such as a time
		}
		for name, v := range fields {
			if f, known := fieldOf(t, name); known {
				m.collect(place+escapePointer.Replace(name)+"/", v, f.Type)
			} else {
				m[place+escapePointer.Replace(name)] = v
			}
		}
	}
}

// fieldOf is the field that encoding/json takes for a name.
func fieldOf(t reflect.Type, name string) (reflect.StructField, bool) {
	for f := range t.Fields() {
		if known, _, _ := strings.Cut(f.Tag.Get("json"), ","); known != "-" && strings.EqualFold(known, name) {
			return f, true
		}
	}
	return reflect.StructField{}, false
}

var (
	escapePointer   = strings.NewReplacer("~", "~0", "/", "~1")
	unescapePointer = strings.NewReplacer("~1", "/", "~0", "~")
)

// split takes out what is within a field.
func (m More) split(field string) (within, rest More) {
	for place, v := range m {
		if inner, ok := strings.CutPrefix(place, field+"/"); ok {
			within = within.with(inner, v)
		} else {
			rest = rest.with(place, v)
		}
	}
	return within, rest
}

func (m More) with(place string, v json.RawMessage) More {
	if m == nil {
		m = More{}
	}
	m[place] = v
	return m
}

// into puts everything in its place in b.
func (m More) into(b []byte) ([]byte, error) {
	here, within := More{}, map[string]More{}
	for place, v := range m {
		name, rest, deeper := strings.Cut(place, "/")
		name = unescapePointer.Replace(name)
		if deeper {
			within[name] = within[name].with(rest, v)
		} else {
			here[name] = v
		}
	}
	var list []json.RawMessage
	if json.Unmarshal(b, &list) == nil {
		return intoList(list, within)
	}
	var fields map[string]json.RawMessage
	if err := json.Unmarshal(b, &fields); err != nil {
		return b, nil //nolint:nilerr // no longer what it was: nothing has a place in it
	}
	for name, more := range within {
		v, ok := fields[name]
		if !ok {
			continue
		}
		var err error
		if fields[name], err = more.into(v); err != nil {
			return nil, err
		}
	}
	for name, v := range here {
		if _, ok := fields[name]; !ok {
			fields[name] = v
		}
	}
	return json.Marshal(fields)
}

func intoList(list []json.RawMessage, within map[string]More) ([]byte, error) {
	for name, more := range within {
		i, err := strconv.Atoi(name)
		if err != nil || i < 0 || i >= len(list) {
			continue
		}
		if list[i], err = more.into(list[i]); err != nil {
			return nil, err
		}
	}
	return json.Marshal(list)
}
