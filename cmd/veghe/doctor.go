package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"
)

// A finding of the doctor is about one thing that must be right. What it says
// to do can be done as it stands.
type checkup struct {
	Check string `json:"check"`
	State string `json:"state"` // ok, warn or fail
	Found string `json:"found"`
	Do    string `json:"do,omitempty"` // what mends it; empty if it is ok
}

// States of a checkup. A failure keeps veghe from working or from being safe;
// a warning may be meant.
const (
	stateOK   = "ok"
	stateWarn = "warn"
	stateFail = "fail"
)

// doctorTime bounds the whole examination.
const doctorTime = time.Minute

func doctorCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("doctor", e.err)
	asJSON := f.Bool("json", false, "print JSON")
	stage := f.String("stage", "run", "which `command` is to run here: run, crawl, detect or serve")
	if err := f.parseNone(args); err != nil {
		return err
	}
	st, ok := map[string]stages{"run": allStages, "crawl": {crawl: true}, "detect": {detect: true}, "serve": {serve: true}}[*stage]
	if !ok {
		return usageError{fmt.Sprintf("stage is %q, want run, crawl, detect or serve", *stage)}
	}
	ctx, cancel := context.WithTimeout(ctx, doctorTime)
	defer cancel()
	d := &doctor{stages: st, now: time.Now(), err: e.err}
	d.examine(ctx, f)
	if err := d.print(e.out, *asJSON); err != nil {
		return err
	}
	if n := d.count(stateFail); n > 0 {
		return fmt.Errorf("%d of %d checks failed", n, len(d.found))
	}
	return nil
}

// doctor looks at one installation.
type doctor struct {
	cfg     config
	stages  stages
	now     time.Time
	err     io.Writer
	running *status // what the veghe on this data folder says, nil if none runs
	at      running
	found   []checkup
}

func (d *doctor) ok(check, format string, args ...any) {
	d.found = append(d.found, checkup{check, stateOK, fmt.Sprintf(format, args...), ""})
}

func (d *doctor) warn(check, do, format string, args ...any) {
	d.found = append(d.found, checkup{check, stateWarn, fmt.Sprintf(format, args...), do})
}

// fail notes an error with its hint, or with what is said to do.
func (d *doctor) fail(check, do string, err error) {
	if h := hint(err); h != "" {
		do = h
	}
	d.found = append(d.found, checkup{check, stateFail, err.Error(), do})
}

func (d *doctor) count(state string) (n int) {
	for _, c := range d.found {
		if c.State == state {
			n++
		}
	}
	return n
}

func (d *doctor) examine(ctx context.Context, f *flags) {
	d.build()
	d.clock()
	d.machine()
	cfg, err := f.config()
	if err != nil {
		d.fail("config", "mend the configuration; deploy/veghe.example.yaml shows every key", err)
		return // everything else would be about another installation
	}
	d.cfg = cfg
	d.config()
	d.alive(ctx)
	d.dataFolder()
	d.disk()
	d.addresses(ctx)
	d.rules()
	d.model()
	d.stream(ctx)
	d.stores(ctx)
	d.sources(ctx)
	d.backup()
}

// alive asks whether a veghe runs on the data folder, and how it is.
func (d *doctor) alive(ctx context.Context) {
	l := newLocal(d.cfg.Data)
	note, _, err := l.note()
	if errors.Is(err, errNotRunning) {
		d.ok("process", "no veghe runs on %s", d.cfg.Data)
		return
	}
	if err != nil {
		d.fail("process", "run this as the user that veghe runs as", err)
		return
	}
	ask, cancel := context.WithTimeout(ctx, 10*time.Second)
	defer cancel()
	var st status
	if err := l.ops(ask, http.MethodGet, "/status", &st); err != nil {
		if errors.Is(err, errNotRunning) {
			d.warn("process", "start it: it goes on where it was", "the veghe of process %d does not answer: it was killed, or hangs", note.PID)
			return
		}
		d.fail("process", "look into its log", err)
		return
	}
	d.running, d.at = &st, note
	switch mine := thisBuild().Version; {
	case !st.Ready:
		d.warn("process", "wait, or look into its log", "process %d is starting or stopping", note.PID)
	case st.Version != mine:
		d.warn("process", "restart it to use the new version", "process %d is veghe %s, this is %s", note.PID, st.Version, mine)
	default:
		d.ok("process", "process %d, ready, up %s", note.PID, d.now.Sub(st.Started).Round(time.Second))
	}
	for _, s := range st.Stages {
		if s.Failing != "" {
			d.warn("stage "+s.Name, "mend what it says; the stage tries again by itself and nothing is lost", "%d behind: %s", s.Behind, s.Failing)
		}
	}
	if st.Rules.Refused != "" {
		d.warn("rules in force", "veghe rules check -rules "+d.cfg.Rules, "newer rules are refused: %s", st.Rules.Refused)
	}
}

func (d *doctor) print(w io.Writer, asJSON bool) error {
	if asJSON {
		enc := json.NewEncoder(w)
		enc.SetIndent("", "  ")
		return enc.Encode(d.found)
	}
	for _, c := range d.found {
		if _, err := fmt.Fprintf(w, "%-4s  %-16s %s\n", c.State, c.Check, c.Found); err != nil {
			return err
		}
		if c.Do != "" {
			fmt.Fprintf(w, "      %-16s → %s\n", "", c.Do)
		}
	}
	_, err := fmt.Fprintf(w, "\n%d ok, %d warnings, %d failed\n", d.count(stateOK), d.count(stateWarn), d.count(stateFail))
	return err
}
