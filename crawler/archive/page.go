package archive

import (
	"bufio"
	"bytes"
	"compress/flate"
	"compress/gzip"
	"compress/zlib"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	"veghe"
	"veghe/crawler"
	"veghe/crawler/evidence"
	"veghe/crawler/extract"
)

// maxPage bounds a page in a file, decoded; what is longer is cut.
const maxPage = 8 << 20

// nowhere stands for the address of a file that has none.
const nowhere = "https://import.invalid/"

// pages reads posts from pages, in the order in which they come.
type pages struct {
	o Options
	// threads has, by the address of a next page, whose conversation it goes
	// on with and how many posts stand before it.
	threads map[string]extract.Link
}

const maxThreads = 100_000

// read gives the posts of one page, or none if it is not one.
func (p *pages) read(address string, body []byte, contentType, robots string, at time.Time) ([]veghe.Post, error) {
	text, ok := crawler.Text(body, contentType)
	if !ok || len(bytes.TrimSpace(text)) == 0 {
		return nil, nil
	}
	u, err := url.Parse(address)
	if err != nil || u.Host == "" {
		return nil, errors.New("the page has no address")
	}
	if p.o.Covers != nil && !p.o.Covers(u) {
		return nil, nil
	}
	in := extract.Input{
		Source: p.o.Source, URL: address, Body: text, ContentType: contentType, Robots: robots, Hints: p.o.Hints, FetchedAt: at,
	}
	canonical, err := extract.Canonical(address, nil)
	if err != nil {
		canonical = address
	}
	if l, ok := p.threads[canonical]; ok {
		in.Thread, in.Seq = l.Thread, l.Seq
	}
	res, err := extract.Page(in)
	if err != nil {
		return nil, err
	}
	for _, l := range res.Links {
		if l.Kind == extract.Next && l.Thread != "" && len(p.threads) < maxThreads {
			p.threads[l.URL] = l
		}
	}
	for i := range res.Posts {
		res.Posts[i].CollectedAt = at
		if strings.HasPrefix(res.Posts[i].URL, nowhere) {
			res.Posts[i].URL = ""
		}
		p.o.finish(&res.Posts[i])
	}
	return res.Posts, nil
}

// captures reads the pages of a WARC file.
type captures struct {
	r     *evidence.Reader
	name  string
	pages pages
	n     int
}

func newCaptures(in io.Reader, name string, o Options) *captures {
	return &captures{r: evidence.NewReader(in, evidence.Limits{}), name: path.Base(name), pages: pages{o, map[string]extract.Link{}}}
}

func (c *captures) Next(bool) (Record, error) {
	rec, err := c.r.Next()
	c.n++
	out := Record{Where: fmt.Sprintf(": record %d", c.n)}
	if bad, ok := errors.AsType[*evidence.BadRecord](err); ok {
		out.Err = bad
		return out, nil
	}
	if err != nil {
		return out, err
	}
	out.Posts, out.Err = c.posts(rec)
	return out, nil
}

// posts are those of a record that holds a page: an answer that was a success,
// or a page without its answer.
func (c *captures) posts(rec *evidence.Record) ([]veghe.Post, error) {
	at, err := time.Parse(time.RFC3339Nano, rec.Get("WARC-Date"))
	if err != nil {
		at = c.pages.o.Now
	}
	at = at.UTC()
	address := strings.Trim(rec.Get("WARC-Target-URI"), "<>") // some tools of WARC 1.0 wrote them
	switch rec.Get("WARC-Type") {
	case "resource":
		return c.pages.read(address, rec.Block[:min(len(rec.Block), maxPage)], rec.Get("Content-Type"), "", at)
	case "response":
		if !strings.HasPrefix(address, "http") {
			return nil, nil
		}
	default:
		return nil, nil
	}
	header, body, err := answer(rec.Block)
	if err != nil || header == nil {
		return nil, err
	}
	posts, err := c.pages.read(address, body, header.Get("Content-Type"), strings.Join(header.Values("X-Robots-Tag"), ","), at)
	sum := sha256.Sum256(body)
	for i := range posts {
		posts[i].Evidence = fmt.Sprintf("file:%.100s#%d;sha256:%s", c.name, c.n, hex.EncodeToString(sum[:]))
	}
	return posts, err
}

// answer reads the header of an HTTP response and decodes its body, within
// bounds. It gives nothing for one that is not a success.
func answer(block []byte) (http.Header, []byte, error) {
	res, err := http.ReadResponse(bufio.NewReader(bytes.NewReader(block)), nil)
	if err != nil {
		return nil, nil, errors.New("the answer in it is not HTTP")
	}
	defer res.Body.Close() //nolint:errcheck // it is memory
	if res.StatusCode != http.StatusOK {
		return nil, nil, nil
	}
	var r io.Reader = res.Body
	switch coding := strings.ToLower(strings.TrimSpace(res.Header.Get("Content-Encoding"))); coding {
	case "", "identity":
	case "gzip", "x-gzip":
		if r, err = gzip.NewReader(res.Body); err != nil {
			return nil, nil, errors.New("the page in it is compressed and damaged")
		}
	case "deflate":
		head := bufio.NewReader(res.Body)
		if b, _ := head.Peek(1); len(b) == 1 && b[0]&0x0f == 8 {
			if r, err = zlib.NewReader(head); err != nil {
				return nil, nil, errors.New("the page in it is compressed and damaged")
			}
		} else {
			r = flate.NewReader(head) // as many servers misunderstand it
		}
	default:
		return nil, nil, fmt.Errorf("the page in it is compressed with %.20q, want gzip or deflate", coding)
	}
	body, err := io.ReadAll(io.LimitReader(r, maxPage))
	if err != nil && len(body) == 0 {
		return nil, nil, errors.New("the page in it cannot be read")
	}
	return res.Header, body, nil // one that was cut off is read as far as it goes
}

// feed reads the entries of a file of RSS, Atom or JSON Feed: one record.
type feed struct {
	in   io.Reader
	name string
	o    Options
	done bool
}

const maxFeed = 32 << 20

func (f *feed) Next(bool) (Record, error) {
	if f.done {
		return Record{}, io.EOF
	}
	f.done = true
	b, err := io.ReadAll(io.LimitReader(f.in, maxFeed+1))
	switch {
	case err != nil:
		return Record{}, err
	case len(b) > maxFeed:
		return Record{Err: fmt.Errorf("feed is longer than %d bytes: split it", maxFeed)}, nil
	}
	p := pages{o: f.o, threads: map[string]extract.Link{}}
	p.o.Hints.Type, p.o.Covers = extract.Feed, nil
	if p.o.Source == "" {
		p.o.Source = "import"
	}
	posts, err := p.read(nowhere+url.PathEscape(path.Base(f.name)), b, "application/xml", "", f.o.Now)
	return Record{Posts: posts, Err: err}, nil
}
