package cluster

// Agreement says how two ways of grouping the same things agree.
type Agreement struct {
	// ARI is the adjusted Rand index: 1 the same groups, 0 no better than
	// chance.
	ARI float64
	// Precision and Recall are over pairs that stand together.
	Precision, Recall float64
}

// Compare compares the groups got with the true ones; both name a group for
// each thing.
func Compare(got, truth []string) Agreement {
	a, b, both := map[string]int{}, map[string]int{}, map[[2]string]int{}
	for i := range got {
		a[got[i]]++
		b[truth[i]]++
		both[[2]string{got[i], truth[i]}]++
	}
	pa, pb, pab := pairs(a), pairs(b), pairs(both)
	expected := pa * pb / (float64(len(got)) * float64(len(got)-1) / 2)
	r := Agreement{ARI: (pab - expected) / ((pa+pb)/2 - expected), Precision: 1, Recall: 1}
	if pa > 0 {
		r.Precision = pab / pa
	}
	if pb > 0 {
		r.Recall = pab / pb
	}
	return r
}

// pairs counts the pairs within groups.
func pairs[K comparable](groups map[K]int) (n float64) {
	for _, k := range groups {
		n += float64(k) * float64(k-1) / 2
	}
	return n
}
