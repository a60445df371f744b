package crawler

import (
	"net/http"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding"
	"golang.org/x/text/encoding/charmap"
)

// Pages in the encodings of Romania arrive as they were written, declared or
// not.
func TestCharsets(t *testing.T) {
	const cedilla = "Caut loc de muncă în străinătate, ofer cazare şi masă. Aşteptăm mesaje fără experienţă. Ţară, Şcoală."
	const comma = "Caut loc de muncă în străinătate, ofer cazare și masă. „Așteptăm” mesaje fără experiență. Țară, Școală."
	const french = "Je cherche une fille sérieuse à Orléans, très motivée, ça vous intéresse? Dès aujourd'hui."
	for _, tt := range []struct {
		name, text, header, meta string
		enc                      encoding.Encoding
	}{
		{"windows-1250 in the header", cedilla, "windows-1250", "", charmap.Windows1250},
		{"windows-1250 in a meta", cedilla, "", "windows-1250", charmap.Windows1250},
		{"windows-1250 undeclared", cedilla, "", "", charmap.Windows1250},
		{"windows-1250 with dashes, undeclared", cedilla + " – „da”", "", "", charmap.Windows1250},
		{"iso-8859-2 in a meta", cedilla, "", "iso-8859-2", charmap.ISO8859_2},
		{"iso-8859-2 undeclared", cedilla, "", "", charmap.ISO8859_2},
		{"iso-8859-16 in the header", comma, "iso-8859-16", "", charmap.ISO8859_16},
		{"iso-8859-16 undeclared", comma, "", "", charmap.ISO8859_16},
		{"windows-1250 declared as utf-8 by the server", cedilla, "utf-8", "", charmap.Windows1250},
		{"utf-8 declared", comma, "utf-8", "", encoding.Nop},
		{"utf-8 undeclared", comma, "", "", encoding.Nop},
		{"western, undeclared", french, "", "", charmap.Windows1252},
	} {
		t.Run(tt.name, func(t *testing.T) {
			page := post("p", "ana", tt.text)
			if tt.meta != "" {
				page = `<meta charset="` + tt.meta + `">` + page
			}
			body, err := tt.enc.NewEncoder().String(page)
			if err != nil {
				t.Fatal(err)
			}
			b := serve(t, map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", strings.TrimSuffix("text/html; charset="+tt.header, "; charset="))
				_, _ = w.Write([]byte(body))
			}})
			_, got := one(t, b, "/")
			if diff := cmp.Diff([]string{tt.text}, got); diff != "" {
				t.Errorf("text (-want +got):\n%s", diff)
			}
		})
	}
}
