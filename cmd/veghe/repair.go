package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"

	"veghe"
	"veghe/index"
	"veghe/index/sqlite"
	"veghe/stream/embedded"
)

// repairCmd makes a data folder usable whose files are not as they were
// written. Nothing is deleted: what is replaced goes to
// DIR/damaged, segments of the log to DIR/log/damaged.
func repairCmd(ctx context.Context, e env, args []string) (err error) {
	f := newFlags("repair", e.err)
	if err := f.parseNone(args); err != nil {
		return err
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	if _, err := os.Stat(cfg.Data); err != nil {
		return withHint(err, "name the data folder with -data")
	}
	release, err := lockData(&cfg)
	if err != nil {
		return whatToDo(&cfg, err)
	}
	defer func() { err = errors.Join(err, release()) }()
	r := repair{cfg: &cfg, out: e.out, err: e.err}
	return r.run(ctx)
}

type repair struct {
	cfg      *config
	out, err io.Writer
	again    []string // groups that are to handle again what the log still has
	unsound  []error  // what only a backup can mend
}

func (r *repair) say(format string, args ...any) { fmt.Fprintf(r.out, format+"\n", args...) }

func (r *repair) run(ctx context.Context) error {
	for _, step := range []func(context.Context) error{r.index, r.ledger, r.frontier, r.desk, r.log} {
		if err := step(ctx); err != nil {
			return whatToDo(r.cfg, err)
		}
	}
	if len(r.unsound) > 0 {
		return withHint(errors.Join(r.unsound...), "restore the last backup into a new folder (veghe restore), or start without what is in this file by moving it away")
	}
	r.say("done: start veghe, it goes on where it was")
	return nil
}

// damaged checks a database. One that is not there is sound.
func (r *repair) damaged(ctx context.Context, name string) error {
	err := sqlite.Check(ctx, r.cfg.path(name))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err == nil {
		r.say("%s is sound", name)
	}
	return err
}

func (r *repair) aside() string { return r.cfg.path("damaged") }

// moveAside takes a database away that is made anew without it.
func (r *repair) moveAside(name string) error {
	if err := os.MkdirAll(r.aside(), 0o700); err != nil {
		return err
	}
	for _, suffix := range []string{"", "-wal", "-shm"} {
		from := r.cfg.path(name) + suffix
		err := os.Rename(from, filepath.Join(r.aside(), filepath.Base(from)))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

// index keeps the posts that are as they were stored. The others come again
// from the log, as far as that goes back.
func (r *repair) index(ctx context.Context) error {
	if _, err := os.Stat(r.cfg.path(indexDB)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	wrong := r.damaged(ctx, indexDB)
	if wrong == nil {
		if wrong = r.scrub(ctx); wrong == nil {
			return nil
		}
	}
	got, err := index.Salvage(ctx, r.cfg.path("index"), r.aside())
	if err != nil {
		r.unsound = append(r.unsound, fmt.Errorf("%w; %w", wrong, err))
		return nil
	}
	r.again = append(r.again, groupIndex)
	r.say("%s was damaged (%v): %d posts are kept, %d are not as they were and come again if the log still has them; the old file is in %s", indexDB, wrong, got.Kept, got.Lost, r.aside())
	return nil
}

func (r *repair) scrub(ctx context.Context) error {
	x, err := index.Open(ctx, r.cfg.path("index"), index.Options{Log: r.cfg.logger(r.err)})
	if err != nil {
		return err
	}
	read, bad, err := x.Scrub(ctx)
	if err == nil && bad > 0 {
		err = fmt.Errorf("%d of %d posts are not as they were stored", bad, read)
	}
	return errors.Join(err, x.Close())
}

// ledger: the account begins anew with what the log still has.
func (r *repair) ledger(ctx context.Context) error {
	wrong := r.damaged(ctx, ledgerDB)
	if wrong == nil {
		return nil
	}
	r.again = append(r.again, groupLedger, groupIndex)
	r.say("%s was damaged (%v): the account begins anew with what the log has; the old file is in %s", ledgerDB, wrong, r.aside())
	return r.moveAside(ledgerDB)
}

// frontier: every page is visited anew, and no post is taken twice.
func (r *repair) frontier(ctx context.Context) error {
	wrong := r.damaged(ctx, frontierDB)
	if wrong == nil {
		return nil
	}
	r.say("%s was damaged (%v): the sources are visited from their start pages; the old file is in %s", frontierDB, wrong, r.aside())
	return r.moveAside(frontierDB)
}

// desk: what people decided is nowhere else.
func (r *repair) desk(ctx context.Context) error {
	if r.cfg.sharesDesk() {
		r.say("the desk is in PostgreSQL, which looks after its own files")
		return nil
	}
	if err := r.damaged(ctx, deskDB); err != nil {
		r.unsound = append(r.unsound, err)
	}
	return nil
}

// log reads every segment and sets groups back. It comes last, when it is known
// what must be handled again.
func (r *repair) log(context.Context) (err error) {
	if r.cfg.usesKafka() {
		if len(r.again) > 0 {
			r.say("give this node another name (node: in the configuration), so that it reads again what the topics have")
		}
		return nil
	}
	if _, err := os.Stat(r.cfg.path("log")); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	l, err := embedded.Open(r.cfg.path("log"), embedded.Options{Recover: true, Logger: r.cfg.logger(r.err)})
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, l.Close()) }()
	r.say("log was read through; what is damaged in it, if anything, is said above")
	for _, name := range r.again {
		for _, topic := range []string{veghe.PostsTopic, veghe.AssessmentsTopic, veghe.DeadTopic, veghe.ChangesTopic} {
			if err := l.Forget(topic, name+"-"+r.cfg.Node); err != nil {
				return err
			}
		}
	}
	return nil
}
