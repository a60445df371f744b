package crawler

import (
	"context"
	"fmt"
	"net/http"
	"strings"
	"testing"

	"veghe"
	"veghe/crawler/evidence"
)

// What keeping evidence costs a visit: the same site of 200 threads of 15 kB,
// each with new posts, without and with a store on the disk.
func BenchmarkEvidence(b *testing.B) {
	const pages = 200
	var list strings.Builder
	routes := map[string]http.HandlerFunc{}
	filler := strings.Repeat("<p>Vand bicicleta de oras, stare buna, se vede in weekend.</p>\n", 220)
	for i := range pages {
		fmt.Fprintf(&list, `<div class="row"><a href="/t/%d">x</a></div>`, i)
		routes[fmt.Sprintf("/t/%d", i)] = html(`<div class="post" id="p%d"><p class="text">post number %d</p></div>%s`, i, i, filler)
	}
	routes["/"] = html("%s", list.String())
	site := serve(b, routes)
	for _, kept := range []bool{false, true} {
		b.Run(fmt.Sprintf("kept=%v", kept), func(b *testing.B) {
			for b.Loop() {
				s := local(site.URL + "/")
				s.Concurrency = 16
				cfg := config(s)
				if kept {
					store, err := evidence.Open(b.TempDir(), evidence.Options{})
					if err != nil {
						b.Fatal(err)
					}
					defer store.Close() //nolint:errcheck // a benchmark
					cfg.Evidence = store
				}
				c := open(b, cfg)
				if err := c.RunOnce(b.Context(), func(context.Context, []veghe.Post) error { return nil }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(b.N*pages)/b.Elapsed().Seconds(), "pages/s")
		})
	}
}
