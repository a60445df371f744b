package evidence

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"os"
	"os/exec"
	"strings"
	"sync"
	"testing"
	"time"
)

// asWriter makes the test binary a process that adds captures to the folder
// named, and prints each reference once it is acknowledged, until it is killed.
const asWriter = "VEGHE_TEST_EVIDENCE_WRITER"

func TestMain(m *testing.M) {
	if dir := os.Getenv(asWriter); dir != "" {
		writeForever(dir)
	}
	os.Exit(m.Run())
}

func writeForever(dir string) {
	s, err := Open(dir, Options{SegmentBytes: 50_000})
	if err != nil {
		fmt.Println("open:", err)
		os.Exit(1)
	}
	var wg sync.WaitGroup
	for w := range 4 {
		wg.Go(func() {
			for i := w; ; i += 4 {
				r, err := s.Add(context.Background(), pageCapture(i, strings.Repeat("pagina ", 20+i%50)))
				if err != nil {
					fmt.Println("add:", err)
					os.Exit(1)
				}
				fmt.Printf("%d %s\n", i, r)
			}
		})
	}
	wg.Wait()
}

// Whenever the process is killed, every capture it acknowledged is found as it
// was given, and the chain verifies.
func TestKill(t *testing.T) {
	dir := t.TempDir()
	acked := map[string]int{}
	for round := range 5 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), asWriter+"="+dir)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		deadline := time.AfterFunc(time.Minute, func() { _ = cmd.Process.Kill() })
		for n := 0; lines.Scan(); n++ {
			var i int
			var ref string
			if _, err := fmt.Sscanf(lines.Text(), "%d %s", &i, &ref); err != nil {
				continue // a line that the kill cut
			}
			if _, err := ParseRef(ref); err == nil {
				acked[ref] = i
			}
			if n == 20+round*31 {
				_ = cmd.Process.Kill() // what is in the pipe still counts
			}
		}
		deadline.Stop()
		_ = cmd.Wait() // killed
	}
	refs := make([]Ref, 0, len(acked))
	for s := range acked {
		r, err := ParseRef(s)
		if err != nil {
			t.Fatal(err)
		}
		refs = append(refs, r)
	}
	s := open(t, dir, Options{}) // repairs the end
	add(t, s, pageCapture(1, "after"))
	found, err := Folder{dir}.Find(t.Context(), refs)
	if err != nil {
		t.Fatal(err)
	}
	for _, r := range refs {
		i := acked[r.String()]
		f := found[r]
		if f == nil || !bytes.Equal(f.Records[0].Block, pageCapture(i, strings.Repeat("pagina ", 20+i%50)).Exchanges[0].Response) {
			t.Errorf("capture %d was acknowledged and is not there as it was given", i)
		}
	}
	if r := verify(t, dir); len(r.Problems) > 0 {
		t.Errorf("%+v", r)
	}
	t.Logf("%d captures acknowledged over 5 kills", len(acked))
}
