package main

import (
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"unicode"

	"veghe/detect/lang"
)

// mixed puts a Romanian text before or after one of another language, and
// measures the share of bytes that get the right language, the share of the
// other language's bytes that do, and the share of posts in which a language
// turns up that is not there.
func mixed(w io.Writer, d *lang.Detector, folder string) error {
	ro, err := read(filepath.Join(folder, "ro.txt"), "")
	if err != nil {
		return err
	}
	fmt.Fprintf(w, "\n%-28s %6s  %6s  %6s  %6s\n", "ro with", "posts", "bytes", "other", "extra")
	for _, code := range []string{"en", "it", "de", "es", "hu", "ru", "ro"} {
		other, err := read(filepath.Join(folder, code+".txt"), "")
		if err != nil {
			return err
		}
		fmt.Fprintf(w, "%-28s %s\n", code, mix(d, ro, other, code, func(s string) string { return s }))
		fmt.Fprintf(w, "%-28s %s\n", code+" stripped, unpunctuated", mix(d, ro, other, code, plain))
	}
	return nil
}

type mixTally struct {
	posts, bytes, right, others, othersRight, extra int
}

func (t mixTally) String() string {
	share := func(a, b int) float64 { return 100 * float64(a) / float64(max(b, 1)) }
	return fmt.Sprintf("%6d  %6.2f  %6.2f  %6.2f", t.posts, share(t.right, t.bytes), share(t.othersRight, t.others), share(t.extra, t.posts))
}

func mix(d *lang.Detector, ro, other []string, code string, form func(string) string) mixTally {
	var t mixTally
	for i := range min(len(ro), len(other), 300) {
		a, b := form(ro[i]), form(other[len(other)-1-i])
		langs := []string{"ro", code}
		if i%2 == 1 {
			a, b = b, a
			langs[0], langs[1] = langs[1], langs[0]
		}
		t.post(d.Detect(a+" "+b), len(a), len(a)+1+len(b), langs)
	}
	return t
}

// post counts one text whose first cut bytes are in langs[0].
func (t *mixTally) post(segs []lang.Segment, cut, size int, langs []string) {
	t.posts++
	t.bytes += size
	extra := false
	for _, s := range segs {
		if s.Lang != langs[0] && s.Lang != langs[1] {
			extra = true
		}
		for half, bounds := range [][2]int{{0, cut}, {cut, size}} {
			n := max(0, min(s.End, bounds[1])-max(s.Start, bounds[0]))
			if s.Lang == langs[half] {
				t.right += n
			}
			if langs[half] != "ro" {
				t.others += n
				if s.Lang == langs[half] {
					t.othersRight += n
				}
			}
		}
	}
	if extra {
		t.extra++
	}
}

// plain lowers, strips diacritics and takes all punctuation away.
func plain(s string) string {
	s = strings.Map(func(r rune) rune {
		if unicode.IsPunct(r) || unicode.IsSymbol(r) {
			return -1
		}
		return unicode.ToLower(r)
	}, s)
	out, err := strip(s)
	if err != nil {
		return s
	}
	return out
}
