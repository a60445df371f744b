package crawler

import (
	"bytes"
	"net/url"
	"strconv"
	"strings"
	"time"
)

// robots is what a robots.txt says to us (RFC 9309).
type robots struct {
	rules []robotsRule
	delay time.Duration // Crawl-delay, not in the RFC but widely meant
	all   verdict       // when set, the rules are not asked
}

type verdict int

const (
	byRules verdict = iota
	allowAll
	denyAll
)

type robotsRule struct {
	allow   bool
	pattern string // normalised; may hold * and end in $
}

const (
	maxRobots      = 500 << 10 // bytes that are read (RFC 9309, 2.5)
	maxRobotsRules = 10_000
	maxCrawlDelay  = 30 * time.Second
)

// parseRobots reads the groups that address the product token, or those for *
// if none does. It never fails: what cannot be read is not a rule.
func parseRobots(body []byte, token string) *robots {
	p := robotsParser{token: strings.ToLower(token)}
	body = bytes.TrimPrefix(body[:min(len(body), maxRobots)], []byte("\xef\xbb\xbf"))
	for len(body) > 0 {
		line := body
		if i := bytes.IndexAny(body, "\r\n"); i >= 0 {
			line, body = body[:i], body[i+1:]
		} else {
			body = nil
		}
		p.line(string(line))
	}
	if p.named {
		return &p.ours
	}
	return &p.star
}

type robotsParser struct {
	token      string
	ours, star robots
	named      bool // some group addresses us by name

	inAgents     bool // the last line was a user-agent line
	toUs, toStar bool // whom the current group addresses
}

func (p *robotsParser) line(s string) {
	if i := strings.IndexByte(s, '#'); i >= 0 {
		s = s[:i]
	}
	key, value, ok := strings.Cut(s, ":")
	if !ok {
		return
	}
	value = strings.TrimSpace(value)
	switch strings.ToLower(strings.TrimSpace(key)) {
	case "user-agent":
		p.agent(value)
	case "allow":
		p.rule(true, value)
	case "disallow":
		p.rule(false, value)
	case "crawl-delay":
		p.crawlDelay(value)
	}
	// Other records, such as Sitemap, do not end a list of user-agents.
}

func (p *robotsParser) agent(value string) {
	if !p.inAgents {
		p.toUs, p.toStar = false, false
	}
	p.inAgents = true
	if value == "*" {
		p.toStar = true
		return
	}
	if strings.ToLower(productToken(value)) == p.token {
		p.toUs, p.named = true, true
	}
}

// productToken is the leading part of a user-agent line that can be a product
// token: "Veghe/1.0 (x)" addresses "Veghe".
func productToken(s string) string {
	end := strings.IndexFunc(s, func(r rune) bool {
		return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' && r != '_'
	})
	if end < 0 {
		return s
	}
	return s[:end]
}

// groups are the rule sets that the current group of lines belongs to.
func (p *robotsParser) groups() []*robots {
	p.inAgents = false
	var out []*robots
	if p.toUs {
		out = append(out, &p.ours)
	}
	if p.toStar {
		out = append(out, &p.star)
	}
	return out
}

func (p *robotsParser) rule(allow bool, pattern string) {
	for _, g := range p.groups() {
		// An empty pattern matches nothing: "Disallow:" allows all.
		if pattern != "" && len(g.rules) < maxRobotsRules {
			g.rules = append(g.rules, robotsRule{allow, normalPath(pattern)})
		}
	}
}

func (p *robotsParser) crawlDelay(value string) {
	s, err := strconv.ParseFloat(value, 64)
	if err != nil || !(s > 0) {
		p.groups()
		return
	}
	d := maxCrawlDelay
	if s < maxCrawlDelay.Seconds() {
		d = time.Duration(s * float64(time.Second))
	}
	for _, g := range p.groups() {
		g.delay = max(g.delay, d)
	}
}

// allows says whether an address may be fetched: the longest matching rule
// wins, and allow wins a tie (RFC 9309, 2.2.2).
func (r *robots) allows(u *url.URL) bool {
	switch r.all {
	case allowAll:
		return true
	case denyAll:
		return false
	case byRules:
	}
	path := u.EscapedPath()
	if path == "" {
		path = "/"
	}
	if path == "/robots.txt" {
		return true
	}
	if u.RawQuery != "" || u.ForceQuery {
		path += "?" + u.RawQuery // as written: the order matters to rules
	}
	path = normalPath(path)
	allowed, length := true, -1
	for _, rule := range r.rules {
		n := len(rule.pattern)
		if n < length || (n == length && (allowed || !rule.allow)) {
			continue
		}
		if matchRobots(rule.pattern, path) {
			allowed, length = rule.allow, n
		}
	}
	return allowed
}

// matchRobots matches a pattern from the start of a path; * is any sequence,
// $ at the end is the end. It takes at most len(pattern)·len(path) steps.
func matchRobots(pattern, path string) bool {
	pattern, anchored := strings.CutSuffix(pattern, "$")
	parts := strings.Split(pattern, "*")
	rest, ok := strings.CutPrefix(path, parts[0])
	if !ok {
		return false
	}
	if len(parts) == 1 {
		return !anchored || rest == ""
	}
	for _, part := range parts[1 : len(parts)-1] {
		i := strings.Index(rest, part)
		if i < 0 {
			return false
		}
		rest = rest[i+len(part):]
	}
	last := parts[len(parts)-1]
	if anchored {
		return strings.HasSuffix(rest, last)
	}
	return strings.Contains(rest, last)
}

// normalPath makes two spellings of one path equal: unreserved characters are
// not escaped, others outside ASCII are, and escapes are in upper case.
func normalPath(s string) string {
	const hex = "0123456789ABCDEF"
	var b strings.Builder
	b.Grow(len(s))
	for i := 0; i < len(s); i++ {
		c := s[i]
		switch {
		case c == '%' && i+2 < len(s) && isHex(s[i+1]) && isHex(s[i+2]):
			v := unhex(s[i+1])<<4 | unhex(s[i+2])
			if isUnreserved(v) {
				b.WriteByte(v)
			} else {
				b.WriteString(strings.ToUpper(s[i : i+3]))
			}
			i += 2
		case c <= ' ' || c >= 0x7f:
			b.WriteByte('%')
			b.WriteByte(hex[c>>4])
			b.WriteByte(hex[c&15])
		default:
			b.WriteByte(c)
		}
	}
	return b.String()
}

func isHex(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'f'
}

func unhex(c byte) byte {
	if c <= '9' {
		return c - '0'
	}
	return c | 0x20 - 'a' + 10
}

func isUnreserved(c byte) bool {
	return '0' <= c && c <= '9' || 'a' <= c|0x20 && c|0x20 <= 'z' || strings.IndexByte("-._~", c) >= 0
}
