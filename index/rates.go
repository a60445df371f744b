package index

import (
	"cmp"
	"context"
	"database/sql"
	"fmt"
	"slices"

	"veghe"
)

// RateDays is the window of base rates, in days.
const RateDays = 30

// Bounds on the counters behind base rates: at most so many sources of a day
// are told apart, and days are kept a little longer than they are asked for.
const (
	rateSources  = 256
	rateKeepDays = RateDays + 5
	otherSources = "" // the name of all beyond rateSources
)

// allPosts is the indicator under which every assessed post is counted.
const allPosts = ""

// Fired is in how many posts an indicator was seen.
type Fired struct {
	Indicator veghe.IndicatorID `json:"indicator"`
	// Shadow counts findings that never score apart from those that do.
	Shadow bool `json:"shadow,omitempty"`
	Here   int  `json:"here"` // of the source and language asked for
	All    int  `json:"all"`  // of all sources and languages
}

// Rates says how often indicators are seen among all assessed posts, flagged
// or not, those included that are gone by now.
type Rates struct {
	Days   int            `json:"days"` // collected within so many days
	Source veghe.SourceID `json:"source"`
	Lang   string         `json:"lang"`
	Here   int            `json:"posts_here"` // assessed posts of the source and language
	All    int            `json:"posts_all"`
	Fired  []Fired        `json:"fired"` // by indicator
}

// Of is the count of an indicator; zero where it was not seen.
func (r Rates) Of(id veghe.IndicatorID, shadow bool) Fired {
	i := slices.IndexFunc(r.Fired, func(f Fired) bool { return f.Indicator == id && f.Shadow == shadow })
	if i < 0 {
		return Fired{Indicator: id, Shadow: shadow}
	}
	return r.Fired[i]
}

// rateSchema counts posts by the UTC day of collection, source, main language
// and indicator. Whoever writes a post writes its counts in the same
// transaction, so a post counts once however often it comes; a purge leaves
// them. Posts numbered up to rates_from were there before the counters and
// are not in them.
const rateSchema = `
CREATE TABLE fired (
	day       INTEGER NOT NULL, -- since 1970
	source    TEXT NOT NULL,    -- '': beyond those that are told apart
	lang      TEXT NOT NULL,
	indicator TEXT NOT NULL,    -- '': every post
	shadow    INTEGER NOT NULL,
	n         INTEGER NOT NULL,
	PRIMARY KEY (day, source, lang, indicator, shadow)
) WITHOUT ROWID;
INSERT INTO meta SELECT 'rates_from', value FROM meta WHERE name = 'seq';
`

type rateKey struct {
	day                     int
	source, lang, indicator string
	shadow                  bool
}

// rates are changes of the counts.
type rates map[rateKey]int

// count adds or takes away one post.
func (t rates) count(r *record, by int) {
	key := rateKey{day: r.day(), source: cut(string(r.assessed.Post.Source), maxValueLen), lang: MainLang(r.assessed.Assessment.Lang)}
	t[key] += by
	for _, f := range seenIn(r.assessed.Assessment.Findings) {
		key.indicator, key.shadow = string(f.Indicator), f.Shadow
		t[key] += by
	}
}

// day is that of collection, but no later than that of indexing.
func (r *record) day() int {
	if r.indexed.Before(r.collected()) {
		return dayOf(r.indexed)
	}
	return dayOf(r.collected())
}

// seenIn is one finding per indicator and kind, whatever its variants.
func seenIn(all []veghe.Finding) []veghe.Finding {
	seen := slices.Clone(all)
	slices.SortStableFunc(seen, func(a, b veghe.Finding) int {
		return cmp.Or(cmp.Compare(a.Indicator, b.Indicator), cmp.Compare(btoi(a.Shadow), btoi(b.Shadow)))
	})
	return slices.CompactFunc(seen, func(a, b veghe.Finding) bool { return a.Indicator == b.Indicator && a.Shadow == b.Shadow })
}

func btoi(b bool) int {
	if b {
		return 1
	}
	return 0
}

