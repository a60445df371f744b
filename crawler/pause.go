package crawler

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
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
		v.gate.turn(true) // at once, whatever becomes of the file
	}
	if err := SetPaused(c.dir, id, pause); err != nil {
		return err
	}
	v.gate.turn(pause)
	v.health.update(func(s *Stats) { s.Paused = pause || v.Paused })
	return nil
}

// gate lets visits of one source through, or not.
type gate struct {
	mu     sync.Mutex // guards the rest
	closed bool
	turned chan struct{} // closed when closed changes
	cutOff context.CancelFunc
}

func newGate(closed bool) *gate { return &gate{closed: closed, turned: make(chan struct{})} }

func (g *gate) turn(closed bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.closed == closed {
		return
	}
	g.closed = closed
	close(g.turned)
	g.turned = make(chan struct{})
	if closed && g.cutOff != nil {
		g.cutOff()
	}
}

// enter waits until the gate is open and gives a context that ends when it
// closes. It fails when ctx ends. One caller at a time.
func (g *gate) enter(ctx context.Context) (context.Context, context.CancelFunc, error) {
	for ctx.Err() == nil {
		g.mu.Lock()
		if !g.closed {
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
	return g.closed
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
