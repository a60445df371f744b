package kafka

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"regexp"
	"strings"
	"time"
)

// Config says which cluster to use and how. The zero value of each field
// stands for the default named beside it; only Brokers is needed.
type Config struct {
	// Brokers are some addresses of the cluster as host:port. The rest of the
	// cluster is found through any of them.
	Brokers []string `yaml:"brokers"`
	// ClientID is the name in the brokers' logs and quotas. Default "veghe".
	ClientID string `yaml:"client_id"`
	// TopicPrefix is put before every topic and group, so that several
	// installations can share a cluster. Default none.
	TopicPrefix string `yaml:"topic_prefix"`

	// Partitions of topics that are created, the most processes that can share
	// the work of one stage. Default 6. Topics that exist keep theirs: change
	// the number only while a topic is empty, since keys move.
	Partitions int `yaml:"partitions"`
	// Replication is the number of copies of topics that are created. Default
	// 3; a cluster of one broker needs 1, said here.
	Replication int `yaml:"replication"`
	// MinInSync is how many copies must have a record before it counts as
	// stored. Default 2, or 1 if Replication is 1.
	MinInSync int `yaml:"min_insync"`
	// Retention is how long topics keep records.
	Retention Retention `yaml:"retention"`
	// Topics has the retention of single topics, by name without the prefix.
	Topics map[string]Retention `yaml:"topics"`
	// Compression of what is sent: none, lz4, snappy or zstd. Default lz4.
	Compression string `yaml:"compression"`

	// MaxBatch is the most records given to a handler at once. Default 500.
	MaxBatch int `yaml:"max_batch"`

	TLS      TLS      `yaml:"tls"`
	SASL     SASL     `yaml:"sasl"`
	Timeouts Timeouts `yaml:"timeouts"`

	// Logger hears of trouble and of its end. Default slog.Default().
	Logger *slog.Logger `yaml:"-"`

	// dial opens connections. Tests put a network of their own in between.
	dial dialFunc
}

type dialFunc func(ctx context.Context, network, address string) (net.Conn, error)

// Retention bounds what a topic keeps. Handling does not delete records, and
// a group that is slower than the retention loses what it has not handled:
// watch Lag.
type Retention struct {
	// Age is how long a record is kept. Default 168h. Records go by whole
	// segments, so the last of them a seventh of this later, at most a day.
	Age time.Duration `yaml:"age"`
	// Bytes is how much one partition keeps. Default 0, any amount.
	Bytes int64 `yaml:"bytes"`
	// Compact keeps of each key only the newest record for certain, so that a
	// topic of states is short to read. It counts when the topic is made.
	Compact bool `yaml:"compact"`
}

// TLS says how connections are encrypted. There is no way not to verify.
type TLS struct {
	Enabled bool `yaml:"enabled"` // default false
	// CAFile has the authorities to trust, PEM. Default the system's.
	CAFile string `yaml:"ca_file"`
	// CertFile and KeyFile are our certificate, PEM, if brokers want one.
	CertFile string `yaml:"cert_file"`
	KeyFile  string `yaml:"key_file"`
	// ServerName is the name the brokers' certificates must have. Default the
	// host of each address.
	ServerName string `yaml:"server_name"`
}

// SASL says how to sign in. Default: not at all.
type SASL struct {
	// Mechanism is plain, scram-sha-256 or scram-sha-512. Plain needs TLS.
	Mechanism string `yaml:"mechanism"`
	Username  string `yaml:"username"`
	// The password is in a file (a final line break is dropped) or in an
	// environment variable, never in the configuration itself.
	PasswordFile string `yaml:"password_file"`
	PasswordEnv  string `yaml:"password_env"`
}

// Timeouts are for clusters that are far away or slow.
type Timeouts struct {
	// Dial bounds one connection with its handshakes. Default 3s.
	Dial time.Duration `yaml:"dial"`
	// Request bounds one request. Default 10s.
	Request time.Duration `yaml:"request"`
	// Session is how long a group waits for a member that says nothing before
	// giving its partitions to others. Default 10s. Brokers want 6s to 30m.
	Session time.Duration `yaml:"session"`
	// Drain is how long a handler may go on with its batch after the group
	// began to share anew. Default 4s, at most half of Session.
	Drain time.Duration `yaml:"drain"`
	// Create is how long to try to create a topic when the brokers that are up
	// are too few for its copies. Default 60s.
	Create time.Duration `yaml:"create"`
}

const (
	// maxRecord bounds key, value and headers of one record: a post of 4 MiB
	// and room for what the stages add to it.
	maxRecord = 8 << 20
	// maxMessage is what topics are told to take: a record and its frame.
	maxMessage = maxRecord + 64<<10

	maxPartitions = 1000
	maxMaxBatch   = 100_000
)

// withDefaults returns c with every unset field set.
func (c Config) withDefaults() Config {
	c.ClientID = or(c.ClientID, "veghe")
	c.Partitions = or(c.Partitions, 6)
	c.Replication = or(c.Replication, 3)
	c.MinInSync = or(c.MinInSync, min(2, c.Replication))
	c.Retention.Age = or(c.Retention.Age, 7*24*time.Hour)
	c.Compression = or(c.Compression, "lz4")
	c.MaxBatch = or(c.MaxBatch, 500)
	c.Timeouts.Dial = or(c.Timeouts.Dial, 3*time.Second)
	c.Timeouts.Request = or(c.Timeouts.Request, 10*time.Second)
	c.Timeouts.Session = or(c.Timeouts.Session, 10*time.Second)
	c.Timeouts.Drain = or(c.Timeouts.Drain, min(4*time.Second, c.Timeouts.Session/2))
	c.Timeouts.Create = or(c.Timeouts.Create, time.Minute)
	if c.Logger == nil {
		c.Logger = slog.Default()
	}
	if c.dial == nil {
		c.dial = (&net.Dialer{Timeout: c.Timeouts.Dial}).DialContext
	}
	return c
}

