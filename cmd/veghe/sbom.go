package main

import (
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"errors"
	"io"
	"runtime/debug"
	"strings"
)

// bom is a software bill of materials, CycloneDX 1.5, as far as a binary knows
// itself: every module it is linked from, with the hash Go verified.
type bom struct {
	Format     string      `json:"bomFormat"`
	Spec       string      `json:"specVersion"`
	Version    int         `json:"version"`
	Metadata   bomMetadata `json:"metadata"`
	Components []component `json:"components"`
}

type bomMetadata struct {
	Component  component  `json:"component"`
	Properties []property `json:"properties"`
}

type component struct {
	Type       string     `json:"type"`
	Ref        string     `json:"bom-ref"`
	Name       string     `json:"name"`
	Version    string     `json:"version"`
	PURL       string     `json:"purl,omitempty"`
	Properties []property `json:"properties,omitempty"`
}

type property struct {
	Name  string `json:"name"`
	Value string `json:"value"`
}

func printSBOM(w io.Writer) error {
	bi, ok := debug.ReadBuildInfo()
	if !ok {
		return errors.New("this binary does not know what it is made of: build it as a module")
	}
	b := bom{Format: "CycloneDX", Spec: "1.5", Version: 1, Components: []component{}}
	b.Metadata.Component = component{Type: "application", Ref: "veghe", Name: "veghe", Version: thisBuild().Version}
	b.Metadata.Properties = []property{{"go", bi.GoVersion}}
	for _, s := range bi.Settings {
		if strings.HasPrefix(s.Key, "vcs.") {
			b.Metadata.Properties = append(b.Metadata.Properties, property{s.Key, s.Value})
		}
	}
	b.Components = append(b.Components, component{Type: "library", Ref: "go-std", Name: "std", Version: strings.TrimPrefix(bi.GoVersion, "go")})
	for _, m := range bi.Deps {
		if m.Replace != nil {
			m = m.Replace
		}
		b.Components = append(b.Components, moduleComponent(m))
	}
	enc := json.NewEncoder(w)
	enc.SetIndent("", " ")
	return enc.Encode(b)
}

func moduleComponent(m *debug.Module) component {
	purl := "pkg:golang/" + m.Path + "@" + m.Version
	c := component{Type: "library", Ref: purl, Name: m.Path, Version: m.Version, PURL: purl}
	// The h1 sum is over the list of files, not over an archive, so it is no
	// hash in CycloneDX's sense.
	if sum, err := base64.StdEncoding.DecodeString(strings.TrimPrefix(m.Sum, "h1:")); err == nil && len(sum) == 32 {
		c.Properties = []property{{"go:h1", hex.EncodeToString(sum)}}
	}
	return c
}
