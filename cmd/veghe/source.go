package main

import (
	"cmp"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"slices"
	"text/tabwriter"
	"time"

	"veghe"
	"veghe/crawler"
)

// sourceCmd looks at sources, adds them and stops them.
func sourceCmd(ctx context.Context, e env, args []string) error {
	verbs := map[string]func(context.Context, env, []string) error{
		"test": sourceTest, "add": sourceAdd, "list": sourceList,
		"pause": sourceSwitch("pause"), "resume": sourceSwitch("resume"),
	}
	if len(args) > 0 && (args[0] == "-h" || args[0] == "--help" || args[0] == "help") {
		fmt.Fprint(e.out, sourceHelp)
		return nil
	}
	if len(args) == 0 || verbs[args[0]] == nil {
		return usageError{"want test, add, list, pause or resume; veghe source -h shows how"}
	}
	return verbs[args[0]](ctx, e, args[1:])
}

// sourceState is a source as `veghe source list -json` prints it.
type sourceState struct {
	ID       veghe.SourceID `json:"id"`
	Name     string         `json:"name,omitempty"`
	URL      string         `json:"url"`
	State    string         `json:"state"` // running, paused, elsewhere, backing off, drifting, closed until …, not running
	Pages    int64          `json:"pages"`
	Posts    int64          `json:"posts"` // new ones, since the start of the process
	Errors   int64          `json:"errors"`
	LastRead time.Time      `json:"last_read,omitzero"`
	LastNew  time.Time      `json:"last_new,omitzero"`
	Error    string         `json:"error,omitempty"`

	RobotsChange *crawler.RobotsChange `json:"robots_change,omitempty"` // the last one
}

func sourceList(ctx context.Context, e env, args []string) error {
	f := newFlags("source list", e.err)
	asJSON := f.Bool("json", false, "print JSON")
	if err := f.parseNone(args); err != nil {
		return err
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	states, err := sourceStates(ctx, &cfg)
	if err != nil {
		return err
	}
	if *asJSON {
		enc := json.NewEncoder(e.out)
		enc.SetIndent("", "  ")
		return enc.Encode(states)
	}
	if len(states) == 0 {
		fmt.Fprintln(e.out, "no sources are configured: veghe source add URL tries one and writes it down")
		return nil
	}
	w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "SOURCE\tSTATE\tLAST READ\tLAST NEW\tPAGES\tNEW POSTS\tERRORS\tLAST ERROR")
	for _, s := range states {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%d\t%d\t%d\t%s\n", s.ID, s.State, moment(s.LastRead), moment(s.LastNew), s.Pages, s.Posts, s.Errors, s.Error)
	}
	if err := w.Flush(); err != nil {
		return err
	}
	for i := range states {
		printRobots(e.out, &states[i])
	}
	return nil
}

// printRobots says how robots.txt of a source changed, if it did lately.
func printRobots(w io.Writer, s *sourceState) {
	c := s.RobotsChange
	if c == nil || time.Since(c.At) > recentRobots {
		return
	}
	fmt.Fprintf(w, "%s: robots.txt of %s changed, noticed %s:\n", s.ID, clean(c.Host, previewRunes), moment(c.At))
	for _, r := range c.Added {
		fmt.Fprintf(w, "  + %s\n", clean(r, previewRunes))
	}
	for _, r := range c.Removed {
		fmt.Fprintf(w, "  - %s\n", clean(r, previewRunes))
	}
	if n := c.MoreAdded + c.MoreRemoved; n > 0 {
		fmt.Fprintf(w, "  and %d more rules\n", n)
	}
}

// recentRobots is how long a change of robots.txt is worth a line.
const recentRobots = 30 * 24 * time.Hour

func moment(t time.Time) string {
	if t.IsZero() {
		return "never"
	}
	return t.Format(time.DateTime)
}

// sourceStates asks the running veghe, or reads what the configuration and
// the switches say if none runs.
func sourceStates(ctx context.Context, cfg *config) ([]sourceState, error) {
	out := []sourceState{}
	var st status
	err := newLocal(cfg.Data).ops(ctx, http.MethodGet, "/status", &st)
	if err == nil {
		for i := range st.Sources {
			out = append(out, stateOf(&st.Sources[i], time.Now()))
		}
		return out, nil
	}
	if !errors.Is(err, errNotRunning) {
		return nil, err
	}
	paused, err := crawler.ReadPaused(cfg.path("frontier"))
	if err != nil {
		return nil, err
	}
	for i := range cfg.Sources {
		s := &cfg.Sources[i]
		state := "not running"
		if s.Paused || slices.Contains(paused, s.ID) {
			state = "paused"
		}
		out = append(out, sourceState{ID: s.ID, Name: s.Name, URL: cmp.Or(append([]string{s.URL}, s.URLs...)...), State: state})
	}
	return out, nil
}

