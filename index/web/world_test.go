package web

import (
	"context"
	"fmt"
	"math"
	"strings"
	"time"

	"veghe"
	"veghe/index"
	store "veghe/index/desk"
)

// The posts here are invented and mild, no more than a prevention leaflet
// says. Numbers are fictional.

var noon = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)

// cue is a phrase that stands for an indicator in the invented world.
type cue struct {
	phrase string
	id     veghe.IndicatorID
	family string
	weight float64
	why    string
}

var cues = []cue{
	{"pașaportul rămâne la noi", "DOC-01", "documents", 2.3, "the employer keeps the worker's passport"},
	{"we keep your passport", "DOC-01", "documents", 2.3, "the employer keeps the worker's passport"},
	{"taxa de 300 euro", "DBT-01", "debt", 2.3, "the worker pays a recruitment fee"},
	{"se oprește din salariu", "DBT-02", "debt", 2.3, "an advance is taken out of the wages"},
	{"plecare imediată", "REC-04", "offer", 0.4, "departure is immediate"},
	{"leave this week", "REC-04", "offer", 0.4, "departure is immediate"},
	{"fără experiență", "REC-03", "offer", 1.1, "nothing is required for work abroad"},
	{"no contract needed", "REC-08", "offer", 1.1, "there is no contract"},
	{"cazare asigurată", "REC-06", "offer", 0.4, "the employer provides accommodation"},
	{"doar pe WhatsApp", "REC-07", "contact", 1.1, "contact only by private messenger"},
	{"nu spune nimănui", "GRM-SEC", "secrecy", 2.3, "asks to keep the talk secret"},
	{"keep this between us", "GRM-SEC", "secrecy", 2.3, "asks to keep the talk secret"},
	{"ai tăi sunt acasă", "GRM-SUP", "supervision", 2.3, "asks whether parents are at home"},
	{"hai pe alt chat", "GRM-MIG", "channel", 1.1, "moves to a private channel"},
	{"îți dau eu monede în joc", "GRM-GFT", "gifts", 2.3, "offers game currency"},
	{"agenție înregistrată", "NEG-01", "exculpatory", -1.0, "names a registered agency"},
}

func categoryOf(id veghe.IndicatorID) veghe.Category {
	switch {
	case strings.HasPrefix(string(id), "GRM"):
		return veghe.Grooming
	case strings.HasPrefix(string(id), "NEG"):
		return veghe.Common
	}
	return veghe.Recruitment
}

// assess is a toy of the real thing: it finds the cues and adds weights.
func assess(p veghe.Post) veghe.Assessment {
	a := veghe.Assessment{ID: p.ID, Severity: veghe.None, Score: map[veghe.Category]float64{}, RulesVersion: "sha256:5c1d09e2"}
	lang := "ro"
	if strings.Contains(p.Text, " the ") {
		lang = "en"
	}
	a.Lang = []veghe.LangSpan{{Lang: lang, Start: 0, End: len(p.Text)}}
	sum := map[veghe.Category]float64{}
	for _, c := range cues {
		i := strings.Index(p.Text, c.phrase)
		if i < 0 {
			continue
		}
		cat := categoryOf(c.id)
		sum[cat] += c.weight
		a.Findings = append(a.Findings, veghe.Finding{
			Indicator: c.id, Rule: veghe.RuleID(c.id), Category: cat, Family: c.family, Weight: c.weight, Why: c.why,
			Spans: []veghe.Span{{Start: i, End: i + len(c.phrase), Text: c.phrase}},
		})
	}
	best := 0.0
	for cat, s := range sum {
		if cat == veghe.Common {
			continue
		}
		a.Score[cat] = 1 / (1 + math.Exp(3.4-s))
		best = max(best, a.Score[cat])
	}
	a.Flagged = len(a.Findings) >= 2
	a.Severity, a.Label = severityFor(best, a.Flagged), ""
	if a.Flagged {
		a.Label = "possible exploitative recruitment"
		if a.Score[veghe.Grooming] > a.Score[veghe.Recruitment] {
			a.Label = "possible grooming"
		}
	}
	for raw, value := range map[string]string{"07OO 000 123": "+40700000123", "0700 000 456": "+40700000456"} {
		if i := strings.Index(p.Text, raw); i >= 0 {
			a.Contacts = append(a.Contacts, veghe.Contact{Kind: "phone", Value: value, Raw: raw, Start: i, End: i + len(raw)})
		}
	}
	if i := strings.Index(p.Text, "munca.example.org"); i >= 0 {
		a.Contacts = append(a.Contacts, veghe.Contact{Kind: "url", Value: "https://munca.example.org/plecari", Raw: "munca.example.org", Start: i, End: i + 17})
	}
	return a
}

