package rule

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"testing/fstest"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/go-cmp/cmp/cmpopts"

	"veghe"
	"veghe/detect/text"
)

// scene is a random rule set and a random post, small enough in words that
// rules often fire. A text is made of pieces, each with its language and
// what else holds there, so that pieces can be left out one by one.
type scene struct {
	docs  []string // YAML documents
	pack  *Pack    // of docs, once loaded
	set   *Set
	title []piece
	text  []piece
	langs bool // whether languages are known at all
	post  veghe.Post
	now   time.Time
	feats map[string]float64
}

type piece struct {
	s       string
	langs   string // "ro", "ro en", ""
	quoted  bool
	contact string // kind
}

func (s *scene) input() *Input {
	in := &Input{Now: s.now, Features: s.feats}
	if s.langs {
		in.Langs = []Segment{}
	}
	p := s.post
	for _, x := range s.title {
		at := len(p.Title)
		p.Title += x.s
		in.contact(x, "title", at)
	}
	for _, x := range s.text {
		at := len(p.Text)
		p.Text += x.s
		in.contact(x, "", at)
		if n := len(in.Langs); s.langs && n > 0 && in.Langs[n-1].End == at && strings.Join(in.Langs[n-1].Langs, " ") == x.langs {
			in.Langs[n-1].End = len(p.Text)
		} else if s.langs && x.langs != "" {
			in.Langs = append(in.Langs, Segment{at, len(p.Text), strings.Fields(x.langs)})
		}
		if n := len(in.Quoted); x.quoted && n > 0 && in.Quoted[n-1].End == at {
			in.Quoted[n-1].End = len(p.Text)
		} else if x.quoted {
			in.Quoted = append(in.Quoted, text.Range{Start: at, End: len(p.Text)})
		}
	}
	in.Post = &p
	return in
}

func (in *Input) contact(x piece, field string, at int) {
	if x.contact == "" {
		return
	}
	in.Contacts = append(in.Contacts, veghe.Contact{Kind: x.contact, Field: field, Value: x.s, Start: at, End: at + len(x.s)})
}

// difference is what Matcher and oracle disagree on; "" if nothing, ok false
// if the rules do not load.
func (s *scene) difference(t testing.TB) (diff string, ok bool) {
	if err := s.compile(); err != nil || len(s.docs) == 0 {
		return "", false
	}
	in := s.input()
	o := newOracle(t, s.pack, in)
	m := s.set.Matcher()
	m.Match(&Input{Post: &veghe.Post{Title: "fata fata", Text: "pasaport fata munca 🔒 carte"}}) // leaves nothing behind
	got, want := m.Match(in), o.findings()
	empty := cmpopts.EquateEmpty()
	return cmp.Diff(want, got, empty) + cmp.Diff(o.watches(), m.Watches(), empty), true
}

// shrink leaves out rules and pieces for as long as the difference stays.
func (s *scene) shrink(t testing.TB) {
	differs := func(c scene) bool {
		diff, ok := c.difference(t)
		return ok && diff != ""
	}
	for again := true; again; {
		again = false
		for i := range slices.Backward(s.docs) {
			c := *s
			c.pack, c.set = nil, nil
			if c.docs = slices.Delete(slices.Clone(s.docs), i, i+1); differs(c) {
				*s, again = c, true
			}
		}
		for i := range slices.Backward(s.text) {
			c := *s
			if c.text = slices.Delete(slices.Clone(s.text), i, i+1); differs(c) {
				*s, again = c, true
			}
		}
		for i := range slices.Backward(s.title) {
			c := *s
			if c.title = slices.Delete(slices.Clone(s.title), i, i+1); differs(c) {
				*s, again = c, true
			}
		}
	}
}

func (s *scene) String() string {
	var b strings.Builder
	for _, d := range s.docs {
		b.WriteString(d + "---\n")
	}
	in := s.input()
	fmt.Fprintf(&b, "title %q\ntext %q\n", in.Post.Title, in.Post.Text)
	fmt.Fprintf(&b, "languages %v, quoted %v, contacts %v, features %v\n", in.Langs, in.Quoted, in.Contacts, in.Features)
	fmt.Fprintf(&b, "post %+v", s.post)
	return b.String()
}

// same fails with a small scene if Matcher and oracle disagree.
func (s *scene) same(t testing.TB) (loaded bool) {
	diff, ok := s.difference(t)
	if diff == "" {
		return ok
	}
	s.shrink(t)
	diff, _ = s.difference(t)
	t.Fatalf("the matcher finds (+) what the oracle does not (-):\n%s\nin the scene\n%v", diff, s)
	return ok
}

// dice make scenes.
type dice struct{ *rand.Rand }

func newDice(seed uint64) dice { return dice{rand.New(rand.NewPCG(seed, 3))} }

