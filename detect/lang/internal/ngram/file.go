package ngram

import (
	"encoding/binary"
	"errors"
	"fmt"
	"math"
)

const (
	magic      = "VGNG2\n"
	maxEntries = 1 << 22
)

// levels are the costs that a file knows, in units of 1/[Scale] nat: finer
// ones tell no more, and above the last one a single letter would outvote
// many.
var levels = [16]byte{0, 1, 2, 4, 6, 8, 11, 14, 18, 23, 29, 36, 45, 56, 72, 100}

// Level is the level nearest to a cost.
func Level(cost float64) byte {
	best := 0
	for i, l := range levels {
		if math.Abs(float64(l)-cost) < math.Abs(float64(levels[best])-cost) {
			best = i
		}
	}
	return byte(best)
}

// Source is a table to be written: Keys in rising order, with every head of
// each of them, and for each of them the levels of all languages.
type Source struct {
	Script Script
	Langs  []string
	Keys   []Key
	Levels []byte
}

// Encode writes tables in the form that [Decode] reads: a magic line and the
// number of tables, then for each its script, its languages, the number of
// keys, the keys as differences, and for each key the levels of two languages
// to a byte. Packing it would save a fifth and take longer to read than all
// the rest.
func Encode(tables ...Source) []byte {
	b := binary.AppendUvarint([]byte(magic), uint64(len(tables)))
	for _, t := range tables {
		b = t.append(b)
	}
	return b
}

func (t Source) append(b []byte) []byte {
	b = append(b, byte(t.Script))
	b = binary.AppendUvarint(b, uint64(len(t.Langs)))
	for _, l := range t.Langs {
		b = binary.AppendUvarint(b, uint64(len(l)))
		b = append(b, l...)
	}
	b = binary.AppendUvarint(b, uint64(len(t.Keys)))
	var last Key
	for _, k := range t.Keys {
		b = binary.AppendUvarint(b, uint64(k-last))
		last = k
	}
	n := len(t.Langs)
	for i := range t.Keys {
		row := t.Levels[i*n:][:n]
		for l := 0; l < n; l += 2 {
			pair := row[l]
			if l+1 < n {
				pair |= row[l+1] << 4
			}
			b = append(b, pair)
		}
	}
	return b
}

// Decode reads what [Encode] wrote.
func Decode(b []byte) ([]*Table, error) {
	if len(b) < len(magic) || string(b[:len(magic)]) != magic {
		return nil, errors.New("not an n-gram table: make it again with go generate ./detect/lang")
	}
	r := &reader{b: b[len(magic):]}
	tables := make([]*Table, r.number("scripts", 1, 16))
	for i := range tables {
		tables[i] = r.table()
		if r.err != nil {
			return nil, fmt.Errorf("n-gram table %d: %w", i, r.err)
		}
	}
	return tables, r.err
}

// reader reads from b until the first error; then all it reads is empty.
type reader struct {
	b   []byte
	err error
}

var errShort = errors.New("the file is damaged: it ends early")

// number reads a number within bounds.
func (r *reader) number(what string, least, most uint64) uint64 {
	n, size := binary.Uvarint(r.b)
	if r.err != nil || size <= 0 {
		r.fail(errShort)
		return 0
	}
	r.b = r.b[size:]
	if n < least || n > most {
		r.fail(fmt.Errorf("%d %s, want %d to %d", n, what, least, most))
		return 0
	}
	return n
}

// bytes reads n bytes.
func (r *reader) bytes(n int) []byte {
	if r.err != nil || n > len(r.b) {
		r.fail(errShort)
		return nil
	}
	out := r.b[:n]
	r.b = r.b[n:]
	return out
}

func (r *reader) fail(err error) {
	if r.err == nil {
		r.err = err
	}
}

func (r *reader) table() *Table {
	t := &Table{Script: Script(r.number("as script", 1, uint64(Other)))}
	t.Langs = make([]string, r.number("languages", 1, MaxLangs))
	for i := range t.Langs {
		t.Langs[i] = string(r.bytes(int(r.number("letters in a language", 1, 16))))
	}
	keys := r.keys(int(r.number("entries", 1, maxEntries)))
	width := (len(t.Langs) + 1) / 2
	rows := r.bytes(width * len(keys))
	if r.err != nil {
		return nil
	}
	t.fill(keys, rows)
	return t
}

func (r *reader) keys(entries int) []Key {
	keys := make([]Key, 0, min(entries, len(r.b))) // each takes a byte or more
	var k Key
	for range entries {
		if k += Key(r.number("as difference", 1, keyMask)); r.err != nil {
			return nil
		}
		if k > keyMask {
			r.fail(fmt.Errorf("key %d, want at most %d", k, uint64(keyMask)))
			return nil
		}
		keys = append(keys, k)
	}
	return keys
}
