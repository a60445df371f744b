package web

import (
	"embed"
	"encoding/json"
	"fmt"
	"html/template"
	"io/fs"
	"math"
	"net/http"
	"strconv"
	"strings"
	"time"

	"veghe"
)

//go:embed locales/*.json
var localeFiles embed.FS

// languages are the languages of the interface; the first is the default.
var languages = []string{"en", "ro"}

// locale is one language of the interface: its texts, its way of writing
// numbers, dates and plurals, and the pages made with them.
type locale struct {
	Lang  string
	texts map[string]string
	pages *template.Template
}

func loadLocales(assets map[string]asset) (map[string]*locale, error) {
	all := map[string]*locale{}
	for _, lang := range languages {
		l := &locale{Lang: lang, texts: map[string]string{}}
		err := l.read(localeFiles)
		if err != nil {
			return nil, err
		}
		if l.pages, err = parsePages(l, assets); err != nil {
			return nil, err
		}
		all[lang] = l
	}
	return all, nil
}

// read takes in the language's files, LANG.json and LANG.AREA.json. A key
// stands in one of them only.
func (l *locale) read(files fs.FS) error {
	names, err := fs.Glob(files, "locales/"+l.Lang+".*")
	if err != nil {
		return fmt.Errorf("web: %w", err)
	}
	for _, name := range names {
		b, err := fs.ReadFile(files, name)
		if err != nil {
			return fmt.Errorf("web: %w", err)
		}
		var texts map[string]string
		if err := json.Unmarshal(b, &texts); err != nil {
			return fmt.Errorf("web: %s: %w", name, err)
		}
		for key, text := range texts {
			if _, twice := l.texts[key]; twice {
				return fmt.Errorf("web: %s: %s is in another file already", name, key)
			}
			l.texts[key] = text
		}
	}
	return nil
}

// T is the text of a key, with {name} replaced by the value that follows the
// name in args. A missing key shows itself.
func (l *locale) T(key string, args ...any) string {
	s, ok := l.texts[key]
	if !ok {
		return "⟦" + key + "⟧"
	}
	for i := 0; i+1 < len(args); i += 2 {
		s = strings.ReplaceAll(s, fmt.Sprintf("{%v}", args[i]), fmt.Sprint(args[i+1]))
	}
	return s
}

// Has is the text of a key, or other where the catalogue has none.
func (l *locale) Has(key, other string) string {
	if s, ok := l.texts[key]; ok {
		return s
	}
	return other
}

// N is the text of a key for a count: its .one, .few or .other form, with {n}
// replaced by the count.
func (l *locale) N(key string, n any) string {
	v := toInt(n)
	return l.T(key+"."+plural(l.Lang, v), "n", l.Int(v))
}

// plural is the CLDR plural category of a whole number. Romanian says "un
// mesaj", "19 mesaje", "20 de mesaje", "101 mesaje".
func plural(lang string, n int64) string {
	switch m := n % 100; {
	case n == 1:
		return "one"
	case lang == "ro" && (n == 0 || (m >= 1 && m <= 19)):
		return "few"
	default:
		return "other"
	}
}

func toInt(n any) int64 {
	switch v := n.(type) {
	case int:
		return int64(v)
	case int64:
		return v
	case uint64:
		return int64(min(v, math.MaxInt64))
	default:
		return 0
	}
}

// Int groups thousands: 12,345 in English, 12.345 in Romanian.
func (l *locale) Int(n any) string {
	s := strconv.FormatInt(toInt(n), 10)
	sep := ","
	if l.Lang == "ro" {
		sep = "."
	}
	for i := len(s) - 3; i > 0 && s[i-1] != '-'; i -= 3 {
		s = s[:i] + sep + s[i:]
	}
	return s
}

// Dec writes a number with the given decimals.
func (l *locale) Dec(x float64, decimals int) string {
	s := strconv.FormatFloat(x, 'f', decimals, 64)
	if l.Lang == "ro" {
		s = strings.Replace(s, ".", ",", 1)
	}
	return strings.Replace(s, "-", "−", 1)
}

