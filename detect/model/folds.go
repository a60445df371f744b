package model

import (
	"cmp"
	"fmt"
	"slices"
)

// Groups numbers rows so that rows that share a key, or are linked by a chain
// of shared keys, have the same number: posts of one author, of one thread,
// made from one template. Copies in both halves of a test make any model look
// good. Numbers count from 0 in order of the rows; an empty key links nothing.
func Groups(keys [][]string) []int {
	parent := make([]int, len(keys))
	for i := range parent {
		parent[i] = i
	}
	root := func(i int) int {
		for parent[i] != i {
			parent[i] = parent[parent[i]]
			i = parent[i]
		}
		return i
	}
	first := map[string]int{}
	for i, row := range keys {
		for _, k := range row {
			if k == "" {
				continue
			}
			j, ok := first[k]
			if !ok {
				first[k] = i
				continue
			}
			a, b := root(i), root(j)
			parent[max(a, b)] = min(a, b)
		}
	}
	number := map[int]int{}
	out := make([]int, len(keys))
	for i := range out {
		r := root(i)
		if _, ok := number[r]; !ok {
			number[r] = len(number)
		}
		out[i] = number[r]
	}
	return out
}

// Folds deals rows into k folds, whole groups at a time, so that the folds
// have about as many rows of either label. It fails when there are fewer than
// k groups with either label.
func Folds(groups []int, labels []bool, k int) ([]int, error) {
	type group struct{ number, yes, no int }
	var all []group
	for i, g := range groups {
		for len(all) <= g {
			all = append(all, group{number: len(all)})
		}
		if labels[i] {
			all[g].yes++
		} else {
			all[g].no++
		}
	}
	yes, no := 0, 0
	for _, g := range all {
		yes += min(1, g.yes)
		no += min(1, g.no)
	}
	if yes < k || no < k {
		return nil, fmt.Errorf("the relevant posts come from %d groups and the others from %d, want %d of each: posts of one author, thread or template are kept together", yes, no, k)
	}
	slices.SortStableFunc(all, func(a, b group) int { return cmp.Compare(b.yes+b.no, a.yes+a.no) })
	total := make([]group, k)
	fold := make([]int, len(all))
	for _, g := range all {
		best := 0
		for f := range total {
			if load(total[f].yes, total[f].no, g.yes, g.no) < load(total[best].yes, total[best].no, g.yes, g.no) {
				best = f
			}
		}
		total[best].yes += g.yes
		total[best].no += g.no
		fold[g.number] = best
	}
	out := make([]int, len(groups))
	for i, g := range groups {
		out[i] = fold[g]
	}
	return out, nil
}

// load is how full a fold is of what a group would bring.
func load(yes, no, addYes, addNo int) int { return yes*addYes + no*addNo }
