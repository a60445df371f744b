package crawler

import (
	"errors"
	"fmt"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"time"
)

// Hours are when a source may be visited. The zero value is always. What is
// asked for when they end is still read; nothing more is sent.
type Hours struct {
	// Open are windows such as "22:00-06:00", "mon-fri 08:00-18:00" or
	// "sat,sun 00:00-24:00". One that ends before it begins ends on the next
	// day, and belongs to the day on which it begins.
	Open []string `json:"open,omitempty" yaml:"open,omitempty"`
	// Zone is the place whose clock is meant, such as Europe/Bucharest. A
	// day of PagesPerDay is one there too; without a zone it is one of UTC.
	Zone string `json:"zone,omitempty" yaml:"zone,omitempty"`
}

const (
	maxWindows   = 50
	minutesOfDay = 24 * 60
)

// Validate reports everything that is wrong with the hours.
func (h Hours) Validate() error {
	_, err := h.schedule()
	return err
}

// schedule makes hours ready to be asked.
func (h Hours) schedule() (schedule, error) {
	s := schedule{zone: time.UTC}
	var errs []error
	if h.Zone != "" {
		zone, err := time.LoadLocation(h.Zone)
		if err != nil || h.Zone == "Local" {
			errs = append(errs, fmt.Errorf("hours: zone is %.60q, want a name such as Europe/Bucharest", h.Zone))
		} else {
			s.zone = zone
		}
	} else if len(h.Open) > 0 {
		errs = append(errs, errors.New("hours: zone is missing: say whose clock is meant, such as Europe/Bucharest"))
	}
	if len(h.Open) > maxWindows {
		return s, fmt.Errorf("hours: open has %d windows, want at most %d", len(h.Open), maxWindows)
	}
	for _, text := range h.Open {
		w, err := parseWindow(text)
		if err != nil {
			errs = append(errs, fmt.Errorf("hours: open has %.60q, %w", text, err))
			continue
		}
		s.windows = append(s.windows, w)
	}
	return s, errors.Join(errs...)
}

// schedule answers when a source may be visited. Without windows it always
// may.
type schedule struct {
	zone    *time.Location
	windows []window
}

// window is a stretch of the day, on some days of the week. If it goes past
// midnight, to is more than the minutes of a day.
type window struct {
	days     [7]bool // by time.Weekday
	from, to int     // minutes since midnight
}

var windowForm = regexp.MustCompile(`^(?:([a-z,-]+)\s+)?(\d{1,2}):(\d\d)\s*-\s*(\d{1,2}):(\d\d)$`)

func parseWindow(text string) (window, error) {
	m := windowForm.FindStringSubmatch(strings.ToLower(strings.TrimSpace(text)))
	if m == nil {
		return window{}, errors.New(`want such as "08:00-18:00" or "mon-fri 22:00-06:00"`)
	}
	w := window{from: minutes(m[2], m[3]), to: minutes(m[4], m[5])}
	switch {
	case w.from < 0 || w.from >= minutesOfDay || w.to < 0:
		return w, errors.New("want times from 00:00 to 24:00")
	case w.from == w.to:
		return w, errors.New("want an end other than the beginning; all day is 00:00-24:00")
	case w.to < w.from:
		w.to += minutesOfDay
	}
	var err error
	w.days, err = parseDays(m[1])
	return w, err
}

// minutes since midnight, or -1.
func minutes(hour, minute string) int {
	h, _ := strconv.Atoi(hour)   // digits, by the form
	m, _ := strconv.Atoi(minute) // digits, by the form
	if m > 59 || h*60+m > minutesOfDay {
		return -1
	}
	return h*60 + m
}

var weekdays = []string{"sun", "mon", "tue", "wed", "thu", "fri", "sat"}

// parseDays reads such as "mon-fri,sun"; nothing is every day.
func parseDays(text string) (days [7]bool, err error) {
	if text == "" {
		return [7]bool{true, true, true, true, true, true, true}, nil
	}
	for part := range strings.SplitSeq(text, ",") {
		first, last, isRange := strings.Cut(part, "-")
		a, b := slices.Index(weekdays, first), slices.Index(weekdays, last)
		if !isRange {
			b = a
		}
		if a < 0 || b < 0 {
			return days, errors.New("want days of mon, tue, wed, thu, fri, sat, sun")
		}
		for d := a; ; d = (d + 1) % 7 {
			days[d] = true
			if d == b {
				break
			}
		}
	}
	return days, nil
}

// open says whether a source may be visited at a time.
func (s schedule) open(at time.Time) bool {
	if len(s.windows) == 0 {
		return true
	}
	t := at.In(s.zone)
	minute, today := t.Hour()*60+t.Minute(), t.Weekday()
	yesterday := (today + 6) % 7
	for _, w := range s.windows {
		if w.days[today] && w.from <= minute && minute < w.to || w.days[yesterday] && minute+minutesOfDay < w.to {
			return true
		}
	}
	return false
}

// opens is the first time from at on when a source may be visited. It asks
// minute by minute, which is right across changes of the clock too, and takes
// a millisecond or two for a whole week.
func (s schedule) opens(at time.Time) time.Time {
	if s.open(at) {
		return at
	}
	at = at.Truncate(time.Minute)
	for range 8 * minutesOfDay {
		if at = at.Add(time.Minute); s.open(at) {
			return at
		}
	}
	return at
}

// day names the day of a time, for what is counted by the day.
func (s schedule) day(at time.Time) string { return at.In(s.zone).Format(time.DateOnly) }

// nextDay is when the day after that of a time begins.
func (s schedule) nextDay(at time.Time) time.Time {
	y, m, d := at.In(s.zone).Date()
	return time.Date(y, m, d+1, 0, 0, 0, 0, s.zone)
}
