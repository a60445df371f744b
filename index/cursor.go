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
	Values []string `json:"v"` // the numbers of a key, and its id
}

var errCursor = errors.New("the page mark is not one of this search")

const maxCursor = 4000 // bytes

func (r *request) cursor(k key) string {
	values := make([]string, 0, keyNumbers+1)
	for _, n := range k.numbers {
		values = append(values, strconv.FormatInt(n, 10))
	}
	b, err := json.Marshal(cursor{Query: r.fingerprint(), Values: append(values, k.id)})
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

func readCursor(s, fingerprint string) (*key, error) {
	if len(s) > maxCursor {
		return nil, errCursor
	}
	b, err := base64.RawURLEncoding.DecodeString(s)
	if err != nil {
		return nil, errCursor
	}
	var c cursor
	if err := json.Unmarshal(b, &c); err != nil || c.Query != fingerprint || len(c.Values) != keyNumbers+1 {
		return nil, errCursor
	}
	k := key{id: c.Values[keyNumbers]}
	for i := range k.numbers {
		if k.numbers[i], err = strconv.ParseInt(c.Values[i], 10, 64); err != nil {
			return nil, errCursor
		}
	}
	return &k, nil
}
