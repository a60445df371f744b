package contact

import (
	"bytes"
	"cmp"
	"slices"
)

// spelling takes words apart that are numbers glued together:
// "zerosaptedoidoi", "ventidue", "07zero0". Its pieces are the spelled digits
// and tens of the vocabulary.
type spelling struct {
	first  [256][]piece // pieces by their first byte, the longest first
	opener [1 << 13]bool
}

type piece struct {
	text  string
	digit string
	ten   byte
}

// The length of the shortest glued word, in bytes: three digits of three
// letters to begin a number, two digits to go on with one.
const (
	minGlued = 9
	minNext  = 5
)

// short are glued forms that never stand alone: vent-otto, veinti-dos.
var short = []piece{
	{text: "vent", ten: '2'},
	{text: "trent", ten: '3'},
	{text: "quarant", ten: '4'},
	{text: "cinquant", ten: '5'},
	{text: "sessant", ten: '6'},
	{text: "settant", ten: '7'},
	{text: "ottant", ten: '8'},
	{text: "novant", ten: '9'},
	{text: "veinti", ten: '2'},
	{text: "ein", digit: "1"},
}

func (s *spelling) add(w *word) {
	if len(w.text) >= 2 {
		s.piece(piece{w.text, w.digit, w.ten})
	}
}

func (s *spelling) piece(p piece) {
	s.first[p.text[0]] = append(s.first[p.text[0]], p)
	if len(p.text) >= 3 {
		s.opener[opening([]byte(p.text))] = true
	}
}

func (s *spelling) seal() {
	for _, p := range short {
		s.piece(p)
	}
	for c := range s.first {
		slices.SortFunc(s.first[c], func(a, b piece) int {
			return cmp.Or(cmp.Compare(len(b.text), len(a.text)), cmp.Compare(a.text, b.text))
		})
	}
}

// opening is a small number made of the first three bytes of a word.
func opening(w []byte) int {
	return (int(w[0])*961 ^ int(w[1])*31 ^ int(w[2])) & (1<<13 - 1)
}

// opens reports whether a word of at least so many bytes may be glued
// numbers, cheaply.
func (s *spelling) opens(w []byte, least int) bool {
	return len(w) >= least && s.opener[opening(w)]
}

// maxPieces bounds what one glued word may hold, and the tries for it.
const maxPieces = 15

// split appends the pieces that w is made of, the whole of it, or returns nil.
// Between them may stand "und" and "y", as in zweiundzwanzig.
func (s *spelling) split(w []byte, out []piece) []piece {
	tries := 200
	return s.walk(w, out, &tries)
}

func (s *spelling) walk(w []byte, out []piece, tries *int) []piece {
	if len(w) == 0 || len(out) > 0 && (string(w) == "п" || string(w) == "дев") {
		return out // the rest of п'ять is behind the apostrophe
	}
	*tries--
	if len(out) == maxPieces || *tries < 0 {
		return nil
	}
	if w[0] >= '0' && w[0] <= '9' {
		return s.walk(w[1:], append(out, piece{digit: digitStrings[w[0]-'0']}), tries)
	}
	for _, p := range s.first[w[0]] {
		if !bytes.HasPrefix(w, []byte(p.text)) {
			continue
		}
		rest := w[len(p.text):]
		if p.digit != "" && bytes.HasPrefix(rest, []byte("und")) {
			if ten := s.tenAt(rest[3:]); ten.ten != 0 { // zwei-und-zwanzig
				if all := s.walk(rest[3+len(ten.text):], append(out, ten, p), tries); all != nil {
					return all
				}
			}
		}
		if p.ten != 0 && len(rest) > 0 && (rest[0] == 'y' || rest[0] == 'i') {
			if all := s.walk(rest[1:], append(out, p), tries); all != nil {
				return all
			}
		}
		if all := s.walk(rest, append(out, p), tries); all != nil {
			return all
		}
	}
	return nil
}

func (s *spelling) tenAt(w []byte) piece {
	if len(w) > 0 {
		for _, p := range s.first[w[0]] {
			if p.ten != 0 && bytes.HasPrefix(w, []byte(p.text)) {
				return p
			}
		}
	}
	return piece{}
}

var digitStrings = [10]string{"0", "1", "2", "3", "4", "5", "6", "7", "8", "9"}
