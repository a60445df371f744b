package kafka

import (
	"context"
	"errors"

	"github.com/segmentio/kafka-go"
)

// Cluster is what the brokers say about themselves.
type Cluster struct {
	Brokers int
	Topics  []TopicState // those asked for that exist, in that order
}

// TopicState is how well a topic is kept.
type TopicState struct {
	Name       string // with the prefix
	Partitions int
	Replicas   int // copies of the partition that has the fewest
	Lacking    int // partitions of which not every copy is in sync
	Leaderless int // partitions that can be neither read nor written
}

// Cluster asks the brokers how many they are and how topics are kept. It
// creates nothing.
func (l *Log) Cluster(ctx context.Context, topics ...string) (Cluster, error) {
	ctx, end, err := l.begin(ctx)
	if err != nil {
		return Cluster{}, err
	}
	defer end()
	full := make([]string, len(topics))
	for i, t := range topics {
		full[i] = l.cfg.topic(t)
	}
	m, err := l.client.Metadata(ctx, &kafka.MetadataRequest{Topics: full})
	if err != nil {
		return Cluster{}, l.explain("ask for the cluster", err)
	}
	out := Cluster{Brokers: len(m.Brokers)}
	for _, t := range m.Topics {
		switch {
		case errors.Is(t.Error, kafka.UnknownTopicOrPartition):
		case t.Error != nil:
			return out, l.explain("ask for topic "+t.Name, t.Error)
		default:
			out.Topics = append(out.Topics, stateOf(t))
		}
	}
	return out, nil
}

func stateOf(t kafka.Topic) TopicState {
	s := TopicState{Name: t.Name, Partitions: len(t.Partitions)}
	for i, p := range t.Partitions {
		if i == 0 || len(p.Replicas) < s.Replicas {
			s.Replicas = len(p.Replicas)
		}
		if len(p.Isr) < len(p.Replicas) {
			s.Lacking++
		}
		if errors.Is(p.Error, kafka.LeaderNotAvailable) {
			s.Leaderless++
		}
	}
	return s
}
