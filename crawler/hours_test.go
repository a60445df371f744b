package crawler

import (
	"net/http"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// 2026-10-12 is a Monday; Bucharest is three hours ahead of UTC until the
// night of 25 October, when 04:00 there becomes 03:00.
func TestHours(t *testing.T) {
	utc := func(s string) time.Time {
		at, err := time.Parse("2006-01-02 15:04", s)
		if err != nil {
			t.Fatal(err)
		}
		return at
	}
	for _, tt := range []struct {
		open  string // windows, separated by ;
		at    string // UTC
		opens string // the same time: open
	}{
		{"", "2026-10-12 03:00", "2026-10-12 03:00"},
		// Every day.
		{"08:00-18:00", "2026-10-12 05:00", "2026-10-12 05:00"},
		{"08:00-18:00", "2026-10-12 04:59", "2026-10-12 05:00"},
		{"08:00-18:00", "2026-10-12 14:59", "2026-10-12 14:59"},
		{"08:00-18:00", "2026-10-12 15:00", "2026-10-13 05:00"},
		{"00:00-24:00", "2026-10-12 21:30", "2026-10-12 21:30"},
		// Past midnight.
		{"22:00-06:00", "2026-10-12 18:00", "2026-10-12 19:00"},
		{"22:00-06:00", "2026-10-12 23:00", "2026-10-12 23:00"},
		{"22:00-06:00", "2026-10-12 03:00", "2026-10-12 19:00"},
		{"fri 22:00-06:00", "2026-10-17 02:59", "2026-10-17 02:59"}, // Saturday morning belongs to Friday
		{"sat 22:00-06:00", "2026-10-17 02:59", "2026-10-17 19:00"},
		// Days.
		{"mon-fri 08:00-18:00", "2026-10-16 15:00", "2026-10-19 05:00"},
		{"Sat,Sun 10:00 - 12:00", "2026-10-12 00:00", "2026-10-17 07:00"},
		{"fri-mon 08:00-09:00", "2026-10-13 00:00", "2026-10-16 05:00"},
		{"mon 08:00-09:00", "2026-10-12 06:00", "2026-10-19 05:00"},
		{"mon 08:00-09:00; wed 08:00-09:00", "2026-10-12 06:00", "2026-10-14 05:00"},
		// The clock is set back: the hour that comes twice counts twice.
		{"sun 03:00-04:00", "2026-10-25 00:30", "2026-10-25 00:30"},
		{"sun 03:00-04:00", "2026-10-25 01:30", "2026-10-25 01:30"},
		{"sun 03:00-04:00", "2026-10-25 02:00", "2026-11-01 01:00"},
	} {
		t.Run(tt.open+" at "+tt.at, func(t *testing.T) {
			h := Hours{Zone: "Europe/Bucharest"}
			for w := range strings.SplitSeq(tt.open, ";") {
				if w != "" {
					h.Open = append(h.Open, w)
				}
			}
			s, err := h.schedule()
			if err != nil {
				t.Fatal(err)
			}
			if got, want := s.opens(utc(tt.at)), utc(tt.opens); !got.Equal(want) {
				t.Errorf("opens %v, want %v", got.UTC(), want)
			}
		})
	}
}

func TestHoursMistakes(t *testing.T) {
	for _, tt := range []struct {
		h    Hours
		want string
	}{
		{Hours{Open: []string{"08:00-18:00"}}, "zone is missing"},
		{Hours{Zone: "Mars"}, "such as Europe/Bucharest"},
		{Hours{Zone: "Local"}, "such as Europe/Bucharest"},
		{Hours{Zone: "UTC", Open: []string{"8-18"}}, `want such as "08:00-18:00"`},
		{Hours{Zone: "UTC", Open: []string{"08:00-25:00"}}, "from 00:00 to 24:00"},
		{Hours{Zone: "UTC", Open: []string{"24:00-08:00"}}, "from 00:00 to 24:00"},
		{Hours{Zone: "UTC", Open: []string{"08:00-08:00"}}, "all day is 00:00-24:00"},
		{Hours{Zone: "UTC", Open: []string{"monday 08:00-09:00"}}, "want days of mon"},
		{Hours{Zone: "UTC", Open: make([]string, 51)}, "at most 50"},
	} {
		if err := tt.h.Validate(); err == nil || !strings.Contains(err.Error(), tt.want) {
			t.Errorf("%v: %v, want it to say %q", tt.h, err, tt.want)
		}
	}
}

// When the hours end in the middle of a visit, nothing more is sent; when they
// begin again, the visit goes on where it was.
func TestClosing(t *testing.T) {
	var at atomic.Int64
	closing := time.Date(2026, 10, 12, 18, 0, 0, 0, time.UTC)
	at.Store(closing.Add(-time.Minute).UnixNano())
	routes := siteOf(10, 1)
	routes["/t3"] = func(w http.ResponseWriter, r *http.Request) {
		at.CompareAndSwap(closing.Add(-time.Minute).UnixNano(), closing.UnixNano()) // time flies
		html("%s", post("p3-0", "ana", "text 3-0"))(w, r)
	}
	b := serve(t, routes)
	s := local(b.URL + "/")
	s.Concurrency, s.Hours = 1, Hours{Open: []string{"08:00-18:00"}, Zone: "UTC"}
	cfg := config(s)
	cfg.Now = func() time.Time { return time.Unix(0, at.Load()) }
	c := open(t, cfg)
	var got collector
	st := once(t, c, got.sink)
	if last := got.take(); len(last) != 4 || last[3] != "text 3-0" {
		t.Errorf("posts %v, want those up to the fourth thread", last)
	}
	if want := closing.Add(14 * time.Hour); !st.OpensAt.Equal(want) {
		t.Errorf("opens at %v, want %v", st.OpensAt, want)
	}
	asked := len(b.pages())
	if once(t, c, got.sink); len(b.pages()) != asked {
		t.Errorf("asked for %v outside the hours", b.pages())
	}
	at.Store(closing.Add(14 * time.Hour).UnixNano())
	st = once(t, c, got.sink)
	if diff := cmp.Diff(6, len(got.take())); diff != "" {
		t.Errorf("posts on the next day (-want +got):\n%s", diff)
	}
	if !st.OpensAt.IsZero() {
		t.Errorf("still said to open at %v", st.OpensAt)
	}
}

// A source has so many pages a day, and a restart does not give it more.
func TestPagesPerDay(t *testing.T) {
	at := time.Date(2026, 10, 12, 23, 30, 0, 0, time.UTC) // in Bucharest it is the 13th
	b := serve(t, siteOf(10, 1))
	s := local(b.URL + "/")
	s.PagesPerDay, s.Hours.Zone = 4, "Europe/Bucharest"
	cfg := config(s)
	cfg.Dir = t.TempDir()
	cfg.Now = func() time.Time { return at }
	var got collector
	for day, want := range []int{3, 3, 3, 1} { // the list itself is one
		for try := range 2 {
			c := open(t, cfg)
			st := once(t, c, got.sink)
			if err := c.Close(); err != nil {
				t.Fatal(err)
			}
			if try == 1 {
				want = 0
			}
			if posts := got.take(); day < 3 && len(posts) != want {
				t.Errorf("day %d, try %d: posts %v, want %d", day+1, try+1, posts, want)
			}
			if wantOpens := time.Date(2026, 10, 13+day, 21, 0, 0, 0, time.UTC); day < 3 && (st.SpentToday != 4 || !st.OpensAt.Equal(wantOpens)) {
				t.Errorf("day %d: %d pages spent, opens at %v, want 4 and %v", day+1, st.SpentToday, st.OpensAt.UTC(), wantOpens)
			}
		}
		at = at.Add(24 * time.Hour)
	}
	if n := len(b.pages()); n != 11 {
		t.Errorf("%d pages were asked for in the end, want all 11", n)
	}
}
