package main

import (
	"archive/zip"
	"fmt"
	"io"
	"maps"
	"path/filepath"
	"slices"
	"unicode/utf8"

	"github.com/pemistahl/lingua-go/serialization"
	"google.golang.org/protobuf/proto"

	"veghe/detect/lang/internal/ngram"
)

// load reads the model of one language. Lingua gives each sequence the
// probability of its last letter after the others; the joint probability is
// the product down to one letter.
func load(models, lang string, s ngram.Script) (model, error) {
	dir := filepath.Join(models, lang)
	joint := map[string]float64{"": 1}
	for _, file := range []string{"unigrams", "bigrams", "trigrams", "quadrigrams"} {
		err := read(filepath.Join(dir, file+".pb.bin.zip"), func(gram string, p float64) {
			_, size := utf8.DecodeLastRuneInString(gram)
			joint[gram] = p * joint[gram[:len(gram)-size]]
		})
		if err != nil {
			return nil, err
		}
	}
	delete(joint, "")
	if lang == "sr" && s == ngram.Latin {
		joint = romanize(joint)
	}
	m := make(model, len(joint))
	for _, gram := range slices.Sorted(maps.Keys(joint)) {
		if k, ok := key(gram, s); ok {
			m[k] += joint[gram]
		}
	}
	return m, nil
}

// key packs a sequence of letters of one script.
func key(gram string, s ngram.Script) (ngram.Key, bool) {
	var k ngram.Key
	for _, r := range gram {
		script, code := ngram.Letter(r)
		if script != s {
			return 0, false
		}
		k = k.Push(code)
	}
	return k, true
}

func read(path string, each func(gram string, p float64)) error {
	z, err := zip.OpenReader(path)
	if err != nil {
		return err
	}
	defer z.Close() //nolint:errcheck // read only
	if len(z.File) != 1 {
		return fmt.Errorf("%s: %d files inside, want 1", path, len(z.File))
	}
	f, err := z.File[0].Open()
	if err != nil {
		return err
	}
	defer f.Close() //nolint:errcheck // read only
	b, err := io.ReadAll(f)
	if err != nil {
		return err
	}
	var m serialization.SerializableLanguageModel
	if err := proto.Unmarshal(b, &m); err != nil {
		return fmt.Errorf("%s: %w", path, err)
	}
	for _, set := range m.NgramSets {
		for _, gram := range set.Ngrams {
			each(gram, set.Probability)
		}
	}
	return nil
}

// toLatin is the Serbian alphabet in Latin letters (Gaj's, one to one but for
// the three digraphs).
var toLatin = map[rune]string{
	'а': "a", 'б': "b", 'в': "v", 'г': "g", 'д': "d", 'ђ': "đ", 'е': "e", 'ж': "ž", 'з': "z", 'и': "i",
	'ј': "j", 'к': "k", 'л': "l", 'љ': "lj", 'м': "m", 'н': "n", 'њ': "nj", 'о': "o", 'п': "p", 'р': "r",
	'с': "s", 'т': "t", 'ћ': "ć", 'у': "u", 'ф': "f", 'х': "h", 'ц': "c", 'ч': "č", 'џ': "dž", 'ш': "š",
}

// romanize turns a Cyrillic Serbian model into a Latin one: lingua has none.
// A digraph makes a sequence one letter longer; it then stands for its two
// ends of the old length, and whole for a sequence of the new one.
func romanize(joint map[string]float64) map[string]float64 {
	out := make(map[string]float64, len(joint))
	for _, gram := range slices.Sorted(maps.Keys(joint)) {
		p := joint[gram]
		var latin []rune
		n := 0
		for _, r := range gram {
			s, ok := toLatin[r]
			if !ok {
				latin = nil
				break
			}
			latin = append(latin, []rune(s)...)
			n++
		}
		if len(latin) == 0 {
			continue
		}
		out[string(latin[:n])] += p
		if len(latin) > n {
			if len([]rune(toLatin[[]rune(gram)[0]])) == 2 {
				out[string(latin[1:n+1])] += p
			}
			if n+1 <= ngram.Order {
				out[string(latin[:n+1])] = max(out[string(latin[:n+1])], p)
			}
		}
	}
	return out
}