// stateOf says in a word or two how a source is.
func stateOf(s *crawler.Stats, now time.Time) sourceState {
	out := sourceState{ID: s.Source, Name: s.Name, URL: s.URL, State: "running", Pages: s.Pages, Posts: s.New, LastRead: s.LastSuccess, LastNew: s.LastNew, RobotsChange: s.RobotsChange}
	for o, n := range s.Outcomes {
		if o.Failed() {
			out.Errors += n
		}
	}
	switch {
	case s.Paused:
		out.State = "paused"
	case s.Elsewhere:
		out.State = "elsewhere"
	case s.BackoffUntil.After(now):
		out.State = "backing off"
	case s.Drifting():
		out.State = "drifting"
	case s.OpensAt.After(now):
		out.State = "closed until " + s.OpensAt.Format("Mon 15:04")
	}
	if s.LastErrorAt.After(s.LastSuccess) || s.Failures > 0 {
		out.Error = s.LastError
	}
	return out
}

// sourceSwitch stops a source at once, or lets it go on: in the running veghe,
// and in the data folder for the next one.
func sourceSwitch(verb string) func(context.Context, env, []string) error {
	return func(ctx context.Context, e env, args []string) error {
		f := newFlags("source "+verb, e.err)
		rest, err := f.parse(args)
		if err != nil {
			return err
		}
		if len(rest) != 1 {
			return usageError{verb + ": want the id of one source; veghe source list shows them"}
		}
		cfg, err := f.config()
		if err != nil {
			return err
		}
		id := veghe.SourceID(rest[0])
		var answer switched
		err = newLocal(cfg.Data).ops(ctx, http.MethodPost, "/sources/"+string(id)+"/"+verb, &answer)
		if errors.Is(err, errNotRunning) {
			if !slices.ContainsFunc(cfg.Sources, func(s crawler.Source) bool { return s.ID == id }) {
				return withHint(fmt.Errorf("%w: %q", crawler.ErrNoSource, id), "name the configuration with -c; veghe source list shows what is in it")
			}
			if err := crawler.SetPaused(cfg.path("frontier"), id, verb == "pause"); err != nil {
				return err
			}
			if cfg.usesKafka() {
				return tellAll(ctx, e, &cfg, id, verb == "pause")
			}
			fmt.Fprintf(e.out, "%s: %sd; no veghe is running on %s, the next one will know\n", id, verb, cfg.Data)
			return nil
		}
		if err != nil {
			return err
		}
		state := "is paused: nothing is asked of it until veghe source resume"
		if !answer.Paused {
			state = "is visited again"
		}
		fmt.Fprintf(e.out, "%s %s\n", id, state)
		return nil
	}
}

// tellAll switches a source over Kafka while no veghe runs on this data folder.
func tellAll(ctx context.Context, e env, cfg *config, id veghe.SourceID, pause bool) error {
	log, closeLog, err := openStreamAlone(ctx, cfg, e)
	if err != nil {
		return err
	}
	if err := errors.Join(tellSwitch(ctx, log, id, pause), closeLog()); err != nil {
		return err
	}
	state := "paused"
	if !pause {
		state = "resumed"
	}
	fmt.Fprintf(e.out, "%s: %s; every veghe on this cluster knows within seconds\n", id, state)
	return nil
}

// switched is what the running veghe answers.
type switched struct {
	Paused bool `json:"paused"`
}

// turnSource pauses a source or lets it go on: here, and over Kafka in every
// process that crawls.
func (a *app) turnSource(ctx context.Context, id veghe.SourceID, pause bool) (err error) {
	switch {
	case a.crawler == nil:
		if !slices.ContainsFunc(a.cfg.Sources, func(s crawler.Source) bool { return s.ID == id }) {
			return fmt.Errorf("%w: %.64q", crawler.ErrNoSource, string(id))
		}
	case pause:
		err = a.crawler.Pause(id)
	default:
		err = a.crawler.Resume(id)
	}
	if err == nil && a.embedded == nil {
		err = tellSwitch(ctx, a.stream, id, pause)
	}
	return err
}

// switchSource is the ops route behind pause and resume.
func (a *app) switchSource(w http.ResponseWriter, r *http.Request) {
	if a.crawler == nil && a.embedded != nil {
		answer(w, http.StatusNotFound, "this process visits no sources")
		return
	}
	id, verb := veghe.SourceID(r.PathValue("id")), r.PathValue("verb")
	if verb != "pause" && verb != "resume" {
		answer(w, http.StatusNotFound, "want pause or resume")
		return
	}
	err := a.turnSource(r.Context(), id, verb == "pause")
	if errors.Is(err, crawler.ErrNoSource) || errors.Is(err, crawler.ErrPausedByConfig) {
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(http.StatusConflict)
		_ = json.NewEncoder(w).Encode(map[string]any{"title": http.StatusText(http.StatusConflict), "status": http.StatusConflict, "detail": err.Error()}) // the client may be gone
		return
	}
	if err == nil {
		a.log.Info("a source was switched", "source", string(id), "to", verb)
	}
	sendJSON(w, switched{verb == "pause"}, err)
}
