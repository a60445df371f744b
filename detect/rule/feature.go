package rule

import "slices"

// Features come from earlier posts, so they are known late. Few rules ask for
// any, and few posts have those that they want.

// WantsFeatures reports whether a signal of the set holds with these features:
// if none does, a post matched without them need not be matched again.
func (s *Set) WantsFeatures(features map[string]float64) bool {
	return slices.ContainsFunc(s.asking, func(sig *Signal) bool { return sig.featureHolds(features) })
}

// addAsking notes the signals that ask for features.
func (s *Set) addAsking() {
	for i := range s.signals {
		if sig := s.signals[i].Signal; sig.Kind == FeatureKind {
			s.asking = append(s.asking, sig)
		}
	}
}

// featureHolds tests the number that the signal asks for. Without bounds it
// wants 1 at least; one that is unknown is 0, but not at most anything.
func (s *Signal) featureHolds(features map[string]float64) bool {
	v, known := features[s.Feature]
	switch {
	case s.Min != nil:
		return v >= *s.Min && (s.Max == nil || v <= *s.Max)
	case s.Max != nil:
		return known && v <= *s.Max
	}
	return v >= 1
}

// ListTerms are the terms of a list as written, nil if there is none.
func (s *Set) ListTerms(name string) []string {
	l := s.pack.Lists[name]
	if l == nil {
		return nil
	}
	out := make([]string, len(l.Terms))
	for i, t := range l.Terms {
		out[i] = t.Text
	}
	return out
}
