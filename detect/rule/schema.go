package rule

import "encoding/json"

// Schema is the JSON Schema (draft 2020-12) of one document of a rule file,
// for editors to complete and check by. Load checks more than a schema can.
func Schema() []byte {
	b, err := json.MarshalIndent(schema(), "", "  ")
	if err != nil {
		panic(err) // plain values only
	}
	return append(b, '\n')
}

type object = map[string]any

func schema() object {
	return object{
		"$schema":     "https://json-schema.org/draft/2020-12/schema",
		"$id":         "https://example.org/veghe/rule.schema.json",
		"title":       "veghe rule document",
		"description": "An indicator, policy, watch or exception. FORMAT.md says how they are written.",
		"oneOf":       []any{ref("indicator"), ref("policy"), ref("watch"), ref("exception")},
		"$defs": object{
			"indicator": indicatorSchema(), "policy": policySchema(), "watch": watchSchema(), "exception": exceptionSchema(),
			"signals": object{
				"type": "object", "minProperties": 1, "maxProperties": maxSignals, "additionalProperties": ref("signal"),
				"propertyNames": object{"pattern": "^[a-z][a-z0-9_]*$"},
			},
			"signal": signalSchema(), "terms": textsSchema("terms of one language: word, stem*, le?ter, several words"),
			"texts": textsSchema("one text or a list of texts"), "example": exampleSchema(), "field": fieldSchema(),
			"condition": object{
				"type": "string", "minLength": 1, "maxLength": maxCond,
				"description": "and or not ( ), near(a, b, n), ordered(a, b, n), count(a) >= n, 2 of (a, b, c)",
			},
			"date": object{"type": "string", "description": "a day, 2027-03-01, or a time in RFC 3339"},
		},
	}
}

func ref(name string) object { return object{"$ref": "#/$defs/" + name} }

func textsSchema(description string) object {
	scalar := object{"type": []any{"string", "number", "boolean"}}
	return object{"description": description, "oneOf": []any{scalar, object{"type": "array", "items": scalar}}}
}

// closed is an object with these properties and no others.
func closed(properties object, required ...string) object {
	o := object{"type": "object", "properties": properties, "additionalProperties": false}
	if len(required) > 0 {
		o["required"] = required
	}
	return o
}

func str(description string) object { return object{"type": "string", "description": description} }

func enum[T ~string](words ...T) object {
	values := make([]any, len(words))
	for i, w := range words {
		values[i] = string(w)
	}
	return object{"enum": values}
}

func indicatorSchema() object {
	return closed(object{
		"indicator":      object{"type": "string", "pattern": idForm.String(), "description": "taxonomy id, with a suffix for a variant: DOC-01.fee"},
		"title":          str("one line, shown in lists"),
		"description":    str("more for other analysts"),
		"category":       enum("recruitment", "grooming", "common"),
		"family":         object{"type": "string", "pattern": familyForm.String(), "description": "indicators of one family are capped together"},
		"strength":       enum(Strong, Medium, Weak, Negative),
		"weight":         object{"type": "number", "minimum": -maxWeight, "maximum": maxWeight, "description": "natural log of a likelihood ratio, once calibrated"},
		"status":         enum(Experimental, Stable, Deprecated),
		"tags":           ref("texts"),
		"references":     ref("texts"),
		"why":            str("the reason shown; {signal} is replaced by what matched"),
		"falsepositives": ref("texts"),
		"signals":        ref("signals"),
		"condition":      ref("condition"),
		"examples":       object{"type": "array", "items": ref("example"), "maxItems": maxExamples},
	}, "indicator", "title", "category", "family", "status", "signals", "condition")
}

