package detect_test

import (
	"fmt"
	"slices"
	"sync"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/detect"
	"veghe/detect/lang"
	"veghe/detect/rule"
	"veghe/rules"
)

var languages = sync.OnceValues(func() (*lang.Detector, error) { return lang.New(lang.Options{}) })

var shippedRules = sync.OnceValues(func() (*rule.Set, error) {
	pack, err := rule.Load(rules.FS)
	if err != nil {
		return nil, err
	}
	return rule.Compile(pack)
})

// shipped is an engine with the shipped rules.
func shipped(t testing.TB, stateless bool) *detect.Engine {
	t.Helper()
	set, err := shippedRules()
	if err != nil {
		t.Fatal(err)
	}
	l, err := languages()
	if err != nil {
		t.Fatal(err)
	}
	return detect.New(detect.Options{Rules: set, Languages: l, Stateless: stateless})
}

// conversation is an invented one that shows one sign after the other.
var conversation = []string{
	"salut, cati ani ai?",
	"esti foarte matura pentru varsta ta",
	"hai sa vorbim pe telegram, aici nu e privat",
	"parintii tai se uita in telefonul tau?",
	"sterge mesajele dupa ce vorbim, e secretul nostru",
}

func thread(author string, texts ...string) []veghe.Post {
	var out []veghe.Post
	for i, s := range texts {
		p := veghe.Post{Source: "s", Thread: "t", Seq: i + 1, Author: veghe.AuthorID(author), Text: s}
		p.Identify()
		out = append(out, p)
	}
	return out
}

func flagged(as []veghe.Assessment) (n int) {
	for _, a := range as {
		if a.Flagged {
			n++
		}
	}
	return n
}

func TestConversationIsSeenWhole(t *testing.T) {
	posts := thread("x", conversation...)
	as := shipped(t, false).AssessAll(posts, 2)
	last := as[len(as)-1]
	if !last.Flagged || as[0].Flagged {
		t.Fatalf("flagged first %v, last %v; want only later posts", as[0].Flagged, last.Flagged)
	}
	if last.History == nil || len(last.History.Posts) == 0 || len(last.History.Families) < 3 {
		t.Errorf("history %+v, want the earlier posts and at least three families", last.History)
	}
	if got := flagged(shipped(t, true).AssessAll(posts, 2)); got != 0 {
		t.Errorf("%d posts are flagged each by itself, want none", got)
	}
}

// What a child says of itself counts for the other side, and never flags the
// child. A child who says what it was asked is not flagged either.
func TestTheOtherSideCounts(t *testing.T) {
	say := func(n int, author veghe.AuthorID, text string) veghe.Post {
		p := thread(string(author), text)[0]
		p.Seq, p.ID = n, ""
		p.Identify()
		return p
	}
	posts := []veghe.Post{
		say(1, "child", "am 12 ani"),
		say(2, "adult", "esti singura acasa acum?"),
		say(3, "child", "da, sunt singura, mama e la munca"),
		say(4, "adult", "nu-i zice mamei ca vorbim"),
		say(5, "child", "de ce sa nu-i zic mamei?"),
	}
	as := shipped(t, false).AssessAll(posts, 2)
	if !as[1].Flagged {
		t.Error("asking a child whether it is alone is not flagged")
	}
	if as[1].History == nil || !slices.Contains(as[1].History.Posts, posts[0].ID) {
		t.Errorf("history %+v does not cite the child's post", as[1].History)
	}
	for _, i := range []int{0, 2, 4} {
		if as[i].Flagged {
			t.Errorf("post %d of the child is flagged", i)
		}
	}
	alone := shipped(t, false).AssessAll(posts[1:2], 1)
	if alone[0].Flagged {
		t.Error("the same question is flagged where nobody said to be a child")
	}
}

