package main

import (
	"context"
	"encoding/json"
	"fmt"
	"runtime/debug"
)

// build is what this binary was made from.
type build struct {
	Version  string `json:"version"`
	Revision string `json:"revision,omitempty"`
	Time     string `json:"time,omitempty"`
	Modified bool   `json:"modified,omitempty"`
	Go       string `json:"go"`
}

func thisBuild() build {
	b := build{Version: "devel"}
	bi, ok := debug.ReadBuildInfo()
	if !ok {
		return b
	}
	b.Go = bi.GoVersion
	if v := bi.Main.Version; v != "" && v != "(devel)" {
		b.Version = v
	}
	for _, s := range bi.Settings {
		switch s.Key {
		case "vcs.revision":
			b.Revision = s.Value
		case "vcs.time":
			b.Time = s.Value
		case "vcs.modified":
			b.Modified = s.Value == "true"
		}
	}
	return b
}

func versionCmd(_ context.Context, e env, args []string) error {
	f := newFlags("version", e.err)
	asJSON := f.Bool("json", false, "print JSON")
	sbom := f.Bool("sbom", false, "print what this binary is made of, as CycloneDX")
	if _, err := f.parse(args); err != nil {
		return err
	}
	if *sbom {
		return printSBOM(e.out)
	}
	b := thisBuild()
	if *asJSON {
		return json.NewEncoder(e.out).Encode(b)
	}
	_, err := fmt.Fprintf(e.out, "veghe %s (%s)\n", b.Version, b.Go)
	if b.Revision != "" {
		fmt.Fprintf(e.out, "revision %s of %s\n", b.Revision, b.Time)
	}
	return err
}
