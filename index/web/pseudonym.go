package web

import (
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"strings"

	"veghe"
	"veghe/index"
)

// pseudonyms gives authors names that say nothing about them but are the same
// wherever the author appears in a source.
type pseudonyms struct{ key []byte }

// of is a pseudonym such as "author-3f9a1c0b77de", or "" for no author.
func (p pseudonyms) of(source veghe.SourceID, author veghe.AuthorID) veghe.AuthorID {
	if author == "" {
		return ""
	}
	mac := hmac.New(sha256.New, p.key)
	mac.Write([]byte(string(source) + "\x1f" + string(author)))
	return veghe.AuthorID("author-" + hex.EncodeToString(mac.Sum(nil)[:6]))
}

// short is the part of a pseudonym that is shown in a list: "3f9a".
func (p pseudonyms) short(source veghe.SourceID, author veghe.AuthorID) string {
	s := strings.TrimPrefix(string(p.of(source, author)), "author-")
	return s[:min(4, len(s))]
}

// hide returns the hit with its handles replaced by pseudonyms.
func (p pseudonyms) hide(h index.Hit) index.Hit {
	h.Post.Author = p.of(h.Post.Source, h.Post.Author)
	quotes := make([]veghe.Quote, len(h.Post.Quotes))
	for i, q := range h.Post.Quotes {
		q.Author = p.of(h.Post.Source, q.Author)
		quotes[i] = q
	}
	if len(quotes) > 0 {
		h.Post.Quotes = quotes
	}
	// Nobody here knows whether a newer version's fields name the author.
	h.Post.More, h.Assessment.More, h.More = nil, nil, nil
	return h
}

// defang makes an address that nobody can follow by accident.
func defang(s string) string {
	s = strings.Replace(s, "https://", "hxxps://", 1)
	s = strings.Replace(s, "http://", "hxxp://", 1)
	s = strings.ReplaceAll(s, "@", "[@]")
	return strings.ReplaceAll(s, ".", "[.]")
}