func severityFor(score float64, flagged bool) veghe.Severity {
	switch {
	case !flagged:
		return veghe.None
	case score > 0.9:
		return veghe.Critical
	case score > 0.7:
		return veghe.High
	case score > 0.3:
		return veghe.Medium
	}
	return veghe.Low
}

var (
	ads = []struct{ title, text, place string }{
		{"Culegători în Italia, plecare joi", "Căutăm oameni pentru cules, fără experiență, plecare imediată. Cazare asigurată lângă fermă. Se plătește taxa de 300 euro la plecare, iar pașaportul rămâne la noi până la sfârșitul sezonului. Detalii doar pe WhatsApp, 07OO 000 123.", "Bacău"},
		{"Lucru la fermă, Germania", "Muncă la fermă, fără experiență, cazare asigurată. Transportul se oprește din salariu în primele trei luni. Scrieți doar pe WhatsApp la 0700 000 456 sau pe munca.example.org.", "Suceava"},
		{"Warehouse staff wanted abroad", "We look for people for the warehouse, good pay, no contract needed. You leave this week and the driver and we keep your passport until the first month is over.", "London"},
		{"Îngrijire la domiciliu, Austria", "Agenție înregistrată, contract în limba română. Plecare imediată, cazare asigurată. Fără experiență în primul an.", "Iași"},
		{"Personal pensiune, litoral", "Angajăm personal pentru sezon, cazare asigurată, plecare imediată, fără experiență. Telefon 0700 000 456.", "Constanța"},
	}
	talk = []struct{ author, text string }{
		{"capitanul_9", "Salut, joci și tu pe server? Te-am văzut aseară, ai construit frumos."},
		{"mara.k", "Da, joc după teme. Tu de când ești pe server?"},
		{"capitanul_9", "De mult. Dacă vrei, îți dau eu monede în joc, numai hai pe alt chat."},
		{"mara.k", "Nu știu, mama nu mă lasă pe alte chaturi."},
		{"capitanul_9", "Lasă, nu spune nimănui. Ai tăi sunt acasă acum? Întreb doar așa, ai tăi sunt acasă des?"},
		{"moderator", "Atenție: pe acest forum nu se cer date personale. Raportați mesajele de acest fel."},
	}
)

// newWorld is a memory with invented posts over some weeks.
func newWorld() *memory {
	m := &memory{}
	for i := range 64 {
		ad := ads[(i*7+i/5)%len(ads)]
		m.add(veghe.Post{
			Source: veghe.SourceID([]string{"anunturi", "job-board"}[i%2]), Kind: veghe.Ad, URL: fmt.Sprintf("https://anunturi.example.org/a/%d", 1000+i),
			Author: veghe.AuthorID(fmt.Sprintf("vanzator%d", i%9)), Title: ad.title, Text: ad.text, Place: ad.place,
			PostedAt: noon.Add(-time.Duration(i*i/6+i*5) * time.Hour),
		})
	}
	var earlier []veghe.PostID
	for i, t := range talk {
		p := veghe.Post{
			Source: "forum-jocuri", Kind: veghe.Forum, Thread: "t-88", Seq: i + 1, Author: veghe.AuthorID(t.author), Text: t.text,
			PostedAt: noon.Add(time.Duration(i-40) * time.Minute),
		}
		if i == 4 {
			p.Quotes = []veghe.Quote{{Author: "mara.k", Text: "Nu știu, mama nu mă lasă pe alte chaturi."}}
		}
		h := m.add(p)
		if i == 2 {
			earlier = append(earlier, h.Post.ID)
		}
		if i == 4 {
			h.Assessment.History = &veghe.History{Score: 4.6, Families: []string{"gifts", "channel", "secrecy", "supervision"}, Posts: earlier}
			h.Assessment.Flagged, h.Assessment.Severity = true, veghe.Critical
			h.Assessment.Score[veghe.Grooming] = 0.97
			h.Assessment.Label = "possible grooming"
		}
	}
	m.tell()
	m.reviews = append(m.reviews,
		veghe.Review{ID: "1", Post: m.hits[1].Post.ID, Decision: veghe.Unsure, By: "ana", At: noon.Add(-20 * time.Minute)},
		veghe.Review{ID: "2", Post: m.hits[1].Post.ID, Decision: veghe.Relevant, Reason: "același număr ca în alt anunț", By: "ana", At: noon.Add(-10 * time.Minute)},
		veghe.Review{ID: "3", Post: m.hits[3].Post.ID, Decision: veghe.NotRelevant, By: "ana", At: noon.Add(-9 * time.Minute)})
	return m
}

