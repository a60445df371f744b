package crawler

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
)

// talk is a site whose threads can be changed: pages of posts by thread.
type talk struct {
	mu      sync.Mutex // guards the rest
	pages   map[string][]string
	removed map[string]http.HandlerFunc
}

func (s *talk) set(path string, posts ...string) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.pages[path] = posts
}

func (s *talk) answer(path string, h http.HandlerFunc) {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.removed[path] = h
}

// serveTalk serves threads by path; /t1 goes on at /t1p2 and /t1p3.
func serveTalk(t *testing.T, s *talk) *board {
	t.Helper()
	page := func(path string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			s.mu.Lock()
			defer s.mu.Unlock()
			if h := s.removed[path]; h != nil {
				h(w, r)
				return
			}
			var body strings.Builder
			for _, p := range s.pages[path] {
				id, text, _ := strings.Cut(p, ":")
				body.WriteString(post(id, "ana", strings.TrimSpace(text)))
			}
			next := map[string]string{"/t1": "/t1p2", "/t1p2": "/t1p3"}[path]
			if len(s.pages[next]) > 0 {
				fmt.Fprintf(&body, `<a class="next" href="%s">next</a>`, next)
			}
			html("%s", body.String())(w, r)
		}
	}
	routes := map[string]http.HandlerFunc{"/": func(w http.ResponseWriter, r *http.Request) {
		s.mu.Lock()
		defer s.mu.Unlock()
		rows := ""
		for _, path := range []string{"/t1", "/t2"} {
			if len(s.pages[path]) > 0 {
				rows += fmt.Sprintf(`<div class="row"><a href="%s">t</a></div>`, path)
			}
		}
		html("%s", rows)(w, r)
	}}
	for _, path := range []string{"/t1", "/t1p2", "/t1p3", "/t2"} {
		routes[path] = page(path)
	}
	return serve(t, routes)
}

// follower visits a talk hour by hour and notes what it is told, by text.
type follower struct {
	*testing.T
	c     *Crawler
	at    time.Time
	texts map[veghe.PostID]string
	told  []string
	fail  error
}

// followed is a talk that was visited once, and its follower.
func followed(t *testing.T) (*talk, *follower) {
	t.Helper()
	s := newTalk()
	b := serveTalk(t, s)
	f := &follower{T: t, at: time.Date(2026, 10, 12, 9, 0, 0, 0, time.UTC), texts: map[veghe.PostID]string{}}
	src := local(b.URL + "/")
	src.Every, src.Concurrency = Duration(time.Hour), 1
	cfg := config(src)
	cfg.Now = func() time.Time { return f.at }
	cfg.Changes = func(_ context.Context, changes []veghe.Change) error {
		if f.fail != nil {
			return f.fail
		}
		for _, c := range changes {
			line := fmt.Sprintf("%s %s", c.Kind, f.texts[c.Post])
			if c.Kind != veghe.Back {
				line += fmt.Sprintf(" since hour %d", int(c.Since.Sub(f.at)/time.Hour))
			}
			if c.As != "" {
				line += " as " + f.texts[c.As]
			}
			f.told = append(f.told, line)
		}
		return nil
	}
	f.c = open(t, cfg)
	f.later(1)
	return s, f
}

// later lets thirty days pass, and then so many hours with a visit in each.
func (f *follower) later(hours int) {
	f.Helper()
	f.at = f.at.Add(30 * 24 * time.Hour)
	for range hours {
		f.at = f.at.Add(time.Hour)
		once(f.T, f.c, func(_ context.Context, posts []veghe.Post) error {
			for _, p := range posts {
				f.texts[p.ID] = p.Text
			}
			return nil
		})
	}
}

func (f *follower) want(want ...string) {
	f.Helper()
	slices.Sort(f.told)
	if diff := cmp.Diff(want, f.told); diff != "" {
		f.Errorf("told (-want +got):\n%s", diff)
	}
	f.told = nil
}

func newTalk() *talk {
	s := &talk{pages: map[string][]string{}, removed: map[string]http.HandlerFunc{}}
	s.set("/t1", "p1: one", "p2: two")
	s.set("/t1p2", "p3: three", "p4: four")
	s.set("/t1p3", "p5: five")
	s.set("/t2", "q1: only")
	return s
}

// A thread that answers 404, and still does an hour later, is gone.
func TestPageGone(t *testing.T) {
	for name, answer := range map[string]http.HandlerFunc{
		"404":                  http.NotFound,
		"410":                  func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(http.StatusGone) },
		"a redirect to a list": redirect("/"),
	} {
		t.Run(name, func(t *testing.T) {
			s, f := followed(t)
			s.answer("/t2", answer)
			f.later(1)
			f.want() // it may be a mistake of the site
			f.later(1)
			f.want("gone only since hour -721")
			f.later(3)
			f.want()
			s.answer("/t2", nil)
			f.later(1)
			f.want("back only")
		})
	}
}

// What pages show after a change, and who is told of it.
func TestGoneOrNot(t *testing.T) {
	for name, tt := range map[string]struct {
		change func(s *talk, f *follower)
		want   []string
	}{
		"a page that is not there once, or in trouble, is not gone": {
			change: func(s *talk, f *follower) {
				s.answer("/t2", http.NotFound)
				f.later(1)
				s.answer("/t2", nil)
				f.later(2)
				s.answer("/t2", func(w http.ResponseWriter, _ *http.Request) { w.WriteHeader(403) })
				f.later(2)
			},
		},
		// Also across pages, and although the last page is no longer there.
		"one post is deleted and all that follow move up: only that one is gone": {
			change: func(s *talk, f *follower) {
				s.set("/t1", "p1: one", "p3: three")
				s.set("/t1p2", "p4: four", "p5: five")
				s.set("/t1p3")
				s.answer("/t1p3", http.NotFound)
				f.later(3)
			},
			want: []string{"gone two since hour 0"},
		},
		"a page turned into pages of another size": {
			change: func(s *talk, f *follower) {
				s.set("/t1", "p1: one")
				s.set("/t1p2", "p2: two", "p3: three")
				s.set("/t1p3", "p4: four", "p5: five")
				f.later(3)
			},
		},
		// Its layout may have changed, or it wants a log-in now.
		"a page that lost all of its posts says nothing about them": {
			change: func(s *talk, f *follower) {
				s.answer("/t1", html("<p>please log in</p>"))
				s.answer("/t2", html("%s", post("z9", "dan", "another thread altogether")))
				f.later(3)
			},
		},
	} {
		t.Run(name, func(t *testing.T) {
			s, f := followed(t)
			tt.change(s, f)
			f.want(tt.want...)
		})
	}
}

// A deleted post is put up once more.
func TestSaidAgain(t *testing.T) {
	s, f := followed(t)
	s.set("/t1", "p1: one", "p9: nine")
	s.set("/t1p2", "p3: three", "p4: four")
	f.later(2)
	f.want("gone two since hour 0")
	s.set("/t2", "q1: only", "q2: two")
	f.fail = errors.New("disk full")
	f.later(1)
	f.want()
	f.fail = nil
	f.later(1)
	f.want("again two since hour -1443 as two")
	f.later(1)
	f.want()
}
