package rule

import (
	"slices"

	"veghe"
)

// Only compiles a set of some of the rules: those with one of the ids, and
// those that they wait for through indicator signals. Policies stay; watches
// and exceptions are left out. Without ids it has no rules.
func (s *Set) Only(ids ...veghe.RuleID) (*Set, error) {
	p := *s.pack
	p.Rules, p.Watches, p.Exceptions = nil, nil, nil
	wanted := slices.Clone(ids)
	for k := 0; k < len(wanted); k++ {
		for _, r := range s.pack.Rules {
			if r.ID != wanted[k] && veghe.RuleID(r.Indicator) != wanted[k] || slices.Contains(p.Rules, r) {
				continue
			}
			p.Rules = append(p.Rules, r)
			for _, sig := range r.Signals {
				for _, id := range sig.Indicators {
					wanted = append(wanted, veghe.RuleID(id))
				}
			}
		}
	}
	return Compile(&p)
}