// Whatever the batches and workers, and whatever comes twice, the last word
// on each post is the same.
func TestBatchesDoNotMatter(t *testing.T) {
	var posts []veghe.Post
	for i := range 8 {
		posts = append(posts, thread(fmt.Sprintf("author-%d", i), conversation...)...)
	}
	want := shipped(t, false).AssessAll(posts, 1)
	one := shipped(t, false)
	for i := range posts {
		if diff := cmp.Diff(want[i], one.Assess(posts[i])); diff != "" {
			t.Fatalf("post %d one by one (-together +alone):\n%s", i, diff)
		}
	}
	many := shipped(t, false)
	many.AssessAll(posts[:len(posts)-1], 4)
	again := many.AssessAll(posts, 4)
	for i := len(posts) - len(conversation); i < len(posts); i++ {
		if want[i].Flagged && !again[i].Flagged {
			t.Errorf("post %d lost its flag when it came again", i)
		}
	}
}

// What Explain says of a conversation adds up to the score that was given.
func TestExplainConversation(t *testing.T) {
	e := shipped(t, false)
	pack, err := rule.Load(rules.FS)
	if err != nil {
		t.Fatal(err)
	}
	for _, a := range e.AssessAll(thread("x", conversation...), 1) {
		for _, s := range detect.Explain(pack.Policies, a) {
			if d := s.Score - a.Score[s.Category]; d > 1e-9 || d < -1e-9 {
				t.Errorf("%s: explained %v, given %v", s.Category, s.Score, a.Score[s.Category])
			}
		}
	}
}

func TestQuotesAreNotTheAuthorsWords(t *testing.T) {
	var own, quoted []string
	for _, s := range conversation {
		own = append(own, s)
		quoted = append(quoted, "> "+s+"\nnu raspunde la asa ceva")
	}
	if got := flagged(shipped(t, false).AssessAll(thread("x", own...), 1)); got == 0 {
		t.Fatal("the conversation is not flagged at all, so this shows nothing")
	}
	if got := flagged(shipped(t, false).AssessAll(thread("x", quoted...), 1)); got != 0 {
		t.Errorf("%d posts that only quote are flagged, want none", got)
	}
}

// Any bytes in; spans always lie within the text and say what stands there.
func FuzzAssess(f *testing.F) {
	for _, s := range conversation {
		f.Add(s, s)
	}
	f.Add("Plecare maine", "pasaportul il tinem noi, 0700 000 123, se scade din salariu \xff\u200b")
	e := shipped(f, true)
	f.Fuzz(func(t *testing.T, title, text string) {
		p := veghe.Post{Title: title, Text: text}
		a := e.Assess(p)
		for _, fi := range a.Findings {
			for _, sp := range fi.Spans {
				in := text
				if sp.Field == "title" {
					in = title
				}
				if sp.Start < 0 || sp.End > len(in) || sp.Start >= sp.End || in[sp.Start:sp.End] != sp.Text {
					t.Fatalf("%s: span %d–%d of %q in %d bytes", fi.Rule, sp.Start, sp.End, sp.Field, len(in))
				}
			}
		}
		for c, s := range a.Score {
			if !(s >= 0 && s <= 1) {
				t.Fatalf("score of %s is %v", c, s)
			}
		}
	})
}

func BenchmarkAssess(b *testing.B) {
	e := shipped(b, true)
	texts := map[string]string{
		"ordinary": "Caut coleg de apartament in Cluj, chiria se imparte la doi, aproape de parc si de autobuz. Se vede oricand dupa ora sase, sunati sau scrieti aici. Internet bun, vecini linistiti, centrala proprie. ",
		"telling":  "Plecare maine in Italia, fara contract. Pasaportul il tinem noi la birou pana achiti datoria pentru drum, se scade din salariu. Doar whatsapp 0700 000 123. ",
	}
	for name, s := range texts {
		for len(s) < 500 {
			s += s
		}
		p := veghe.Post{Text: s[:500]}
		b.Run(name, func(b *testing.B) {
			b.SetBytes(500)
			b.ReportAllocs()
			for b.Loop() {
				e.Assess(p)
			}
		})
	}
}
