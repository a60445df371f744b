package crawler

import (
	"net/url"
	"strings"
	"testing"
	"time"
)

func parseURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	if err != nil {
		t.Fatal(err)
	}
	return u
}

func TestRobotsRules(t *testing.T) {
	for _, tt := range []struct {
		name, robots string
		allowed      string // paths, separated by spaces
		denied       string
	}{
		{"nothing", "", "/ /a", ""},
		{"a prefix", "User-agent: *\nDisallow: /a", "/ /b /A", "/a /a/b /ab /a?x"},
		{"an empty rule allows all", "User-agent: *\nDisallow:", "/ /a", ""},
		{"the longest rule wins, in any order", "User-agent: *\nAllow: /a/b\nDisallow: /a", "/a/b /a/b/c", "/a /a/c"},
		{"allow wins a tie", "User-agent: *\nDisallow: /a\nAllow: /a", "/a", ""},
		{"stars and the end", "User-agent: *\nDisallow: /*.php$\nDisallow: /s/*/t", "/a.php5 /s/t", "/a.php /b/c.php /s/x/t /s/x/y/tz"},
		{"a query, in the order of the rule", "User-agent: *\nDisallow: /*?b=1&a=2", "/x?a=2&b=1", "/x?b=1&a=2"},
		{"percent signs in either spelling", "User-agent: *\nDisallow: /%7ea\nDisallow: /\u0103", "/b", "/~a /%7Ea /%C4%83"},
		{"our group beats the star", "User-agent: *\nDisallow: /\n\nUser-agent: veghe\nDisallow: /a", "/ /b", "/a"},
		{"case and version do not matter", "user-AGENT: VEGHE/2.0\ndisAllow : /a", "/b", "/a"},
		{"a longer name is not ours", "User-agent: vegheta\nDisallow: /", "/a", ""},
		{"groups for us add up", "User-agent: veghe\nDisallow: /a\n\nUser-agent: x\nDisallow: /x\n\nUser-agent: veghe\nDisallow: /b", "/x", "/a /b"},
		{"several names share a group", "User-agent: x\nUser-agent: veghe\nDisallow: /a", "/b", "/a"},
		{"other records do not end a list of names", "User-agent: veghe\nSitemap: http://x/\nUser-agent: x\nDisallow: /a", "", "/a"},
		{"rules before any group belong to nobody", "Disallow: /", "/a", ""},
		{"comments, carriage returns, a byte order mark", "\xef\xbb\xbfUser-agent: * # all\r\nDisallow: /a # secret\r\rDisallow: /b", "/c", "/a /b"},
		{"robots.txt itself may always be read", "User-agent: *\nDisallow: /", "/robots.txt", "/"},
		{"what cannot be read is no rule", "User-agent: *\nDisallow /a\nnoise\n: x\nDisallow: /b", "/a", "/b"},
	} {
		t.Run(tt.name, func(t *testing.T) {
			r := parseRobots([]byte(tt.robots), product)
			for p := range strings.FieldsSeq(tt.allowed) {
				if !r.allows(parseURL(t, "http://x"+p)) {
					t.Errorf("%s is denied, want allowed", p)
				}
			}
			for p := range strings.FieldsSeq(tt.denied) {
				if r.allows(parseURL(t, "http://x"+p)) {
					t.Errorf("%s is allowed, want denied", p)
				}
			}
		})
	}
}

func TestCrawlDelay(t *testing.T) {
	for value, want := range map[string]time.Duration{
		"3": 3 * time.Second, "0.5": 500 * time.Millisecond, "9999": maxCrawlDelay, "1e300": maxCrawlDelay,
		"-1": 0, "": 0, "x": 0, "NaN": 0, "Inf": maxCrawlDelay,
	} {
		if got := parseRobots([]byte("User-agent: *\nCrawl-delay: "+value), product).delay; got != want {
			t.Errorf("Crawl-delay %q is %v, want %v", value, got, want)
		}
	}
}

// Whatever the file says, parsing ends, and a rule that names a plain path
// denies that path.
func FuzzRobots(f *testing.F) {
	f.Add("User-agent: *\nDisallow: /a*b$\nAllow: /", "/axb")
	f.Add("User-agent: veghe\nCrawl-delay: 1\nDisallow: /%zz", "/%zz")
	f.Add("\xef\xbb\xbfuser-agent:*\rdisallow:/", "/?")
	f.Fuzz(func(t *testing.T, file, path string) {
		u := &url.URL{Scheme: "http", Host: "x", Path: path}
		parseRobots([]byte(file), product).allows(u)
		if path == "" || path[0] != '/' || path == "/robots.txt" || strings.ContainsAny(u.EscapedPath(), "*$") {
			return
		}
		all := parseRobots([]byte(file+"\n\nUser-agent: veghe\nDisallow: "+u.EscapedPath()), product)
		if len(file) > maxRobots/2 || strings.Contains(strings.ToLower(file), "allow") {
			return
		}
		if all.allows(u) {
			t.Errorf("%q is allowed although disallowed by name", path)
		}
	})
}
