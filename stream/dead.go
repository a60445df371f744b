package stream

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
	"time"
)

// DefaultDead is the topic of dead letters where none is named.
const DefaultDead = "veghe.dead"

// ErrNoLetter is returned for an id that is no dead letter, or one that was
// retried.
var ErrNoLetter = errors.New("no such dead letter")

// Headers beside a dead letter. They are added to the record's own, and taken
// off when it is retried.
const (
	deadPrefix    = "dead-"
	deadError     = "dead-error"     // why, without post text
	deadOrigin    = "dead-topic"     // where it came from
	deadGroup     = "dead-group"     // who could not handle it
	deadPartition = "dead-partition" // of the origin
	deadOffset    = "dead-offset"    // in the origin
	deadAppended  = "dead-appended"  // when it was appended to the origin, RFC 3339
	deadAttempts  = "dead-attempts"  // how often it was tried
	deadTime      = "dead-time"      // when it was given up, RFC 3339
	deadRetries   = "dead-retries"   // how often it was retried before; stays on the retried record
	deadRetried   = "dead-retried"   // on a marker: the origin of the letter that was retried
)

// Letter is a record that could not be handled, without its value.
type Letter struct {
	ID        string    `json:"id"` // its place among the dead letters, such as "0-17"
	Error     string    `json:"error"`
	Topic     string    `json:"topic"` // where it came from
	Group     string    `json:"group"` // who could not handle it
	Partition int       `json:"partition"`
	Offset    int64     `json:"offset"`
	Attempts  int       `json:"attempts"`
	Retries   int       `json:"retries"`     // how often it was retried before
	Appended  time.Time `json:"appended_at"` // to the origin
	Time      time.Time `json:"time"`        // when it was given up
	Key       string    `json:"key"`
	Headers   []Header  `json:"-"` // its own, such as id and source
	Bytes     int       `json:"bytes"`
}

// Header returns the first value of the record's own header, or "".
func (l *Letter) Header(name string) string {
	r := Record{Headers: l.Headers}
	return string(r.Header(name))
}

// origin identifies the record that died. A batch that is given again after
// its letters were written gives letters of the same origin.
func (l *Letter) origin() string {
	return fmt.Sprintf("%s/%d/%d/%s/%d", l.Topic, l.Partition, l.Offset, l.Group, l.Appended.UnixNano())
}

// DeadLetters is the dead-letter topic of a Log, which is only ever appended
// to: a retry leaves a marker. Every method reads the topic through, twice, and
// keeps a few dozen bytes per letter in memory.
type DeadLetters struct {
	Log   Log
	Topic string // "" means [DefaultDead]
}

// List calls f for each letter not retried, oldest first within a partition
// of the dead-letter topic. An error of f ends it and is returned.
func (d DeadLetters) List(ctx context.Context, f func(Letter) error) error {
	return d.each(ctx, func(batch []pending) error {
		for _, p := range batch {
			if err := f(p.letter); err != nil {
				return err
			}
		}
		return nil
	})
}

// Show returns one letter and its record as it was in the origin.
func (d DeadLetters) Show(ctx context.Context, id string) (Letter, Record, error) {
	var found *pending
	err := d.each(ctx, func(batch []pending) error {
		for _, p := range batch {
			if p.letter.ID == id {
				found = &p
				return errStop
			}
		}
		return nil
	})
	if err != nil && !errors.Is(err, errStop) {
		return Letter{}, Record{}, err
	}
	if found == nil {
		return Letter{}, Record{}, fmt.Errorf("%w: %.40q", ErrNoLetter, id)
	}
	return found.letter, found.record, nil
}

var errStop = errors.New("stop")

// Retry appends the letters that want chooses (nil: all) to where they came
// from, then marks them, and returns how many. If it fails or is killed in
// between, some are appended and still listed: handlers bear repeats.
func (d DeadLetters) Retry(ctx context.Context, want func(Letter) bool) (int, error) {
	n := 0
	err := d.each(ctx, func(batch []pending) error {
		var chosen []pending
		for _, p := range batch {
			if p.letter.Topic != "" && (want == nil || want(p.letter)) {
				chosen = append(chosen, p)
			}
		}
		if err := d.retry(ctx, chosen); err != nil {
			return err
		}
		n += len(chosen)
		return nil
	})
	return n, err
}

// RetryID retries one letter. It returns [ErrNoLetter] if there is none.
func (d DeadLetters) RetryID(ctx context.Context, id string) error {
	n, err := d.Retry(ctx, func(l Letter) bool { return l.ID == id })
	if err == nil && n == 0 {
		return fmt.Errorf("%w: %.40q", ErrNoLetter, id)
	}
	return err
}

