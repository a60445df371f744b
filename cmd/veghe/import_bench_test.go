package main

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"veghe"
)

// What reading and accounting cost, without a stream behind them.
func BenchmarkImport(b *testing.B) {
	const n = 20_000
	var s strings.Builder
	for i := range n {
		s.WriteString(`{"id":"` + string(postID(i)) + `","source":"s","text":"` + strings.Repeat("vand bicicleta ", 30) + "\"}\n")
	}
	path := filepath.Join(b.TempDir(), "x.jsonl")
	if err := os.WriteFile(path, []byte(s.String()), 0o600); err != nil {
		b.Fatal(err)
	}
	b.SetBytes(int64(s.Len()))
	for b.Loop() {
		im := newTestImporter(b.TempDir(), func(context.Context, []veghe.Post) error { return nil })
		if err := im.files(b.Context(), []string{path}); err != nil || im.sum.Imported != n {
			b.Fatal(err, im.sum)
		}
	}
	b.ReportMetric(float64(b.N*n)/b.Elapsed().Seconds(), "posts/s")
}
