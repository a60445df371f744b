package wording

import (
	"bytes"
	"crypto/sha256"
	"encoding/binary"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"strconv"

	"veghe/detect/text"
)

// A file, all numbers little-endian:
//
//	"veghe wording 2\n"
//	length of the card  uint32     at most maxCard
//	card                JSON
//	bias, scale         float64 each
//	weights             size times int8
//	SHA-256 over everything before it
const (
	magic   = "veghe wording 2\n"
	maxCard = 1 << 16
	// MaxFile is how large a file may be, in bytes.
	MaxFile = len(magic) + 4 + maxCard + 16 + size + sha256.Size
)

// ErrFile is wrapped by the errors of Read for something that is no sound
// file.
var ErrFile = errors.New("not a sound wording file")

// ErrFolding is returned for a model made when texts were folded another way:
// its weights would fall on other words.
var ErrFolding = errors.New("the wording was learnt when texts were folded another way: learn it again")

// Append appends the model as a file to b.
func (m *Model) Append(b []byte) ([]byte, error) {
	card, err := json.Marshal(m.card)
	if err != nil {
		return nil, err
	}
	start := len(b)
	b = append(b, magic...)
	b = binary.LittleEndian.AppendUint32(b, uint32(len(card)))
	b = append(b, card...)
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(m.bias))
	b = binary.LittleEndian.AppendUint64(b, math.Float64bits(m.scale))
	for _, w := range m.weights {
		b = append(b, byte(w))
	}
	sum := sha256.Sum256(b[start:])
	return append(b, sum[:]...), nil
}

// Read reads a file.
func Read(b []byte) (*Model, error) {
	switch {
	case len(b) > MaxFile:
		return nil, fmt.Errorf("%w: larger than %d bytes", ErrFile, MaxFile)
	case !bytes.HasPrefix(b, []byte(magic)):
		return nil, fmt.Errorf("%w: want it to begin with %q", ErrFile, magic)
	case len(b) < len(magic)+4+16+size+sha256.Size:
		return nil, fmt.Errorf("%w: it is cut off", ErrFile)
	}
	b, given := b[:len(b)-sha256.Size], b[len(b)-sha256.Size:]
	if sum := sha256.Sum256(b); !bytes.Equal(sum[:], given) {
		return nil, fmt.Errorf("%w: the checksum does not fit; it was cut off or changed", ErrFile)
	}
	b = b[len(magic):]
	n := int(binary.LittleEndian.Uint32(b))
	if b = b[4:]; len(b) != n+16+size {
		return nil, fmt.Errorf("%w: a card of %d bytes and %d weights do not fill it", ErrFile, n, size)
	}
	m := &Model{weights: make([]int8, size), version: hex.EncodeToString(given[:6])}
	if err := json.Unmarshal(b[:n], &m.card); err != nil {
		return nil, fmt.Errorf("%w: the card: %w", ErrFile, err)
	}
	b = b[n:]
	m.bias = math.Float64frombits(binary.LittleEndian.Uint64(b))
	m.scale = math.Float64frombits(binary.LittleEndian.Uint64(b[8:]))
	if s := m.bias + m.scale; math.IsNaN(s) || math.IsInf(s, 0) {
		return nil, fmt.Errorf("%w: a bias or scale that is no number", ErrFile)
	}
	for i, c := range b[16:] {
		m.weights[i] = int8(c)
	}
	if m.card.Folding != text.Version {
		return nil, fmt.Errorf("%w (%.20q, now %q)", ErrFolding, m.card.Folding, text.Version)
	}
	return m, nil
}

// hashOf names what was learnt from.
func hashOf(examples []Example) string {
	h := sha256.New()
	for i := range examples {
		h.Write(strconv.AppendBool(nil, examples[i].Telling)) // never fails
		for _, s := range examples[i].Texts {
			h.Write(strconv.AppendQuote([]byte{' '}, s))
		}
	}
	return hex.EncodeToString(h.Sum(nil)[:6])
}
