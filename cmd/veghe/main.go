// Veghe watches publicly posted advertisements and forum posts for the
// language of trafficking recruitment and child grooming, and puts the few
// that need a person's eyes in front of investigators.
//
// One file per subcommand. This is the only place that wires stages together,
// reads the environment, prints, or exits.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"strings"
	"syscall"
)

// Exit codes. Scripts rely on them.
const (
	exitOK      = 0
	exitError   = 1 // it did not work; the message says what to do
	exitUsage   = 2 // the command line is wrong
	exitPartial = 3 // it worked, but some of the input was bad and is listed
)

// env is what a command may touch of the outside.
type env struct {
	in       io.Reader
	out, err io.Writer
	terminal bool // out is a terminal
}

type command struct {
	name, args, does string
	run              func(ctx context.Context, e env, args []string) error
}

func commands() []command {
	return []command{
		{"demo", "", "a small invented forum and ad board, crawled and flagged before your eyes", demoCmd},
		{"run", "[-c veghe.yaml]", "all stages in one process", runCmd("run", allStages)},
		{"crawl", "[-c veghe.yaml]", "collect posts only (with Kafka)", runCmd("crawl", stages{crawl: true})},
		{"detect", "[-c veghe.yaml]", "assess posts only (with Kafka)", runCmd("detect", stages{detect: true})},
		{"serve", "[-c veghe.yaml]", "index and desk only (with Kafka)", runCmd("serve", stages{serve: true})},
		{"scan", "[-json] [-all] [-text] [FILE…]", "assess posts from files or standard input, keep nothing", scanCmd},
		{"import", "FILE…", "put posts from files into the stream: JSON Lines, CSV, feeds, mbox, WARC, zip", importCmd},
		{"evidence", "export|verify", "hand out what was fetched, signed; check such a pack, or all that is kept", evidenceCmd},
		{"search", "QUERY", "the desk's search in a terminal", searchCmd},
		{"export", "-format csv|jsonl|stix|misp|case", "what a search found or a case holds, to a file", exportCmd},
		{"rules", "check|test|explain|backtest|diff|…", "work on detection rules: write, try, compare, measure", rulesCmd},
		{"model", "train|evaluate|show", "learn from reviews: a companion to the rules, off until configured", modelCmd},
		{"eval", "LABELLED.jsonl", "recall, precision and false positives on labelled posts", evalCmd},
		{"source", "test|add|list|pause|resume", "look at a site, add it to the sources, stop one at once", sourceCmd},
		{"status", "", "accounting, lag and health of a running veghe", statusCmd},
		{"doctor", "[-c veghe.yaml]", "what is wrong with this installation, and what to do about it", doctorCmd},
		{"backup", "DIR|FILE|-", "copy everything kept into one file, also while veghe runs", backupCmd},
		{"restore", "FILE|-", "check such a copy and put it into an empty data folder", restoreCmd},
		{"user", "add|list|role|disable|enable|reset|link|token", "accounts of the desk and tokens of programs", userCmd},
		{"desk", "copy FILE", "fill the empty desk of a PostgreSQL database from a desk.db", deskCmd},
		{"audit", "verify [-head N:HASH] [FILE]", "check that nothing in the audit trail was changed or cut off", auditCmd},
		{"repair", "[-data DIR]", "make a damaged data folder usable: keep all that is sound, say what is not", repairCmd},
		{"purge", "[-dry-run]", "delete what is past its time now, or say what would go", purgeCmd},
		{"dlq", "list|show|retry", "posts that could not be handled", dlqCmd},
		{"version", "", "version and build", versionCmd},
	}
}

func main() {
	limitIsAnError()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	context.AfterFunc(ctx, stop) // a second signal ends the program at once
	e := env{in: os.Stdin, out: os.Stdout, err: os.Stderr, terminal: isTerminal(os.Stdout)}
	os.Exit(run(ctx, e, os.Args[1:]))
}

func isTerminal(f *os.File) bool {
	fi, err := f.Stat()
	return err == nil && fi.Mode()&os.ModeCharDevice != 0
}

// run runs one command line and returns the exit code.
func run(ctx context.Context, e env, args []string) int {
	if len(args) == 0 || args[0] == "help" || args[0] == "-h" || args[0] == "--help" {
		usage(e.out)
		if len(args) == 0 {
			return exitUsage
		}
		return exitOK
	}
	for _, c := range commands() {
		if c.name == args[0] {
			return report(e, c, c.run(ctx, e, args[1:]))
		}
	}
	fmt.Fprintf(e.err, "veghe: there is no command %q\nhint: veghe help lists the commands\n", args[0])
	return exitUsage
}

func report(e env, c command, err error) int {
	var use usageError
	var part partialError
	switch {
	case err == nil, errors.Is(err, flag.ErrHelp):
		return exitOK
	case errors.As(err, &use):
		fmt.Fprintf(e.err, "veghe %s: %v\nusage: veghe %s %s\n", c.name, err, c.name, c.args)
		return exitUsage
	case errors.As(err, &part):
		sayError(e, c, err)
		return exitPartial
	default:
		sayError(e, c, err)
		return exitError
	}
}

func sayError(e env, c command, err error) {
	fmt.Fprintf(e.err, "veghe %s: %s\n", c.name, strings.TrimRight(err.Error(), "\n"))
	if h := hint(err); h != "" {
		fmt.Fprintf(e.err, "hint: %s\n", h)
	}
}

func usage(w io.Writer) {
	fmt.Fprint(w, "veghe watches public posts for the language of exploitation and shows people which to look at.\n\nusage: veghe COMMAND [FLAGS] [ARGUMENTS]\n\n")
	for _, c := range commands() {
		fmt.Fprintf(w, "  %-8s %-32s %s\n", c.name, c.args, c.does)
	}
	fmt.Fprint(w, "\nveghe COMMAND -h lists its flags. A first look: veghe demo\n")
}

// usageError is a wrong command line.
type usageError struct{ msg string }

func (e usageError) Error() string { return e.msg }

// partialError says that part of the input was bad and the rest was done.
type partialError struct{ msg string }

func (e partialError) Error() string { return e.msg }

// hinted is an error with advice for the person who must act.
type hinted struct {
	error
	hint string
}

func (h hinted) Unwrap() error { return h.error }

func withHint(err error, format string, args ...any) error {
	if err == nil {
		return nil
	}
	return hinted{err, fmt.Sprintf(format, args...)}
}

func hint(err error) string {
	if h, ok := errors.AsType[hinted](err); ok {
		return h.hint
	}
	return ""
}
