package cluster_test

import (
	"fmt"
	"math/rand/v2"
	"runtime"
	"strings"
	"testing"
	"time"

	"veghe"
	"veghe/detect/cluster"
	"veghe/detect/text"
)

var noon = time.Date(2026, 10, 1, 12, 0, 0, 0, time.UTC)

// world makes invented texts: words of a language, templates of them, copies.
type world struct {
	r     *rand.Rand
	words []string
}

func newWorld(seed uint64) *world {
	w := &world{r: rand.New(rand.NewPCG(seed, 3))}
	syllables := strings.Fields("ba ce di fo gu la me ni po ru sa te vi zo car pen lin tor mas")
	for range 4000 {
		var b strings.Builder
		for range 2 + w.r.IntN(3) {
			b.WriteString(syllables[w.r.IntN(len(syllables))])
		}
		w.words = append(w.words, b.String())
	}
	return w
}

func (w *world) text(n int) []string {
	out := make([]string, n)
	for i := range out {
		out[i] = w.words[int(float64(len(w.words))*w.r.Float64()*w.r.Float64())]
	}
	return out
}

// copy is a text again with another name, number and town, and some of its
// words changed.
func (w *world) copy(base []string, changed float64) string {
	out := append([]string{fmt.Sprintf("07%08d", w.r.IntN(1e8)), w.words[w.r.IntN(len(w.words))]}, base...)
	for i := range out {
		if w.r.Float64() < changed {
			out[i] = w.words[w.r.IntN(len(w.words))]
		}
	}
	return strings.Join(out, " ")
}

// adder adds texts as the engine does.
type adder struct {
	x *cluster.Index
	d text.Doc
	s cluster.Sketch
}

func (a *adder) add(s string, m cluster.Member) cluster.Spread {
	a.d.Fold(s)
	a.s.Make(&a.d)
	return a.x.Add(&a.s, m)
}

func id(i int) veghe.PostID { return veghe.PostID(fmt.Sprintf("p%d", i)) }

// Copies of 60 templates among texts of their own are told apart.
func TestFindsTemplates(t *testing.T) {
	w := newWorld(1)
	type made struct{ text, truth string }
	var all []made
	for k := range 60 {
		base := w.text(30 + w.r.IntN(60))
		for range 2 + w.r.IntN(12) {
			all = append(all, made{w.copy(base, []float64{0, 0.05, 0.12}[k%3]), fmt.Sprintf("t%d", k)})
		}
	}
	for i := range 600 {
		all = append(all, made{strings.Join(w.text(20+w.r.IntN(80)), " "), fmt.Sprintf("own%d", i)})
	}
	w.r.Shuffle(len(all), func(i, k int) { all[i], all[k] = all[k], all[i] })
	a := adder{x: cluster.New(cluster.Options{})}
	got, truth := make([]string, len(all)), make([]string, len(all))
	for range 2 { // the second time round nothing new comes, but templates that became one have one name
		for i, m := range all {
			got[i], truth[i] = a.add(m.text, cluster.Member{ID: id(i), At: noon}).ID, m.truth
		}
	}
	if r := cluster.Compare(got, truth); r.ARI < 0.97 {
		t.Errorf("adjusted Rand index %.3f, precision %.3f, recall %.3f, want 0.97", r.ARI, r.Precision, r.Recall)
	}
}

// A template is a sign only when it is used by or for different ones.
func TestSpread(t *testing.T) {
	w := newWorld(2)
	base := w.text(40)
	a := adder{x: cluster.New(cluster.Options{})}
	first := a.add(w.copy(base, 0), cluster.Member{ID: "p0", Source: "board", Author: "ana", Contacts: []string{"+40700000001"}, Places: []string{"RO-CJ"}, At: noon})
	if first.Posts != 1 || first.Differs() || first.ID == "" {
		t.Errorf("the first of its kind: %+v", first)
	}
	same := a.add(w.copy(base, 0), cluster.Member{ID: "p1", Source: "board", Author: "ana", Contacts: []string{"+40700000001"}, Places: []string{"RO-CJ"}, At: noon.Add(time.Hour)})
	if same.Posts != 2 || same.ID != first.ID || same.Differs() {
		t.Errorf("the same person again: %+v", same)
	}
	other := a.add(w.copy(base, 0), cluster.Member{ID: "p2", Source: "forum", Author: "dan", Contacts: []string{"+40700000002"}, Places: []string{"IT"}, At: noon.Add(72 * time.Hour)})
	want := cluster.Spread{ID: first.ID, Posts: 3, Authors: 2, Contacts: 2, Places: 2, Sources: 2, Burst: 1, First: noon}
	if other != want || !other.Differs() {
		t.Errorf("got %+v, want %+v", other, want)
	}
	if again := a.add(w.copy(base, 0), cluster.Member{ID: "p1", Source: "board", Author: "eva", At: noon}); again.Posts != 3 {
		t.Errorf("a post delivered twice counts twice: %+v", again)
	}
}

