package main

import (
	"bytes"
	"context"
	"os"
	"strconv"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"
)

// asVeghe makes the test binary behave as veghe, for tests that need another
// process: to kill it, or to pipe to it.
const asVeghe = "VEGHE_TEST_AS_VEGHE"

func TestMain(m *testing.M) {
	if os.Getenv(asVeghe) != "" {
		main()
	}
	testscript.Main(m, map[string]func(){
		"veghe": func() {
			e := env{in: os.Stdin, out: os.Stdout, err: os.Stderr}
			os.Exit(run(context.Background(), e, os.Args[1:]))
		},
		// Invented posts with reviews, as an export.
		"reviewed": func() {
			n, err := strconv.Atoi(os.Args[1])
			if err == nil {
				var b bytes.Buffer
				printReviewed(&b, n, 7)
				err = os.WriteFile(os.Args[2], b.Bytes(), 0o600)
			}
			if err != nil {
				panic(err)
			}
		},
	})
}

// The commands, as sessions a user could type.
func TestScripts(t *testing.T) {
	testscript.Run(t, testscript.Params{Dir: "testdata/script", RequireExplicitExec: true, RequireUniqueNames: true})
}