// tell gives the posts of the talk their replies and the captain his history,
// and the ads of one text a template.
func (m *memory) tell() {
	first := len(m.hits) - len(talk)
	for i := first + 1; i < len(m.hits); i++ {
		m.hits[i].Post.ReplyTo = m.hits[i-1].Post.ID
	}
	m.hits[len(m.hits)-1].Post.ReplyTo = m.hits[first+2].Post.ID
	m.hits[first+2].Assessment.History = &veghe.History{
		Score: 3.4, Families: []string{"channel", "gifts"}, Added: map[string]float64{"channel": 1.1, "gifts": 2.3},
	}
	m.hits[first+4].Assessment.History.Added = map[string]float64{"secrecy": 1.2}
	for i := range m.hits {
		if h := &m.hits[i]; h.Post.Title == ads[0].title {
			h.Assessment.Cluster = &veghe.Cluster{ID: "c0ffee", Size: 12}
			if h.Post.Source == "job-board" { // edited since
				h.EditedAt = h.Post.CollectedAt
			}
		}
	}
}

// talkPost is a post of the talk by its number.
func (m *memory) talkPost(seq int) veghe.PostID {
	for i := range m.hits {
		if m.hits[i].Post.Seq == seq {
			return m.hits[i].Post.ID
		}
	}
	return ""
}

// worldRates are the base rates of the invented world.
func worldRates(_ context.Context, source veghe.SourceID, lang string) (index.Rates, error) {
	return index.Rates{Days: 30, Source: source, Lang: lang, Here: 4310, All: 51200, Fired: []index.Fired{
		{Indicator: "DBT-01", Here: 12, All: 88},
		{Indicator: "DOC-01", Here: 3, All: 9},
		{Indicator: "REC-03", Here: 911, All: 4010},
		{Indicator: "GRM-SEC", Here: 5, All: 7},
	}}, nil
}

// worldOtherwise says that a post is no longer flagged without its first sign.
func worldOtherwise(a veghe.Assessed) ([]Otherwise, bool) {
	if fs := a.Assessment.Findings; len(fs) > 0 && a.Assessment.Flagged {
		return []Otherwise{{Without: fs[0].Indicator, Severity: veghe.None}}, true
	}
	return nil, true
}

// worldVersions gives an edited ad at the fee of 300 euro an earlier one.
func (m *memory) worldVersions(ctx context.Context, id veghe.PostID) ([]index.Version, error) {
	h, err := m.Get(ctx, id)
	if err != nil || !strings.Contains(h.Post.Text, "300 euro") {
		return nil, err
	}
	p := h.Post
	p.ContentHash, p.Evidence, p.CollectedAt = "sha256:0ld", "warc/2026-11-23.warc.gz#77", p.CollectedAt.Add(-26*time.Hour)
	p.Text = strings.Replace(p.Text, "300 euro", "250 euro", 1)
	return []index.Version{{Post: p, Assessment: assess(p), AssessedAt: p.CollectedAt}}, nil
}

// worldExplain adds the weights up, and knows where the gate of talks opens.
func worldExplain(a veghe.Assessed) []Sum {
	all := addWeights(a)
	for i := range all {
		all[i].Gate = Gate{State: "open", Strong: 2}
		if all[i].Category == veghe.Grooming {
			all[i].Gate = Gate{State: "open", Sum: 4.6, Needed: 3, Families: 4, Wanted: 3, WantedIfGrave: 2}
		}
	}
	return all
}

// worldTemplate is a template with two slots.
func worldTemplate(texts []string) []TemplatePiece {
	if len(texts) == 0 {
		return nil
	}
	return []TemplatePiece{
		{Text: "Căutăm oameni pentru cules, fără experiență, plecare imediată. Detalii doar pe WhatsApp, "},
		{Text: "07OO 000 123", Slot: true, Values: []TemplateValue{{"07OO 000 123", 9}, {"0700 000 456", 3}}},
		{Text: " din "},
		{Text: "Bacău", Slot: true, Values: []TemplateValue{{"Bacău", 8}, {"", 4}}},
		{Text: "."},
	}
}