func signalSchema() object {
	properties := object{
		"list":       ref("texts"),
		"regexp":     object{"description": "RE2 on folded text; texts, or texts per language"},
		"contact":    oneOrMore(enum(contactKinds...)),
		"field":      ref("field"),
		"indicator":  ref("texts"),
		"feature":    enum(features...),
		"exact_case": object{"type": "boolean"},
		"diacritics": enum("strict"),
		"evasive":    enum("ok", "only"),
		"allow_scan": object{"type": "boolean"},
		"min":        object{"type": "number"},
		"max":        object{"type": "number"},
	}
	form := object{
		"type": "object", "minProperties": 1, "properties": properties,
		"patternProperties": object{`^(\*|(?!min$|max$)[a-z]{2,3})$`: ref("terms")}, "additionalProperties": false,
	}
	return object{"oneOf": []any{form, object{"type": "array", "items": object{"type": []any{"string", "number", "boolean"}}}}}
}

func oneOrMore(item object) object {
	return object{"oneOf": []any{item, object{"type": "array", "items": item}}}
}

func fieldSchema() object {
	return closed(object{
		"source": ref("texts"), "author": ref("texts"), "place": ref("texts"), "kind": oneOrMore(enum("ad", "post")),
		"time": closed(object{"hours": str("UTC, such as 22-6"), "after": ref("date"), "before": ref("date")}),
	})
}

func exampleSchema() object {
	return closed(object{
		"lang":  object{"type": "string", "pattern": `^(\*|[a-z]{2,3})$`},
		"match": object{"enum": []any{true, false, "todo"}},
		"text":  str("invented and mild"), "title": str("title of the post"), "note": str("for other analysts"),
		"kind": enum("ad", "post"), "source": str("source id"), "author": str("handle"), "place": str("place, as a page gives it"),
		"posted_at": ref("date"),
		"features":  object{"type": "object", "additionalProperties": object{"type": "number"}, "propertyNames": enum(features...)},
	}, "lang", "match")
}

func watchSchema() object {
	return closed(object{
		"watch": object{"type": "string", "pattern": nameForm.String()}, "title": str("one line"), "owner": str("who hears of it"),
		"why": str("the reason shown"), "signals": ref("signals"), "condition": ref("condition"),
	}, "watch", "signals", "condition")
}

func exceptionSchema() object {
	return closed(object{
		"exception": object{"type": "string", "pattern": nameForm.String()}, "indicators": ref("texts"), "signals": ref("signals"),
		"condition": ref("condition"), "reason": str("why this office needs it"), "owner": str("who answers for it"), "expires": ref("date"),
	}, "exception", "indicators", "reason", "owner", "expires")
}

func policySchema() object {
	number := object{"type": "number"}
	count := object{"type": "integer", "minimum": 0}
	words := object{"type": "array", "items": object{"type": "string"}}
	counts := closed(object{"strong": count, "medium": count, "weak": count})
	return closed(object{
		"policy": str("name"), "category": enum("recruitment", "grooming"), "unit": enum("post", "author"),
		"weights": closed(object{"strong": number, "medium": number, "weak": number, "negative": number}, "strong", "medium", "weak", "negative"),
		"prior":   number, "family_cap": number, "family_caps": object{"type": "object", "additionalProperties": number},
		"evasion": closed(object{"families": words, "step": number, "max": number}),
		"wording": closed(object{
			"indicator": str("id"), "family": str("family"),
			"strong": number, "medium": number, "against": number, "closed": number, "unless_strong": count,
		}, "indicator", "family"),
		"gate": object{"type": "array", "items": counts},
		"threads": closed(object{
			"threshold": number, "drift": number, "half_life_days": number, "window_days": number, "hits_per_family": count,
			"families": count, "grave_families": count, "grave": object{"type": "array", "items": words}, "context": words,
		}),
		"suppressors":   object{"type": "array", "items": closed(object{"indicator": str("id"), "unless_strong": count}, "indicator")},
		"forced_review": words,
		"severity": object{"type": "array", "items": closed(object{
			"severity": enum("low", "medium", "high", "critical"), "score": number, "families": count, "strong": count,
		}, "severity")},
		"label": str("what a flagged post is called"),
	}, "policy", "category", "unit", "weights")
}
