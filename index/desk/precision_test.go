package desk_test

import (
	"database/sql"
	"fmt"
	"io/fs"
	"math"
	"math/rand/v2"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/index/desk"
	"veghe/index/desk/desktest"
)

// The values are those of Newcombe (1998), Statistics in Medicine 17, table I,
// method 3, and of the formula worked by hand.
func TestWilson(t *testing.T) {
	for _, row := range []struct {
		k, n      int
		low, high float64
	}{
		{81, 263, 0.2553, 0.3662},
		{15, 148, 0.0624, 0.1605},
		{0, 20, 0, 0.1611},
		{1, 29, 0.0061, 0.1718},
		{29, 29, 0.8830, 1},
		{5, 10, 0.2366, 0.7634},
		{0, 0, 0, 1},
	} {
		got := desk.Wilson(row.k, row.n)
		if math.Abs(got.Low-row.low) > 5e-5 || math.Abs(got.High-row.high) > 5e-5 {
			t.Errorf("%d of %d: %.4f to %.4f, want %.4f to %.4f", row.k, row.n, got.Low, got.High, row.low, row.high)
		}
	}
}

// review enters n decisions about posts of their own in which the rule fired.
func review(t *testing.T, d *desk.Desk, rule veghe.RuleID, at time.Time, decision veghe.Decision, n int) {
	t.Helper()
	for i := range n {
		id := fmt.Sprintf("%s-%s-%d-%d", rule, decision, at.Unix(), i)
		r := veghe.Review{ID: id, Post: veghe.PostID(id), Decision: decision, By: "ana", At: at}
		if _, err := d.AddReview(t.Context(), r, []veghe.RuleID{rule}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestPrecisions(t *testing.T) {
	d := open(t, t.TempDir())
	lately, before := day.Add(-10*24*time.Hour), day.Add(-90*24*time.Hour)
	// Worse than it was, beyond chance.
	review(t, d, "A", before, veghe.Relevant, 38)
	review(t, d, "A", before, veghe.NotRelevant, 2)
	review(t, d, "A", lately, veghe.Relevant, 8)
	review(t, d, "A", lately, veghe.NotRelevant, 16)
	// As bad lately, but too few to say so.
	review(t, d, "B", before, veghe.Relevant, 38)
	review(t, d, "B", lately, veghe.NotRelevant, 19)
	// Better than it was.
	review(t, d, "C", before, veghe.NotRelevant, 30)
	review(t, d, "C", lately, veghe.Relevant, 30)
	// The same, with more unsure than decided.
	review(t, d, "D", before, veghe.Relevant, 10)
	review(t, d, "D", lately, veghe.NotRelevant, 9)
	review(t, d, "D", lately, veghe.Unsure, 50)
	// A change of mind counts once, at its own time.
	for _, r := range []veghe.Review{
		{ID: "e1", Post: "e", Decision: veghe.Relevant, By: "ana", At: before},
		{ID: "e2", Post: "e", Decision: veghe.NotRelevant, By: "ana", At: lately},
	} {
		if _, err := d.AddReview(t.Context(), r, []veghe.RuleID{"E"}); err != nil {
			t.Fatal(err)
		}
	}

	all, err := d.Precisions(t.Context(), day)
	if err != nil {
		t.Fatal(err)
	}
	type line struct {
		Rule   veghe.RuleID
		Yes    int
		N      int
		Enough bool
		Recent desk.Tally
		Drift  desk.Drift
	}
	var got []line
	for _, p := range all {
		got = append(got, line{p.Rule, p.Relevant, p.Tally().N(), p.Share != nil, p.Recent, p.Drift})
	}
	want := []line{
		{"A", 46, 64, true, desk.Tally{Relevant: 8, NotRelevant: 16}, desk.Falling},
		{"B", 38, 57, true, desk.Tally{NotRelevant: 19}, ""},
		{"C", 30, 60, true, desk.Tally{Relevant: 30}, desk.Rising},
		{"D", 10, 19, false, desk.Tally{NotRelevant: 9}, ""},
		{"E", 0, 1, false, desk.Tally{NotRelevant: 1}, ""},
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("precisions (-want +got):\n%s", diff)
	}
}

// The counts kept are those counted afresh from all reviews: with changes of
// mind, late arrivals, repeats and reviews without a rule.
func TestPrecisionsAreKept(t *testing.T) {
	dir := t.TempDir()
	d := open(t, dir)
	rng := rand.New(rand.NewPCG(11, 12))
	rules := map[string][]veghe.RuleID{}
	for i := range 600 {
		r := veghe.Review{
			ID: fmt.Sprint(rng.IntN(500)), Post: veghe.PostID(fmt.Sprint(rng.IntN(90))),
			Decision: desk.Decisions[rng.IntN(3)], By: "ana", At: day.Add(-time.Duration(rng.IntN(60*24)) * time.Hour),
		}
		var fired []veghe.RuleID
		for range rng.IntN(4) {
			fired = append(fired, veghe.RuleID("R"+fmt.Sprint(rng.IntN(6))))
		}
		added, err := d.AddReview(t.Context(), r, fired)
		if err != nil {
			t.Fatal(err)
		}
		if added {
			rules[r.ID] = fired
		}
		if i%200 == 199 {
			wantKept(t, d, rules)
		}
	}
	// A store from before the counts were kept gets them on opening.
	before := t.TempDir()
	writeOld(t, before, desktest.Raw(t, dir))
	old, err := desk.Open(t.Context(), before)
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	wantKept(t, old, rules)
}

// writeOld makes a file of the first version with the reviews of a desk.
func writeOld(t *testing.T, dir string, from *sql.DB) {
	t.Helper()
	text, err := fs.ReadFile(desk.Migrations(), "sqlite/00001_reviews.sql")
	if err != nil {
		t.Fatal(err)
	}
	old, err := sql.Open("sqlite", filepath.Join(dir, desk.File))
	if err != nil {
		t.Fatal(err)
	}
	defer old.Close()
	old.SetMaxOpenConns(1)
	exec := func(q string, args ...any) {
		t.Helper()
		if _, err := old.ExecContext(t.Context(), q, args...); err != nil {
			t.Fatal(err)
		}
	}
	exec(string(text))
	exec(`PRAGMA user_version = 1`)
	exec(`BEGIN`)
	for _, table := range []struct{ name, columns string }{{"review", "n, id, post, decision, reason, who, at"}, {"review_rule", "review, rule"}} {
		rows, err := from.QueryContext(t.Context(), `SELECT `+table.columns+` FROM `+table.name)
		if err != nil {
			t.Fatal(err)
		}
		defer rows.Close()
		values := make([]any, strings.Count(table.columns, ",")+1)
		dest := make([]any, len(values))
		for i := range values {
			dest[i] = &values[i]
		}
		for rows.Next() {
			if err := rows.Scan(dest...); err != nil {
				t.Fatal(err)
			}
			exec(`INSERT INTO `+table.name+` (`+table.columns+`) VALUES (?`+strings.Repeat(", ?", len(values)-1)+`)`, values...)
		}
		if err := rows.Err(); err != nil {
			t.Fatal(err)
		}
	}
	exec(`COMMIT`)
}

func wantKept(t *testing.T, d *desk.Desk, rules map[string][]veghe.RuleID) {
	t.Helper()
	decided, err := d.Decided(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	want := map[veghe.RuleID]desk.Verdict{}
	recent := map[veghe.RuleID]int{}
	since := day.Add(-desk.Recent).Truncate(24 * time.Hour)
	for _, r := range decided {
		fired := slices.Clone(rules[r.ID])
		slices.Sort(fired)
		for _, id := range slices.Compact(fired) {
			v := want[id]
			v.Rule = id
			switch r.Decision {
			case veghe.Relevant:
				v.Relevant++
			case veghe.NotRelevant:
				v.NotRelevant++
			default:
				v.Unsure++
			}
			want[id] = v
			if r.Decision != veghe.Unsure && !r.At.Before(since) {
				recent[id]++
			}
		}
	}
	got, err := d.Precisions(t.Context(), day)
	if err != nil {
		t.Fatal(err)
	}
	if len(got) != len(want) {
		t.Errorf("%d rules, want %d", len(got), len(want))
	}
	for _, p := range got {
		if p.Verdict != want[p.Rule] || p.Recent.N() != recent[p.Rule] {
			t.Errorf("got %+v, want %+v, %d of them recent", p, want[p.Rule], recent[p.Rule])
		}
	}
}

func TestDecided(t *testing.T) {
	d := open(t, t.TempDir())
	reviews := []veghe.Review{
		{ID: "1", Post: "p1", Decision: veghe.Unsure, By: "ana", At: day},
		{ID: "2", Post: "p1", Decision: veghe.Relevant, Reason: "second look", By: "dan", At: day.Add(time.Hour)},
		{ID: "3", Post: "p0", Decision: veghe.NotRelevant, By: "ana", At: day},
	}
	for _, r := range reviews {
		if _, err := d.AddReview(t.Context(), r, nil); err != nil {
			t.Fatal(err)
		}
	}
	got, err := d.Decided(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff([]veghe.Review{reviews[2], reviews[1]}, got); diff != "" {
		t.Errorf("decided (-want +got):\n%s", diff)
	}
}
