package archive

import (
	"archive/zip"
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"golang.org/x/text/encoding/unicode"

	"veghe"
)

var now = time.Date(2026, 11, 2, 9, 0, 0, 0, time.UTC)

func options() Options { return Options{Source: "src", Now: now} }

// all reads a file to its end: a line for each post, and one for each bad
// record. Records without a post are "-".
func all(t testing.TB, name, format string, file io.Reader, o Options) []string {
	t.Helper()
	r, err := Open(name, format, file, o)
	if err != nil {
		return []string{"open: " + err.Error()}
	}
	var out []string
	for {
		rec, err := r.Next(false)
		if errors.Is(err, io.EOF) {
			return out
		}
		if err != nil {
			return append(out, "end: "+err.Error())
		}
		if rec.Err != nil {
			out = append(out, "bad"+rec.Where+": "+rec.Err.Error())
			continue
		}
		if len(rec.Posts) == 0 {
			out = append(out, "-")
		}
		for _, p := range rec.Posts {
			if p.ID == "" || p.CollectedAt.IsZero() {
				t.Errorf("%s: a post that is not finished: %+v", rec.Where, p)
			}
			out = append(out, strings.Join([]string{string(p.Source), string(p.Author), p.Title, p.Text}, "|"))
		}
		if len(out) > 10_000 {
			t.Fatal("does not end")
		}
	}
}

func gz(parts ...string) string {
	var b bytes.Buffer
	for _, p := range parts {
		z := gzip.NewWriter(&b)
		_, _ = io.WriteString(z, p)
		_ = z.Close()
	}
	return b.String()
}

func zipOf(t testing.TB, files ...string) string {
	t.Helper()
	var b bytes.Buffer
	z := zip.NewWriter(&b)
	for i := 0; i < len(files); i += 2 {
		w, err := z.Create(files[i])
		if err == nil {
			_, err = io.WriteString(w, files[i+1])
		}
		if err != nil {
			t.Fatal(err)
		}
	}
	if err := z.Close(); err != nil {
		t.Fatal(err)
	}
	return b.String()
}

const (
	jsonTwo = `{"id":"a","text":"una","author":"x"}` + "\n\n" + `{"id":"b"}` + "\n" + `{"id":"c","text":"doua","source":"own"}`
	rssOne  = `<?xml version="1.0"?><rss version="2.0"><channel><item><guid>1</guid><title>Titlu</title><description>un anunt</description></item></channel></rss>`
	atomOne = `<feed xmlns="http://www.w3.org/2005/Atom"><entry><id>1</id><title>Titlu</title><author><name>ana</name></author><content>un anunt</content></entry></feed>`
	jsonOne = `{"version":"https://jsonfeed.org/version/1.1","title":"f","items":[{"id":"1","title":"Titlu","content_text":"un anunt"}]}`
)

