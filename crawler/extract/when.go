package extract

import (
	"regexp"
	"strconv"
	"strings"
	"time"
	_ "time/tzdata" // time zones on machines that have none
)

// clock reads the times that pages write.
type clock struct {
	now    time.Time
	loc    *time.Location
	layout string // tried first, if given
}

// when is a time with how it was told: a time told as "5 minutes ago" differs
// from visit to visit and must not be part of an identity.
type when struct {
	time.Time
	exact bool
}

var machineLayouts = []string{
	time.RFC3339Nano, "2006-01-02T15:04:05.999999999Z0700", "2006-01-02T15:04:05.999999999", "2006-01-02T15:04",
	"2006-01-02 15:04:05Z07:00", "2006-01-02 15:04:05 -0700", "2006-01-02 15:04:05", "2006-01-02 15:04", time.DateOnly,
	time.RFC1123Z, time.RFC1123, "Mon, 2 Jan 2006 15:04:05 -0700", "Mon, 2 Jan 2006 15:04:05 MST", time.RFC850, time.ANSIC,
	"02.01.2006 15:04:05", "02.01.2006 15:04", "02.01.2006", "2.1.2006 15:04", "2.1.2006", "02-01-2006 15:04:05",
	"02-01-2006 15:04", "02-01-2006", "02/01/2006 15:04", "02/01/2006", "2/1/2006 15:04", "2/1/2006",
	"Jan 2, 2006 3:04 PM", "Jan 2, 2006 at 3:04 PM", "January 2, 2006 3:04 PM", "January 2, 2006", "Jan 2, 2006",
}

// parse reads a time, or gives a zero one. Day comes before month where a
// page leaves it open, as in Romania.
func (c *clock) parse(s string) when {
	s = oneLine(s, 120)
	if s == "" {
		return when{}
	}
	if c.layout != "" {
		if t, err := time.ParseInLocation(c.layout, s, c.loc); err == nil {
			return c.sane(when{t, true})
		}
	}
	if w := c.unix(s); !w.IsZero() {
		return w
	}
	plain := strings.Replace(s, ", ", " ", 1)
	for _, layout := range machineLayouts {
		for _, v := range []string{s, plain} {
			if t, err := time.ParseInLocation(layout, v, c.loc); err == nil {
				return c.sane(when{t, true})
			}
		}
	}
	return c.sane(c.words(foldRomanian(s)))
}

// unix reads seconds or milliseconds since 1970, as data attributes hold them.
func (c *clock) unix(s string) when {
	if len(s) != 10 && len(s) != 13 {
		return when{}
	}
	n, err := strconv.ParseInt(s, 10, 64)
	if err != nil || n <= 0 {
		return when{}
	}
	if len(s) == 13 {
		return c.sane(when{time.UnixMilli(n), true})
	}
	return c.sane(when{time.Unix(n, 0), true})
}

// sane drops times that no public page can have.
func (c *clock) sane(w when) when {
	if w.Year() < 1990 || (!c.now.IsZero() && w.After(c.now.AddDate(1, 0, 0))) {
		return when{}
	}
	w.Time = w.UTC()
	return w
}

var romanian = strings.NewReplacer("ă", "a", "â", "a", "î", "i", "ș", "s", "ş", "s", "ț", "t", "ţ", "t")

func foldRomanian(s string) string { return romanian.Replace(strings.ToLower(s)) }

var (
	timeOfDay = regexp.MustCompile(`\b(\d{1,2}):(\d{2})(?::(\d{2}))?\s*(am|pm)?\b`)
	dayMonth  = regexp.MustCompile(`\b(\d{1,2})\.?\s+(?:de\s+)?([a-z]{3,12})\.?,?(?:\s+(\d{4}))?\b`)
	monthDay  = regexp.MustCompile(`\b([a-z]{3,12})\.?\s+(\d{1,2})(?:st|nd|rd|th)?,?\s+(\d{4})\b`)
	numeric   = regexp.MustCompile(`\b(\d{1,2})[./-](\d{1,2})[./-](\d{4})\b`)
	ago       = regexp.MustCompile(`\b(\d{1,4}|un|o|a|an|one)\s+(?:de\s+)?([a-z]+)`)
)

var months = map[string]time.Month{
	"ian": 1, "jan": 1, "feb": 2, "mar": 3, "apr": 4, "mai": 5, "may": 5, "iun": 6, "jun": 6,
	"iul": 7, "jul": 7, "aug": 8, "sep": 9, "oct": 10, "noi": 11, "nov": 11, "dec": 12,
}

func monthOf(s string) time.Month {
	if len(s) < 3 {
		return 0
	}
	return months[s[:3]]
}

