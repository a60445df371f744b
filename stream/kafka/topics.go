package kafka

import (
	"context"
	"errors"
	"fmt"
	"strconv"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
)

// freshFor is how long the number of a topic's partitions is believed.
const freshFor = 30 * time.Second

// topics knows the topics and creates those that are missing. Any number of
// processes may do so at once: the one that comes second finds it done.
type topics struct {
	log *Log

	mu    sync.Mutex // guards known
	known map[string]known
}

type known struct {
	partitions int
	at         time.Time
}

// partitions returns the number of partitions of a topic by its name without
// prefix, after creating it if it is missing. It tries until ctx ends, except
// that too few brokers for its copies are waited for Timeouts.Create only.
func (t *topics) partitions(ctx context.Context, name string) (int, error) {
	if err := checkName(name); err != nil {
		return 0, err
	}
	full := t.log.cfg.topic(name)
	t.mu.Lock()
	k := t.known[full]
	t.mu.Unlock()
	if k.partitions > 0 && time.Since(k.at) < freshFor {
		return k.partitions, nil
	}
	activity := "find or create topic " + full
	n, err := t.find(ctx, full)
	if err != nil && k.partitions > 0 {
		return k.partitions, nil // the cluster is away; its answer is not needed to wait for it
	}
	begun := time.Now()
	patient := begun.Add(t.log.cfg.Timeouts.Create)
	for wait := (backoff{limit: 2 * time.Second}); err != nil; n, err = t.find(ctx, full) {
		if errors.Is(err, errNoTopic) {
			if err = t.create(ctx, name); err == nil {
				continue
			}
		}
		if permanent(err) || errors.Is(err, kafka.InvalidReplicationFactor) && time.Now().After(patient) {
			return 0, t.log.explain(activity, err)
		}
		if ctx.Err() == nil { // what our own end cut short is no trouble
			t.log.troubles.failed(activity, -1, begun, err)
		}
		if !wait.wait(ctx) {
			return 0, t.log.ended(ctx, activity)
		}
	}
	t.log.troubles.well(activity, -1)
	t.mu.Lock()
	t.known[full] = known{partitions: n, at: time.Now()}
	t.mu.Unlock()
	if k.partitions == 0 {
		t.compare(ctx, name)
	}
	return n, nil
}

// forget makes the next call ask again, as after a topic was deleted.
func (t *topics) forget(full string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.known, full)
}

var errNoTopic = errors.New("no such topic")

// find asks for the number of partitions; each must have a leader.
func (t *topics) find(ctx context.Context, full string) (int, error) {
	m, err := t.log.client.Metadata(ctx, &kafka.MetadataRequest{Topics: []string{full}})
	if err != nil {
		return 0, err
	}
	for _, topic := range m.Topics {
		switch {
		case topic.Name != full:
		case errors.Is(topic.Error, kafka.UnknownTopicOrPartition):
			return 0, errNoTopic
		case topic.Error != nil:
			return 0, topic.Error
		default:
			for _, p := range topic.Partitions {
				if p.Error != nil && !errors.Is(p.Error, kafka.ReplicaNotAvailable) {
					return 0, fmt.Errorf("partition %d: %w", p.ID, p.Error)
				}
			}
			if len(topic.Partitions) > 0 {
				return len(topic.Partitions), nil
			}
		}
	}
	return 0, errNoTopic
}

// create asks for the topic, and is content if it is there by now.
func (t *topics) create(ctx context.Context, name string) error {
	full := t.log.cfg.topic(name)
	res, err := t.log.client.CreateTopics(ctx, &kafka.CreateTopicsRequest{Topics: []kafka.TopicConfig{{
		Topic:             full,
		NumPartitions:     t.log.cfg.Partitions,
		ReplicationFactor: t.log.cfg.Replication,
		ConfigEntries:     entries(t.log.cfg.settings(name)),
	}}})
	if err == nil {
		err = res.Errors[full]
	}
	if errors.Is(err, kafka.TopicAlreadyExists) {
		return nil
	}
	return err
}

// setting is one configuration entry of a topic.
type setting struct{ name, value string }

// settings are those of a topic by its name without prefix, as created.
func (c Config) settings(name string) []setting {
	cleanup := "delete"
	if c.retention(name).Compact {
		cleanup = "compact,delete"
	}
	return append(c.retention(name).settings(),
		setting{"cleanup.policy", cleanup},
		setting{"min.insync.replicas", strconv.Itoa(c.MinInSync)},
		setting{"max.message.bytes", strconv.Itoa(maxMessage)},
		// A record is as old as the broker says, whatever the producer's clock.
		setting{"message.timestamp.type", "LogAppendTime"},
		setting{"unclean.leader.election.enable", "false"},
	)
}

