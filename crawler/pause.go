package crawler

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"net/url"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync"

	"veghe"
)

// ErrNoSource is returned for a source that is not in the configuration.
var ErrNoSource = errors.New("no such source")

// ErrPausedByConfig is returned when a source is to be resumed that the
// configuration pauses.
var ErrPausedByConfig = errors.New("the source is paused in the configuration: remove paused: true there")

// Pause stops a source at once: requests under way are cut off, and nothing
// is asked of its hosts until Resume. It holds across restarts. Pausing what
// is paused changes nothing.
func (c *Crawler) Pause(id veghe.SourceID) error { return c.turn(id, true) }

// Resume lets a source that Pause stopped be visited again, from where it was.
func (c *Crawler) Resume(id veghe.SourceID) error { return c.turn(id, false) }

func (c *Crawler) turn(id veghe.SourceID, pause bool) error {
	i := slices.IndexFunc(c.visitors, func(v *visitor) bool { return v.ID == id })
	if i < 0 {
		return fmt.Errorf("%w: %.64q", ErrNoSource, string(id))
	}
	v := c.visitors[i]
	if v.Paused && !pause {
		return ErrPausedByConfig
	}
	c.turning.Lock()
	defer c.turning.Unlock()
	if pause {
		v.gate.turn(paused, true) // at once, whatever becomes of the file
	}
	if err := SetPaused(c.dir, id, pause); err != nil {
		return err
	}
	v.gate.turn(paused, pause)
	v.health.update(func(s *Stats) { s.Paused = pause || v.Paused })
	return nil
}

// Hold lets this crawler visit only the sources that another is not to visit:
// those for which held is true. The others stop at once, as by Pause, until
// Hold says otherwise; nothing about it is kept. Without a call all are held.
func (c *Crawler) Hold(held func(veghe.SourceID) bool) {
	for _, v := range c.visitors {
		away := !held(v.ID)
		v.gate.turn(elsewhere, away)
		v.health.update(func(s *Stats) { s.Elsewhere = away })
	}
}

// Sites says for each source which of them share host names, so that whoever
// visits one visits all of these, and no host has two visitors: sources with
// the same word belong together.
func Sites(sources []Source) map[veghe.SourceID]string {
	root := map[string]string{} // host to a host of the same set
	var find func(string) string
	find = func(h string) string {
		if root[h] == "" || root[h] == h {
			return h
		}
		root[h] = find(root[h])
		return root[h]
	}
	hostsOf := func(s *Source) (out []string) {
		for _, raw := range s.starts() {
			if u, err := url.Parse(raw); err == nil {
				out = append(out, strings.ToLower(u.Hostname()))
			}
		}
		for _, h := range s.Hosts {
			out = append(out, strings.ToLower(h))
		}
		return out
	}
	for i := range sources {
		all := hostsOf(&sources[i])
		for _, h := range all[1:] {
			a, b := find(all[0]), find(h)
			root[max(a, b)] = min(a, b) // the least host names the set
		}
	}
	out := make(map[veghe.SourceID]string, len(sources))
	for i := range sources {
		out[sources[i].ID] = find(hostsOf(&sources[i])[0])
	}
	return out
}

// why a gate is closed.
type why uint8

const (
	paused    why = 1 << iota // by the configuration or Pause
	elsewhere                 // another process visits the source, see Hold
)

// gate lets visits of one source through, or not.
type gate struct {
	mu     sync.Mutex    // guards the rest
	closed why           // 0: open
	turned chan struct{} // closed when closed changes
	cutOff context.CancelFunc
}

func newGate(closed bool) *gate {
	g := &gate{turned: make(chan struct{})}
	if closed {
		g.closed = paused
	}
	return g
}

func (g *gate) turn(reason why, on bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	next := g.closed &^ reason
	if on {
		next |= reason
	}
	if next == g.closed {
		return
	}
	g.closed = next
	close(g.turned)
	g.turned = make(chan struct{})
	if next != 0 && g.cutOff != nil {
		g.cutOff()
	}
}

// enter waits until the gate is open and gives a context that ends when it
// closes. It fails when ctx ends. One caller at a time.
func (g *gate) enter(ctx context.Context) (context.Context, context.CancelFunc, error) {
	for ctx.Err() == nil {
		g.mu.Lock()
		if g.closed == 0 {
			inside, cancel := context.WithCancel(ctx)
			g.cutOff = cancel
			g.mu.Unlock()
			return inside, cancel, nil
		}
		turned := g.turned
		g.mu.Unlock()
		select {
		case <-turned:
		case <-ctx.Done():
		}
	}
	return nil, nil, ctx.Err()
}

func (g *gate) isClosed() bool {
	g.mu.Lock()
	defer g.mu.Unlock()
	return g.closed != 0
}

// pausedFile keeps which sources Pause stopped, one id a line.
const pausedFile = "paused"

// ReadPaused lists the sources that are stopped by Pause, from the state
// directory of a crawler, running or not. An empty dir has none.
func ReadPaused(dir string) ([]veghe.SourceID, error) {
	if dir == "" {
		return nil, nil
	}
	b, err := os.ReadFile(filepath.Join(dir, pausedFile))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("crawler: reading which sources are paused: %w", err)
	}
	var out []veghe.SourceID
	for line := range strings.FieldsSeq(string(b)) {
		if validID(line) {
			out = append(out, veghe.SourceID(line))
		}
	}
	return out, nil
}

// SetPaused writes the switch of a source into the state directory of a
// crawler that is not running; a running one is told by Pause and Resume. An
// empty dir keeps nothing.
func SetPaused(dir string, id veghe.SourceID, paused bool) error {
	if dir == "" {
		return nil
	}
	have, err := ReadPaused(dir)
	if err != nil {
		return err
	}
	have = slices.DeleteFunc(have, func(s veghe.SourceID) bool { return s == id })
	if paused {
		have = append(have, id)
	}
	slices.Sort(have)
	var b strings.Builder
	for _, s := range have {
		b.WriteString(string(s) + "\n")
	}
	if err := writeDurably(dir, pausedFile, []byte(b.String())); err != nil {
		return fmt.Errorf("crawler: writing which sources are paused: %w", err)
	}
	return nil
}

// writeDurably replaces a file as a whole, so that a crash leaves the old or
// the new one.
func writeDurably(dir, name string, b []byte) error {
	if err := os.MkdirAll(dir, fs.FileMode(0o700)); err != nil {
		return err
	}
	f, err := os.CreateTemp(dir, "."+name+"-*")
	if err != nil {
		return err
	}
	_, err = f.Write(b)
	err = errors.Join(err, f.Sync(), f.Close())
	if err == nil {
		err = os.Rename(f.Name(), filepath.Join(dir, name))
	}
	if err != nil {
		_ = os.Remove(f.Name())
	}
	return err
}