// words reads dates in Romanian and English words; s is folded.
func (c *clock) words(s string) when {
	if w := c.relative(s); !w.IsZero() {
		return w
	}
	day, ok := c.day(s)
	if !ok {
		return when{}
	}
	h, m, sec, _ := hourOf(s)
	return when{time.Date(day.Year(), day.Month(), day.Day(), h, m, sec, 0, c.loc), true}
}

// day finds the day that s names.
func (c *clock) day(s string) (time.Time, bool) {
	now := c.now.In(c.loc)
	for _, d := range []struct {
		word string
		back int
	}{{"alaltaieri", 2}, {"ieri", 1}, {"yesterday", 1}, {"astazi", 0}, {"azi", 0}, {"today", 0}} {
		if hasWord(s, d.word) {
			return now.AddDate(0, 0, -d.back), true
		}
	}
	if m := numeric.FindStringSubmatch(s); m != nil {
		return date(m[3], time.Month(atoi(m[2])), m[1])
	}
	if m := monthDay.FindStringSubmatch(s); m != nil && monthOf(m[1]) != 0 {
		return date(m[3], monthOf(m[1]), m[2])
	}
	for _, m := range dayMonth.FindAllStringSubmatch(s, 4) {
		if monthOf(m[2]) == 0 {
			continue
		}
		if m[3] != "" {
			return date(m[3], monthOf(m[2]), m[1])
		}
		// Without a year: the last time that this day came.
		t, ok := date(strconv.Itoa(now.Year()), monthOf(m[2]), m[1])
		if t.After(now.AddDate(0, 0, 1)) {
			t = t.AddDate(-1, 0, 0)
		}
		return t, ok
	}
	return time.Time{}, false
}

func date(year string, month time.Month, day string) (time.Time, bool) {
	t := time.Date(atoi(year), month, atoi(day), 0, 0, 0, 0, time.UTC)
	return t, month >= 1 && month <= 12 && t.Month() == month && t.Day() == atoi(day)
}

// hourOf finds the time of day in s.
func hourOf(s string) (h, m, sec int, ok bool) {
	t := timeOfDay.FindStringSubmatch(s)
	if t == nil {
		return 0, 0, 0, false
	}
	h, m, sec = atoi(t[1]), atoi(t[2]), atoi(t[3])
	if t[4] == "pm" && h < 12 {
		h += 12
	}
	if t[4] == "am" && h == 12 {
		h = 0
	}
	if h > 23 || m > 59 || sec > 59 {
		return 0, 0, 0, false
	}
	return h, m, sec, true
}

// relative reads "acum 5 minute" and "5 minutes ago".
func (c *clock) relative(s string) when {
	if hasWord(s, "acum") && strings.TrimSpace(s) == "acum" || strings.Contains(s, "just now") || strings.Contains(s, "chiar acum") {
		return when{c.now, false}
	}
	if !hasWord(s, "acum") && !hasWord(s, "ago") && !strings.Contains(s, "in urma") {
		return when{}
	}
	m := ago.FindStringSubmatch(s)
	if m == nil {
		return when{}
	}
	n := max(atoi(m[1]), 1)
	switch unit := m[2]; {
	case strings.HasPrefix(unit, "sec"):
		return when{c.now.Add(-time.Duration(n) * time.Second), false}
	case strings.HasPrefix(unit, "min"):
		return when{c.now.Add(-time.Duration(n) * time.Minute), false}
	case unit == "ora", unit == "ore", strings.HasPrefix(unit, "hour"):
		return when{c.now.Add(-time.Duration(n) * time.Hour), false}
	case strings.HasPrefix(unit, "zi"), strings.HasPrefix(unit, "day"):
		return when{c.now.AddDate(0, 0, -n), false}
	case strings.HasPrefix(unit, "sapt"), strings.HasPrefix(unit, "week"):
		return when{c.now.AddDate(0, 0, -7*n), false}
	case strings.HasPrefix(unit, "lun"), strings.HasPrefix(unit, "month"):
		return when{c.now.AddDate(0, -n, 0), false}
	case unit == "an", unit == "ani", strings.HasPrefix(unit, "year"):
		return when{c.now.AddDate(-n, 0, 0), false}
	}
	return when{}
}

func hasWord(s, word string) bool {
	for f := range strings.FieldsFuncSeq(s, func(r rune) bool { return r < 'a' || r > 'z' }) {
		if f == word {
			return true
		}
	}
	return false
}

func atoi(s string) int {
	n, err := strconv.Atoi(s)
	if err != nil {
		return 0
	}
	return n
}
