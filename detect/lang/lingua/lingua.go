// Package lingua asks lingua-go for a second opinion on the language of short
// texts. It is the only package that imports lingua-go, which adds 130 MB of
// models to every binary; commands that want the opinion import it, nothing
// else does.
//
// With high accuracy the models of the languages below take about 300 MB of
// heap, 80 MB of pages of the program file, and some seconds to load, with low
// accuracy about 30 MB. They are loaded in the background, two languages at a
// time: left to load when first asked, from several goroutines at once, they
// would take over twice the memory. lingua-go keeps its models for the life of
// the process, so make one Second per process.
//
// The collector lets garbage grow as large as what is alive. A process with
// the high accuracy that is to stay under 600 MB lowers that: with
// debug.SetGCPercent(20) before New it stays under 550 MB.
package lingua

import (
	"context"
	"errors"
	"fmt"
	"math"
	"runtime/debug"
	"strings"
	"sync"
	"unicode"

	"github.com/pemistahl/lingua-go"

	"veghe/detect/lang"
)

// Accuracy is how much memory the second opinion may take.
type Accuracy string

// The accuracies.
const (
	High Accuracy = "high" // one to five letters, about 400 MB in all
	Low  Accuracy = "low"  // three letters only, about 26 MB
	Off  Accuracy = "off"  // no opinion, no memory
)

const (
	// maxLetters is how much of a text is shown to lingua: from 120
	// letters on it would look at sequences of three only.
	maxLetters = 119
	// maxCalls is how many texts lingua looks at at once. One call already
	// uses up to five goroutines.
	maxCalls = 2
	// cacheSize is how many answers are kept: a few megabytes.
	cacheSize = 4096
	// least is the log probability of a language that lingua rules out.
	least = -30
	// lowTrust is what a distance is worth with low accuracy, which is
	// wrong about one word in three and as sure as with high.
	lowTrust = 0.15
)

// The languages, by the alphabet that lingua is asked about together. Greek
// and Arabic need no second opinion, and without Polish, Albanian and Croatian
// it takes 75 MB less and is right about as many words but for one in a
// thousand.
var (
	latin = []lingua.Language{
		lingua.Romanian, lingua.English, lingua.Italian, lingua.Spanish, lingua.German, lingua.French, lingua.Hungarian,
		lingua.Turkish, lingua.Portuguese, lingua.Dutch,
	}
	cyrillic = []lingua.Language{lingua.Ukrainian, lingua.Russian, lingua.Bulgarian, lingua.Serbian}
)

// Options configure a Second.
type Options struct {
	Accuracy Accuracy // empty means High
}

// Second implements [lang.Second]. It answers nothing until it is ready.
type Second struct {
	ready chan struct{} // closed when detectors are there
	stop  chan struct{} // closed by Close
	calls chan struct{} // holds a token per running call
	cache *cache
	trust float64 // what a distance is worth

	latin, cyrillic lingua.LanguageDetector // set before ready is closed

	loaded    chan struct{} // closed when the loading goroutine has ended
	closeOnce sync.Once
}

var _ lang.Second = (*Second)(nil)

// New starts loading the models and returns at once. Close it when done.
func New(o Options) (*Second, error) {
	s := &Second{
		ready: make(chan struct{}),
		stop:  make(chan struct{}),
		calls: make(chan struct{}, maxCalls),
		cache: newCache(cacheSize),
		trust: 1,

		loaded: make(chan struct{}),
	}
	switch o.Accuracy {
	case High, "":
		go s.load(false)
	case Low:
		s.trust = lowTrust
		go s.load(true)
	case Off:
		close(s.loaded)
	default:
		return nil, fmt.Errorf("accuracy is %q, want high, low or off", o.Accuracy)
	}
	return s, nil
}

