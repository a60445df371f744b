package main

import (
	"fmt"
	"io"
	"strings"
	"unicode"

	"veghe/detect/lang"
)

// span is a stretch of a post that is known to be in a language.
type span struct {
	start, end int
	lang       string
}

// mixed measures posts in two languages: the share of words that get the
// right one, the share of the words not in Romanian that do, and the share of
// posts in which a language turns up that is not there.
func mixed(w io.Writer, d *lang.Detector, sets []set) error {
	lines, err := read(invented, "mixed.txt")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%-32s %6s  %6s  %6s  %6s\n", "mixed posts", "posts", "words", "not ro", "extra")
	var as, bare mixTally
	for _, line := range lines {
		as.post(d, line)
		bare.post(d, plainText(line))
	}
	fmt.Fprintf(w, "%-32s %s\n%-32s %s\n", "invented", as, "invented, as in chat", bare)
	for i := range sets {
		if sets[i].name == "sentences" && !sets[i].stripped {
			pairs(w, d, sets[i].texts)
		}
	}
	return nil
}

// pairs puts a Romanian sentence before or after one of another language.
func pairs(w io.Writer, d *lang.Detector, texts []sample) {
	of := map[string][]string{}
	for _, t := range texts {
		of[t.lang] = append(of[t.lang], t.text)
	}
	for _, code := range []string{"en", "it", "de", "es", "hu", "ru", "ro"} {
		var as, bare mixTally
		for i := range min(len(of["ro"]), len(of[code]), 300) {
			a := "[ro]" + strings.ReplaceAll(of["ro"][i], "[", "(")
			b := "[" + code + "]" + strings.ReplaceAll(of[code][len(of[code])-1-i], "[", "(")
			if i%2 == 1 {
				a, b = b, a
			}
			as.post(d, a+" "+b)
			bare.post(d, plainText(a+" "+b))
		}
		fmt.Fprintf(w, "%-32s %s\n%-32s %s\n", "ro and "+code, as, "ro and "+code+", as in chat", bare)
	}
}

// marked takes marks such as [ro] out of a text and says where each language
// was marked.
func marked(s string) (text string, spans []span) {
	for i, part := range strings.Split(s, "[") {
		code, rest, ok := strings.Cut(part, "]")
		if i == 0 || !ok {
			text += part
			continue
		}
		spans = append(spans, span{len(text), len(text) + len(rest), code})
		text += rest
	}
	return text, spans
}

// plainText lowers, strips diacritics and takes all punctuation away but the
// marks.
func plainText(s string) string {
	return strip(strings.Map(func(r rune) rune {
		if r != '[' && r != ']' && (unicode.IsPunct(r) || unicode.IsSymbol(r)) {
			return ' '
		}
		return unicode.ToLower(r)
	}, s))
}

type mixTally struct {
	posts, words, right, others, othersRight, extra int
}

func (t mixTally) String() string {
	return fmt.Sprintf("%6d  %6.2f  %6.2f  %6.2f", t.posts, 100*per(t.right, t.words),
		100*per(t.othersRight, t.others), 100*per(t.extra, t.posts))
}

func (t *mixTally) post(d *lang.Detector, line string) {
	text, spans := marked(line)
	segs := d.Detect(text)
	t.posts++
	for _, s := range segs {
		found := false
		for _, want := range spans {
			found = found || want.lang == s.Lang
		}
		if !found {
			t.extra++
			break
		}
	}
	for _, want := range spans {
		at := want.start
		for word := range strings.FieldsSeq(text[want.start:want.end]) {
			at += strings.Index(text[at:], word)
			right := langAt(segs, at) == want.lang
			at += len(word)
			t.words++
			t.right += one(right)
			if want.lang != "ro" {
				t.others++
				t.othersRight += one(right)
			}
		}
	}
}

func langAt(segs []lang.Segment, at int) string {
	for _, s := range segs {
		if at >= s.Start && at < s.End {
			return s.Lang
		}
	}
	return lang.Undetermined
}
