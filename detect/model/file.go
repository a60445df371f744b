package model

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math"

	"veghe/detect/text"
)

// A model file, all numbers little-endian:
//
//	"veghe model 1\n"
//	length of the card  uint32     at most maxCard
//	card                JSON
//	bias                float64
//	number of weights   uint32     at most size
//	weights             each: step from the index before, uvarint; float32
//	SHA-256 over everything before it
const (
	magic   = "veghe model 1\n"
	maxCard = 1 << 20
	maxFile = len(magic) + 4 + maxCard + 8 + 4 + size*(binary.MaxVarintLen32+4) + sha256.Size
)

// ErrFile is wrapped by the errors of Read for something that is no sound
// model file.
var ErrFile = errors.New("not a sound model file")

// ErrFolding is returned for a model made when texts were folded another way:
// its weights would fall on other words.
var ErrFolding = errors.New("the model was made for another way of folding texts: train it again")

// Write writes the model as a file, and gives it its version.
func (m *Model) Write(w io.Writer) error {
	card, err := json.Marshal(m.card)
	if err != nil {
		return err
	}
	if len(card) > maxCard {
		return fmt.Errorf("the card of the model is %d bytes, want at most %d", len(card), maxCard)
	}
	b := append([]byte(magic), binary.LittleEndian.AppendUint32(nil, uint32(len(card)))...)
	b = append(b, card...)
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(m.bias))
	n, last := uint32(0), 0
	var body []byte
	for i, v := range m.weights {
		if v == 0 {
			continue
		}
		body = binary.AppendUvarint(body, uint64(i-last))
		body = binary.LittleEndian.AppendUint32(body, math.Float32bits(v))
		last = i
		n++
	}
	b = binary.LittleEndian.AppendUint32(b, n)
	b = append(b, body...)
	sum := sha256.Sum256(b)
	m.version = versionOf(sum)
	_, err = w.Write(append(b, sum[:]...))
	return err
}

func versionOf(sum [sha256.Size]byte) string { return hex.EncodeToString(sum[:6]) }

// Read reads a model file. It takes at most a few megabytes from r.
func Read(r io.Reader) (*Model, error) {
	b, err := io.ReadAll(io.LimitReader(r, int64(maxFile)+1))
	if err != nil {
		return nil, err
	}
	switch {
	case len(b) > maxFile:
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrFile, maxFile)
	case !bytes.HasPrefix(b, []byte(magic)):
		return nil, fmt.Errorf("%w: want it to begin with %q", ErrFile, magic)
	case len(b) < len(magic)+sha256.Size:
		return nil, fmt.Errorf("%w: it is cut off", ErrFile)
	}
	b, given := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	sum := sha256.Sum256(b)
	if !bytes.Equal(sum[:], given) {
		return nil, fmt.Errorf("%w: the checksum does not fit; it was cut off or changed", ErrFile)
	}
	m, err := decode(b[len(magic):])
	if err != nil {
		return nil, fmt.Errorf("%w: %w", ErrFile, err)
	}
	if m.card.Folding != text.Version {
		return nil, fmt.Errorf("%w (%.20q, now %q)", ErrFolding, m.card.Folding, text.Version)
	}
	m.version = versionOf(sum)
	return m, nil
}

func decode(b []byte) (*Model, error) {
	m := &Model{weights: make([]float32, size)}
	d := decoder{b: b}
	card := d.take(int(min(d.uint32(), maxCard+1)))
	if d.short {
		return nil, errors.New("the card is cut off")
	}
	if err := json.Unmarshal(card, &m.card); err != nil {
		return nil, fmt.Errorf("the card: %w", err)
	}
	m.bias = math.Float64frombits(d.uint64())
	n := d.uint32()
	if n > size {
		return nil, fmt.Errorf("%d weights, want at most %d", n, size)
	}
	at := uint64(0)
	for i := range n {
		step := d.uvarint()
		if i > 0 && step == 0 || step >= size || at+step >= size {
			return nil, errors.New("a weight out of order")
		}
		at += step
		m.weights[at] = math.Float32frombits(d.uint32())
		if !finite(float64(m.weights[at])) {
			return nil, errors.New("a weight that is no number")
		}
	}
	switch {
	case d.short:
		return nil, errors.New("the weights are cut off")
	case len(d.b) > 0:
		return nil, fmt.Errorf("%d bytes too many", len(d.b))
	case !finite(m.bias), !finite(m.card.Threshold):
		return nil, errors.New("a bias or threshold that is no number")
	}
	return m, nil
}

func finite(x float64) bool { return !math.IsNaN(x) && !math.IsInf(x, 0) }

// decoder takes numbers off the front; short says that there were too few
// bytes, and everything after is zero.
type decoder struct {
	b     []byte
	short bool
}

func (d *decoder) take(n int) []byte {
	if n > len(d.b) {
		d.b, d.short = nil, true
		return nil
	}
	out := d.b[:n]
	d.b = d.b[n:]
	return out
}

func (d *decoder) uint32() uint32 {
	if b := d.take(4); b != nil {
		return binary.LittleEndian.Uint32(b)
	}
	return 0
}

func (d *decoder) uint64() uint64 {
	if b := d.take(8); b != nil {
		return binary.LittleEndian.Uint64(b)
	}
	return 0
}

func (d *decoder) uvarint() uint64 {
	v, n := binary.Uvarint(d.b)
	if n <= 0 {
		d.b, d.short = nil, true
		return 0
	}
	d.b = d.b[n:]
	return v
}
