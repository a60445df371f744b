package rule

import (
	"fmt"
	"math/rand/v2"
	"regexp"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/detect/text"
)

// windowPatterns have reach or not, literals in one place or several, and
// hold on to the start and end of a text or not.
var windowPatterns = []string{
	`\b1[2-8]( ?(-|la) ?1[3-8])? ?(de )?(ore|h)\b`,
	`\b(iti|va) (mai )?(dau|pun)( eu| inca)* \d+`,
	`\b(am |eu am |fac )(8|9|1[0-7])( ?(ani|jumate)\b| ?[,.!]| ?$| (tu|si)\b)`,
	`^[^a-z0-9]*(am |im )?(8|9|10|11|zece)( ?(ani|yo))?(,.{0,9})?[^a-z0-9)]*$`,
	`^\W*(sunt )?a ?(4|5|iv|v)[ -]?a\b`,
	`^\W*20(0[89]|1[0-8])\W*$`,
	`\b(uit|zici) .{0,9}\b(9|10|mica|mic)\b`,
	`(uit|dau).*(9|mica)`, `[a-z]+ [0-9]+`, `(pe|/) ?(zi|ora)$`, `ore|zi\b`, `(a|e)[mu] \d`, `mic[aă] ?(de )?`,
	`(dau|pun) [a-z]+ [0-9]{1,3}\b`, `\B1\d`, `(?i)ORE`, `[€£]? ?\d{2,4} ?(€|ore)`,
}

// Where a regular expression is not run, it would find nothing.
func TestWindows(t *testing.T) {
	words := strings.Fields("am fac eu iti va mai dau pun inca 8 9 10 11 12 13 15 18 2012 la de ore h ani jumate tu si a 4 5 iv v uit zici mica mic mică zi ora pe / - , . ! € 12€ 4a deasupra ursul inmugureste")
	r := rand.New(rand.NewPCG(5, 5))
	found := map[string]int{}
	for _, source := range windowPatterns {
		pat, err := parsePattern(AnyLang, source, true)
		if err != nil {
			t.Fatalf("%s: %v", source, err)
		}
		set := mustCompile(t, &Pack{Rules: []*Rule{syntheticRule(t, 1, "a", &Signal{Name: "a", Kind: Regexp, Patterns: []Pattern{pat}})}})
		m, re := set.Matcher(), regexp.MustCompile(source)
		for range 3_000 {
			var b strings.Builder
			b.WriteString([]string{"", "", "", "- a 4a ", "(am 11, "}[r.IntN(5)])
			for range 1 + r.IntN(r.IntN(120)+1) {
				b.WriteString(words[r.IntN(len(words))])
				b.WriteString([]string{" ", " ", " ", " ", "", "\n"}[r.IntN(6)])
			}
			var d text.Doc
			d.Fold(b.String())
			var got, want [][]int
			m.Match(&Input{Post: &veghe.Post{Text: b.String()}, Text: &d})
			for _, h := range m.places(0) {
				got = append(got, []int{int(h.start), int(h.end)})
			}
			for _, loc := range re.FindAllIndex(d.Folded(), -1) {
				start, end := d.Span(loc[0], loc[1])
				want = append(want, []int{start, end})
			}
			if diff := cmp.Diff(fmt.Sprint(want), fmt.Sprint(got)); diff != "" {
				t.Fatalf("%s in %q (-everywhere +in windows):\n%s", source, b.String(), diff)
			}
			found[source] += len(want)
		}
		if found[source] == 0 {
			t.Errorf("%s: found nowhere, so this shows nothing", source)
		}
	}
}
