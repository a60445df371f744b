package links

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index"
)

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// hit is an invented post; contacts are "kind:value".
func hit(id, author string, contacts ...[2]string) index.Hit {
	h := index.Hit{Post: veghe.Post{ID: veghe.PostID(id), Source: "board", Author: veghe.AuthorID(author), URL: "https://board.example.org/" + id, PostedAt: noon}}
	for _, c := range contacts {
		h.Assessment.Contacts = append(h.Assessment.Contacts, veghe.Contact{Kind: c[0], Value: c[1], Obfuscated: id == "2"})
	}
	return h
}

func over(hits []index.Hit) Finder {
	return func(_ context.Context, n Node) ([]index.Hit, uint64, error) {
		var out []index.Hit
		for _, h := range hits {
			if slices.ContainsFunc(Of(h), func(x Node) bool { return x.key() == n.key() }) {
				out = append(out, h)
			}
		}
		return out, uint64(len(out)), nil
	}
}

func nothing(Node) bool { return false }

func phone(v string) [2]string { return [2]string{"phone", v} }
func site(v string) [2]string  { return [2]string{"url", v} }

func TestFind(t *testing.T) {
	hits := []index.Hit{
		hit("1", "ana", phone("+40700000123"), site("https://munca.example.com/a")),
		hit("2", "ana", phone("+40700000123")),
		hit("3", "dan", site("https://www.munca.example.com"), phone("+40700000456")),
		hit("4", "eva", phone("+40700000456")), // three steps away: not reached
		hit("5", "gil", phone("+40700000999")), // never linked
	}
	g, err := Find(t.Context(), Node{Kind: "phone", Value: "+40700000123"}, over(hits), nothing, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	var nodes, edges []string
	for _, n := range g.Nodes {
		nodes = append(nodes, fmt.Sprintf("%d %s %s", n.Step, n.Kind, n.Value))
	}
	for _, e := range g.Edges {
		edges = append(edges, fmt.Sprintf("%s–%s %s ×%d (%d disguised)", g.Nodes[e.A].Value, g.Nodes[e.B].Value, e.Why, e.Posts, e.Disguised))
	}
	if diff := cmp.Diff([]string{
		"0 phone +40700000123", "1 author ana", "1 site munca.example.com", "2 author dan", "2 phone +40700000456",
	}, nodes); diff != "" {
		t.Error(diff)
	}
	if diff := cmp.Diff([]string{
		"+40700000123–ana wrote ×2 (1 disguised)",
		"+40700000123–munca.example.com same_post ×1 (0 disguised)",
		"ana–munca.example.com wrote ×1 (0 disguised)",
		"munca.example.com–dan wrote ×1 (0 disguised)",
		"munca.example.com–+40700000456 same_post ×1 (0 disguised)",
	}, edges); diff != "" {
		t.Error(diff)
	}
}

// A value that somebody marked links nobody.
func TestMarkedValuesAreCut(t *testing.T) {
	hits := []index.Hit{
		hit("1", "ana", phone("+40700000123"), phone("+40210000000")),
		hit("2", "dan", phone("+40210000000")),
	}
	marked := func(n Node) bool { return n.Value == "+40210000000" }
	g, err := Find(t.Context(), Node{Kind: "phone", Value: "+40700000123"}, over(hits), marked, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Nodes) != 2 || len(g.Cut) != 1 || g.Cut[0].Value != "+40210000000" {
		t.Errorf("nodes %+v, cut %+v, want the author alone and the marked phone", g.Nodes, g.Cut)
	}
}

// What links everybody is refused, and named.
func TestGiantComponentIsRefused(t *testing.T) {
	var hits []index.Hit
	for i := range 100 {
		hits = append(hits, hit(fmt.Sprint(i), fmt.Sprintf("author%d", i), phone("+40210000000")))
	}
	g, err := Find(t.Context(), Node{Kind: "author", Value: "author7", Source: "board"}, over(hits), nothing, Limits{})
	if err != nil {
		t.Fatal(err)
	}
	if !g.TooLarge || len(g.Edges) != 0 || g.Holding[0].Value != "+40210000000" {
		t.Errorf("too large %v, %d edges, held together by %+v", g.TooLarge, len(g.Edges), g.Holding)
	}
}

// A value in very many posts is shown, and not followed.
func TestHubIsNotFollowed(t *testing.T) {
	hits := []index.Hit{hit("a", "ana", phone("+40700000123"), phone("+40210000000"))}
	for i := range 20 {
		hits = append(hits, hit(fmt.Sprint(i), fmt.Sprintf("author%d", i), phone("+40210000000")))
	}
	g, err := Find(t.Context(), Node{Kind: "phone", Value: "+40700000123"}, over(hits), nothing, Limits{Hub: 10})
	if err != nil {
		t.Fatal(err)
	}
	if len(g.Nodes) != 3 || !g.Nodes[2].Hub || g.Nodes[2].Posts != 21 {
		t.Errorf("got %+v", g.Nodes)
	}
}

func TestFindFails(t *testing.T) {
	broken := errors.New("broken")
	_, err := Find(t.Context(), Node{}, func(context.Context, Node) ([]index.Hit, uint64, error) { return nil, 0, broken }, nothing, Limits{})
	if !errors.Is(err, broken) {
		t.Errorf("got %v", err)
	}
}

// The same posts give the same drawing, and no box covers another.
func TestDraw(t *testing.T) {
	var hits []index.Hit
	for i := range 12 {
		hits = append(hits, hit(fmt.Sprint(i), fmt.Sprintf("a%d", i%5), phone("+40700000123"), site(fmt.Sprintf("https://s%d.example.com", i%7)), phone(fmt.Sprintf("+4070000100%d", i%3))))
	}
	draw := func() *Drawing {
		g, err := Find(t.Context(), Node{Kind: "phone", Value: "+40700000123"}, over(hits), nothing, Limits{})
		if err != nil {
			t.Fatal(err)
		}
		return g.Draw()
	}
	d := draw()
	if diff := cmp.Diff(d, draw()); diff != "" {
		t.Errorf("drawn twice:\n%s", diff)
	}
	for i, a := range d.Boxes {
		if a.X < 0 || a.Y < 0 || a.X+a.W > d.Width || a.Y+a.H > d.Height {
			t.Errorf("%s is outside of the drawing", a.Value)
		}
		for _, b := range d.Boxes[:i] {
			if a.X < b.X+b.W && b.X < a.X+a.W && a.Y < b.Y+b.H && b.Y < a.Y+a.H {
				t.Errorf("%s covers %s", a.Value, b.Value)
			}
		}
	}
	if len(d.Lines) == 0 {
		t.Error("no lines")
	}
}

func TestHost(t *testing.T) {
	for in, want := range map[string]string{
		"https://www.Example.com/a?b": "example.com", "example.org/x": "example.org", "https://[::1": "", "": "",
	} {
		if got := Host(in); got != want {
			t.Errorf("Host(%q) = %q, want %q", in, got, want)
		}
	}
}
