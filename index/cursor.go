package index

import (
	"crypto/sha256"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"strconv"
)

// cursor is where a page ended. It is given out as text and comes back from
// outside: it is only ever used as values to compare with.
type cursor struct {
	Query  string   `json:"q"` // fingerprint of what it belongs to
	Values []string `json:"v"` // one per sort key; the last is the id
}

var errCursor = errors.New("the page mark is not one of this search")

const maxCursor = 4000 // bytes

func (r *request) cursor(values []string) string {
	b, err := json.Marshal(cursor{Query: r.fingerprint(), Values: values})
	if err != nil { // strings always encode
		return ""
	}
	return base64.RawURLEncoding.EncodeToString(b)
}

// fingerprint tells searches apart whose pages do not fit together.
func (r *request) fingerprint() string {
	text := ""
	if r.expr != nil {
		text = r.expr.String()
	}
	_, plain := r.plain()
	h := sha256.Sum256(fmt.Appendf(nil, "%q %s %t %t %q", text, r.order, r.query.All, plain, r.query.Sources))
	return hex.EncodeToString(h[:8])
}

func readCursor(s, fingerprint string) (*cursor, error) {
	if len(s) > maxCursor {
		return nil, errCursor
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, errCursor
	}
	var c cursor
	if err := json.Unmarshal(b, &c); err != nil || c.Query != fingerprint || len(c.Values) < 2 || len(c.Values) > 4 {
		return nil, errCursor
	}
	return &c, nil
}

// numbers are the values of a cursor of the store: n of them, all but the last
// whole numbers.
func (c *cursor) numbers(n int) ([]any, error) {
	if len(c.Values) != n {
		return nil, errCursor
	}
	out := make([]any, n)
	for i, v := range c.Values[:n-1] {
		x, err := strconv.ParseInt(v, 10, 64)
		if err != nil {
			return nil, errCursor
		}
		out[i] = x
	}
	out[n-1] = c.Values[n-1]
	return out, nil
}
