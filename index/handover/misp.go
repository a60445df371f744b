package handover

import (
	_ "embed"
	"slices"
	"strconv"
	"time"

	"veghe"
	store "veghe/index/desk"
)

// Taxonomy is machinetag.json, which explains our tags to a MISP instance.
//
//go:embed machinetag.json
var Taxonomy []byte

// The template of MISP's object for a post (misp-objects, microblog).
const (
	microblog        = "8ec8c911-ddbe-4f5b-895b-fbff70c42a60"
	microblogVersion = "20"
)

type mispTag struct {
	Name string `json:"name"`
}

type mispAttribute struct {
	UUID         string    `json:"uuid"`
	Type         string    `json:"type"`
	Category     string    `json:"category"`
	Relation     string    `json:"object_relation,omitempty"`
	Value        string    `json:"value"`
	Comment      string    `json:"comment,omitempty"`
	ToIDs        bool      `json:"to_ids"` // always false: nothing here is to block anything
	Distribution string    `json:"distribution"`
	Timestamp    string    `json:"timestamp"`
	Tags         []mispTag `json:"Tag,omitempty"`
}

type mispReference struct {
	UUID         string `json:"uuid"`
	Object       string `json:"object_uuid"`
	Referenced   string `json:"referenced_uuid"`
	Relationship string `json:"relationship_type"`
}

type mispObject struct {
	UUID            string          `json:"uuid"`
	Name            string          `json:"name"`
	MetaCategory    string          `json:"meta-category"`
	TemplateUUID    string          `json:"template_uuid"`
	TemplateVersion string          `json:"template_version"`
	Comment         string          `json:"comment,omitempty"`
	Distribution    string          `json:"distribution"`
	Timestamp       string          `json:"timestamp"`
	Attributes      []mispAttribute `json:"Attribute"`
	References      []mispReference `json:"ObjectReference,omitempty"`
}

// mispEvent is the pack as a MISP event, unpublished and for the receiving
// organisation only: each post an object, each contact an attribute.
func mispEvent(p Pack) (any, error) {
	b := &mispBuilder{attributes: map[string]bool{}}
	worst := veghe.None
	for _, h := range p.Posts {
		b.post(p, h)
		if h.Assessment.Severity.Rank() > worst.Rank() {
			worst = h.Assessment.Severity
		}
	}
	event := map[string]any{
		"uuid": id("misp event", p.key()), "info": p.name(), "date": p.Made.UTC().Format(time.DateOnly),
		"timestamp": unix(p.Made), "published": false, "distribution": "0", "analysis": analysis(p), "threat_level_id": threat(worst),
		"Orgc":      map[string]string{"uuid": id("office", p.office()), "name": p.office()},
		"Tag":       []mispTag{{"tlp:amber"}, {tag("lead", "reason-to-look")}},
		"Attribute": append([]mispAttribute{}, b.shared...), "Object": append([]mispObject{}, b.objects...),
	}
	return map[string]any{"Event": event}, nil
}

func analysis(p Pack) string {
	if p.Case == nil {
		return "0" // initial
	}
	return map[store.CaseStatus]string{store.CaseOpen: "1", store.CaseReferred: "1", store.CaseClosed: "2"}[p.Case.Status]
}

func threat(s veghe.Severity) string {
	switch s {
	case veghe.Critical, veghe.High:
		return "1"
	case veghe.Medium:
		return "2"
	case veghe.Low:
		return "3"
	}
	return "4"
}

func unix(t time.Time) string { return strconv.FormatInt(max(0, t.Unix()), 10) }

type mispBuilder struct {
	shared     []mispAttribute // of the event: what posts have in common
	attributes map[string]bool
	objects    []mispObject
}

func (b *mispBuilder) post(p Pack, h Post) {
	at := unix(p.seen(h))
	o := mispObject{
		UUID: id("misp post", string(h.Post.ID)), Name: "microblog", MetaCategory: "misc", TemplateUUID: microblog, TemplateVersion: microblogVersion,
		Comment: reasons(h), Distribution: "5", Timestamp: at,
	}
	add := func(relation, kind, category, value string) {
		if value == "" {
			return
		}
		o.Attributes = append(o.Attributes, mispAttribute{
			UUID: id("misp post", string(h.Post.ID), relation, value), Type: kind, Category: category, Relation: relation, Value: value, Distribution: "5", Timestamp: at,
		})
	}
	add("post", "text", "Other", h.Post.Text)
	add("title", "text", "Other", h.Post.Title)
	add("url", "url", "External analysis", address(h.Post.URL))
	add("username", "text", "Other", string(h.Post.Author))
	add("creation-date", "datetime", "Other", stamp(h.Post.PostedAt))
	add("language", "text", "Other", langs(h))
	add("type", "text", "Other", map[veghe.Kind]string{veghe.Forum: "Forum"}[h.Post.Kind])
	if len(o.Attributes) > 0 {
		for _, t := range tags(h) {
			o.Attributes[0].Tags = append(o.Attributes[0].Tags, mispTag{t})
		}
	}
	for _, c := range contacts(h) {
		b.contact(&o, c, at)
	}
	b.objects = append(b.objects, o)
}

// contact makes a contact an attribute of the event, once, and has the post
// point to it.
func (b *mispBuilder) contact(o *mispObject, c veghe.Contact, at string) {
	a := mispAttribute{Distribution: "5", Timestamp: at, Value: c.Value}
	switch c.Kind {
	case "phone":
		a.Type, a.Category = "phone-number", "Person"
	case "email":
		a.Type, a.Category = "email", "Social network"
	case "handle":
		network, name := account(c.Value)
		a.Type, a.Category, a.Value, a.Comment = "text", "Social network", name, "account on "+network
	case "url":
		a.Type, a.Category, a.Value = "url", "External analysis", address(c.Value)
	}
	if a.Value == "" {
		return
	}
	a.UUID = id("misp contact", c.Kind, c.Value)
	if !b.attributes[a.UUID] {
		b.attributes[a.UUID] = true
		b.shared = append(b.shared, a)
	}
	ref := mispReference{UUID: id("misp reference", o.UUID, a.UUID), Object: o.UUID, Referenced: a.UUID, Relationship: "mentions"}
	if !slices.Contains(o.References, ref) {
		o.References = append(o.References, ref)
	}
}
