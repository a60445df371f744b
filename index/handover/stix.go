package handover

import (
	"cmp"
	"encoding/base64"
	"net/netip"
	"slices"
	"strings"
	"time"

	"github.com/google/uuid"

	"veghe"
	"veghe/index/links"
)

// object is a STIX object. encoding/json sorts its keys.
type object map[string]any

// stixSCO is the namespace of deterministic ids of cyber-observable objects
// (STIX 2.1, 2.9).
var stixSCO = uuid.MustParse("00abedb4-aa42-466c-9c01-fed23315a9b7")

// amber is TLP:AMBER as the standard spells it (STIX 2.1, 7.2.1.4): limited
// to the organisation that receives it and those who need to know.
const amber = "marking-definition--f88d31f6-486f-44da-b317-01333bde0b82"

// bundle gathers objects, each once.
type bundle struct {
	objects []object
	seen    map[string]bool
	by      string // id of who made it
	version string
}

// stixBundle is the pack as a STIX 2.1 bundle: a post is observed data over
// its text, address, author and contacts; what the rules saw is a note, what
// people decided are opinions, and a case is a report.
func stixBundle(p Pack) (any, error) {
	b := &bundle{seen: map[string]bool{}, version: p.Version}
	b.add(object{
		"type": "marking-definition", "spec_version": "2.1", "id": amber, "created": "2017-01-20T00:00:00.000Z",
		"definition_type": "tlp", "name": "TLP:AMBER", "definition": object{"tlp": "amber"},
	})
	b.identity(p)
	var about []string
	for _, h := range p.Posts {
		about = append(about, b.post(p, h)...)
	}
	if len(about) > 0 {
		b.whole(p, about)
	}
	return object{"type": "bundle", "id": "bundle--" + id("stix bundle", p.key(), stixTime(p.Made)), "objects": b.objects}, nil
}

func (b *bundle) add(o object) string {
	name, _ := o["id"].(string)
	if !b.seen[name] {
		b.seen[name] = true
		b.objects = append(b.objects, o)
	}
	return name
}

// identity is the office. Its creation is that of the program's first year,
// so that the object is the same in every bundle.
func (b *bundle) identity(p Pack) {
	b.by = "identity--" + id("office", p.office())
	b.add(object{
		"type": "identity", "spec_version": "2.1", "id": b.by, "created": "2026-01-01T00:00:00.000Z", "modified": "2026-01-01T00:00:00.000Z",
		"name": p.office(), "identity_class": "organization", "object_marking_refs": []string{amber},
	})
}

// domain fills what every domain object has.
func (b *bundle) domain(kind string, at time.Time, o object, key ...string) string {
	o["type"], o["spec_version"], o["id"] = kind, "2.1", kind+"--"+id(append([]string{"stix", kind}, key...)...)
	o["created"], o["modified"] = stixTime(at), stixTime(at)
	o["created_by_ref"], o["object_marking_refs"] = b.by, []string{amber}
	return b.add(o)
}

// observable is a cyber-observable object; keys are the properties that its
// id is made from.
func (b *bundle) observable(kind string, o object, keys ...string) string {
	from := object{}
	for _, k := range keys {
		if v, ok := o[k]; ok {
			from[k] = v
		}
	}
	o["type"], o["spec_version"] = kind, "2.1"
	o["id"] = kind + "--" + uuid.NewSHA1(stixSCO, canonical(from)).String()
	return b.add(o)
}

// post returns the ids of everything said about one post.
func (b *bundle) post(p Pack, h Post) []string {
	at := p.seen(h)
	first := h.Post.Written()
	if first.IsZero() || first.After(at) {
		first = at
	}
	observed := b.domain("observed-data", at, object{
		"first_observed": stixTime(first), "last_observed": stixTime(first), "number_observed": 1,
		"object_refs": b.observables(h), "labels": tags(h), "external_references": []object{{"source_name": "veghe", "external_id": string(h.Post.ID)}},
	}, string(h.Post.ID))
	out := []string{observed}
	if len(h.Assessment.Findings) > 0 {
		out = append(out, b.domain("note", at, object{
			"abstract": cmp.Or(h.Assessment.Label, "what the rules saw"), "content": reasons(h),
			"authors": []string{strings.TrimSpace("veghe " + b.version)}, "object_refs": []string{observed},
		}, string(h.Post.ID), h.Assessment.RulesVersion))
	}
	for _, r := range h.Reviews {
		if o := opinion(r.Decision); o != "" {
			op := object{"opinion": o, "authors": []string{r.By}, "object_refs": []string{observed}}
			if r.Reason != "" {
				op["explanation"] = r.Reason
			}
			out = append(out, b.domain("opinion", r.At, op, r.ID))
		}
	}
	return out
}

// opinion is a decision in the words of opinion-enum.
func opinion(d veghe.Decision) string {
	switch d {
	case veghe.Relevant:
		return "agree"
	case veghe.NotRelevant:
		return "disagree"
	case veghe.Unsure:
		return "neutral"
	}
	return ""
}

// observables are what can be seen of a post: its text, where it stands, who
// wrote it, whom it says to call.
func (b *bundle) observables(h Post) []string {
	text, sum := words(h)
	refs := []string{b.observable("artifact", object{
		"mime_type": "text/plain", "payload_bin": base64.StdEncoding.EncodeToString([]byte(text)),
		"hashes": object{"SHA-256": sum},
	}, "hashes", "payload_bin")}
	add := func(ref string) {
		if ref != "" && !slices.Contains(refs, ref) {
			refs = append(refs, ref)
		}
	}
	add(b.url(h.Post.URL))
	if h.Post.Author != "" {
		add(b.account(string(h.Post.Source), string(h.Post.Author)))
	}
	for _, c := range contacts(h) {
		switch c.Kind {
		case "phone":
			add(b.account("phone", c.Value))
		case "handle":
			network, name := account(c.Value)
			add(b.account(network, name))
		case "email":
			add(b.observable("email-addr", object{"value": c.Value}, "value"))
		case "url":
			add(b.url(c.Value))
			add(b.site(c.Value))
		}
	}
	return refs
}

func (b *bundle) url(s string) string {
	if s = address(s); s == "" {
		return ""
	}
	return b.observable("url", object{"value": s}, "value")
}

func (b *bundle) site(s string) string {
	host := links.Host(s)
	if _, err := netip.ParseAddr(host); err == nil || !strings.Contains(host, ".") {
		return ""
	}
	return b.observable("domain-name", object{"value": host}, "value")
}

// account is someone's name on a network. STIX has no object for a phone: it
// is an account of the kind "phone", as others write it too.
func (b *bundle) account(network, name string) string {
	return b.observable("user-account", object{"account_type": strings.ToLower(network), "account_login": name, "user_id": name},
		"account_type", "user_id", "account_login")
}

// whole is the case, or the search, that holds it all together.
func (b *bundle) whole(p Pack, about []string) {
	if p.Case == nil {
		b.domain("grouping", p.Made, object{"name": p.name(), "context": "suspicious-activity", "object_refs": about}, p.key(), stixTime(p.Made))
		return
	}
	b.domain("report", p.Case.At, object{
		"name": p.name(), "published": stixTime(p.Case.At), "report_types": []string{"observed-data"}, "object_refs": about,
		"description": "A case of " + p.office() + ", " + string(p.Case.Status) + ". Reasons to look, not verdicts on persons.",
	}, p.key())
}

func stixTime(t time.Time) string { return t.UTC().Format("2006-01-02T15:04:05.000Z") }
