package extract

import "veghe"

// Markup gives the text of a piece of HTML, and apart from it the words of
// others that it cites. Plain text passes as it is.
func Markup(s string) (text string, quotes []veghe.Quote) {
	text, found := fromMarkup(s)
	for _, q := range found {
		quotes = append(quotes, veghe.Quote{Author: veghe.AuthorID(q.author), Text: q.text})
	}
	return text, quotes
}
