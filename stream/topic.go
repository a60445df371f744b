package stream

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"time"
)

// MaxValue is the largest value in bytes that a Topic publishes. Every Log
// takes records of this size and a few kilobytes of headers, so that what was
// published can also be dead-lettered.
const MaxValue = 8 << 20

// ErrTooLarge is wrapped by the error for a record larger than a Topic or Log
// takes. Trying again cannot help.
var ErrTooLarge = errors.New("record too large")

// headerFormat names the format of a record.
const headerFormat = "format"

// ErrNewer is wrapped by the error for a record of a newer format.
var ErrNewer = errors.New("written by a newer version: update this stage, it waits until then")

// attempts is how often a record that makes the handler panic is tried alone.
const attempts = 3

// Topic carries values of one type over a Log, as JSON. The fields are set
// before use and not changed; all methods may be called concurrently.
//
// A record that can never be handled goes to the dead-letter topic with its
// key, value and headers as they were and headers saying why (see [Letter]),
// and the batch is then committed. Such is a record that cannot be decoded,
// one the handler names in a [Rejection], and one that makes the handler
// panic three times when it is alone in the batch.
type Topic[T any] struct {
	Log  Log
	Name string
	Dead string // dead-letter topic; "" means [DefaultDead]

	// Encode and Decode make a record's value of a value, and the other way
	// round; nil means encoding/json. Errors of Decode are those of encoding/json.
	Encode func(*T) ([]byte, error)
	Decode func(*T, []byte) error

	// Key gives the key that orders a value; nil means no key.
	Key func(*T) string
	// Headers gives what is readable beside a value without decoding it, such
	// as its id and source; nil means none. Names starting with "dead-" are
	// reserved.
	Headers func(*T) []Header

	// Format is the version of what is published, in the header "format", and
	// the newest that is understood; 0 means no version. Raise it when an older
	// stage must not take a record for what it is not. A record of a newer
	// format is neither handled nor given up: the stage waits, and says so, until
	// it is updated.
	Format int

	// OnDead is told how many records of a group were dead-lettered, after
	// they were; nil means nobody is. A batch that is given again tells again.
	OnDead func(group string, n int)
	Logger *slog.Logger // nil means none
}

// Message is a value with what the Log knows about its record.
type Message[T any] struct {
	Value     T
	Key       string
	Headers   []Header
	Partition int
	Offset    int64
	Time      time.Time // when it was appended
}

// Publish appends values and returns when they are durable. An error means
// that some may be stored: publish again, unless it wraps [ErrTooLarge] or
// says that a value cannot be encoded; then nothing was stored.
func (t *Topic[T]) Publish(ctx context.Context, values ...T) error {
	records := make([]Record, len(values))
	for i := range values {
		r, err := t.encode(&values[i])
		if err != nil {
			return fmt.Errorf("publish to %s: value %d of %d: %w", t.Name, i+1, len(values), err)
		}
		records[i] = r
	}
	if len(records) == 0 {
		return nil
	}
	return t.Log.Append(ctx, t.Name, records...)
}

func (t *Topic[T]) encode(v *T) (Record, error) {
	encode := t.Encode
	if encode == nil {
		encode = func(v *T) ([]byte, error) { return json.Marshal(v) }
	}
	b, err := encode(v)
	if err != nil {
		return Record{}, err
	}
	if len(b) > MaxValue {
		return Record{}, fmt.Errorf("%w: %d bytes of JSON, want at most %d", ErrTooLarge, len(b), MaxValue)
	}
	r := Record{Value: b}
	if t.Key != nil {
		r.Key = []byte(t.Key(v))
	}
	if t.Headers != nil {
		r.Headers = t.Headers(v)
	}
	if t.Format > 0 {
		r.Headers = append(r.Headers, Header{headerFormat, strconv.AppendInt(nil, int64(t.Format), 10)})
	}
	return r, nil
}

// Consume hands the values of the topic to h as a member of group until ctx
// ends, then returns nil. The batch is of one partition, in order, not empty;
// h must not keep the slice. An error of h other than a [Rejection] means "not
// now": the batch is given again after a pause. After a panic h is given parts
// of the batch, so that the record to blame is found.
func (t *Topic[T]) Consume(ctx context.Context, group string, h func(context.Context, []Message[T]) error) error {
	return t.Log.Consume(ctx, t.Name, group, func(ctx context.Context, batch []Record) error {
		d := delivery[T]{topic: t, group: group, handle: h, batch: batch, dead: make(map[int]failure)}
		return d.run(ctx)
	})
}

// delivery is one batch on its way through a handler.
type delivery[T any] struct {
	topic  *Topic[T]
	group  string
	handle func(context.Context, []Message[T]) error
	batch  []Record
	dead   map[int]failure // by index in batch: what is given up
}

type failure struct {
	err      error
	attempts int
}

func (d *delivery[T]) run(ctx context.Context) error {
	all := make([]int, len(d.batch))
	for i := range all {
		all[i] = i
	}
	if err := d.settle(ctx, all); err != nil {
		return err
	}
	return d.bury(ctx)
}

// settle has the records at these indexes handled, all but those it gives up.
// A panic splits them in halves until the one to blame is alone.
func (d *delivery[T]) settle(ctx context.Context, at []int) error {
	for n := 1; ; n++ {
		err := d.try(ctx, at)
		var p *panicError
		switch {
		case !errors.As(err, &p):
			return err
		case ctx.Err() != nil:
			return ctx.Err()
		case len(at) > 1:
			mid := len(at) / 2
			if err := d.settle(ctx, at[:mid]); err != nil {
				return err
			}
			return d.settle(ctx, at[mid:])
		case n == attempts:
			d.dead[at[0]] = failure{err, n}
			return nil
		}
	}
}

