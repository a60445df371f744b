package crawler

import (
	"net/http"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
)

// Sources that share a host name, directly or through others, belong together.
func TestSites(t *testing.T) {
	source := func(id, url string, hosts ...string) Source {
		return Source{Source: veghe.Source{ID: veghe.SourceID(id), URL: url}, Hosts: hosts}
	}
	got := Sites([]Source{
		source("a", "https://forum.example.org/", "www.example.org"),
		source("b", "https://other.example.net/x"),
		source("c", "https://WWW.example.org:443/jobs"),
		source("d", "https://ads.example.com/", "old.example.com"),
		source("e", "http://old.example.com/", "www.example.org"),
		source("f", "https://other.example.net/y"),
	})
	want := map[veghe.SourceID]string{
		"a": "ads.example.com", "c": "ads.example.com", "d": "ads.example.com", "e": "ads.example.com",
		"b": "other.example.net", "f": "other.example.net",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}

// What another process visits is left alone, also when it is resumed here.
func TestHold(t *testing.T) {
	b := serve(t, map[string]http.HandlerFunc{"/a": html("%s", post("p1", "ana", "one")), "/b": html("%s", post("p2", "dan", "two"))})
	s1, s2 := local(b.URL+"/a"), local(b.URL+"/b")
	s2.ID = "s2"
	c := open(t, config(s1, s2))
	c.Hold(func(id veghe.SourceID) bool { return id == "s2" })
	if err := c.Resume("s"); err != nil {
		t.Fatal(err)
	}
	visit := func() []string {
		t.Helper()
		var got collector
		if err := c.RunOnce(t.Context(), got.sink); err != nil {
			t.Fatal(err)
		}
		return got.take()
	}
	if diff := cmp.Diff([]string{"two"}, visit()); diff != "" || b.count("/a") != 0 || !c.Stats()[0].Elsewhere {
		t.Errorf("(-want +got):\n%s\nasked for /a %d times", diff, b.count("/a"))
	}
	if err := c.Pause("s"); err != nil {
		t.Fatal(err)
	}
	c.Hold(func(veghe.SourceID) bool { return true })
	if visit(); b.count("/a") != 0 {
		t.Error("a paused source was visited when it came here")
	}
	if err := c.Resume("s"); err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]string{"one"}, visit()); diff != "" {
		t.Errorf("(-want +got):\n%s", diff)
	}
}