// load brings the models into memory, two languages at a time, and stops
// between two when the Second is closed.
func (s *Second) load(low bool) {
	defer close(s.loaded)
	for _, group := range [][]lingua.Language{latin, cyrillic} {
		for i := 0; i < len(group); i += 2 {
			select {
			case <-s.stop:
				return
			default:
			}
			// The builder wants two languages; an odd last one is
			// loaded with the first, which is there already.
			pair := []lingua.Language{group[i], group[(i+1)%len(group)]}
			builder(pair, low).WithPreloadedLanguageModels().Build()
		}
	}
	s.latin = builder(latin, low).Build()
	s.cyrillic = builder(cyrillic, low).Build()
	close(s.ready)
	if !low {
		debug.FreeOSMemory() // loading leaves behind half as much again
	}
}

func builder(langs []lingua.Language, low bool) lingua.LanguageDetectorBuilder {
	b := lingua.NewLanguageDetectorBuilder().FromLanguages(langs...)
	if low {
		b = b.WithLowAccuracyMode()
	}
	return b
}

// Wait returns nil when the models are loaded, and the error of ctx when it
// is done first. A batch job that wants the same answers in every run waits.
// It returns at once with an error when the opinion is off or closed.
func (s *Second) Wait(ctx context.Context) error {
	select {
	case <-ctx.Done():
		return ctx.Err()
	case <-s.loaded:
	}
	if !s.Ready() {
		return errors.New("no second opinion on languages: it is off or was closed")
	}
	return nil
}

// Ready reports whether the models are loaded.
func (s *Second) Ready() bool {
	select {
	case <-s.ready:
		return true
	default:
		return false
	}
}

// Close stops loading, waits for it to end, at most about a second, and makes
// every later Opinion empty. It may be called again.
func (s *Second) Close() error {
	s.closeOnce.Do(func() { close(s.stop) })
	<-s.loaded
	return nil
}

// Opinion implements [lang.Second]. It waits while two other texts are being
// looked at.
func (s *Second) Opinion(text string) []lang.Vote {
	if !s.Ready() {
		return nil
	}
	asked, isCyrillic := prepare(text)
	if asked == "" {
		return nil
	}
	if votes, ok := s.cache.get(asked); ok {
		return votes
	}
	select {
	case <-s.stop:
		return nil
	case s.calls <- struct{}{}:
	}
	defer func() { <-s.calls }()
	d := s.latin
	if isCyrillic {
		d = s.cyrillic
	}
	votes := vote(d.ComputeLanguageConfidenceValues(asked), s.trust*distinct(asked))
	s.cache.put(asked, votes)
	return votes
}

// vote turns lingua's confidence into log probability. Lingua divides the sum
// of log probabilities by the number of distinct letters of the text; that is
// undone here by the factor, so that the distances are those of the whole text.
func vote(values []lingua.ConfidenceValue, factor float64) []lang.Vote {
	votes := make([]lang.Vote, 0, len(values))
	sum := 0.0
	for _, v := range values {
		sum += v.Value()
		p := float64(least)
		if v.Value() > 0 {
			p = max(p, math.Log(v.Value())*factor)
		}
		votes = append(votes, lang.Vote{Lang: strings.ToLower(v.Language().IsoCode639_1().String()), LogP: p})
	}
	if sum == 0 {
		return nil // lingua has no idea
	}
	return votes
}

// distinct counts the different letters of a text.
func distinct(text string) float64 {
	seen := map[rune]bool{}
	for _, r := range text {
		if r != ' ' {
			seen[r] = true
		}
	}
	return float64(len(seen))
}

// prepare makes the text lingua is shown: letters and single blanks, at most
// maxLetters of them, with Romanian comma letters as the cedilla letters its
// models know better.
func prepare(text string) (asked string, isCyrillic bool) {
	var b strings.Builder
	n, cyr := 0, 0
	gap := false
	for _, r := range text {
		if !unicode.IsLetter(r) {
			gap = n > 0
			continue
		}
		if n+2 > maxLetters {
			break
		}
		if gap {
			b.WriteByte(' ')
			n++
			gap = false
		}
		b.WriteRune(cedilla(unicode.ToLower(r)))
		n++
		if unicode.Is(unicode.Cyrillic, r) {
			cyr++
		}
	}
	return b.String(), 2*cyr > n
}

func cedilla(r rune) rune {
	switch r {
	case 'ș':
		return 'ş'
	case 'ț':
		return 'ţ'
	}
	return r
}
