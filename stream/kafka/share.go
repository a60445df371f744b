package kafka

import (
	"cmp"
	"context"
	"hash/fnv"
	"slices"

	"github.com/segmentio/kafka-go"

	"veghe/stream"
)

var _ stream.Sharer = (*Log)(nil)

// Share is a member of a consumer group that reads nothing: the partitions of
// the topic are the shares.
func (l *Log) Share(ctx context.Context, topic, group, name string, hold func(ctx context.Context, held []int, of int)) error {
	return l.join(ctx, topic, group, func(of int) consumer { return consumer{share: &share{name: name, of: of, hold: hold}} })
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

// byName divides partitions evenly, each to the name with the highest number
// for it (rendezvous hashing) that has room for it. What each gets depends on
// the names alone: one that leaves gets back what it had, and few others move.
type byName struct{ name string }

func (byName) ProtocolName() string { return "veghe-by-name" }

func (b byName) UserData() ([]byte, error) { return []byte(b.name), nil }

func (byName) AssignGroups(members []kafka.GroupMember, partitions []kafka.Partition) kafka.GroupMemberAssignments {
	out := kafka.GroupMemberAssignments{}
	if len(members) == 0 {
		return out
	}
	var claims []claim
	for _, m := range members {
		out[m.ID] = map[string][]int{}
		for _, p := range partitions {
			claims = append(claims, claim{m.ID, p, weight(string(m.UserData), m.ID, p.ID)})
		}
	}
	slices.SortFunc(claims, func(a, b claim) int {
		return cmp.Or(cmp.Compare(b.weight, a.weight), cmp.Compare(a.member, b.member))
	})
	// The numbers do not divide few partitions evenly: of three, two members
	// would get three and none every fourth time.
	each, over := len(partitions)/len(members), len(partitions)%len(members)
	taken, has := map[int]bool{}, map[string]int{}
	for _, c := range claims {
		full := has[c.member] > each || has[c.member] == each && over == 0
		if full || taken[c.partition.ID] {
			continue
		}
		if has[c.member] == each {
			over--
		}
		taken[c.partition.ID] = true
		has[c.member]++
		out[c.member][c.partition.Topic] = append(out[c.member][c.partition.Topic], c.partition.ID)
	}
	return out
}

// claim is the number of a member for a partition.
type claim struct {
	member    string // its id
	partition kafka.Partition
	weight    uint64
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
