package web

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index"
)

func TestGroups(t *testing.T) {
	f := func(rule veghe.RuleID, w float64) veghe.Finding {
		ind, _, _ := strings.Cut(string(rule), ".")
		return veghe.Finding{Rule: rule, Indicator: veghe.IndicatorID(ind), Weight: w}
	}
	shadow := f("X-01", 9)
	shadow.Shadow = true
	trial := f("DOC-01.trial", 9)
	trial.Shadow = true
	var got []string
	for _, g := range groups([]veghe.Finding{
		f("NEG-01", -1), shadow, f("REC-04", 0.4), f("DOC-01.hint", 0.4), trial, f("DOC-01", 2.3), f("DBT-01", 2.3), f("NEG-02", -2),
	}) {
		var rules []string
		for _, v := range g.Variants {
			rules = append(rules, string(v.Rule))
		}
		got = append(got, fmt.Sprintf("%d %s %.1f %v against=%t shadow=%t", g.Num, g.Indicator, g.Weight, rules, g.Against(), g.Shadow))
	}
	want := []string{
		"1 DBT-01 2.3 [DBT-01] against=false shadow=false",
		"2 DOC-01 2.3 [DOC-01 DOC-01.hint DOC-01.trial] against=false shadow=false",
		"3 REC-04 0.4 [REC-04] against=false shadow=false",
		"4 NEG-02 -2.0 [NEG-02] against=true shadow=false",
		"5 NEG-01 -1.0 [NEG-01] against=true shadow=false",
		"6 X-01 9.0 [X-01] against=false shadow=true",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// Replies stand under what they answer; one line of answers stays a line. A
// reply to a later post, to itself or to nothing known stands by itself.
func TestInReplyOrder(t *testing.T) {
	for name, row := range map[string]struct{ replies, want string }{
		"one line":           {"- a b c", "a0 b0 c0 d0"},
		"no replies":         {"- - -", "a0 b0 c0"},
		"a branch":           {"- a b b a", "a0 b1 c2 d1→b e0→a"},
		"to a later one":     {"b - a", "a0 c0 b0"},
		"to itself":          {"a b", "a0 b0"},
		"to nobody":          {"- z", "a0 b0"},
		"deep, never deeper": {"- a a b b d d f f h h j j", ""},
	} {
		var hits []index.Hit
		for i, to := range strings.Fields(row.replies) {
			hits = append(hits, index.Hit{Post: veghe.Post{ID: veghe.PostID(rune('a' + i)), ReplyTo: veghe.PostID(strings.Trim(to, "-"))}})
		}
		var got []string
		for _, p := range inReplyOrder(hits) {
			s := fmt.Sprintf("%s%d", hits[p.i].Post.ID, p.depth)
			if p.to >= 0 {
				s += "→" + string(hits[p.to].Post.ID)
			}
			got = append(got, s)
			if p.depth > maxDepth {
				t.Errorf("%s: %s", name, s)
			}
		}
		if len(got) != len(hits) || row.want != "" && strings.Join(got, " ") != row.want {
			t.Errorf("%s: got %v, want %s", name, got, row.want)
		}
	}
}

func TestChart(t *testing.T) {
	l := locales(t)["ro"]
	hit := func(author veghe.AuthorID, seq int, h *veghe.History) index.Hit {
		return index.Hit{Post: veghe.Post{ID: veghe.PostID(fmt.Sprint(author, seq)), Author: author, Seq: seq}, Assessment: veghe.Assessment{
			History: h, Findings: []veghe.Finding{{Family: "gifts"}, {Family: "secrecy", Shadow: true}},
		}}
	}
	thread := []index.Hit{
		hit("x", 1, &veghe.History{Score: 2}), hit("y", 2, &veghe.History{Score: 9}), hit("x", 3, nil),
		hit("x", 4, &veghe.History{Score: 5, Against: -1, Added: map[string]float64{"gifts": 2, "secrecy": 1}}),
	}
	c := newChart(l, thread, thread[3], 3)
	if c == nil || len(c.Points) != 2 {
		t.Fatalf("got %+v, want this author's two posts with evidence", c)
	}
	last := c.Points[1]
	if last.Name != "#4" || last.Value != 4 || last.Raised != 3 || !last.Here || c.Points[0].Here || len(last.Signs) != 1 || last.Signs[0] != "daruri" {
		t.Errorf("the last point is %+v", last)
	}
	if heights := []int{last.Y, c.NeededY, c.Points[0].Y, c.Base}; !slices.IsSorted(heights) || last.Y == c.Base || last.X <= c.Points[0].X {
		t.Errorf("4 stands at %d, 3 at %d, 2 at %d, 0 at %d: want them one under another", last.Y, c.NeededY, c.Points[0].Y, c.Base)
	}
	if c := newChart(l, thread[:1], thread[0], 3); c != nil {
		t.Error("one point is no line")
	}
	if c := newChart(l, thread, index.Hit{}, 3); c != nil {
		t.Error("a post of nobody has a line")
	}
	var long []index.Hit
	for i := range 200 {
		long = append(long, hit("x", i+1, &veghe.History{Score: float64(i)}))
	}
	if c := newChart(l, long, long[199], 0); len(c.Points) != maxPoints || c.Points[maxPoints-1].Name != "#200" {
		t.Errorf("%d points, want the newest %d", len(c.Points), maxPoints)
	}
}

// An ad that was put up anew at the same address is the same one, edited;
// another post of the same page is not.
func TestVersionsByAddress(t *testing.T) {
	base := veghe.Post{Source: "s", Kind: veghe.Ad, URL: "https://ads.example.org/1", Author: "a", Text: "taxa 200 euro", CollectedAt: noon}
	edited, other := base, base
	edited.Text, edited.CollectedAt = "taxa 300 euro", noon.AddDate(0, 0, 1)
	other.Text, other.Author = "alt anunț", "b"
	h, m := newDesk(t, nil)
	for _, p := range []*veghe.Post{&base, &edited, &other} {
		p.Identify()
		m.hits = append(m.hits, index.Hit{Post: *p, Assessment: assess(*p)})
	}
	body := ask(t, h, "GET", postPath(edited.ID), "").Body.String()
	wants(t, body, "<del>200</del><ins>300</ins>", `href="`+postPath(base.ID)+`"`)
	if strings.Contains(body, "alt anunț") {
		t.Error("another author's ad is taken for a version")
	}
	talk := veghe.Post{Source: "s", Kind: veghe.Forum, URL: "https://forum.example.org/t", Thread: "t", Author: "a", Seq: 3}
	next := talk
	next.Seq = 5
	if sameThing(talk, next) {
		t.Error("two posts of one thread are taken for one")
	}
}

func TestSlotKinds(t *testing.T) {
	copies := []index.Hit{
		{Post: veghe.Post{Place: "Bacău, Moldova"}, Assessment: veghe.Assessment{Contacts: []veghe.Contact{{Kind: "phone", Raw: "0700 000 123"}, {Kind: "price", Raw: "300 euro"}}}},
	}
	for text, want := range map[string]string{
		"0700 000 123": "phone", "la 0700 000 123": "phone", "300 euro": "price", "Bacău": "place", "Ana Maria": "name", "17": "number", "de joi": "words", "": "words",
	} {
		if got := slotKind([]TemplateValue{{text, 2}}, copies); got != want {
			t.Errorf("%q: got %s, want %s", text, got, want)
		}
	}
}

func TestSegments(t *testing.T) {
	text := "Căutăm oameni. We keep your passport."
	spans := []veghe.LangSpan{{Lang: "ro", End: 17}, {Lang: "en", Start: 17, End: len(text)}, {Lang: "en", Start: 900, End: 901}}
	if got := segments(text, spans); len(got) != 2 || got[0].Lang != "ro" || got[1].Text[0].Text != "We keep your passport." {
		t.Errorf("got %+v", got)
	}
	if got := segments(text, spans[:1]); got != nil {
		t.Errorf("of one language: got %+v, want nothing", got)
	}
}

func TestShare(t *testing.T) {
	l := locales(t)
	for _, row := range []struct {
		n, of  int
		en, ro string
	}{{0, 0, "–", "–"}, {0, 9, "0%", "0 %"}, {1, 2, "50%", "50 %"}, {1, 25, "4.0%", "4,0 %"}, {1, 250, "0.4%", "0,4 %"}, {3, 4310, "0.07%", "0,07 %"}, {1, 50000, "0.002%", "0,002 %"}} {
		if en, ro := l["en"].Share(row.n, row.of), l["ro"].Share(row.n, row.of); en != row.en || ro != row.ro {
			t.Errorf("%d of %d: got %s and %s, want %s and %s", row.n, row.of, en, ro, row.en, row.ro)
		}
	}
}

// What an account may not see is not named in an effect either.
func TestEffectNamesOnlyWhatIsSeen(t *testing.T) {
	_, m := newDesk(t, nil)
	d := &desk{Config: Config{Search: m}}
	got, err := d.effectPosts(context.Background(), locales(t)["en"], []veghe.PostID{m.hits[0].Post.ID, "not-for-you"})
	if err != nil || len(got) != 1 {
		t.Errorf("got %+v, %v, want the one that is there", got, err)
	}
}
