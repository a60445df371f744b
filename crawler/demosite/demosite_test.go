package demosite

import (
	"io"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"
	"time"
)

var start = time.Date(2026, 11, 1, 12, 0, 0, 0, time.UTC)

func get(t *testing.T, s *Site, path string) (int, string) {
	t.Helper()
	w := httptest.NewRecorder()
	s.ServeHTTP(w, httptest.NewRequest(http.MethodGet, path, nil))
	b, err := io.ReadAll(w.Body)
	if err != nil {
		t.Fatal(err)
	}
	return w.Code, string(b)
}

// follow collects the links of a list over all its pages.
func follow(t *testing.T, s *Site, path string) []string {
	t.Helper()
	item, next := regexp.MustCompile(`class="item" href="([^"]+)"`), regexp.MustCompile(`rel="next" href="([^"]+)"`)
	var out []string
	for path != "" {
		_, body := get(t, s, path)
		for _, m := range item.FindAllStringSubmatch(body, -1) {
			out = append(out, m[1])
		}
		path = ""
		if m := next.FindStringSubmatch(body); m != nil {
			path = m[1]
		}
	}
	return out
}

func TestEverythingIsReachable(t *testing.T) {
	s := New(Options{Now: func() time.Time { return start }})
	ads, threads := follow(t, s, AdsPath), follow(t, s, ForumPath)
	if got := len(ads); got < 100 {
		t.Errorf("%d ads are reachable, want 100 or more", got)
	}
	if got := len(threads); got < 20 {
		t.Errorf("%d threads are reachable, want 20 or more", got)
	}
	if got := s.Posts(); got < 200 {
		t.Errorf("the site has %d posts, want a few hundred", got)
	}
	for _, path := range append(ads, threads...) {
		if code, _ := get(t, s, path); code != http.StatusOK {
			t.Errorf("%s answers %d", path, code)
		}
	}
}

func TestShape(t *testing.T) {
	s := New(Options{Now: func() time.Time { return start }})
	for _, tc := range []struct{ name, path, want string }{
		{"robots.txt closes the staff part", "/robots.txt", "Disallow: /forum/staff/"},
		{"ads carry structured data", follow(t, s, AdsPath)[0], `"@context":"https://schema.org"`},
		{"quotations are marked", "/forum/thread/100", "<blockquote><cite>tudor84</cite>"},
		{"the feed is RSS", FeedPath, "<rss version="},
	} {
		t.Run(tc.name, func(t *testing.T) {
			if _, body := get(t, s, tc.path); !strings.Contains(body, tc.want) {
				t.Errorf("%s lacks %q", tc.path, tc.want)
			}
		})
	}
}

func TestForbiddenVisitsAreCounted(t *testing.T) {
	s := New(Options{})
	get(t, s, ForbiddenPath)
	get(t, s, "/photo.jpg")
	if all, forbidden, media := s.Visits(); all != 2 || forbidden != 1 || media != 1 {
		t.Errorf("counted %d visits, %d forbidden, %d media, want 2, 1, 1", all, forbidden, media)
	}
}

func TestPostsKeepArriving(t *testing.T) {
	now := start
	s := New(Options{Pace: time.Minute, Now: func() time.Time { return now }})
	last := s.Posts()
	for i := range 2 * heldBack {
		now = now.Add(time.Minute)
		if got := s.Posts(); got <= last {
			t.Errorf("minute %d: %d posts, want more than %d", i+1, got, last)
		}
		last = s.Posts()
	}
	if all := New(Options{Now: func() time.Time { return start }}).Posts(); last != all {
		t.Errorf("in the end %d posts, want all %d", last, all)
	}
}