func TestFormats(t *testing.T) {
	page := `<article itemscope itemtype="https://schema.org/SocialMediaPosting"><p itemprop="articleBody">un text pe pagina</p></article>`
	for _, c := range []struct {
		name, file string
		want       []string
	}{
		{"x.jsonl", jsonTwo, []string{"src|x||una", `bad:3: no text: a post needs a non-empty "text"`, "own|||doua"}},
		{"x.jsonl.gz", gz(jsonTwo), []string{"src|x||una", `bad:3: no text: a post needs a non-empty "text"`, "own|||doua"}},
		{"x", gz(jsonTwo[:30], jsonTwo[30:]), []string{"src|x||una", `bad:3: no text: a post needs a non-empty "text"`, "own|||doua"}},
		{"cut.jsonl.gz", gz(strings.Repeat(jsonTwo, 9))[:60], []string{"src|x||una", `bad:3: no text: a post needs a non-empty "text"`, "end: " + ErrDamaged.Error()}},
		{"empty", "", nil},
		{"long.jsonl", `{"text":"` + strings.Repeat("x", veghe.MaxPost) + `"}` + "\n" + `{"text":"b"}`, []string{"bad:1: " + ErrLongLine.Error(), "src|||b"}},

		{"x.csv", "text,author,colour\nuna,x,red\n,,\n\"do\nua\",y,blue\na,b,c,d\n", []string{
			"src|x||una", `bad:3: no text: a post needs a non-empty "text"`, "src|y||do\nua", "bad:6: row has 4 fields, the first row names 3",
		}},
		{"x.tsv", "TEXT\ttitle\nuna\tt\n", []string{"src||t|una"}},
		{"semi.csv", "text;seq\nuna;1\ndoua;x\n", []string{"src|||una", "bad:3: seq is not a number"}},
		{"quote.csv", "text,author\nuna,x\n\"open,y\n", []string{"src|x||una", `bad:3: extraneous or missing " in quoted-field`}},
		{"utf16.csv", utf16("text,author\r\nmașină,ana\r\n"), []string{"src|ana||mașină"}},
		{"columns.csv", "body,user\nuna,x\n", []string{`open: columns.csv:1: the first row does not name the columns that are needed: no column "text"`}},

		{"x.rss", rssOne, []string{"src||Titlu|un anunt"}},
		{"x.atom", atomOne, []string{"src|ana|Titlu|un anunt"}},
		{"x.json", jsonOne, []string{"src||Titlu|un anunt"}},
		{"x", rssOne, []string{"src||Titlu|un anunt"}},
		{"x.xml.gz", gz(rssOne), []string{"src||Titlu|un anunt"}},
		{"bad.xml", "<rss>", []string{"bad: the feed is damaged: want RSS, Atom or JSON Feed"}},

		{"x.zip", zipOf(t, "a.html", page, "photo.jpg", "xx", "b/c.jsonl", jsonTwo, "d.jsonl.gz", gz(`{"text":"trei"}`), "e.zip", "PK\x03\x04"), []string{
			"src|||un text pe pagina", "-", "src|x||una", `bad: b/c.jsonl:3: no text: a post needs a non-empty "text"`, "own|||doua", "src|||trei", "-",
		}},
		{"x.zip", "PK\x03\x04 and no more", []string{"open: x.zip: this is not a zip, or a damaged one"}},
	} {
		t.Run(c.name, func(t *testing.T) {
			got := all(t, c.name, "", strings.NewReader(c.file), options())
			if d := cmp.Diff(c.want, got); d != "" {
				t.Error(d)
			}
		})
	}
}

// A feed in a Romanian encoding is decoded by what it declares.
func TestFeedEncoding(t *testing.T) {
	file := strings.Replace(rssOne, `"1.0"?>`, `"1.0" encoding="windows-1250"?>`, 1)
	file = strings.Replace(file, "un anunt", "un anun\xfe \xbai altul", 1)
	if d := cmp.Diff([]string{"src||Titlu|un anunţ şi altul"}, all(t, "x.xml", "", strings.NewReader(file), options())); d != "" {
		t.Error(d)
	}
}

func covers(host string) func(*url.URL) bool {
	return func(u *url.URL) bool { return u.Hostname() == host }
}

// utf16 is how spreadsheets write "Unicode text".
func utf16(s string) string {
	out, err := unicode.UTF16(unicode.LittleEndian, unicode.UseBOM).NewEncoder().String(s)
	if err != nil {
		panic(err)
	}
	return out
}

func TestColumns(t *testing.T) {
	m, err := ParseColumns("text=Body, author=user,title=text")
	if err != nil {
		t.Fatal(err)
	}
	o := options()
	o.Columns = m
	got := all(t, "x.csv", "", strings.NewReader("text,body,USER\nsubiect,una,ana\n"), o)
	if d := cmp.Diff([]string{"src|ana|subiect|una"}, got); d != "" {
		t.Error(d)
	}
	for _, bad := range []string{"text", "colour=x", "text="} {
		if m, err := ParseColumns(bad); err == nil {
			t.Errorf("ParseColumns(%q) = %v, want an error", bad, m)
		}
	}
	o.Columns = map[string]string{"text": "nowhere"}
	if got := all(t, "x.csv", "", strings.NewReader("body\na\n"), o); len(got) != 1 || !strings.Contains(got[0], `no column "nowhere" for text`) {
		t.Errorf("got %q", got)
	}
}

