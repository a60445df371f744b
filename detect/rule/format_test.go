package rule_test

import (
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/detect/rule"
)

const untidy = `# Everything on debts.


indicator: DBT-09   
condition: fee
# How sure.
strength: weak
status: stable
title: A fee
category: recruitment
why: a fee


family: debt
examples:
  # one of each
  - {lang: en, match: true, text: "a fee  "}

  - {lang: en, match: false, text: "free"}
signals:
  fee: {en: [fee]}
---
---
watch: fees
signals: {a: {en: [fee]}}
title: Fees
condition: a`

const tidy = `# Everything on debts.

indicator: DBT-09
title: A fee
category: recruitment
family: debt
# How sure.
strength: weak
status: stable
why: a fee

signals:
  fee: {en: [fee]}
condition: fee
examples:
  # one of each
  - {lang: en, match: true, text: "a fee  "}

  - {lang: en, match: false, text: "free"}
---
watch: fees
title: Fees
signals: {a: {en: [fee]}}
condition: a
`

func TestFormat(t *testing.T) {
	got, err := rule.Format(nil, "a.yaml", []byte(untidy))
	if diff := cmp.Diff(tidy, string(got)); err != nil || diff != "" {
		t.Fatalf("%v (-want +got):\n%s", err, diff)
	}
	again, err := rule.Format(nil, "a.yaml", got)
	if err != nil || string(again) != string(got) {
		t.Errorf("%v: tidying what is tidy changed it:\n%s", err, again)
	}
}

// A text may end in spaces; tidying must not change what it says.
func TestFormatKeepsMeaning(t *testing.T) {
	in := strings.Replace(tidy, `{lang: en, match: true, text: "a fee  "}`, "{lang: en, match: true, text: \"a fee\n\n\n    twice\"}", 1)
	if got, err := rule.Format(nil, "a.yaml", []byte(in)); err == nil {
		t.Errorf("empty lines within a text went away:\n%s", got)
	}
	if _, err := rule.Format(nil, "a.yaml", []byte("indicator: [")); err == nil {
		t.Error("a file that cannot be read was tidied")
	}
}

func FuzzFormat(f *testing.F) {
	f.Add([]byte(untidy))
	f.Add([]byte("indicator: a\n# b\n\n#c\n---\n"))
	f.Fuzz(func(t *testing.T, data []byte) {
		got, err := rule.Format(nil, "a.yaml", data)
		if err != nil {
			return
		}
		if again, err := rule.Format(nil, "a.yaml", got); err != nil || string(again) != string(got) {
			t.Errorf("%v: not the same when tidied twice:\n%q\n%q", err, got, again)
		}
	})
}

// Only keeps the chosen rules, and those they wait for.
func TestOnly(t *testing.T) {
	pack, err := rule.LoadFile("a.yaml", []byte(`indicator: DBT-01
title: Fee
category: recruitment
family: debt
strength: weak
status: stable
signals: {fee: {en: [fee]}}
condition: fee
---
indicator: DBT-02
title: Fee and loan
category: recruitment
family: debt
strength: weak
status: stable
signals: {loan: {en: [loan]}, other: {indicator: DBT-01}}
condition: loan and other
---
indicator: DBT-03
title: Loan
category: recruitment
family: debt
strength: weak
status: stable
signals: {loan: {en: [loan]}}
condition: loan
`))
	if err != nil {
		t.Fatal(err)
	}
	all, err := rule.Compile(pack)
	if err != nil {
		t.Fatal(err)
	}
	for _, c := range []struct {
		ids  []veghe.RuleID
		want []veghe.RuleID
	}{
		{nil, nil},
		{[]veghe.RuleID{"DBT-03"}, []veghe.RuleID{"DBT-03"}},
		{[]veghe.RuleID{"DBT-02"}, []veghe.RuleID{"DBT-01", "DBT-02"}},
	} {
		set, err := all.Only(c.ids...)
		if err != nil {
			t.Fatal(err)
		}
		var got []veghe.RuleID
		for _, f := range set.Matcher().Match(&rule.Input{Post: &veghe.Post{Text: "a fee and a loan"}}) {
			got = append(got, f.Rule)
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("Only(%v) finds (-want +got):\n%s", c.ids, diff)
		}
	}
}
