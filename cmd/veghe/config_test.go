package main

import (
	"os"
	"path/filepath"
	"testing"
	"time"
)

// The example that newcomers copy is a configuration that veghe takes.
func TestExampleConfig(t *testing.T) {
	file := filepath.Join("..", "..", "deploy", "veghe.example.yaml")
	b, err := os.ReadFile(file)
	if err != nil {
		t.Fatal(err)
	}
	c := defaultConfig()
	if err := decodeConfig(file, b, &c); err != nil {
		t.Fatal(err)
	}
	if err := c.validate(); err != nil {
		t.Fatal(err)
	}
	if len(c.Sources) != 2 {
		t.Errorf("%d sources, want the 2 of the example", len(c.Sources))
	}
}

func TestDuration(t *testing.T) {
	for in, want := range map[string]time.Duration{"7d": 7 * 24 * time.Hour, "90m": 90 * time.Minute, "0d": 0} {
		var d duration
		if err := d.UnmarshalText([]byte(in)); err != nil || time.Duration(d) != want {
			t.Errorf("%s is %v, %v; want %v", in, time.Duration(d), err, want)
		}
	}
	for _, in := range []string{"", "7", "d", "-", "7days"} {
		var d duration
		if err := d.UnmarshalText([]byte(in)); err == nil {
			t.Errorf("%q is taken as %v, want an error", in, time.Duration(d))
		}
	}
}

func TestFlagsMayFollowArguments(t *testing.T) {
	f := newFlags("x", os.Stderr)
	n := f.Int("n", 0, "")
	rest, err := f.parse([]string{"a", "-n", "3", "b", "--", "-c"})
	if err != nil || *n != 3 || len(rest) != 3 || rest[2] != "-c" {
		t.Errorf("n %d, arguments %q, %v; want 3 and [a b -c]", *n, rest, err)
	}
}