// A quote that is never closed costs one row, not the memory of the machine.
func TestOpenQuoteIsBounded(t *testing.T) {
	filler := strings.Repeat(strings.Repeat("x", 64<<10)+"\n", maxRow/(64<<10)+20)
	rows := strings.NewReader("text\nbefore\n\"open" + filler + "behind\n")
	got := all(t, "x.csv", "", rows, options())
	if len(got) < 3 || got[0] != "src|||before" || got[1] != "bad:3: "+errLongRow.Error() || got[len(got)-1] != "src|||behind" {
		t.Errorf("%d records, such as %.80q", len(got), got[:min(3, len(got))])
	}
}

// Skipping gives the same places as reading, so that whoever resumes goes on
// where they were.
func TestSkip(t *testing.T) {
	for name, file := range map[string]string{
		"x.jsonl": jsonTwo, "x.csv": "text\na\n\"b\nc\"\n,\nd\n", "x.zip": zipOf(t, "a.jsonl", jsonTwo, "b.csv", "text\na\n"), "x.mbox": box,
	} {
		places := func(skip bool) (out []string) {
			r, err := Open(name, "", strings.NewReader(file), options())
			if err != nil {
				t.Fatal(err)
			}
			for {
				rec, err := r.Next(skip)
				if err != nil {
					return out
				}
				out = append(out, rec.Where)
			}
		}
		if d := cmp.Diff(places(false), places(true)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}
}

func TestOpenRefuses(t *testing.T) {
	for name, c := range map[string]struct {
		format string
		file   io.Reader
		o      Options
		want   string
	}{
		"a strange format":            {"pdf", strings.NewReader(""), options(), `unknown format "pdf"`},
		"a mailbox of nobody":         {"mbox", strings.NewReader(box), Options{}, "a source is needed"},
		"a zip that is a stream":      {"zip", io.MultiReader(strings.NewReader("PK")), options(), "must be a file"},
		"a zip with a huge directory": {"zip", strings.NewReader("PK\x05\x06\x00\x00\x00\x00\x01\x00\x01\x00\xff\xff\xff\x7f\x00\x00\x00\x00\x00\x00"), options(), "split it"},
	} {
		_, err := Open("x", c.format, c.file, c.o)
		if err == nil || !strings.Contains(err.Error(), c.want) {
			t.Errorf("%s: got %v, want %q", name, err, c.want)
		}
	}
}

// warcOf writes answers as crawlers do, one gzip member each if zipped.
func warcOf(zipped bool, records ...string) string {
	var b strings.Builder
	for _, r := range records {
		if zipped {
			r = gz(r)
		}
		b.WriteString(r)
	}
	return b.String()
}

func response(url, head, body string) string {
	block := "HTTP/1.1 " + head + "\r\n\r\n" + body
	return fmt.Sprintf("WARC/1.1\r\nWARC-Type: response\r\nWARC-Target-URI: %s\r\nWARC-Date: 2026-10-01T10:00:00Z\r\nContent-Length: %d\r\n\r\n%s\r\n\r\n", url, len(block), block)
}

func TestWARC(t *testing.T) {
	thread := func(who, text string) string {
		return `<html><script type="application/ld+json">{"@type":"DiscussionForumPosting","author":{"name":"` + who + `"},"text":"` + text + `","url":"https://forum.example.org/t/1"}</script></html>`
	}
	html := "200 OK\r\nContent-Type: text/html"
	records := []string{
		"WARC/1.1\r\nWARC-Type: warcinfo\r\nContent-Length: 0\r\n\r\n\r\n\r\n",
		response("https://forum.example.org/t/1", html, thread("ana", "un mesaj")),
		response("https://forum.example.org/gone", "404 Not Found\r\nContent-Type: text/html", thread("ion", "nu")),
		response("https://forum.example.org/a.jpg", "200 OK\r\nContent-Type: image/jpeg", "\xff\xd8\xff"),
		response("https://elsewhere.example.net/t/1", html, thread("ion", "din alta parte")),
		response("https://forum.example.org/t/2", html+"\r\nContent-Encoding: gzip", gz(strings.ReplaceAll(thread("ion", "comprimat"), "/t/1", "/t/2"))),
		response("https://forum.example.org/t/3", html+"\r\nContent-Encoding: br", "xx"),
		response("https://forum.example.org/t/4", html+"\r\nTransfer-Encoding: chunked", "5\r\n<html\r\n0\r\n\r\n"),
		response("https://forum.example.org/t/5", "not http", ""),
	}
	want := []string{
		"-", "src|ana||un mesaj", "-", "-", "-", "src|ion||comprimat", `bad: record 7: the page in it is compressed with "br", want gzip or deflate`, "-",
		"bad: record 9: the answer in it is not HTTP",
	}
	o := options()
	o.Covers = covers("forum.example.org")
	for name, file := range map[string]string{
		"x.warc": warcOf(false, records...), "x.warc.gz": warcOf(true, records...), "unnamed": warcOf(true, records...), "whole.warc.gz": gz(warcOf(false, records...)),
	} {
		if d := cmp.Diff(want, all(t, name, "", strings.NewReader(file), o)); d != "" {
			t.Errorf("%s: %s", name, d)
		}
	}

	// A damaged record costs only itself where each has its own piece.
	parts := []string{gz(records[1]), gz(records[5])}
	damaged := []byte(gz(records[2]))
	damaged[len(damaged)-5] ^= 1
	got := all(t, "x.warc.gz", "", strings.NewReader(parts[0]+string(damaged)+parts[1]), o)
	if d := cmp.Diff([]string{"src|ana||un mesaj", "bad: record 2: the compressed data is damaged", "src|ion||comprimat"}, got); d != "" {
		t.Error(d)
	}

	r, err := Open("dir/x.warc", "", strings.NewReader(warcOf(false, records...)), o)
	if err != nil {
		t.Fatal(err)
	}
	_, _ = r.Next(true)
	rec, err := r.Next(false)
	if err != nil || len(rec.Posts) != 1 {
		t.Fatal(rec, err)
	}
	p := rec.Posts[0]
	if !p.CollectedAt.Equal(time.Date(2026, 10, 1, 10, 0, 0, 0, time.UTC)) || !strings.HasPrefix(p.Evidence, "file:x.warc#2;sha256:") {
		t.Errorf("collected at %v, evidence %q; want those of the record", p.CollectedAt, p.Evidence)
	}
}

func FuzzOpen(f *testing.F) {
	f.Add("x.jsonl", []byte(jsonTwo))
	f.Add("x.csv", []byte("text,author\n\"a\nb\",c\n"))
	f.Add("x.rss", []byte(rssOne))
	f.Add("x.warc.gz", []byte(warcOf(true, response("https://forum.example.org/", "200 OK", "<p>x"))))
	f.Add("x.mbox", []byte(box))
	f.Add("x.zip", []byte(zipOf(f, "a.html", "<p>x", "b.jsonl", jsonTwo)))
	f.Add("x.gz", []byte(gz(jsonTwo)))
	f.Fuzz(func(t *testing.T, name string, b []byte) {
		r, err := Open(name, "", bytes.NewReader(b), options())
		if err != nil {
			return
		}
		for range len(b) + 10 {
			rec, err := r.Next(false)
			if err != nil {
				return
			}
			for _, p := range rec.Posts {
				if p.ID == "" || strings.TrimSpace(p.Text) == "" {
					t.Errorf("a post without id or text: %+v", p)
				}
			}
		}
		t.Error("does not end")
	})
}
