package evidence

import (
	"strings"
	"testing"
)

// A page of 30 kB, as forums have them: what keeping it costs, one at a time
// and by 16 visitors at once.
func BenchmarkAdd(b *testing.B) {
	body := strings.Repeat("<div class=\"post\"><p>Vand bicicleta, stare buna, pret negociabil.</p></div>\n", 400)
	for _, c := range []struct {
		name    string
		callers int
	}{{"one", 1}, {"sixteen", 8}} {
		b.Run(c.name, func(b *testing.B) {
			s := open(b, b.TempDir(), Options{})
			page := pageCapture(1, body)
			b.SetBytes(int64(len(page.Exchanges[0].Response)))
			b.SetParallelism(c.callers)
			if c.callers == 1 {
				for b.Loop() {
					add(b, s, page)
				}
			} else {
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						if _, err := s.Add(b.Context(), page); err != nil {
							b.Error(err)
							return
						}
					}
				})
			}
			b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "captures/s")
		})
	}
}

func BenchmarkEncode(b *testing.B) {
	body := strings.Repeat("<div class=\"post\"><p>Vand bicicleta, stare buna, pret negociabil.</p></div>\n", 400)
	page := pageCapture(1, body)
	b.ReportAllocs()
	b.SetBytes(int64(len(page.Exchanges[0].Response)))
	for b.Loop() {
		if _, _, err := captureMembers(&page); err != nil {
			b.Fatal(err)
		}
	}
}