// try decodes the records at these indexes and hands them over once. They are
// decoded anew each time, as a handler may have changed what it was given.
func (d *delivery[T]) try(ctx context.Context, at []int) (err error) {
	defer func() {
		if v := recover(); v != nil {
			err = newPanicError(v)
		}
	}()
	msgs := make([]Message[T], 0, len(at))
	from := make([]int, 0, len(at))
	for _, i := range at {
		if _, given := d.dead[i]; given {
			continue
		}
		if err := d.topic.understands(&d.batch[i]); err != nil {
			return err
		}
		m, err := d.topic.decode(&d.batch[i])
		if err != nil {
			d.dead[i] = failure{err, 1}
			continue
		}
		msgs, from = append(msgs, m), append(from, i)
	}
	if len(msgs) == 0 {
		return nil
	}
	err = d.handle(ctx, msgs)
	r := Rejected(err)
	if r == nil {
		return err
	}
	for i, cause := range r.Causes {
		if i < 0 || i >= len(from) {
			return fmt.Errorf("rejection names record %d of a batch of %d", i, len(from))
		}
		if cause == nil {
			cause = errors.New("rejected without a cause")
		}
		d.dead[from[i]] = failure{cause, 1}
	}
	return nil
}

// bury appends what was given up to the dead letters. Until that is durable
// the batch must not be committed, so its error is returned as "not now".
func (d *delivery[T]) bury(ctx context.Context) error {
	if len(d.dead) == 0 {
		return nil
	}
	letters := make([]Record, 0, len(d.dead))
	for i := range d.batch {
		if f, ok := d.dead[i]; ok {
			letters = append(letters, newLetter(&d.batch[i], d.topic.Name, d.group, f))
		}
	}
	if err := d.topic.Log.Append(ctx, deadTopic(d.topic.Dead), letters...); err != nil {
		return fmt.Errorf("dead-letter %d records of %s: %w", len(letters), d.topic.Name, err)
	}
	d.report(ctx, len(letters))
	return nil
}

func (d *delivery[T]) report(ctx context.Context, n int) {
	if d.topic.OnDead != nil {
		d.topic.OnDead(d.group, n)
	}
	if d.topic.Logger == nil {
		return
	}
	for i := range d.batch {
		f, ok := d.dead[i]
		if !ok {
			continue
		}
		d.topic.Logger.WarnContext(ctx, "records dead-lettered", "topic", d.topic.Name, "group", d.group,
			"count", n, "partition", d.batch[i].Partition, "first_offset", d.batch[i].Offset, "first_error", cut(f.err.Error()))
		return
	}
}

// understands wants the format of a record to be known here. A header that is
// no number is not ours to judge by.
func (t *Topic[T]) understands(r *Record) error {
	format, err := strconv.Atoi(string(r.Header(headerFormat)))
	if err != nil || format <= t.Format || t.Format == 0 {
		return nil
	}
	return fmt.Errorf("offset %d of %s, partition %d has format %d, known is %d: %w", r.Offset, t.Name, r.Partition, format, t.Format, ErrNewer)
}

func (t *Topic[T]) decode(r *Record) (Message[T], error) {
	m := Message[T]{Key: string(r.Key), Headers: r.Headers, Partition: r.Partition, Offset: r.Offset, Time: r.Time}
	decode := t.Decode
	if decode == nil {
		decode = func(v *T, b []byte) error { return json.Unmarshal(b, v) }
	}
	if err := decode(&m.Value, r.Value); err != nil {
		return m, decodeError(err)
	}
	return m, nil
}

// decodeError keeps of a decoder's error only what cannot quote the value.
func decodeError(err error) error {
	var typ *json.UnmarshalTypeError
	var syn *json.SyntaxError
	switch {
	case errors.As(err, &syn):
		return fmt.Errorf("not JSON: wrong at byte %d", syn.Offset)
	case errors.As(err, &typ) && typ.Field != "":
		kind, _, _ := strings.Cut(typ.Value, " ")
		return fmt.Errorf("cannot be decoded: %s is a JSON %s, want %s", cut(typ.Field), kind, typ.Type)
	case errors.As(err, &typ):
		kind, _, _ := strings.Cut(typ.Value, " ")
		return fmt.Errorf("cannot be decoded: a JSON %s, want %s", kind, typ.Type)
	}
	return fmt.Errorf("cannot be decoded: %T", err)
}

// panicError is a panic of a handler. It has the words of the runtime and the
// place, but nothing a handler said, which could quote a post.
type panicError struct{ text string }

func (p *panicError) Error() string { return p.text }

func newPanicError(v any) *panicError {
	text := fmt.Sprintf("panic with a %T", v)
	if err, ok := v.(runtime.Error); ok {
		text = "panic: " + err.Error()
	}
	return &panicError{text + " at " + panicSite()}
}

// panicSite is where the panic being recovered was raised, as file:line. It is
// called, through newPanicError, from the deferred function.
func panicSite() string {
	pcs := make([]uintptr, 32)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(3, pcs)])
	raised := false
	for {
		f, more := frames.Next()
		switch {
		case strings.HasPrefix(f.Function, "runtime."):
			raised = true
		case raised:
			return fmt.Sprintf("%s:%d", filepath.Base(f.File), f.Line)
		}
		if !more {
			return "an unknown place"
		}
	}
}

// cut bounds a text that goes into a header or a log line.
func cut(s string) string {
	const most = 500
	if len(s) <= most {
		return s
	}
	return strings.ToValidUTF8(s[:most], "") + "…"
}
