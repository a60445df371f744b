package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"path/filepath"
	"strings"
	"time"

	"veghe"
	"veghe/crawler/extract"
)

func importCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("import", e.err)
	format := f.String("format", "", "jsonl, csv or feed (default: by the file's name, else jsonl)")
	source := f.String("source", "", "source `id` for posts that name none")
	wait := f.Duration("wait", time.Minute, "how long to wait for a running veghe that does not answer")
	asJSON := f.Bool("json", false, "print the account as JSON")
	files, err := f.parse(args)
	if err != nil {
		return err
	}
	if len(files) == 0 {
		return usageError{"want at least one file, or - for standard input"}
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	to, closeTo, err := openDestination(ctx, &cfg, e, *wait)
	if err != nil {
		return err
	}
	im := &importer{env: e, to: to, source: veghe.SourceID(*source), now: time.Now().UTC(), began: time.Now()}
	im.bad.env = e
	err = eachInput(e, files, func(name string, r io.Reader) error { return im.file(ctx, name, *format, r) })
	if err := errors.Join(err, closeTo()); err != nil {
		return withHint(fmt.Errorf("%w\n%d posts were acknowledged before that", err, im.Imported), "run the same import again: posts already there are not doubled")
	}
	if err := im.account(*asJSON); err != nil {
		return err
	}
	return im.bad.err()
}

// destination makes posts durable.
type destination func(ctx context.Context, posts []veghe.Post) error

// openDestination finds where posts go: the veghe that runs on the data
// folder, a Kafka cluster, or the embedded log of a veghe that is not running.
func openDestination(ctx context.Context, cfg *config, e env, wait time.Duration) (destination, func() error, error) {
	l := newLocal(cfg.Data)
	if _, _, err := l.note(); err == nil && !cfg.usesKafka() {
		return func(ctx context.Context, posts []veghe.Post) error { return sendPosts(ctx, l, posts, wait) }, func() error { return nil }, nil
	}
	log, closeLog, err := openStreamAlone(ctx, cfg, e)
	if err != nil {
		return nil, nil, err
	}
	if !cfg.usesKafka() {
		fmt.Fprintf(e.err, "no veghe is running on %s: posts go into its log and are assessed when it starts\n", cfg.Data)
	}
	topic := postsTopic(log, nil)
	return func(ctx context.Context, posts []veghe.Post) error { return topic.Publish(ctx, posts...) }, closeLog, nil
}

// sendPosts sends posts to the running veghe, and again while it is away:
// taking a post twice does no harm.
func sendPosts(ctx context.Context, l *local, posts []veghe.Post, wait time.Duration) error {
	var body bytes.Buffer
	enc := json.NewEncoder(&body)
	for i := range posts {
		if err := enc.Encode(&posts[i]); err != nil {
			return err
		}
	}
	pause := 50 * time.Millisecond
	for until := time.Now().Add(wait); ; {
		var got struct {
			Accepted int
			Rejected []struct {
				Line  int
				Error string
			}
		}
		err := l.api(ctx, http.MethodPost, "/api/v1/posts", "application/x-ndjson", bytes.NewReader(body.Bytes()), &got)
		if err == nil && got.Accepted != len(posts) {
			return fmt.Errorf("the running veghe took %d of %d posts: %+v", got.Accepted, len(posts), got.Rejected)
		}
		if err == nil || ctx.Err() != nil {
			return err
		}
		var status *statusError
		if errors.As(err, &status) && status.code < 500 {
			return err
		}
		if time.Now().After(until) {
			return fmt.Errorf("no answer within %v: %w", wait, err)
		}
		select {
		case <-ctx.Done():
			return ctx.Err()
		case <-time.After(pause):
			pause = min(2*pause, 2*time.Second)
		}
	}
}

// importer counts what it was given: Read = Imported + bad lines.
type importer struct {
	env      env
	to       destination
	source   veghe.SourceID
	now      time.Time
	began    time.Time
	bad      badLines
	batch    []veghe.Post
	bytes    int
	Read     int
	Imported int
}

