package main

import (
	"cmp"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"

	"veghe"
	"veghe/detect/rule"
)

// signalIn is the name of a signal within a rule's why.
var signalIn = regexp.MustCompile(`\{([a-z_0-9-]+)\}`)

// The page that says what each shipped rule means, made from the rules.
func TestRulesPage(t *testing.T) {
	set, err := loadRules("")
	if err != nil {
		t.Fatal(err)
	}
	all := slices.Clone(set.Rules())
	order := []veghe.Category{veghe.Recruitment, veghe.Grooming, veghe.Common}
	slices.SortStableFunc(all, func(a, b *rule.Rule) int {
		return cmp.Or(cmp.Compare(slices.Index(order, a.Category), slices.Index(order, b.Category)), cmp.Compare(a.Family, b.Family), cmp.Compare(a.ID, b.ID))
	})
	var b strings.Builder
	b.WriteString(`# Rules

Made from the shipped rules by ` + "`make docs`" + `; a test fails when it is stale. Each rule sees one sign. A sign is a reason to look, never a verdict, and none flags alone: what flags is which families stand together ([questions](faq.md)). Signs of one family count once. ` + "`veghe rules explain RULE`" + ` shows a rule at work on a text of yours.

*Strength* is what the sign adds: strong, medium, weak, or negative for what speaks against. *Shadow* rules are experimental: seen, never scored. In *what it means*, words in italics stand for what was found in the text. *Harmless when* lists what the authors know to look the same: rule it out first.
`)
	titles := map[veghe.Category]string{
		veghe.Recruitment: "Recruitment for exploitation",
		veghe.Grooming:    "Grooming",
		veghe.Common:      "Both",
	}
	var category veghe.Category
	family := ""
	for _, r := range all {
		if r.Status == rule.Deprecated {
			continue
		}
		if r.Category != category {
			category, family = r.Category, ""
			fmt.Fprintf(&b, "\n## %s\n", titles[category])
		}
		if r.Family != family {
			family = r.Family
			fmt.Fprintf(&b, "\n### %s\n\n| rule | what it means | strength | languages | harmless when |\n|---|---|---|---|---|\n", family)
		}
		fmt.Fprintf(&b, "| `%s` | **%s**: %s | %s | %s | %s |\n", r.ID, cell(r.Title), meaning(r), strengthOf(r), languagesOf(r), cell(strings.Join(r.FalsePositives, "; ")))
	}
	wantPage(t, "rules.md", b.String())
}

func meaning(r *rule.Rule) string { return signalIn.ReplaceAllString(cell(r.Why), "*$1*") }

func strengthOf(r *rule.Rule) string {
	s := string(r.Strength)
	if r.Weight != nil {
		s = fmt.Sprintf("%+.1f", *r.Weight)
	}
	if r.Status == rule.Experimental {
		s += ", shadow"
	}
	return s
}

// languagesOf says which texts a rule is for; one without words is for all.
func languagesOf(r *rule.Rule) string { return cmp.Or(strings.Join(r.Languages(), " "), "all") }

// cell is a text that may stand in a table.
func cell(s string) string {
	return strings.NewReplacer("|", `\|`, "\n", " ", "<", "&lt;", "*", `\*`).Replace(strings.TrimSpace(s))
}
