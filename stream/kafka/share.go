package kafka

import (
	"context"
	"errors"
	"hash/fnv"

	"github.com/segmentio/kafka-go"

	"veghe/stream"
)

var _ stream.Sharer = (*Log)(nil)

// Share is a member of a consumer group that reads nothing: the partitions of
// the topic are the shares.
func (l *Log) Share(ctx context.Context, topic, group, name string, hold func(ctx context.Context, held []int, of int)) error {
	ctx, end, err := l.begin(ctx)
	if err != nil {
		return err
	}
	defer end()
	of, err := l.topics.partitions(ctx, topic)
	if err == nil {
		c := &consumer{log: l, topic: l.cfg.topic(topic), group: l.cfg.group(topic, group), share: &share{name: name, of: of, hold: hold}}
		err = c.run(ctx)
	}
	switch {
	case ctx.Err() == nil:
		return err
	case errors.Is(context.Cause(ctx), ErrClosed):
		return ErrClosed
	}
	return nil
}

// share is what a consumer does that shares out work instead of records.
type share struct {
	name string
	of   int
	hold func(ctx context.Context, held []int, of int)
}

// serve holds the shares of one generation until it ends.
func (s *share) serve(ctx, generation context.Context, assigned []kafka.PartitionAssignment) {
	ctx, stop := context.WithCancel(ctx)
	defer stop()
	defer context.AfterFunc(generation, stop)()
	held := make([]int, len(assigned))
	for i, a := range assigned {
		held[i] = a.ID
	}
	s.hold(ctx, held, s.of)
	<-ctx.Done() // the group waits for this before it shares anew
}

// byName divides partitions so that each stays with the name that has the
// highest number for it (rendezvous hashing): one that leaves gives away only
// its own, and gets them back.
type byName struct{ name string }

func (byName) ProtocolName() string { return "veghe-by-name" }

func (b byName) UserData() ([]byte, error) { return []byte(b.name), nil }

func (byName) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	out := kafka.GroupMemberAssignments{}
	for _, m := range members {
		out[m.ID] = map[string][]int{}
	}
	for _, p := range partitions {
		best, most := "", uint64(0)
		for _, m := range members {
			if n := weight(string(m.UserData), m.ID, p.ID); best == "" || n > most || n == most && m.ID < best {
				best, most = m.ID, n
			}
		}
		if best != "" {
			out[best][p.Topic] = append(out[best][p.Topic], p.ID)
		}
	}
	return out
}

// weight is the number of a name for a partition. A member without a name goes
// by its id.
func weight(name, id string, partition int) uint64 {
	if name == "" {
		name = id
	}
	h := fnv.New64a()
	_, _ = h.Write([]byte(name)) // never fails
	n := h.Sum64() ^ uint64(partition)*0x9e3779b97f4a7c15
	// Finish as murmur does: FNV alone leaves the high bits alike.
	n ^= n >> 33
	n *= 0xff51afd7ed558ccd
	n ^= n >> 33
	n *= 0xc4ceb9fe1a85ec53
	return n ^ n>>33
}