// A batch ends at so many posts or so many bytes of text.
const (
	importBatch = 500
	importBytes = 4 << 20
)

func (im *importer) file(ctx context.Context, name, format string, r io.Reader) error {
	if format == "" {
		format = formatOf(name)
	}
	var err error
	switch format {
	case "jsonl":
		err = im.lines(ctx, name, r)
	case "csv":
		err = im.csv(ctx, name, r)
	case "feed":
		err = im.feed(ctx, name, r)
	default:
		return usageError{fmt.Sprintf("format is %q, want jsonl, csv or feed", format)}
	}
	if err != nil {
		return err
	}
	return im.flush(ctx)
}

func formatOf(name string) string {
	switch strings.ToLower(filepath.Ext(name)) {
	case ".csv":
		return "csv"
	case ".rss", ".atom", ".xml":
		return "feed"
	}
	return "jsonl"
}

func (im *importer) lines(ctx context.Context, name string, r io.Reader) error {
	lines := newLineReader(r)
	for n := 1; ; n++ {
		line, err := lines.next()
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case errors.Is(err, errLongLine):
			im.Read++
			im.bad.add(name, n, err)
			continue
		case err != nil:
			return fmt.Errorf("%s: %w", name, err)
		}
		if len(bytes.TrimSpace(line)) == 0 {
			continue
		}
		im.Read++
		p, err := veghe.ParsePost(line)
		if err != nil {
			im.bad.add(name, n, err)
			continue
		}
		if err := im.add(ctx, p); err != nil {
			return err
		}
	}
}

// feed takes the entries of an RSS or Atom file.
func (im *importer) feed(ctx context.Context, name string, r io.Reader) error {
	const most = 32 << 20
	b, err := io.ReadAll(io.LimitReader(r, most+1))
	if err != nil {
		return err
	}
	if len(b) > most {
		return fmt.Errorf("%s: feed is more than %d bytes, split it", name, most)
	}
	res, err := extract.Page(extract.Input{Body: b, Source: im.feedSource(), Hints: extract.Hints{Type: extract.Feed}, FetchedAt: im.now})
	if err != nil {
		im.Read++
		im.bad.add(name, 1, err)
		return nil
	}
	for _, p := range res.Posts {
		im.Read++
		if err := im.add(ctx, p); err != nil {
			return err
		}
	}
	return nil
}

func (im *importer) feedSource() veghe.SourceID {
	if im.source == "" {
		return "import"
	}
	return im.source
}

func (im *importer) add(ctx context.Context, p veghe.Post) error {
	if p.Source == "" && im.source != "" {
		p.Source = im.source
	}
	if p.CollectedAt.IsZero() {
		p.CollectedAt = im.now
	}
	p.Identify()
	im.batch = append(im.batch, p)
	im.bytes += len(p.Text) + len(p.Title) + 500
	if len(im.batch) < importBatch && im.bytes < importBytes {
		return nil
	}
	return im.flush(ctx)
}

func (im *importer) flush(ctx context.Context) error {
	if len(im.batch) == 0 {
		return nil
	}
	if err := im.to(ctx, im.batch); err != nil {
		return err
	}
	im.Imported += len(im.batch)
	im.batch, im.bytes = im.batch[:0], 0
	return nil
}

func (im *importer) account(asJSON bool) error {
	took := time.Since(im.began)
	if asJSON {
		return json.NewEncoder(im.env.out).Encode(map[string]any{"read": im.Read, "imported": im.Imported, "bad": im.bad.count, "seconds": took.Seconds()})
	}
	_, err := fmt.Fprintf(im.env.out, "%d read, %d imported, %d bad, in %v (%.0f posts/s)\n",
		im.Read, im.Imported, im.bad.count, took.Round(time.Millisecond), float64(im.Imported)/max(took.Seconds(), 0.001))
	return err
}
