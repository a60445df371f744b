// Package stream carries records between the stages, durably and in order.
//
// [Log] moves bytes; [Topic] moves values of one type over a Log. There are
// two Logs: stream/embedded keeps segments on the local disk, stream/kafka
// speaks to a Kafka cluster. Both pass the contract in stream/streamtest.
//
// # The contract
//
// Append returns nil only when every record is durable: fsynced, or
// acknowledged by all in-sync replicas. An error means "some may be stored":
// append again; handlers bear repeats.
//
// Each group sees every record at least once. Records with the same key are
// seen in the order they were appended, except that a repeat may follow later
// ones. A handler that returns nil commits its batch; the group then goes on
// after it, whoever is killed. Any error means "not now": the same batch is
// given again after a growing pause, and nothing behind it in that partition
// moves (back-pressure, never a silent drop). Only a record that the handler
// names in a [Rejection] is given up, and [Topic] then moves it to the dead
// letters before committing.
package stream

import (
	"context"
	"errors"
	"fmt"
	"time"
)

// Header is a name and value beside a record, readable without decoding it.
type Header struct {
	Name  string
	Value []byte
}

// Record is one entry of a topic. Partition, Offset and Time are set on
// reading and ignored on Append.
type Record struct {
	Key, Value []byte
	Headers    []Header
	Partition  int
	Offset     int64
	Time       time.Time // when it was appended
}

// Header returns the first value of the named header, or nil.
func (r *Record) Header(name string) []byte {
	for _, h := range r.Headers {
		if h.Name == name {
			return h.Value
		}
	}
	return nil
}

// Handler takes a batch of records of one partition, in order, at least one
// and at most Options.MaxBatch. It must not keep the slice.
type Handler func(ctx context.Context, batch []Record) error

// Lag is how far a group is behind, per partition.
type Lag struct {
	Partition int
	Begin     int64     // first offset still kept
	End       int64     // offset the next record will get
	Committed int64     // the next offset the group will handle
	Oldest    time.Time // when the first unhandled record was appended; zero if none or unknown
}

// Behind is how many kept records the group has yet to handle.
func (l Lag) Behind() int64 { return max(0, l.End-max(l.Committed, l.Begin)) }

// Log is a durable set of topics. All methods may be called concurrently.
type Log interface {
	// Append adds records to a topic and returns when they are durable.
	Append(ctx context.Context, topic string, records ...Record) error

	// Consume hands the records of a topic to h as a member of group until
	// ctx ends, then returns nil. Members of a group share the partitions.
	// It survives and reports (through the implementation's logger) a broker
	// that is away, and returns an error only if going on cannot help.
	Consume(ctx context.Context, topic, group string, h Handler) error

	// Read hands every record of a topic now kept to h, oldest first within
	// a partition, without a group, and returns at the end reached when it
	// was called. An error of h ends it and is returned.
	Read(ctx context.Context, topic string, h Handler) error

	// Lag reports how far a group is behind, one entry per partition.
	Lag(ctx context.Context, topic, group string) ([]Lag, error)

	// Close waits for running calls and releases the log. It may be called
	// twice.
	Close() error
}

// Sharer is a Log that several processes use, which can therefore share out
// other work than reading records, such as which of them visits a site.
type Sharer interface {
	// Share makes the caller, known by name, one of the members of a group
	// among whom the shares 0 to of-1 are divided evenly, each held by one of
	// them, until ctx ends; then it returns nil. Hold is called whenever the caller
	// holds some anew. When its ctx ends it must stop what it does for them
	// and return: only then are they given to others. A share goes back to the
	// name that held it when that comes back.
	Share(ctx context.Context, topic, group, name string, hold func(ctx context.Context, held []int, of int)) error
}

// Rejection is returned (or wrapped) by a handler that has handled its whole
// batch except some records that can never be handled. The rest is committed.
type Rejection struct {
	// Causes has the index within the batch of each given-up record.
	Causes map[int]error
}

func (r *Rejection) Error() string {
	for i, err := range r.Causes {
		return fmt.Sprintf("%d records rejected, such as record %d: %v", len(r.Causes), i, err)
	}
	return "no records rejected"
}

// Rejected returns the rejection in err, or nil.
func Rejected(err error) *Rejection {
	if r, ok := errors.AsType[*Rejection](err); ok {
		return r
	}
	return nil
}
