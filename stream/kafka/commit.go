package kafka

import (
	"maps"

	"github.com/segmentio/kafka-go"
)

// committer sends the commits of the workers of a generation, those that wait
// at the same moment in one request. A worker has one commit under way and
// finishes its records in order, so an offset never goes back.
type committer struct {
	topic string
	send  func(map[string]map[int]int64) error
	in    chan commit
}

type commit struct {
	partition int
	next      int64
	done      chan error
}

func newCommitter(topic string, gen *kafka.Generation) *committer {
	return &committer{topic: topic, send: gen.CommitOffsets, in: make(chan commit)}
}

// commit returns when the group has noted the offset.
func (c *committer) commit(partition int, next int64) error {
	done := make(chan error, 1)
	c.in <- commit{partition, next, done}
	return <-done
}

// stop ends run. No commit may be under way or come later.
func (c *committer) stop() { close(c.in) }

func (c *committer) run() {
	for first := range c.in {
		together := []commit{first}
		for more := true; more; {
			select {
			case next, ok := <-c.in:
				if more = ok; ok {
					together = append(together, next)
				}
			default:
				more = false
			}
		}
		err := c.send(map[string]map[int]int64{c.topic: maps.Collect(offsets(together))})
		for _, each := range together {
			each.done <- err
		}
	}
}

func offsets(commits []commit) func(func(int, int64) bool) {
	return func(yield func(int, int64) bool) {
		for _, c := range commits {
			if !yield(c.partition, c.next) {
				return
			}
		}
	}
}
