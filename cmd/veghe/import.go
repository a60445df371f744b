package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"strings"
	"time"

	"veghe"
	"veghe/crawler"
	"veghe/crawler/archive"
)

func importCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("import", e.err)
	im := &importer{env: e, now: time.Now().UTC(), began: time.Now()}
	f.StringVar(&im.format, "format", "", strings.Join(archive.Formats, ", ")+" (default: found out from the file)")
	source := f.String("source", "", "source `id` for posts that name none; pages and messages need it")
	columns := f.String("map", "", "columns of a table that are not called like fields, as in text=body,author=user")
	f.StringVar(&im.base, "base", "", "`address` that the paths in a zip of pages are relative to")
	f.BoolVar(&im.restart, "restart", false, "begin again, where an interrupted import would be gone on with")
	wait := f.Duration("wait", time.Minute, "how long to wait for a running veghe that does not answer")
	asJSON := f.Bool("json", false, "print the account as JSON")
	files, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return usageError{"want at least one file, or - for standard input"}
	}
	if im.columns, err = archive.ParseColumns(*columns); err != nil {
		return usageError{"-map: " + err.Error()}
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	if err := im.about(&cfg, veghe.SourceID(*source)); err != nil {
		return err
	}
	to, closeTo, err := openDestination(ctx, &cfg, e, *wait)
	if err != nil {
		return err
	}
	im.to = to
	err = im.files(ctx, files)
	if ctx.Err() != nil {
		err = errors.New("interrupted")
	}
	if err := errors.Join(err, closeTo()); err != nil {
		return withHint(fmt.Errorf("%w\n%d posts were acknowledged before that", err, im.sum.Imported),
			"run the same import again: it goes on where it stopped, and nothing is doubled")
	}
	if err := im.account(*asJSON); err != nil {
		return err
	}
	return im.bad()
}

// importer reads files and counts what was in them.
type importer struct {
	env          env
	to           destination
	dir          string // for the states of imports that are under way
	format, base string
	columns      map[string]string
	restart      bool
	options      archive.Options
	now, began   time.Time
	sum          counts
	earlier      int64 // of sum.Imported, before an interruption
	listed       int   // bad records that were named
	progress     *progress
}

// counts are the account of an import: Read = Imported + Repeated + Bad.
type counts struct {
	Records  int64 `json:"records"`  // lines, rows, messages, pages
	Empty    int64 `json:"empty"`    // of them, without a post: images, answers that failed, attachments
	Read     int64 `json:"read"`     // posts, and records that are bad
	Imported int64 `json:"imported"` // acknowledged
	Repeated int64 `json:"repeated"` // the same post again in the same file
	Bad      int64 `json:"bad"`      // could not be read, and were named
}

func (c *counts) add(d counts) {
	c.Records += d.Records
	c.Empty += d.Empty
	c.Read += d.Read
	c.Imported += d.Imported
	c.Repeated += d.Repeated
	c.Bad += d.Bad
}

// about takes what the configuration says of the source: how its pages are
// built, and which addresses belong to it.
func (im *importer) about(cfg *config, id veghe.SourceID) error {
	im.dir = cfg.path("import")
	im.options = archive.Options{Source: id, Columns: im.columns, Base: im.base, Now: im.now}
	for _, s := range cfg.Sources {
		if s.ID != id {
			continue
		}
		covers, err := crawler.Scope(s)
		if err != nil {
			return err
		}
		im.options.Covers = covers
		im.options.Hints.Type, im.options.Hints.Kind, im.options.Hints.Selectors = s.Type, s.Kind, s.Selectors
	}
	return nil
}

func (im *importer) files(ctx context.Context, names []string) error {
	im.progress = newProgress(im.env.err, names)
	defer im.progress.end()
	for _, name := range names {
		if err := im.file(ctx, name); err != nil {
			return err
		}
	}
	return nil
}

