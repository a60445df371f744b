package ngram

import (
	"bufio"
	"bytes"
	"compress/flate"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/bits"
)

// Order is the length of the longest sequence in a table.
const Order = 4

// Scale is how many units of a row make one nat.
const Scale = 8

// MaxLangs bounds the languages of one table.
const MaxLangs = 24

const (
	letterBits = 7
	keyMask    = 1<<(letterBits*Order) - 1
	magic      = "VGNG1\n"
	maxEntries = 1 << 22
)

// Key is one to four letters, the last in the lowest bits.
type Key uint32

// Push appends a letter, dropping the oldest of four.
func (k Key) Push(code byte) Key { return (k<<letterBits | Key(code)) & keyMask }

// Shorter drops the oldest letter of a key of n letters.
func (k Key) Shorter(n int) Key { return k & (1<<(letterBits*(n-1)) - 1) }

// Len is the number of letters.
func (k Key) Len() int { return (bits.Len32(uint32(k)) + letterBits - 1) / letterBits }

// Table says how much less likely a letter is in each language than in the
// language where it is likeliest, given up to three letters before it.
type Table struct {
	Script Script
	Langs  []string

	// slots is an open-addressing hash table, at most two thirds full; a
	// zero key is a free slot. rows holds len(Langs) bytes per entry.
	slots []slot
	shift uint
	rows  []byte
}

type slot struct {
	key Key
	row uint32 // index of the first byte in rows
}

// Score subtracts the cost of one word from acc, in units of 1/[Scale] nat.
// Letters after which nothing is known cost nothing.
func (t *Table) Score(word []byte, acc *[MaxLangs]int32) {
	var k Key
	n := 0
	for _, c := range word {
		k = k.Push(c)
		n = min(n+1, Order)
		row := t.find(k, n)
		for i, cost := range row {
			acc[i] -= int32(cost)
		}
	}
}

// find returns the row of the longest known end of k.
func (t *Table) find(k Key, n int) []byte {
	mask := uint32(len(t.slots) - 1)
	for ; n > 0; n-- {
		for i := hash(k) >> t.shift; ; i = (i + 1) & mask {
			s := &t.slots[i&mask]
			if s.key == k {
				return t.rows[s.row:][:len(t.Langs):min(len(t.Langs), MaxLangs)]
			}
			if s.key == 0 {
				break
			}
		}
		k = k.Shorter(n)
	}
	return nil
}

func hash(k Key) uint32 { return uint32(k) * 0x9E3779B1 }

// Len is the number of entries.
func (t *Table) Len() int { return len(t.rows) / max(len(t.Langs), 1) }

// Bytes is the memory the table takes.
func (t *Table) Bytes() int { return len(t.rows) + len(t.slots)*8 }

// Source is a table to be written: Keys in rising order, and for each of them
// the costs of all languages.
type Source struct {
	Script Script
	Langs  []string
	Keys   []Key
	Rows   []byte
}

// Encode writes tables in the form that [Decode] reads: a magic line, then
// deflated for each table its script, languages and keys (as differences) and
// the costs, language by language, which packs a quarter better than key by
// key.
func Encode(w io.Writer, tables ...Source) error {
	if _, err := io.WriteString(w, magic); err != nil {
		return err
	}
	z, err := flate.NewWriter(w, flate.BestCompression)
	if err != nil {
		return err
	}
	var b []byte
	b = binary.AppendUvarint(b, uint64(len(tables)))
	for _, t := range tables {
		b = t.append(b)
	}
	if _, err := z.Write(b); err != nil {
		return err
	}
	return z.Close()
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
	for l := range n {
		for i := range t.Keys {
			b = append(b, t.Rows[i*n+l])
		}
	}
	return b
}

// Decode reads what [Encode] wrote.
func Decode(b []byte) ([]*Table, error) {
	rest, ok := bytes.CutPrefix(b, []byte(magic))
	if !ok {
		return nil, errors.New("not an n-gram table: make it again with go generate ./detect/lang")
	}
	r := bufio.NewReaderSize(flate.NewReader(bytes.NewReader(rest)), 1<<16)
	count, err := binary.ReadUvarint(r)
	if err != nil || count > 16 {
		return nil, fmt.Errorf("n-gram table: %d scripts, want at most 16: %w", count, orBad(err))
	}
	tables := make([]*Table, count)
	for i := range tables {
		if tables[i], err = decodeTable(r); err != nil {
			return nil, fmt.Errorf("n-gram table %d: %w", i, err)
		}
	}
	return tables, nil
}

var errBad = errors.New("the file is damaged")

func orBad(err error) error {
	if err != nil {
		return err
	}
	return errBad
}

func decodeTable(r *bufio.Reader) (*Table, error) {
	script, err := r.ReadByte()
	if err != nil {
		return nil, err
	}
	t := &Table{Script: Script(script)}
	if t.Langs, err = decodeLangs(r); err != nil {
		return nil, err
	}
	entries, err := binary.ReadUvarint(r)
	if err != nil || entries == 0 || entries > maxEntries {
		return nil, fmt.Errorf("%d entries: %w", entries, orBad(err))
	}
	if err := t.decodeKeys(r, int(entries)); err != nil {
		return nil, err
	}
	return t, t.decodeRows(r, int(entries))
}

func decodeLangs(r *bufio.Reader) ([]string, error) {
	n, err := binary.ReadUvarint(r)
	if err != nil || n == 0 || n > MaxLangs {
		return nil, fmt.Errorf("%d languages, want 1 to %d: %w", n, MaxLangs, orBad(err))
	}
	langs := make([]string, n)
	for i := range langs {
		size, err := binary.ReadUvarint(r)
		if err != nil || size > 16 {
			return nil, fmt.Errorf("name of language %d: %w", i, orBad(err))
		}
		name := make([]byte, size)
		if _, err := io.ReadFull(r, name); err != nil {
			return nil, err
		}
		langs[i] = string(name)
	}
	return langs, nil
}

func (t *Table) decodeKeys(r *bufio.Reader, entries int) error {
	size := uint(bits.Len(uint(entries * 3 / 2)))
	t.shift = 32 - size
	t.slots = make([]slot, 1<<size)
	mask := uint32(len(t.slots) - 1)
	var k Key
	for n := range entries {
		d, err := binary.ReadUvarint(r)
		if err != nil || d == 0 || d > keyMask || k+Key(d) > keyMask {
			return fmt.Errorf("entry %d: %w", n, orBad(err))
		}
		k += Key(d)
		i := hash(k) >> t.shift
		for t.slots[i].key != 0 {
			i = (i + 1) & mask
		}
		t.slots[i] = slot{k, uint32(n * len(t.Langs))}
	}
	return nil
}

func (t *Table) decodeRows(r *bufio.Reader, entries int) error {
	n := len(t.Langs)
	t.rows = make([]byte, entries*n)
	column := make([]byte, entries)
	for l := range n {
		if _, err := io.ReadFull(r, column); err != nil {
			return fmt.Errorf("costs of %s: %w", t.Langs[l], err)
		}
		for i, c := range column {
			t.rows[i*n+l] = c
		}
	}
	return nil
}