func (d DeadLetters) retry(ctx context.Context, chosen []pending) error {
	var topics []string
	back := make(map[string][]Record)
	var markers []Record
	for _, p := range chosen {
		t := p.letter.Topic
		if back[t] == nil {
			topics = append(topics, t)
		}
		r := p.record
		r.Headers = append(slices.Clip(r.Headers), Header{deadRetries, []byte(strconv.Itoa(p.letter.Retries + 1))})
		back[t] = append(back[t], r)
		markers = append(markers, Record{Key: r.Key, Headers: []Header{{deadRetried, []byte(p.letter.origin())}}})
	}
	for _, t := range topics {
		if err := d.Log.Append(ctx, t, back[t]...); err != nil {
			return fmt.Errorf("retry %d dead letters of %s: %w", len(back[t]), t, err)
		}
	}
	if len(markers) == 0 {
		return nil
	}
	if err := d.Log.Append(ctx, deadTopic(d.Topic), markers...); err != nil {
		return fmt.Errorf("mark %d dead letters as retried: %w", len(markers), err)
	}
	return nil
}

// pending is a letter not retried, and the record as it was in the origin.
type pending struct {
	letter Letter
	record Record
}

// each calls f with the letters not retried, a few at a time. Markers come
// after their letters, so they are gathered first.
func (d DeadLetters) each(ctx context.Context, f func([]pending) error) error {
	done := make(map[string]bool)
	err := d.Log.Read(ctx, deadTopic(d.Topic), func(_ context.Context, batch []Record) error {
		for i := range batch {
			if o := batch[i].Header(deadRetried); o != nil {
				done[string(o)] = true
			}
		}
		return nil
	})
	if err != nil {
		return err
	}
	return d.Log.Read(ctx, deadTopic(d.Topic), func(_ context.Context, batch []Record) error {
		var ps []pending
		for i := range batch {
			if batch[i].Header(deadRetried) != nil {
				continue
			}
			p := parseLetter(&batch[i])
			if o := p.letter.origin(); !done[o] {
				done[o] = true // a second letter of the same origin
				ps = append(ps, p)
			}
		}
		if len(ps) == 0 {
			return nil
		}
		return f(ps)
	})
}

func deadTopic(name string) string {
	if name == "" {
		return DefaultDead
	}
	return name
}

// newLetter is the record that goes to the dead letters.
func newLetter(r *Record, topic, group string, f failure) Record {
	own := make([]Header, 0, len(r.Headers)+9)
	for _, h := range r.Headers {
		if !strings.HasPrefix(h.Name, deadPrefix) || h.Name == deadRetries {
			own = append(own, h)
		}
	}
	add := func(name, value string) { own = append(own, Header{name, []byte(value)}) }
	add(deadError, cut(f.err.Error()))
	add(deadOrigin, topic)
	add(deadGroup, group)
	add(deadPartition, strconv.Itoa(r.Partition))
	add(deadOffset, strconv.FormatInt(r.Offset, 10))
	add(deadAppended, r.Time.UTC().Format(time.RFC3339Nano))
	add(deadAttempts, strconv.Itoa(f.attempts))
	add(deadTime, time.Now().UTC().Format(time.RFC3339Nano))
	return Record{Key: r.Key, Value: r.Value, Headers: own}
}

// parseLetter reads back what newLetter wrote. A foreign record in the topic
// becomes a letter without an origin, which is listed but never retried.
func parseLetter(r *Record) pending {
	l := Letter{
		ID:    fmt.Sprintf("%d-%d", r.Partition, r.Offset),
		Time:  r.Time,
		Key:   string(r.Key),
		Bytes: len(r.Value),
	}
	for _, h := range r.Headers {
		if !l.set(h.Name, string(h.Value)) {
			l.Headers = append(l.Headers, h)
		}
	}
	if l.Topic == "" {
		l.Error = "not a dead letter: no header " + deadOrigin
		l.Partition, l.Offset, l.Appended = r.Partition, r.Offset, r.Time
	}
	return pending{l, Record{Key: r.Key, Value: r.Value, Headers: l.Headers}}
}

// set takes one header and reports whether it is one of ours.
func (l *Letter) set(name, value string) bool {
	switch name {
	case deadError:
		l.Error = value
	case deadOrigin:
		l.Topic = value
	case deadGroup:
		l.Group = value
	case deadPartition:
		l.Partition, _ = strconv.Atoi(value)
	case deadOffset:
		l.Offset, _ = strconv.ParseInt(value, 10, 64)
	case deadAppended:
		l.Appended, _ = time.Parse(time.RFC3339Nano, value)
	case deadAttempts:
		l.Attempts, _ = strconv.Atoi(value)
	case deadTime:
		l.Time, _ = time.Parse(time.RFC3339Nano, value)
	case deadRetries:
		l.Retries, _ = strconv.Atoi(value)
	default:
		return false
	}
	return true
}
