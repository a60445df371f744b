package detect_test

import (
	"fmt"
	"testing"
	"testing/fstest"

	"veghe"
	"veghe/detect"
	"veghe/detect/rule"
	"veghe/detect/wording"
)

const kept = `indicator: DOC-01
title: Passport kept
category: recruitment
family: documents
strength: strong
status: stable
why: the passport is kept
signals:
  kept: {ro: [pasaportul ramane]}
condition: kept
---
policy: ads
category: recruitment
unit: post
weights: {strong: 2.3, medium: 1.1, weak: 0.4, negative: -1.0}
prior: -4.6
family_cap: 2.7
wording: {indicator: REC-WRD, family: wording, strong: %v, medium: %v, against: %v, closed: %v, unless_strong: %d}
gate:
  - {strong: 1, weak: 1}
  - {strong: %d}
label: look
`

// worded is an engine of one rule and a few texts to know wording by.
func worded(t *testing.T, strong, medium, against, closed float64, gate int) *detect.Engine {
	t.Helper()
	unless := 0
	if gate < 0 {
		unless, gate = 1, 1
	}
	m, err := wording.Train("recruitment", []wording.Example{
		{Texts: []string{"pasaportul ramane la noi pana platesti datoria"}, Telling: true},
		{Texts: []string{"pasaportul ramane la patron, datoria din salariu"}, Telling: true},
		{Texts: []string{"firma autorizata cu contract"}},
		{Texts: []string{"contract cu firma serioasa"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	tab, err := m.Append(nil)
	if err != nil {
		t.Fatal(err)
	}
	pack, err := rule.Load(fstest.MapFS{
		"rules.yaml":              {Data: fmt.Appendf(nil, kept, strong, medium, against, closed, unless, gate)},
		"wording/recruitment.tab": {Data: tab},
	})
	if err != nil {
		t.Fatal(err)
	}
	set, err := rule.Compile(pack)
	if err != nil {
		t.Fatal(err)
	}
	l, err := languages()
	if err != nil {
		t.Fatal(err)
	}
	return detect.New(detect.Options{Rules: set, Languages: l, Stateless: true})
}

// How a text reads adds to what rules find in it, never by itself, and closes
// the gate where it reads like the texts that were no reason to look.
func TestWordingIsEvidence(t *testing.T) {
	const telling = "Buna ziua, pasaportul ramane la noi pana platesti datoria din salariu."
	for _, tc := range []struct {
		name                            string
		strong, medium, against, closed float64
		gate                            int
		text                            string
		weight                          float64 // of the finding
		flagged                         bool
	}{
		{"strong", -8, -9, -10, -11, 2, telling, 2.3, true},
		{"medium", 9, -9, -10, -11, 2, telling, 1.1, true},
		{"nothing", 9, 8, -10, -11, 2, telling, 0, false},
		{"against", 11, 10, 9, -11, 2, telling, -1, false},
		{"closed, whatever was found", 11, 10, 9, 8, 1, telling, -1, false},
		{"unless much was found", 11, 10, 9, 8, -1, telling, -1, true},
		{"nothing found, nothing read", -8, -9, -10, -11, 1, "platesti datoria la patron, din salariu", 0, false},
		{"a quote is not read", 0.01, 0, -10, -11, 1, "> la noi pana platesti datoria\npasaportul ramane contract cu firma autorizata serioasa contract firma", 0, true},
		{"nor one among disguised words", 0.05, 0, -10, -11, 1, "> la noi pana platesti datoria din salariu la patron pana platesti datoria\npasaportul ramane c0ntr4ct cu f1rm4 autorizata serioasa c0ntr4ct firma", 0, true},
	} {
		t.Run(tc.name, func(t *testing.T) {
			a := worded(t, tc.strong, tc.medium, tc.against, tc.closed, tc.gate).Assess(veghe.Post{Kind: veghe.Ad, Text: tc.text})
			weight := 0.0
			for _, f := range a.Findings {
				if f.Indicator != "REC-WRD" {
					continue
				}
				weight = f.Weight
				if (f.Weight > 0) != (len(f.Spans) > 0) {
					t.Errorf("%d spans for a weight of %v", len(f.Spans), f.Weight)
				}
				for _, s := range f.Spans {
					if tc.text[s.Start:s.End] != s.Text {
						t.Errorf("span %+v is not what stands there", s)
					}
				}
			}
			if weight != tc.weight || a.Flagged != tc.flagged {
				t.Errorf("weight %v, flagged %v; want %v, %v", weight, a.Flagged, tc.weight, tc.flagged)
			}
		})
	}
}