func TestShortTextsHaveNoTemplate(t *testing.T) {
	a := adder{x: cluster.New(cluster.Options{})}
	for i := range 3 {
		if s := a.add("buna, mai e valabil? 0700 000 000", cluster.Member{ID: id(i), At: noon}); s.ID != "" {
			t.Errorf("got %+v", s)
		}
	}
}

// Whatever comes, the memory is bounded, and a template that is still met
// outlives the many that are not.
func TestForgetsByAge(t *testing.T) {
	w := newWorld(3)
	lasting, gone := w.text(40), w.text(40)
	a := adder{x: cluster.New(cluster.Options{Capacity: 1 << 10})}
	first := a.add(w.copy(lasting, 0), cluster.Member{ID: "lasting", At: noon}).ID
	forgotten := a.add(w.copy(gone, 0), cluster.Member{ID: "gone", At: noon}).ID
	for i := range 10_000 {
		a.add(strings.Join(w.text(40), " "), cluster.Member{ID: id(i), At: noon})
		if i%200 == 0 {
			a.add(w.copy(lasting, 0.02), cluster.Member{ID: veghe.PostID(fmt.Sprintf("l%d", i)), At: noon})
		}
	}
	if n := a.x.Len(); n > 1<<10 {
		t.Errorf("%d templates are kept, want at most %d", n, 1<<10)
	}
	if s := a.add(w.copy(lasting, 0), cluster.Member{ID: "last", At: noon}); s.ID != first || s.Posts != 52 {
		t.Errorf("a template met all the time was lost: %+v, first %s", s, first)
	}
	if s := a.add(w.copy(gone, 0), cluster.Member{ID: "back", At: noon}); s.ID == forgotten || s.Posts != 1 {
		t.Errorf("a template not met for long is still there: %+v", s)
	}
}

// A hundred thousand copies of one template do not make the rest slow: only a
// few of them are kept.
func TestPopularTemplate(t *testing.T) {
	w := newWorld(4)
	base := w.text(60)
	a := adder{x: cluster.New(cluster.Options{})}
	var s cluster.Spread
	for i := range 5_000 {
		s = a.add(w.copy(base, 0.1), cluster.Member{ID: id(i), Author: veghe.AuthorID(fmt.Sprint(i)), At: noon})
	}
	if s.Posts < 4_900 || s.Authors != 64 {
		t.Errorf("got %+v", s)
	}
}

func BenchmarkAdd(b *testing.B) {
	w := newWorld(5)
	bases := make([][]string, 400)
	for i := range bases {
		bases[i] = w.text(84)
	}
	texts := make([]string, 20_000)
	for i := range texts {
		if i%2 == 0 {
			texts[i] = w.copy(bases[w.r.IntN(len(bases))], 0.05)
		} else {
			texts[i] = strings.Join(w.text(84), " ")
		}
	}
	a := adder{x: cluster.New(cluster.Options{})}
	i := 0
	b.ReportAllocs()
	for b.Loop() {
		a.add(texts[i%len(texts)], cluster.Member{ID: id(i), At: noon})
		i++
	}
	b.ReportMetric(float64(i)/b.Elapsed().Seconds(), "posts/s")
	var ms runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&ms)
	b.ReportMetric(float64(ms.HeapAlloc)/1e6, "MB")
	runtime.KeepAlive(a)
}
