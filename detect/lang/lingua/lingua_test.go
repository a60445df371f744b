package lingua

import (
	"strings"
	"sync"
	"testing"
	"unicode/utf8"

	"github.com/google/go-cmp/cmp"

	"veghe/detect/lang"
)

// TestOpinion runs on low accuracy, which loads in a fraction of a second.
func TestOpinion(t *testing.T) {
	s, err := New(Options{Accuracy: Low})
	if err != nil {
		t.Fatal(err)
	}
	defer s.Close()
	if err := s.Wait(t.Context()); err != nil {
		t.Fatal(err)
	}
	var all sync.WaitGroup
	for text, want := range map[string]string{
		"caut de muncă în construcții":    "ro",
		"caut de munca in constructii":    "ro",
		"looking for work in the kitchen": "en",
		"шукаю роботу на будівництві":     "uk",
		"keresek munkát az építkezésen":   "hu",
	} {
		for range 4 { // more than may run at once
			all.Go(func() {
				if got := top(s.Opinion(text)); got != want {
					t.Errorf("%q: got %s, want %s", text, got, want)
				}
			})
		}
	}
	all.Wait()
	if got := s.Opinion("123 🙂"); got != nil {
		t.Errorf("text without letters: got %v, want no opinion", got)
	}
}

func top(votes []lang.Vote) string {
	best := lang.Vote{Lang: "nothing", LogP: 2 * least}
	for _, v := range votes {
		if v.LogP > best.LogP {
			best = v
		}
	}
	return best.Lang
}

func TestOffAndClosed(t *testing.T) {
	s, err := New(Options{Accuracy: Off})
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Wait(t.Context()); err == nil {
		t.Error("waiting for an opinion that is off: got no error")
	}
	if got := s.Opinion("caut de lucru"); got != nil {
		t.Errorf("got %v, want no opinion", got)
	}
	for range 2 {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	}
	if _, err := New(Options{Accuracy: "best"}); err == nil {
		t.Error("accuracy best: got no error")
	}
}

func TestPrepare(t *testing.T) {
	for _, tt := range []struct {
		text, want string
		cyrillic   bool
	}{
		{"Știu, ȚARA!", "ştiu ţara", false},
		{"  2 ore…  pe zi ", "ore pe zi", false},
		{"Привіт, Ana", "привіт ana", true},
		{"", "", false},
		{"\xff\xfe", "", false},
	} {
		got, cyrillic := prepare(tt.text)
		if got != tt.want || cyrillic != tt.cyrillic {
			t.Errorf("prepare(%q) = %q, %v, want %q, %v", tt.text, got, cyrillic, tt.want, tt.cyrillic)
		}
	}
	long, _ := prepare(strings.Repeat("muncă ", 100))
	if n := utf8.RuneCountInString(long); n > maxLetters {
		t.Errorf("%d letters shown, want at most %d", n, maxLetters)
	}
}

func TestCache(t *testing.T) {
	c := newCache(2)
	for _, text := range []string{"a", "b", "a", "c"} {
		if _, ok := c.get(text); !ok {
			c.put(text, []lang.Vote{{Lang: text}})
		}
	}
	var kept []string
	for _, text := range []string{"a", "b", "c"} {
		if _, ok := c.get(text); ok {
			kept = append(kept, text)
		}
	}
	if diff := cmp.Diff([]string{"a", "c"}, kept); diff != "" {
		t.Errorf("the one not asked for lately goes first (-want +got):\n%s", diff)
	}
}

// BenchmarkDetect is the cascade: what is sure costs what it costs without a
// second opinion, a word that is not costs what lingua takes, unless it was
// asked lately.
func BenchmarkDetect(b *testing.B) {
	s, err := New(Options{})
	if err != nil {
		b.Fatal(err)
	}
	defer s.Close()
	if err := s.Wait(b.Context()); err != nil {
		b.Fatal(err)
	}
	d, err := lang.New(lang.Options{Second: s})
	if err != nil {
		b.Fatal(err)
	}
	for _, bb := range []struct {
		name, text string
		forget     bool
	}{
		{"sure", "caut de lucru acasa", false},
		{"unsure", "casa", true},
		{"asked before", "casa", false},
	} {
		b.Run(bb.name, func(b *testing.B) {
			for b.Loop() {
				d.Detect(bb.text)
				if bb.forget {
					s.cache = newCache(cacheSize)
				}
			}
		})
	}
}
