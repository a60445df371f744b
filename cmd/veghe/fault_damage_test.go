//go:build fault && linux

package main

import (
	"flag"
	"fmt"
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"veghe/index"
)

var (
	damageSeeds = flag.Int("damage.seeds", 6, "how many data folders are damaged")
	damageFrom  = flag.Int("damage.from", 1, "the first seed")
)

// Random bytes of a random file are changed, zeroed or cut off. Then veghe
// starts and everything is found; or it names the file, in its log, its status
// or as the reason not to start. What it must never do is start as if nothing
// had been and have less.
func TestFaultDamagedFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t, dataDir(t))
	w.more(300)
	w.settle()
	for seed := range *damageSeeds {
		seed += *damageFrom
		t.Run(fmt.Sprint("seed ", seed), func(t *testing.T) {
			t.Parallel()
			d := damaged{T: t, data: filepath.Join(t.TempDir(), "data"), of: w.o, rng: rand.New(rand.NewPCG(uint64(seed), 11))}
			if err := os.CopyFS(d.data, os.DirFS(w.data)); err != nil {
				t.Fatal(err)
			}
			d.hurt()
			d.look()
		})
	}
}

// damaged is a data folder with one file that is not as it was written.
type damaged struct {
	*testing.T
	data string
	of   *offers
	rng  *rand.Rand
	file string // relative
	how  string
}

func (d *damaged) hurt() {
	var files []string
	err := filepath.WalkDir(d.data, func(path string, e fs.DirEntry, err error) error {
		if info, _ := e.Info(); err == nil && !e.IsDir() && info.Size() > 0 {
			files = append(files, path)
		}
		return err
	})
	if err != nil {
		d.Fatal(err)
	}
	path := files[d.rng.IntN(len(files))]
	d.file = strings.TrimPrefix(path, d.data+"/")
	b, err := os.ReadFile(path)
	if err != nil {
		d.Fatal(err)
	}
	at := d.rng.IntN(len(b))
	switch d.rng.IntN(4) {
	case 0:
		d.how = fmt.Sprint("cut at ", at)
		b = b[:at]
	case 1:
		n := min(len(b)-at, 1+d.rng.IntN(4096))
		d.how = fmt.Sprintf("%d zeros at %d", n, at)
		clear(b[at : at+n])
	default:
		n := 1 + d.rng.IntN(8)
		d.how = fmt.Sprintf("%d bytes changed from %d on", n, at)
		for range n {
			b[(at+d.rng.IntN(2000))%len(b)] ^= byte(1 + d.rng.IntN(255))
		}
	}
	if err := os.WriteFile(path, b, 0o600); err != nil {
		d.Fatal(err)
	}
}

// look starts veghe and decides.
func (d *damaged) look() {
	p := &process{t: d.T, args: runArgs(d.data), log: &lockedBuffer{}}
	p.start()
	ended := make(chan error, 1)
	go func() { ended <- p.cmd.Wait() }()
	var refused bool
	_, acked := d.of.count()
	await(d.T, 90*time.Second, d.file+": "+d.how+": veghe to start or to refuse", func() bool {
		select {
		case <-ended:
			refused = true
		default:
		}
		st, ok := statusOf(d.T, d.data)
		scrubbed := strings.Contains(p.log.String(), "was looked through")
		return refused || ok && st.Ready && (settled(d.T, d.data, acked) && scrubbed || d.named(p, st))
	})
	said := p.log.String()
	switch {
	case refused:
		if !d.named(p, status{}) || !strings.Contains(said, "hint: ") && !strings.Contains(said, "Nothing was skipped") {
			d.Errorf("%s: %s: it refuses without the file and what to do:\n%s", d.file, d.how, said)
		}
		d.Logf("%s: %s: refused: %s", d.file, d.how, lastLine(said))
		d.repair()
		return
	default:
		_ = p.cmd.Process.Signal(os.Interrupt)
		<-ended
		said = p.log.String()
	}
	lost, err := d.lost()
	named := regexp.MustCompile(`level=(WARN|ERROR)`).MatchString(said) && d.named(p, status{})
	if (lost > 0 || err != nil) && !named {
		d.Errorf("%s: %s: it goes on without a word, %d posts are not as they were (%v):\n%s", d.file, d.how, lost, err, said)
	}
	d.Logf("%s: %s: started, %d posts not as they were (%v), named: %v", d.file, d.how, lost, err, named)
	if lost > 0 || err != nil {
		d.repair()
	}
}

// repair does what the hint says. The log still has every post, so everything
// is there again, unless it is what people decided that is damaged: of that
// there is only the backup, and it says so.
func (d *damaged) repair() {
	p := &process{t: d.T, args: []string{"repair", "-data", d.data}, log: &lockedBuffer{}}
	p.start()
	err := p.cmd.Wait()
	if strings.HasPrefix(d.file, "desk/") {
		if err == nil || !strings.Contains(p.log.String(), "restore the last backup") {
			d.Errorf("repair of %s: %v: %s", d.file, err, p.log)
		}
		return
	}
	if err != nil {
		d.Errorf("repair after %s: %s: %v: %s", d.file, d.how, err, p.log)
		return
	}
	again := start(d.T, runArgs(d.data)...)
	_, acked := d.of.count()
	await(d.T, time.Minute, "the repaired veghe to settle", func() bool { return settled(d.T, d.data, acked) })
	again.stop()
	if lost, err := d.lost(); lost > 0 || err != nil {
		d.Errorf("%s: %s: after the repair %d posts are not as they were (%v): %s", d.file, d.how, lost, err, p.log)
	}
	d.Logf("repaired: %s", lastLine(p.log.String()))
}

// named reports whether the damaged file, or the part it belongs to, is named.
func (d *damaged) named(p *process, st status) bool {
	said := p.log.String()
	for _, s := range st.Stages {
		said += "\n" + s.Failing
	}
	base := filepath.Base(d.file)
	part, _, _ := strings.Cut(d.file, "/")
	if strings.HasPrefix(d.file, "index/search") {
		return strings.Contains(said, "search index")
	}
	return strings.Contains(said, base) || strings.Contains(said, "data/"+part)
}

func lastLine(s string) string {
	lines := strings.Split(strings.TrimSpace(s), "\n")
	return strings.Join(lines[max(0, len(lines)-2):], " | ")
}

// lost counts the acknowledged posts that are not found as they were.
func (d *damaged) lost() (n int, err error) {
	x, err := index.Open(d.Context(), filepath.Join(d.data, "index"), index.Options{MinFree: -1})
	if err != nil {
		return 0, err
	}
	defer func() { _ = x.Close() }()
	offered, _ := d.of.count()
	for i := range offered {
		want := numberedPost(i)
		if !d.of.acked[want.ID] {
			continue
		}
		hit, err := x.Get(d.Context(), want.ID)
		if err != nil || hit.Post.Text != want.Text || hit.Post.Author != want.Author || hit.Post.Thread != want.Thread {
			n++
		}
	}
	return n, nil
}