// file imports one file, from where an earlier import of it was interrupted.
func (im *importer) file(ctx context.Context, name string) error {
	in, shown := im.env.in, "standard input"
	if name != "-" {
		f, err := os.Open(name)
		if err != nil {
			return withHint(err, "give files that exist, or - for standard input")
		}
		defer func() { _ = f.Close() }() // it was only read
		in, shown = f, name
	}
	st, err := openImportState(ctx, im.dir, in, im.identity())
	if err != nil {
		return fmt.Errorf("keeping the state of the import: %w", err)
	}
	if im.restart {
		err = st.reset(ctx)
	}
	im.earlier += st.counts.Imported
	if err == nil {
		err = im.records(ctx, shown, im.progress.reader(in), st)
		if err != nil { // else it is forgotten anyway
			err = errors.Join(err, st.settle(context.WithoutCancel(ctx)))
		}
	}
	im.sum.add(st.counts)
	return errors.Join(err, st.close(err == nil))
}

// identity is what else makes an import another one than the file.
func (im *importer) identity() []string {
	return []string{im.format, string(im.options.Source), fmt.Sprint(im.columns), im.base}
}

// A batch ends at so many posts or so many bytes of text.
const (
	importBatch = 500
	importBytes = 4 << 20
)

// records imports what a file holds. Records that were settled before an
// interruption are passed over.
func (im *importer) records(ctx context.Context, name string, in io.Reader, st *importState) error {
	r, err := archive.Open(name, im.format, in, im.options)
	if errors.Is(err, archive.ErrFormat) {
		return usageError{err.Error()}
	}
	if err != nil {
		return withHint(err, "veghe import -h says what is read; -map names the columns of a table")
	}
	if st.counts.Records > 0 {
		fmt.Fprintf(im.env.err, "%s: going on after record %d\n", name, st.counts.Records)
	}
	done := st.counts.Records
	b := batch{st: st, to: im.to}
	for n := int64(0); ; n++ {
		rec, err := r.Next(n < done)
		if errors.Is(err, io.EOF) {
			return b.flush(ctx)
		}
		switch {
		case ctx.Err() != nil: // what was read is not lost
			return errors.Join(ctx.Err(), b.flush(context.WithoutCancel(ctx)))
		case err != nil && !errors.Is(err, archive.ErrDamaged):
			return fmt.Errorf("%s: %w", name, err)
		case n < done && err == nil:
			continue
		case n < done:
			return b.flush(ctx)
		case err != nil: // other files may be well
			rec = archive.Record{Err: err}
		}
		if rec.Err != nil {
			im.badRecord(name, rec)
		}
		if err := b.take(ctx, rec); err != nil {
			return err
		}
		if err != nil {
			return b.flush(ctx)
		}
		im.progress.show(im.sum.Imported + st.counts.Imported - im.earlier)
	}
}

// maxNamed bounds how many bad records are named; all are counted.
const maxNamed = 1000

func (im *importer) badRecord(name string, rec archive.Record) {
	im.progress.clear()
	switch im.listed++; {
	case im.listed <= maxNamed:
		fmt.Fprintf(im.env.err, "%s%s: %v\n", name, rec.Where, rec.Err)
	case im.listed == maxNamed+1:
		fmt.Fprintln(im.env.err, "more bad records are only counted")
	}
}

func (im *importer) account(asJSON bool) error {
	took := time.Since(im.began)
	if asJSON {
		return json.NewEncoder(im.env.out).Encode(struct {
			counts
			Seconds float64 `json:"seconds"`
		}{im.sum, took.Seconds()})
	}
	c := im.sum
	empty := ""
	if c.Empty > 0 {
		empty = fmt.Sprintf(", %d of %d records without a post", c.Empty, c.Records)
	}
	_, err := fmt.Fprintf(im.env.out, "%d read, %d imported, %d repeated, %d bad%s, in %v (%.0f posts/s)\n",
		c.Read, c.Imported, c.Repeated, c.Bad, empty, took.Round(time.Millisecond), float64(c.Imported-im.earlier)/max(took.Seconds(), 0.001))
	return err
}

// bad is nil if nothing was.
func (im *importer) bad() error {
	if im.sum.Bad == 0 {
		return nil
	}
	return partialError{fmt.Sprintf("%d bad records were left out, see above; the rest was done", im.sum.Bad)}
}
