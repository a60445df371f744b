package crawler

import (
	"net/url"
)

// Text decodes a page to UTF-8 as the crawler does for what it fetches, and
// says whether it is one: media is not, under whatever name.
func Text(body []byte, contentType string) (text []byte, ok bool) {
	if !isText(contentType) || isBinary(body) {
		return nil, false
	}
	text, _ = toUTF8(body, contentType)
	return text, true
}

// Scope says for a source which addresses belong to it: its purpose and legal
// basis cover no others.
func Scope(s Source) (func(*url.URL) bool, error) {
	site, err := newSite(s)
	if err != nil {
		return nil, err
	}
	return func(u *url.URL) bool { return site.inScope(u) && !isMediaURL(u) }, nil
}