// MainLang is the language of most of a text, "und" when nothing is known.
func MainLang(spans []veghe.LangSpan) string {
	sizes := map[string]int{}
	best := "und"
	for _, s := range spans {
		sizes[s.Lang] += max(0, s.End-s.Start)
		if n, most := sizes[s.Lang], sizes[best]; n > most || n == most && s.Lang < best {
			best = s.Lang
		}
	}
	return best
}

// write adds the changes to the counts, and lets go of days past their time.
func (t rates) write(ctx context.Context, tx *sql.Tx, today int) error {
	if len(t) == 0 {
		return nil
	}
	add, err := tx.PrepareContext(ctx, `INSERT INTO fired (day, source, lang, indicator, shadow, n) VALUES (?, ?, ?, ?, ?, ?)
		ON CONFLICT DO UPDATE SET n = n + excluded.n`)
	if err != nil {
		return err
	}
	defer add.Close() //nolint:errcheck // nothing to lose
	fewer := false
	type place struct {
		day    int
		source string
	}
	names := map[place]string{}
	for k, n := range t {
		if n == 0 || k.day <= today-rateKeepDays {
			continue
		}
		source, ok := names[place{k.day, k.source}]
		if !ok {
			if source, err = rateSource(ctx, tx, k.day, k.source); err != nil {
				return err
			}
			names[place{k.day, k.source}] = source
		}
		fewer = fewer || n < 0
		if _, err := add.ExecContext(ctx, k.day, source, k.lang, k.indicator, k.shadow, n); err != nil {
			return err
		}
	}
	if fewer {
		if _, err := tx.ExecContext(ctx, `DELETE FROM fired WHERE n <= 0`); err != nil {
			return err
		}
	}
	_, err = tx.ExecContext(ctx, `DELETE FROM fired WHERE day <= ?`, today-rateKeepDays)
	return err
}

// rateSource is the name under which a source is counted on a day. Once
// rateSources are told apart, new ones are counted together.
func rateSource(ctx context.Context, tx *sql.Tx, day int, source string) (string, error) {
	var known bool
	var others int
	err := tx.QueryRowContext(ctx, `SELECT EXISTS (SELECT 1 FROM fired WHERE day = ?1 AND source = ?2)`, day, source).Scan(&known)
	if err != nil || known {
		return source, err
	}
	if err := tx.QueryRowContext(ctx, `SELECT count(DISTINCT source) FROM fired WHERE day = ?`, day).Scan(&others); err != nil {
		return "", err
	}
	if others >= rateSources {
		return otherSources, nil
	}
	return source, nil
}

// Rates says how often indicators were seen in posts collected within the
// last RateDays days, in one source and main language and in all.
func (x *Index) Rates(ctx context.Context, source veghe.SourceID, lang string) (Rates, error) {
	done, err := x.begin()
	if err != nil {
		return Rates{}, err
	}
	defer done()
	r := Rates{Days: RateDays, Source: source, Lang: lang, Fired: []Fired{}}
	rows, err := x.store.db.Read.QueryContext(ctx, `
		SELECT indicator, shadow, sum(n), coalesce(sum(n) FILTER (WHERE source = ? AND lang = ?), 0)
		FROM fired WHERE day > ? GROUP BY indicator, shadow ORDER BY indicator, shadow`,
		cut(string(source), maxValueLen), lang, dayOf(x.now())-RateDays)
	if err != nil {
		return r, fmt.Errorf("base rates: %w", err)
	}
	defer rows.Close() //nolint:errcheck // rows.Err tells
	for rows.Next() {
		var f Fired
		if err := rows.Scan(&f.Indicator, &f.Shadow, &f.All, &f.Here); err != nil {
			return r, err
		}
		if f.Indicator == allPosts {
			r.Here, r.All = f.Here, f.All
			continue
		}
		r.Fired = append(r.Fired, f)
	}
	return r, rows.Err()
}

// counted says whether a stored record is in the counts.
func (s *store) counted(r *record) bool { return r != nil && r.seq > s.ratesFrom }