func (d dice) one(of ...string) string { return of[d.IntN(len(of))] }

func (d dice) chance(percent int) bool { return d.IntN(100) < percent }

// word is a word of texts, sometimes written in a way of its own.
func (d dice) word() string {
	w := d.one("fata", "fată", "față", "fata", "pasaport", "pașaportul", "pasaport", "carte", "cărți", "de", "de", "id", "ong", "munca", "muncă", "nu", "nu", "privat", "pe",
		"colour", "color", "don't", "whatsapp", "e-mail", "100", "7", "работа", "работу", "mañana", "日本", "หา")
	switch d.IntN(16) {
	case 0:
		return strings.ToUpper(w)
	case 1:
		return strings.NewReplacer("a", "4", "o", "0", "i", "1", "e", "3").Replace(w)
	case 2:
		return strings.Join(strings.Split(w, ""), d.one(".", " ", "-", "*", "_"))
	case 3:
		return strings.ReplaceAll(w, "a", "aaaa")
	case 4:
		return strings.Replace(w, "a", "а", 1) // a Cyrillic letter
	case 5:
		return strings.Replace(w, "a", "a\u200b", 1)
	case 6:
		return strings.Replace(w, "a", "a\u0302", 1)
	case 7:
		return d.one("🔒", "🔒", "⚠️", "💶", "#fataPasaport", "p🔒a🔒s", "„fata”", "x\xff")
	}
	return w
}

func (d dice) piece() piece {
	p := piece{s: d.word() + d.one(" ", " ", " ", " ", " ", ", ", ". ", "\n", "-", "  ", "... ", "")}
	p.langs = d.one("ro", "ro", "ro", "en", "ro en", "")
	p.quoted = d.chance(6)
	if d.chance(8) {
		p.contact, p.s = d.one("phone", "age", "price"), d.one("0700 000 123 ", "17 ani ", "17", "a 20.5", "fata 3")
	}
	return p
}

func (d dice) pieces(most int) []piece {
	ps := make([]piece, d.IntN(most+1))
	for i := range ps {
		ps[i] = d.piece()
		if i > 0 && d.chance(70) {
			ps[i].langs, ps[i].quoted = ps[i-1].langs, ps[i-1].quoted && d.chance(60)
		}
	}
	return ps
}

// term is one term, quoted for YAML.
func (d dice) term() string {
	var ws []string
	for range 1 + max(0, d.IntN(6)-2) {
		ws = append(ws, d.one("fata", "fată", "fata", "pasaport", "pasaport*", "carte", "cart*", "de", "de", "id", "ONG", "munca", "munc*", "nu", "pas*", "fat*", "f?ta", "?ata", "c?rte*",
			"colo?r", "dont", "e-mail", "100", "работ*", "manana", "日本", "7", "Fata", "pe", "privat", "x"))
	}
	if d.chance(8) {
		return `"` + d.one("🔒", "⚠️") + `"`
	}
	return `"` + strings.Join(ws, " ") + `"`
}

func (d dice) terms() string {
	var ts []string
	for range 1 + d.IntN(4) {
		ts = append(ts, d.term())
	}
	return "[" + strings.Join(ts, ", ") + "]"
}

func (d dice) pattern() string {
	return `'` + d.one("pasaport(ul)?", "fata|carte", "[a-z]+ fata", "munc[a-z]+", "nu .{0,12}pasaport", "(fata|carte) de", "7|fata", "cart[ei] ?de", "pasa[- ]?port.*fata", "(?i)FATA", "работ.", "b|id|fata", "fat(a|e)", `\bfat[aă]\b`, `\b(nu|de) \w{1,8}\b`, `[0-9]+ ?(ani)?`, `(17|20) ani`, `\Bport\b`, `(o|doi|[0-9]+) ?(fata|carte)`, `[a-z]+ de [a-z0-9]+\b`, `(pas[a-z]*|nu) [a-z]{2,}`, `^fata`, `de$`,
		`fata( de| nu)* \d`, `1[0-7] ?(ani|fata)`, `^\W*(nu |de )?(7|1[0-7])( ani)?\W*$`, `^(fata|\d).{0,9}$`, `(fata|carte) (de )?(\d|munca)$`) + `'`
}

