package detect_test

import (
	"bytes"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
)

// posters is one advertisement by several people in several towns, among
// others that have nothing in common.
func posters() (out []veghe.Post) {
	towns := []string{"Iasi", "Bacau", "Vaslui", "Galati", "Braila"}
	other := []string{
		"Vand bicicleta de oras in stare buna, roti noi, se poate vedea oricand dupa ora cinci",
		"Caut coleg de apartament pentru doua camere aproape de metrou, fara animale, chiria la jumatate",
		"Ofer lectii de chitara pentru incepatori, am rabdare si instrumente de imprumut pentru elevi",
		"Cafeneaua de la colt angajeaza ospatar cu contract, program de zi, mancare si bacsis impartit",
		"Repar biciclete si trotinete acasa la client, piese noi, garantie sase luni pentru manopera",
	}
	for i, town := range towns {
		p := veghe.Post{
			ID: veghe.PostID(fmt.Sprint("same-", i)), Source: "s", Kind: veghe.Ad, Author: veghe.AuthorID(fmt.Sprint("a", i)), Place: town,
			Text: fmt.Sprintf("Cautam cameriste pentru hotel la munte, cazare si masa asigurate, plecare din %s, sunati la 0700 000 123 oricand", town),
		}
		q := veghe.Post{ID: veghe.PostID(fmt.Sprint("other-", i)), Source: "s", Kind: veghe.Ad, Author: veghe.AuthorID(fmt.Sprint("b", i)), Place: town, Text: other[i]}
		out = append(out, p, q)
	}
	return out
}

func TestTemplatesAndSharedContacts(t *testing.T) {
	as := shipped(t, false).AssessAll(posters(), 2)
	last := as[8]
	if last.Cluster == nil || last.Cluster.Size != 5 || last.Cluster.ID != as[2].Cluster.ID {
		t.Errorf("fifth copy has cluster %+v, want all five together", last.Cluster)
	}
	for i := 1; i < len(as); i += 2 {
		if as[i].Cluster != nil && as[i].Cluster.Size > 1 {
			t.Errorf("%s is put with %d others, want it alone", as[i].ID, as[i].Cluster.Size-1)
		}
	}
	for _, want := range []veghe.IndicatorID{"CTL-02", "CTL-03"} {
		if !has(as[4], want) || has(as[2], want) {
			t.Errorf("%s: second copy %v, third %v; want it from the third on", want, has(as[2], want), has(as[4], want))
		}
	}
}

func has(a veghe.Assessment, id veghe.IndicatorID) bool {
	for _, f := range a.Findings {
		if f.Indicator == id {
			return true
		}
	}
	return false
}

// However posts are cut into batches, and if some come again at once, each is
// assessed the same.
func TestNeighboursDoNotDependOnBatches(t *testing.T) {
	posts := posters()
	want := shipped(t, false).AssessAll(posts, 2)
	for _, size := range []int{1, 3, 4} {
		e := shipped(t, false)
		var got []veghe.Assessment
		for i := 0; i < len(posts); i += size {
			batch := posts[i:min(i+size, len(posts))]
			got = append(got, e.AssessAll(batch, 2)...)
		}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Errorf("batches of %d, -want +got:\n%s", size, diff)
		}
	}
	e := shipped(t, false)
	for _, p := range posts {
		e.Assess(p)
		e.Assess(p)
	}
	if diff := cmp.Diff(want[9], e.Assess(posts[9])); diff != "" {
		t.Errorf("a post that came three times, -want +got:\n%s", diff)
	}
}

// What was seen before a restart counts after it.
func TestNeighboursOutliveTheEngine(t *testing.T) {
	posts := posters()
	want := shipped(t, false).AssessAll(posts, 2)
	for _, cut := range []int{0, 1, 5, len(posts)} {
		before, after := shipped(t, false), shipped(t, false)
		before.AssessAll(posts[:cut], 2)
		var kept bytes.Buffer
		if err := before.SaveNeighbours(&kept); err != nil {
			t.Fatal(err)
		}
		if err := after.LoadNeighbours(&kept); err != nil {
			t.Fatal(err)
		}
		if diff := cmp.Diff(want[cut:], after.AssessAll(posts[cut:], 2)); diff != "" {
			t.Errorf("restart after %d posts, -want +got:\n%s", cut, diff)
		}
	}
	if a := shipped(t, true).AssessAll(posts, 2); a[8].Cluster != nil {
		t.Errorf("stateless, but in cluster %+v", a[8].Cluster)
	}
}