func or[T comparable](v, unset T) T {
	var zero T
	if v == zero {
		return unset
	}
	return v
}

// retention is what the topic of this name, without prefix, keeps.
func (c Config) retention(topic string) Retention {
	r := c.Topics[topic]
	return Retention{Age: or(r.Age, c.Retention.Age), Bytes: or(r.Bytes, c.Retention.Bytes), Compact: r.Compact}
}

// Validate reports everything that is wrong, each with the key to change. It
// reads no file and asks no broker.
func (c Config) Validate() error {
	c = c.withDefaults()
	var errs []error
	bad := func(format string, args ...any) { errs = append(errs, fmt.Errorf(format, args...)) }

	if len(c.Brokers) == 0 {
		bad("brokers: none given, want one or more host:port")
	}
	for _, b := range c.Brokers {
		if host, port, err := net.SplitHostPort(b); err != nil || host == "" || port == "" {
			bad("brokers: %q, want host:port such as kafka-1:9092", b)
		}
	}
	if c.TopicPrefix != "" && checkName(c.TopicPrefix) != nil {
		bad("topic_prefix: %q, want letters, digits, '.', '_' and '-'", c.TopicPrefix)
	}
	between(bad, "partitions", c.Partitions, 1, maxPartitions)
	between(bad, "replication", c.Replication, 1, 15)
	if c.MinInSync < 1 || c.MinInSync > c.Replication {
		bad("min_insync: %d, want 1 to replication, which is %d", c.MinInSync, c.Replication)
	}
	between(bad, "max_batch", c.MaxBatch, 1, maxMaxBatch)
	if _, err := c.codec(); err != nil {
		errs = append(errs, err)
	}
	checkRetention(bad, "retention", c.Retention)
	for name, r := range c.Topics {
		if err := checkName(name); err != nil {
			bad("topics: %w", err)
		}
		checkRetention(bad, "topics: "+name, r)
	}
	c.TLS.check(bad)
	c.SASL.check(bad, c.TLS.Enabled)
	c.Timeouts.check(bad)
	if len(errs) == 0 {
		return nil
	}
	return fmt.Errorf("kafka: %w", errors.Join(errs...))
}

type complaint func(format string, args ...any)

func between(bad complaint, key string, v, low, high int) {
	if v < low || v > high {
		bad("%s: %d, want %d to %d", key, v, low, high)
	}
}

func checkRetention(bad complaint, key string, r Retention) {
	if r.Age != 0 && r.Age < time.Minute {
		bad("%s: age: %v, want 1m or more", key, r.Age)
	}
	if r.Bytes < 0 || r.Bytes > 0 && r.Bytes < maxMessage {
		bad("%s: bytes: %d, want 0 for any amount, or %d or more", key, r.Bytes, maxMessage)
	}
}

func (t TLS) check(bad complaint) {
	if !t.Enabled && t != (TLS{}) {
		bad("tls: enabled is false but other keys are set, want enabled: true or none of them")
	}
	if (t.CertFile == "") != (t.KeyFile == "") {
		bad("tls: one of cert_file and key_file is set, want both or none")
	}
}

func (s SASL) check(bad complaint, encrypted bool) {
	if s == (SASL{}) {
		return
	}
	switch s.Mechanism {
	case "scram-sha-256", "scram-sha-512":
	case "plain":
		if !encrypted {
			bad("sasl: mechanism plain sends the password as it is, want tls: {enabled: true} or a scram mechanism")
		}
	default:
		bad("sasl: mechanism: %q, want plain, scram-sha-256 or scram-sha-512", s.Mechanism)
	}
	if s.Username == "" {
		bad("sasl: username: not set")
	}
	if (s.PasswordFile == "") == (s.PasswordEnv == "") {
		bad("sasl: want one of password_file and password_env")
	}
}

func (t Timeouts) check(bad complaint) {
	for _, d := range []struct {
		key       string
		got       time.Duration
		low, high time.Duration
	}{
		{"dial", t.Dial, 100 * time.Millisecond, time.Minute},
		{"request", t.Request, time.Second, 5 * time.Minute},
		{"session", t.Session, 6 * time.Second, 30 * time.Minute},
		{"drain", t.Drain, time.Millisecond, t.Session / 2},
		{"create", t.Create, time.Millisecond, time.Hour},
	} {
		if d.got < d.low || d.got > d.high {
			bad("timeouts: %s: %v, want %v to %v", d.key, d.got, d.low, d.high)
		}
	}
}

var legalName = regexp.MustCompile(`^[a-zA-Z0-9._-]+$`)

// checkName applies Kafka's rules for the names of topics.
func checkName(name string) error {
	switch {
	case name == "" || name == "." || name == "..":
		return fmt.Errorf("topic %q: not a name", name)
	case len(name) > 200:
		return fmt.Errorf("topic %q: %d letters, want 200 or fewer", name[:20]+"…", len(name))
	case !legalName.MatchString(name):
		return fmt.Errorf("topic %q: want letters, digits, '.', '_' and '-'", name)
	}
	return nil
}

func (c Config) topic(name string) string { return c.TopicPrefix + name }

// group names the consumer group of a topic. It has the topic's name in
// front: Kafka's groups span topics, and members of different topics in one
// group would disturb each other whenever one comes or goes.
func (c Config) group(topic, group string) string { return c.topic(topic) + "." + group }

// addresses is how log lines and errors name the cluster.
func (c Config) addresses() string { return strings.Join(c.Brokers, ", ") }
