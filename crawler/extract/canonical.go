package extract

import (
	"errors"
	"fmt"
	"net/url"
	"regexp"
	"strings"
)

// maxURL is the longest address that is taken from a page, in bytes.
const maxURL = 2048

// sessionKeys are query parameters that say who asks or where a link was
// seen, never which page is meant. Keys that merely sort or filter stay: what
// they mean differs from site to site.
var sessionKeys = map[string]bool{
	"sid": true, "phpsessid": true, "jsessionid": true, "aspsessionid": true, "sessionid": true, "session_id": true,
	"fbclid": true, "gclid": true, "dclid": true, "msclkid": true, "yclid": true, "igshid": true,
	"mc_cid": true, "mc_eid": true, "_ga": true, "my_post_key": true, "replytocom": true, "highlight": true,
}

var (
	pathSession = regexp.MustCompile(`(?i);(jsessionid|phpsessid|sid)=[^/?;]*`)
	hexSession  = regexp.MustCompile(`^[0-9a-fA-F]{32}$`)
)

// Canonical gives the one spelling of an http or https address by which a
// page is known: absolute, host in lower case, no default port, no fragment,
// no session or tracking parameters. The order of the other parameters stays,
// since robots.txt rules may depend on it. A relative address is resolved
// against base, which may be nil.
func Canonical(raw string, base *url.URL) (string, error) {
	u, err := resolve(raw, base)
	if err != nil {
		return "", err
	}
	u.Fragment, u.RawFragment = "", ""
	return u.String(), nil
}

// nativeURL is Canonical with the fragment, which often tells posts apart.
func nativeURL(raw string, base *url.URL) (string, error) {
	u, err := resolve(raw, base)
	if err != nil {
		return "", err
	}
	return u.String(), nil
}

func resolve(raw string, base *url.URL) (*url.URL, error) {
	raw = strings.TrimSpace(raw)
	if len(raw) > maxURL {
		return nil, fmt.Errorf("address is %d bytes, want at most %d", len(raw), maxURL)
	}
	u, err := url.Parse(raw)
	if err != nil {
		return nil, errors.New("not an address")
	}
	if base != nil {
		u = base.ResolveReference(u)
	}
	switch {
	case u.Scheme != "http" && u.Scheme != "https":
		return nil, errors.New("not an http or https address")
	case u.Hostname() == "" || u.User != nil || u.Opaque != "":
		return nil, errors.New("not the address of a public page")
	}
	u.Host = strings.ToLower(u.Host)
	if (u.Scheme == "http" && u.Port() == "80") || (u.Scheme == "https" && u.Port() == "443") {
		u.Host = u.Host[:strings.LastIndexByte(u.Host, ':')]
	}
	if strings.Contains(u.Path, ";") {
		u.Path, u.RawPath = pathSession.ReplaceAllString(u.Path, ""), ""
	}
	if u.Path == "" {
		u.Path = "/"
	}
	u.RawQuery, u.ForceQuery = withoutSession(u.RawQuery), false
	if len(u.String()) > maxURL {
		return nil, fmt.Errorf("address is longer than %d bytes", maxURL)
	}
	return u, nil
}

// withoutSession drops the parameters of sessions from a raw query.
func withoutSession(q string) string {
	if q == "" {
		return ""
	}
	var kept []string
	for pair := range strings.SplitSeq(q, "&") {
		key, value, _ := strings.Cut(pair, "=")
		key = strings.ToLower(key)
		session := sessionKeys[key] || strings.HasPrefix(key, "utm_") || (key == "s" && hexSession.MatchString(value))
		if pair != "" && !session {
			kept = append(kept, pair)
		}
	}
	return strings.Join(kept, "&")
}