// signal is the form of one signal. Placed ones have a place in the text.
func (d dice) signal(placed bool) string {
	kind := d.IntN(20)
	if placed {
		kind = d.IntN(16)
	}
	switch {
	case kind < 11:
		return d.words()
	case kind < 12:
		return "{list: apps}"
	case kind < 14:
		if d.chance(25) {
			return "{regexp: {ro: " + d.pattern() + ", en: " + d.pattern() + "}, allow_scan: true}"
		}
		return "{regexp: [" + d.pattern() + ", " + d.pattern() + "], allow_scan: true}"
	case kind < 15:
		return "{regexp: " + `'` + d.one("pasaport[a-z]*", "(fata|cart[a-z]+)", "nu .{0,9}pasaport", "fata.*munca", "(fata|carte) de") + `'` + "}"
	case kind < 16:
		return d.one("{contact: phone}", "{contact: [age, price], max: 18}", "{contact: age, min: 3, max: 17}", "{contact: [phone, age]}")
	case kind < 17:
		return d.one("{field: {kind: ad}}", "{field: {source: [jobs, 'for*']}}", "{field: {author: '*gent*'}}", "{field: {place: [iasi, 'munc*']}}", "{field: {time: {hours: 22-6}}}", "{field: {time: {after: 2026-05-01, before: 2026-09-01}, kind: ad}}")
	case kind < 18:
		return d.one("{feature: recipients, min: 5}", "{feature: recipients}", "{feature: question_share, max: 2}")
	}
	return "INDICATOR"
}

func (d dice) words() string {
	var parts []string
	for _, l := range []string{"ro", "en", `"*"`} {
		if d.chance(40) {
			parts = append(parts, l+": "+d.terms())
		}
	}
	if len(parts) == 0 {
		return d.terms()
	}
	for _, mod := range []string{"exact_case: true", "diacritics: strict", "evasive: only", "list: apps"} {
		if d.chance(10) {
			parts = append(parts, mod)
		}
	}
	return "{" + strings.Join(parts, ", ") + "}"
}

// condition is over the names given, of which the placed ones may be near.
func (d dice) condition(names, placed []string, depth int) string {
	if depth <= 0 || d.chance(25) {
		return d.simple(names, placed)
	}
	a, b := d.condition(names, placed, depth-1), d.condition(names, placed, depth-1)
	return d.one(a+" and "+b, a+" and not ("+b+")", "("+a+" or "+b+")", a+" and "+b)
}

func (d dice) simple(names, placed []string) string {
	n := d.one(names...)
	if len(placed) > 0 && d.chance(45) {
		return fmt.Sprintf("%s(%s, %s, %d)", d.one("near", "near", "ordered"), d.one(placed...), d.one(placed...), d.IntN(5))
	}
	switch d.IntN(6) {
	case 0:
		return fmt.Sprintf("count(%s) %s %d", n, d.one(">=", ">=", "<", "==", ">", "<="), d.IntN(5))
	case 1:
		if len(names) > 1 {
			return fmt.Sprintf("%d of (%s)", 1+d.IntN(len(names)), strings.Join(names, ", "))
		}
	}
	return n
}

// logic is signals, a condition and a why. With others, a signal may wait for
// one of them.
func (d dice) logic(others []string) string {
	var names, placed []string
	var b strings.Builder
	why := ""
	b.WriteString("signals:\n")
	for i := range 1 + d.IntN(4) {
		name := string(rune('a' + i))
		place := d.chance(80)
		form := d.signal(place)
		if form == "INDICATOR" {
			if len(others) == 0 {
				form = d.words()
			} else {
				form = "{indicator: " + d.one(others...) + "}"
			}
		}
		if !strings.Contains(form, "indicator:") && !strings.Contains(form, "field:") && !strings.Contains(form, "feature:") {
			placed = append(placed, name)
		}
		names = append(names, name)
		why += "{" + name + "} "
		fmt.Fprintf(&b, "  %s: %s\n", name, form)
	}
	cond := d.condition(names, placed, 2)
	for _, n := range names { // every signal must be used
		if !strings.ContainsAny(strings.NewReplacer("near", "", "and", "", "or", "", "not", "", "ordered", "", "count", "", "of", "").Replace(cond), n) {
			cond = "(" + cond + ") " + d.one("and", "or", "or", "and not") + " " + n
		}
	}
	fmt.Fprintf(&b, "why: \"%s\"\ncondition: %s\n", strings.TrimSpace(why), cond)
	return b.String()
}

func (d dice) scene() scene {
	var s scene
	var ids []string
	for i := range 2 + d.IntN(7) {
		id := fmt.Sprintf("TST-%02d%s", i/2, d.one("", ".x"))
		if slices.Contains(ids, id) {
			id = fmt.Sprintf("TST-%02d.y%d", i/2, i)
		}
		s.docs = append(s.docs, fmt.Sprintf("indicator: %s\ntitle: title of %s\ncategory: recruitment\nfamily: f\nstrength: strong\nstatus: %s\n%s",
			id, id, d.one("stable", "stable", "stable", "experimental", "deprecated"), d.logic(ids)))
		ids = append(ids, id)
	}
	if d.chance(40) {
		s.docs = append(s.docs, fmt.Sprintf("watch: w%d\ntitle: t\nowner: o\n%s", len(s.docs), d.logic(ids)))
	}
	if d.chance(40) {
		body := ""
		if d.chance(80) {
			body = d.logic(nil)
			body = body[:strings.Index(body, "why:")] + body[strings.Index(body, "condition:"):]
		}
		s.docs = append(s.docs, fmt.Sprintf("exception: e%d\nindicators: [%s]\nreason: r\nowner: o\nexpires: 2026-06-02\n%s", len(s.docs), d.one(ids...), body))
	}
	return s.sound()
}