// settings bound what is kept. Kafka deletes whole segments and never the one
// being written, so a quiet topic would keep records for the age of a segment
// longer, a week by default: segments are closed sooner here.
func (r Retention) settings() []setting {
	bytes := int64(-1)
	segment := int64(256 << 20)
	if r.Bytes > 0 {
		bytes = r.Bytes
		segment = min(segment, max(r.Bytes/4, maxMessage))
	}
	closeAfter := min(max(r.Age/7, time.Minute), 24*time.Hour)
	return []setting{
		{"retention.ms", strconv.FormatInt(r.Age.Milliseconds(), 10)},
		{"retention.bytes", strconv.FormatInt(bytes, 10)},
		{"segment.ms", strconv.FormatInt(closeAfter.Milliseconds(), 10)},
		{"segment.bytes", strconv.FormatInt(segment, 10)},
	}
}

func entries(ss []setting) []kafka.ConfigEntry {
	out := make([]kafka.ConfigEntry, len(ss))
	for i, s := range ss {
		out[i] = kafka.ConfigEntry{ConfigName: s.name, ConfigValue: s.value}
	}
	return out
}

// compare looks at a topic that is used for the first time: its retention is
// made what the configuration says, since people were promised that records
// go; what makes it less safe than configured is only reported.
func (t *topics) compare(ctx context.Context, name string) {
	full := t.log.cfg.topic(name)
	has, err := t.describe(ctx, full)
	if err != nil {
		t.log.cfg.Logger.Warn("cannot read the settings of the topic, its retention is not checked", "topic", full, "error", err.Error())
		return
	}
	var change []setting
	for _, want := range t.log.cfg.retention(name).settings() {
		if got, ok := has[want.name]; ok && got != want.value {
			change = append(change, want)
		}
	}
	if len(change) > 0 {
		if err := t.alter(ctx, full, change); err != nil {
			t.log.cfg.Logger.Warn("cannot set the retention of the topic", "topic", full, "error", err.Error())
		} else {
			t.log.cfg.Logger.Info("retention of the topic set as configured", "topic", full, "age", t.log.cfg.retention(name).Age.String())
		}
	}
	if got, _ := strconv.Atoi(has["min.insync.replicas"]); got < t.log.cfg.MinInSync {
		t.log.cfg.Logger.Warn("the topic counts records as stored with fewer copies than min_insync", "topic", full, "has", got, "want", t.log.cfg.MinInSync)
	}
	if got, _ := strconv.Atoi(has["max.message.bytes"]); got < maxMessage {
		t.log.cfg.Logger.Warn("the topic refuses large records", "topic", full, "max.message.bytes", got, "want", maxMessage)
	}
}

// describe reads the settings of a topic.
func (t *topics) describe(ctx context.Context, full string) (map[string]string, error) {
	res, err := t.log.client.DescribeConfigs(ctx, &kafka.DescribeConfigsRequest{
		Resources: []kafka.DescribeConfigRequestResource{{ResourceType: kafka.ResourceTypeTopic, ResourceName: full}},
	})
	if err != nil {
		return nil, err
	}
	has := make(map[string]string)
	for _, r := range res.Resources {
		if r.Error != nil {
			return nil, r.Error
		}
		for _, e := range r.ConfigEntries {
			has[e.ConfigName] = e.ConfigValue
		}
	}
	return has, nil
}

func (t *topics) alter(ctx context.Context, full string, ss []setting) error {
	resource := kafka.IncrementalAlterConfigsRequestResource{ResourceType: kafka.ResourceTypeTopic, ResourceName: full}
	for _, s := range ss {
		resource.Configs = append(resource.Configs, kafka.IncrementalAlterConfigsRequestConfig{
			Name: s.name, Value: s.value, ConfigOperation: kafka.ConfigOperationSet,
		})
	}
	res, err := t.log.client.IncrementalAlterConfigs(ctx, &kafka.IncrementalAlterConfigsRequest{
		Resources: []kafka.IncrementalAlterConfigsRequestResource{resource},
	})
	if err != nil {
		return err
	}
	for _, r := range res.Resources {
		if r.Error != nil {
			return r.Error
		}
	}
	return nil
}
