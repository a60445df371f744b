package kafka

import (
	"crypto/tls"
	"errors"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/segmentio/kafka-go/protocol"
)

// permanent reports whether trying again cannot help: what was asked for is
// not allowed, or not possible. Everything else passes, sooner or later.
func permanent(err error) bool {
	for _, e := range []kafka.Error{
		kafka.TopicAuthorizationFailed,
		kafka.GroupAuthorizationFailed,
		kafka.ClusterAuthorizationFailed,
		kafka.SASLAuthenticationFailed,
		kafka.UnsupportedSASLMechanism,
		kafka.IllegalSASLState,
		kafka.UnsupportedVersion,
		kafka.UnsupportedForMessageFormat,
		kafka.InvalidTopic,
		kafka.InvalidGroupId,
		kafka.InvalidSessionTimeout,
		kafka.InconsistentGroupProtocol,
		kafka.InvalidConfiguration,
		kafka.InvalidPartitionNumber,
		kafka.InvalidRequiredAcks,
		kafka.PolicyViolation,
		kafka.MessageSizeTooLarge,
		kafka.RecordListTooLarge,
		kafka.InvalidTimestamp,
	} {
		if errors.Is(err, e) {
			return true
		}
	}
	var cert *tls.CertificateVerificationError
	return errors.As(err, &cert)
}

// tooLarge reports whether a smaller batch may do.
func tooLarge(err error) bool {
	return errors.Is(err, kafka.MessageSizeTooLarge) || errors.Is(err, kafka.RecordListTooLarge)
}

// missing reports whether the topic was deleted, or is not known yet.
func missing(err error) bool {
	return errors.Is(err, kafka.UnknownTopicOrPartition) ||
		errors.Is(err, protocol.ErrNoTopic) || errors.Is(err, protocol.ErrNoPartition)
}

// handlerError is the error of a handler, which is no fault of the cluster.
type handlerError struct{ error }

// hint says what a person should look at.
func hint(err error) string {
	var handler handlerError
	switch {
	case errors.As(err, &handler):
		return "the records wait and are given again; nothing behind them in the partition moves"
	case errors.Is(err, kafka.SASLAuthenticationFailed):
		return "check sasl: username and password, and that the broker knows the user"
	case errors.Is(err, kafka.UnsupportedSASLMechanism), errors.Is(err, kafka.IllegalSASLState):
		return "check sasl: mechanism against the broker's listener"
	case errors.Is(err, kafka.TopicAuthorizationFailed), errors.Is(err, kafka.GroupAuthorizationFailed), errors.Is(err, kafka.ClusterAuthorizationFailed):
		return "ask for ACLs on topics and groups that start with the topic's name"
	case errors.Is(err, kafka.InvalidReplicationFactor):
		return "fewer brokers are up than replication wants: start them, or lower replication"
	case errors.Is(err, kafka.NotEnoughReplicas), errors.Is(err, kafka.NotEnoughReplicasAfterAppend):
		return "fewer copies are in sync than the topic's min.insync.replicas: start the brokers that are down"
	case tooLarge(err):
		return fmt.Sprintf("raise max.message.bytes of the topic to %d", maxMessage)
	case permanent(err):
		return "check the kafka section of the configuration"
	}
	return "check that the brokers run and that this machine reaches them, with tls and sasl as their listener wants"
}

// explain names the cluster and what to check.
func (l *Log) explain(doing string, err error) error {
	return fmt.Errorf("kafka: %s at %s: %w (%s)", doing, l.cfg.addresses(), err, hint(err))
}

// patience is how long an activity may fail before it is trouble: a leader
// that moves is none.
const patience = time.Second

// troubles knows which activities fail now, and says so once.
type troubles struct {
	log     *slog.Logger
	brokers string

	mu  sync.Mutex // guards now
	now map[string]*trouble
}

type trouble struct {
	since time.Time
	parts map[int]bool // the partitions that fail; -1 if it is about none
	err   error        // the last one
	said  bool
}

// failed notes that an activity failed at a partition, or at -1, after it was
// begun then.
func (t *troubles) failed(activity string, partition int, begun time.Time, err error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now[activity]
	if now == nil {
		now = &trouble{since: begun, parts: make(map[int]bool)}
		t.now[activity] = now
	}
	now.parts[partition], now.err = true, err
	if now.said || time.Since(now.since) < patience {
		return
	}
	now.said = true
	t.log.Error("in trouble: trying again until it works", "doing", activity, "partition", partition,
		"brokers", t.brokers, "error", err.Error(), "hint", hint(err))
}

// well notes that the activity worked at the partition.
func (t *troubles) well(activity string, partition int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	now := t.now[activity]
	if now == nil {
		return
	}
	delete(now.parts, partition)
	if len(now.parts) > 0 {
		return
	}
	delete(t.now, activity)
	if now.said {
		t.log.Info("well again", "doing", activity, "after", time.Since(now.since).Round(time.Millisecond).String())
	}
}

// forget drops a partition that is no longer ours to try. What was said stays
// until the activity works, so that it is neither said twice nor left open.
func (t *troubles) forget(activity string, partition int) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.now[activity]; now != nil {
		delete(now.parts, partition)
		if len(now.parts) == 0 && !now.said {
			delete(t.now, activity)
		}
	}
}

// end drops activities that are over.
func (t *troubles) end(activities ...string) {
	t.mu.Lock()
	defer t.mu.Unlock()
	for _, a := range activities {
		delete(t.now, a)
	}
}

// last is the last error of an activity that fails now, or nil.
func (t *troubles) last(activity string) error {
	t.mu.Lock()
	defer t.mu.Unlock()
	if now := t.now[activity]; now != nil && len(now.parts) > 0 {
		return now.err
	}
	return nil
}

// Trouble returns an error that names what has been failing for a second or
// more, or nil. It asks nobody.
func (l *Log) Trouble() error {
	t := l.troubles
	t.mu.Lock()
	defer t.mu.Unlock()
	var out []string
	for _, activity := range slices.Sorted(maps.Keys(t.now)) {
		now := t.now[activity]
		if since := time.Since(now.since); since >= patience && len(now.parts) > 0 {
			out = append(out, fmt.Sprintf("%s fails since %v: %v", activity, since.Round(time.Second), now.err))
		}
	}
	if len(out) == 0 {
		return nil
	}
	return fmt.Errorf("kafka: %s", strings.Join(out, "; "))
}