// post gives the scene another post.
func (d dice) post(s *scene) {
	s.title, s.text, s.langs, s.feats = d.pieces(4), d.pieces(25), d.chance(70), map[string]float64{}
	s.now = time.Date(2026, 6, 1+d.IntN(3), 23*d.IntN(2), 0, 0, 0, time.UTC)
	s.post = veghe.Post{
		Kind: veghe.Kind(d.one("ad", "post")), Source: veghe.SourceID(d.one("jobs", "forum-1")), Author: veghe.AuthorID(d.one("", "Agent 7")), Place: d.one("", "Iași", "la munca"),
	}
	if d.chance(70) {
		s.post.PostedAt = s.now
	}
	if d.chance(50) {
		s.feats["recipients"] = float64(d.IntN(9))
	}
}

// sound leaves out documents that do not load, such as those that would be
// true of nothing.
func (s scene) sound() scene {
	for i := len(s.docs); i > 0; {
		if _, err := s.load(); err == nil {
			return s
		}
		i--
		c := scene{docs: s.docs[:i+1]}
		if _, err := c.load(); err != nil {
			before := scene{docs: s.docs[:i]}
			if _, err := before.load(); err == nil || i == 0 {
				s.docs = slices.Delete(s.docs, i, i+1)
				i = len(s.docs)
			}
		}
	}
	return s
}

// compile makes pack and set, if they are not there.
func (s *scene) compile() (err error) {
	if s.set != nil {
		return nil
	}
	if s.pack, err = s.load(); err != nil {
		return err
	}
	s.set, err = Compile(s.pack)
	return err
}

// load reads the rules of the scene.
func (s *scene) load() (*Pack, error) {
	return Load(fstest.MapFS{
		"policy.yaml":    {Data: []byte(policies)},
		"a.yaml":         {Data: []byte(strings.Join(s.docs, "---\n"))},
		"lists/apps.txt": {Data: []byte("# apps\nwhatsapp\n[ro]\npe privat\nfat*\ncarte de\n[en]\nfata\ncolo?r\nnu\n" + strings.Join(strings.Split("abcdefghijklmnopqrstuvwxyz", ""), "x\n"))},
	})
}

// The matcher finds what the oracle finds, in random scenes.
func TestOracle(t *testing.T) {
	const posts = 10
	n, loaded, found := 150, 0, 0
	if testing.Short() {
		n = 20
	}
	for seed := range uint64(n) {
		d := newDice(seed)
		s := d.scene()
		for range posts {
			d.post(&s)
			if s.same(t) {
				loaded++
				found += len(s.set.Matcher().Match(s.input()))
			}
		}
	}
	if loaded < n*posts*9/10 || found < n*posts/2 {
		t.Errorf("%d of %d posts have rules, and %d rules fire: too few to say anything", loaded, n*posts, found)
	}
}

// They agree on the shipped rules too, in some of their examples.
func TestOracleShipped(t *testing.T) {
	set := shippedSet(t)
	m := set.Matcher()
	n := 0
	for _, r := range set.Rules() {
		for i := range r.Examples {
			if n++; n%200 != 0 {
				continue
			}
			in := &Input{Post: r.Examples[i].Post(), Features: r.Examples[i].Features}
			want := newOracle(t, set.pack, in).findings()
			if diff := cmp.Diff(want, m.Match(in), cmpopts.EquateEmpty(), cmpopts.IgnoreFields(veghe.Finding{}, "Weight")); diff != "" {
				t.Errorf("example %d of %s (-oracle +matcher):\n%s", i, r.ID, diff)
			}
		}
	}
}

// FuzzOracle gives the oracle's rules texts of any bytes.
func FuzzOracle(f *testing.F) {
	for seed := range uint64(8) {
		d := newDice(seed)
		s := d.scene()
		d.post(&s)
		f.Add(seed, s.input().Post.Text)
	}
	f.Add(uint64(3), "p.a.s.a.p.o.r.t 🔒🔒 fаta ＦＡＴＡ f a t a m u n c a")
	f.Fuzz(func(t *testing.T, seed uint64, text string) {
		if len(text) > 4096 {
			return
		}
		d := newDice(seed)
		s := d.scene()
		d.post(&s)
		s.text = nil
		for _, w := range strings.SplitAfter(text, " ") {
			p := d.piece()
			p.s, p.contact = w, ""
			s.text = append(s.text, p)
		}
		s.same(t)
	})
}
