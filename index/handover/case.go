package handover

import (
	"cmp"
	"strings"
	"time"

	"veghe"
)

// node is an object of the graph.
type node = map[string]any

// caseContext are the names of CASE 1.4 and UCO 1.4.
var caseContext = map[string]string{
	"case-investigation": "https://ontology.caseontology.org/case/investigation/",
	"uco-action":         "https://ontology.unifiedcyberontology.org/uco/action/",
	"uco-core":           "https://ontology.unifiedcyberontology.org/uco/core/",
	"uco-identity":       "https://ontology.unifiedcyberontology.org/uco/identity/",
	"uco-observable":     "https://ontology.unifiedcyberontology.org/uco/observable/",
	"uco-types":          "https://ontology.unifiedcyberontology.org/uco/types/",
	"xsd":                "http://www.w3.org/2001/XMLSchema#",
}

// graph gathers nodes, each once.
type graph struct {
	nodes []node
	seen  map[string]bool
}

// caseGraph is the pack in CASE/UCO as JSON-LD: an investigation over posts
// (messages), their accounts and contacts, with provenance and with what the
// rules saw as annotations.
func caseGraph(p Pack) (any, error) {
	g := &graph{seen: map[string]bool{}}
	office := g.add(node{"@type": "uco-identity:Organization", "uco-core:name": p.office()}, "office", p.office())
	var all []node
	for _, h := range p.Posts {
		all = append(all, g.post(p, h)...)
	}
	top := node{
		"@type": "case-investigation:Investigation", "uco-core:name": p.name(),
		"uco-core:description":       "Reasons to look, not verdicts on persons.",
		"uco-core:createdBy":         office,
		"uco-core:objectCreatedTime": moment(p.Made),
	}
	if len(all) > 0 {
		top["uco-core:object"] = all
	}
	g.add(top, "investigation", p.key())
	return map[string]any{"@context": caseContext, "@graph": g.nodes}, nil
}

// add gives a node its id and returns a reference to it.
func (g *graph) add(n node, key ...string) node {
	name := "urn:uuid:" + id(append([]string{"case"}, key...)...)
	n["@id"] = name
	if !g.seen[name] {
		g.seen[name] = true
		g.nodes = append(g.nodes, n)
	}
	return node{"@id": name}
}

func moment(t time.Time) node {
	return node{"@type": "xsd:dateTime", "@value": stixTime(t)}
}

// facet gives a facet the id that it needs.
func facet(kind string, fields node, key ...string) node {
	fields["@type"], fields["@id"] = kind, "urn:uuid:"+id(append([]string{"case facet", kind}, key...)...)
	return fields
}

func (g *graph) post(p Pack, h Post) []node {
	post := string(h.Post.ID)
	text, sum := words(h)
	message := node{"uco-observable:messageText": text}
	if t := h.Post.Written(); !t.IsZero() {
		message["uco-observable:sentTime"] = moment(t)
	}
	var out []node
	if h.Post.Author != "" {
		from := g.account(string(h.Post.Source), string(h.Post.Author))
		message["uco-observable:from"] = from
		out = append(out, from)
	}
	facets := []node{
		facet("uco-observable:MessageFacet", message, post),
		facet("uco-observable:ContentDataFacet", node{
			"uco-observable:mimeType": "text/plain",
			"uco-observable:hash": []node{{
				"@id": "urn:uuid:" + id("case hash", post), "@type": "uco-types:Hash",
				"uco-types:hashMethod": "SHA256",
				"uco-types:hashValue":  node{"@type": "xsd:hexBinary", "@value": sum},
			}},
		}, post),
	}
	if u := address(h.Post.URL); u != "" {
		facets = append(facets, facet("uco-observable:URLFacet", node{"uco-observable:fullValue": u}, post))
	}
	m := g.add(node{
		"@type": "uco-observable:Message", "uco-core:name": string(h.Post.ID), "uco-core:tag": tags(h), "uco-core:hasFacet": facets,
	}, "post", post)
	out = append(out, m)
	for _, c := range contacts(h) {
		to := g.contact(c)
		out = append(out, to, g.mentions(m, to, post, c))
	}
	return append(out, g.about(p, h, m)...)
}

func (g *graph) account(network, name string) node {
	return g.add(node{
		"@type": "uco-observable:DigitalAccount", "uco-core:name": network + ":" + name,
		"uco-core:hasFacet": []node{facet("uco-observable:AccountFacet", node{"uco-observable:accountIdentifier": name}, network, name)},
	}, "account", network, name)
}

func (g *graph) contact(c veghe.Contact) node {
	one := func(kind, facetKind, field string, value any) node {
		return g.add(node{
			"@type":             "uco-observable:" + kind,
			"uco-core:hasFacet": []node{facet("uco-observable:"+facetKind, node{"uco-observable:" + field: value}, c.Value)},
		}, c.Kind, c.Value)
	}
	switch c.Kind {
	case "phone":
		return one("PhoneAccount", "PhoneAccountFacet", "phoneNumber", c.Value)
	case "email":
		return one("EmailAddress", "EmailAddressFacet", "addressValue", c.Value)
	case "url":
		return one("URL", "URLFacet", "fullValue", cmp.Or(address(c.Value), c.Value))
	}
	network, name := account(c.Value)
	return g.account(network, name)
}

func (g *graph) mentions(from, to node, post string, c veghe.Contact) node {
	return g.add(node{
		"@type": "uco-observable:ObservableRelationship", "uco-core:source": []node{to}, "uco-core:target": from,
		"uco-core:kindOfRelationship": "Contained_Within", "uco-core:isDirectional": true,
	}, "mentions", post, c.Kind, c.Value)
}

// about is where a post comes from, what the rules saw in it and what people
// decided.
func (g *graph) about(p Pack, h Post, m node) []node {
	post := string(h.Post.ID)
	out := []node{g.add(node{
		"@type": "case-investigation:ProvenanceRecord", "uco-core:description": cmp.Or(h.Post.Evidence, "no capture is kept"),
		"case-investigation:exhibitNumber": post, "uco-core:objectCreatedTime": moment(p.seen(h)), "uco-core:object": []node{m},
	}, "provenance", post)}
	if len(h.Assessment.Findings) > 0 {
		out = append(out, g.add(node{
			"@type": "uco-core:Annotation", "uco-core:name": cmp.Or(h.Assessment.Label, "what the rules saw"),
			"uco-core:statement": []string{reasons(h)}, "uco-core:object": []node{m},
		}, "findings", post, h.Assessment.RulesVersion))
	}
	for _, r := range h.Reviews {
		out = append(out, g.add(node{
			"@type": "uco-core:Annotation", "uco-core:name": "decision of " + r.By, "uco-core:objectCreatedTime": moment(r.At),
			"uco-core:statement": []string{strings.TrimSuffix(string(r.Decision)+": "+r.Reason, ": ")}, "uco-core:object": []node{m},
		}, "review", r.ID))
	}
	return out
}