func (m *memory) add(p veghe.Post) *index.Hit {
	p.CollectedAt = p.PostedAt.Add(90 * time.Second)
	p.Evidence = "warc/2026-11-24.warc.gz#18234"
	p.Identify()
	m.hits = append(m.hits, index.Hit{
		Post: p, Assessment: assess(p), AssessedAt: p.CollectedAt.Add(time.Second), IndexedAt: p.CollectedAt.Add(2 * time.Second),
	})
	return &m.hits[len(m.hits)-1]
}

func worldRules() []RuleInfo {
	var out []RuleInfo
	l := map[veghe.IndicatorID]bool{}
	for _, c := range cues {
		if l[c.id] {
			continue
		}
		l[c.id] = true
		strength := map[float64]string{2.3: "strong", 1.1: "medium", 0.4: "weak", -1: "negative"}[c.weight]
		out = append(out, RuleInfo{
			Indicator: c.id, Rule: veghe.RuleID(c.id), Title: titleCase(c.why), Category: categoryOf(c.id), Family: c.family,
			Strength: strength, Status: "stable", Why: c.why, FalsePositives: []string{"hotels that ask guests for a passport"},
		})
	}
	return out
}

// worldPrecisions are the decisions on posts with three of the indicators.
func worldPrecisions(context.Context) ([]store.Precision, error) {
	was, now := store.Tally{Relevant: 38, NotRelevant: 2}, store.Tally{Relevant: 8, NotRelevant: 16}
	share := store.Wilson(46, 64)
	return []store.Precision{
		{Verdict: store.Verdict{Rule: "DOC-01", Relevant: 46, NotRelevant: 18, Unsure: 3}, Share: &share, Recent: now, Before: was, Drift: store.Falling},
		{Verdict: store.Verdict{Rule: "DBT-01", Relevant: 1}, Recent: store.Tally{Relevant: 1}},
	}, nil
}

func titleCase(s string) string { return strings.ToUpper(s[:1]) + s[1:] }

func worldSources() []veghe.Source {
	return []veghe.Source{
		{ID: "anunturi", Name: "Anunțuri (invented)", URL: "https://anunturi.example.org", Purpose: "preventing trafficking in human beings", LegalBasis: "Directive (EU) 2016/680, art. 8"},
		{ID: "forum-jocuri", Name: "Forum de jocuri (invented)", URL: "https://forum.example.org", Purpose: "protecting children online", LegalBasis: "Directive (EU) 2016/680, art. 8"},
	}
}

func worldStatus(context.Context) (Status, error) {
	s := worldSources()
	return Status{
		Sources: []SourceStatus{
			{Source: s[0], Collected: 18240, Assessed: 18231, Flagged: 212, Dead: 2, InFlight: 7, LastSuccess: noon.Add(-time.Minute), Pages: 1912},
			{Source: s[1], Collected: 40991, Assessed: 40991, Flagged: 31, LastSuccess: noon.Add(-2 * time.Hour), LastError: "503 Service Unavailable, next try in 8 minutes", LastErrorAt: noon.Add(-3 * time.Minute), Errors: 14},
		},
		Stages: []StageStatus{
			{Name: "crawl", Healthy: true, Handled: 5210},
			{Name: "detect", Healthy: true, Behind: 7, Oldest: 2 * time.Second, Handled: 59222},
			{Name: "index", Healthy: false, Behind: 1200, Oldest: 21 * time.Minute, Handled: 58001, Detail: "less than 1 GB free on disk: writing is paused"},
		},
		RulesVersion: "sha256:5c1d09e2", RulesLoaded: 48, Indexed: 59222, Started: noon.Add(-27 * time.Hour),
	}, nil
}

func worldConfig(m *memory) Config {
	return Config{
		Search: m, Reviews: m, Batch: m.Batch, Audit: m.audit, Ingest: m.ingest, Status: worldStatus, Rules: worldRules, Sources: worldSources, Precisions: worldPrecisions,
		Rates: worldRates, Explain: worldExplain, Otherwise: worldOtherwise, Versions: m.worldVersions, Template: worldTemplate,
		Lab: toyLab{"pașaport"}, Proposals: &book{}, Exceptions: worldExceptions,
		Token: "a-collector-token", AutoSignIn: true, Notice: "Demo: everything here is invented",
		PseudonymKey: []byte("a key for tests"), Clock: func() time.Time { return noon }, Version: "0.1",
	}
}
