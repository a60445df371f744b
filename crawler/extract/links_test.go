package extract

import (
	"fmt"
	"strings"
	"testing"
)

// A page with more links than are taken: the first stay, and one of them that
// is called the next page further down is the next page.
func TestMoreLinksThanTaken(t *testing.T) {
	var body strings.Builder
	for i := range maxLinks + 50 {
		fmt.Fprintf(&body, `<a href="/a/%d">x</a> `, i)
	}
	body.WriteString(`<a href="/b">x</a> <a href="/a/7">next</a> <a href="/c">next</a>`)
	res, err := Page(Input{Source: "s", URL: "http://example.org/", Body: []byte(body.String()), ContentType: "text/html"})
	if err != nil {
		t.Fatal(err)
	}
	kinds := map[string]LinkKind{}
	for _, l := range res.Links {
		kinds[strings.TrimPrefix(l.URL, "http://example.org")] = l.Kind
	}
	if kinds["/a/7"] != Next {
		t.Errorf("the next page is %q, want next", kinds["/a/7"])
	}
	if kinds["/b"] != "" || kinds["/c"] != "" || len(res.Links) > maxLinks {
		t.Errorf("%d links, /b %q, /c %q; want at most %d and neither", len(res.Links), kinds["/b"], kinds["/c"], maxLinks)
	}
}