// Signed writes a weight: +2.3, −1.0.
func (l *locale) Signed(x float64) string {
	s := l.Dec(x, 1)
	if x >= 0 {
		return "+" + s
	}
	return s
}

// Percent writes a share: 72% in English, 72 % in Romanian.
func (l *locale) Percent(x float64) string {
	s := strconv.FormatFloat(math.Round(x*100), 'f', 0, 64)
	if l.Lang == "ro" {
		return s + " %"
	}
	return s + "%"
}

// Share writes a part of a whole so that small ones can still be told apart:
// 12%, 4.0%, 0.4%, 0.02%, 0.004%, 0%.
func (l *locale) Share(n, of int) string {
	if of <= 0 {
		return "–"
	}
	x, decimals := 100*float64(n)/float64(of), 0
	for _, least := range []float64{10, 0.1, 0.01} {
		if n > 0 && x < least {
			decimals++
		}
	}
	s := l.Dec(x, decimals)
	if l.Lang == "ro" {
		return s + " %"
	}
	return s + "%"
}

// Day writes a day: 25 Nov 2026, 25 nov. 2026.
func (l *locale) Day(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	t = t.UTC()
	return fmt.Sprintf("%d %s %d", t.Day(), l.T("month."+strconv.Itoa(int(t.Month()))), t.Year())
}

// Time writes a moment in UTC: 25 Nov 2026, 18:04.
func (l *locale) Time(t time.Time) string {
	if t.IsZero() {
		return "–"
	}
	return l.Day(t) + ", " + t.UTC().Format("15:04")
}

// Ago writes a duration coarsely: 3 minutes, 2 hours, 5 days.
func (l *locale) Ago(d time.Duration) string {
	switch {
	case d < time.Minute:
		return l.N("n.seconds", int64(max(d, 0)/time.Second))
	case d < time.Hour:
		return l.N("n.minutes", int64(d/time.Minute))
	case d < 48*time.Hour:
		return l.N("n.hours", int64(d/time.Hour))
	default:
		return l.N("n.days", int64(d/(24*time.Hour)))
	}
}

// Value is how a value of a search field is called.
func (l *locale) Value(field, value string) string {
	switch field {
	case "severity", "category", "review", "kind":
		return l.Has(field+"."+value, value)
	case "lang":
		return l.Has("lang."+value, value)
	default:
		return value
	}
}

// Indicator is what an indicator is called: in the reader's language where
// the catalogue knows it, else as its rule file says.
func (l *locale) Indicator(id veghe.IndicatorID, title string) string {
	if l.Lang == languages[0] && title != "" {
		return title
	}
	return l.Has("indicator."+string(id), title)
}

// localeOf chooses the language of the interface: the reader's setting, else
// what the browser prefers.
func (d *desk) localeOf(r *http.Request) *locale {
	if c, err := r.Cookie("ui"); err == nil {
		if l, ok := d.locales[c.Value]; ok {
			return l
		}
	}
	return d.locales[preferred(r.Header.Get("Accept-Language"))]
}

// preferred is the best of our languages for an Accept-Language header
// (RFC 9110, 12.5.4), compared by primary subtag.
func preferred(header string) string {
	best, weight := languages[0], 0.0
	for part := range strings.SplitSeq(header[:min(len(header), 500)], ",") {
		tag, params, _ := strings.Cut(strings.TrimSpace(part), ";")
		primary, _, _ := strings.Cut(strings.ToLower(strings.TrimSpace(tag)), "-")
		q := 1.0
		if v, ok := strings.CutPrefix(strings.TrimSpace(params), "q="); ok {
			if x, err := strconv.ParseFloat(v, 64); err == nil {
				q = x
			}
		}
		for _, lang := range languages {
			if primary == lang && q > weight {
				best, weight = lang, q
			}
		}
	}
	return best
}
