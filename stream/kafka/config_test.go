package kafka

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

func TestValidate(t *testing.T) {
	tests := []struct {
		name   string
		change func(*Config)
		want   []string // parts of the error; none for a good one
	}{
		{"only brokers", func(*Config) {}, nil},
		{"one broker, said so", func(c *Config) { c.Replication = 1 }, nil},
		{"everything", func(c *Config) {
			c.TopicPrefix = "north."
			c.Retention = Retention{Age: 24 * time.Hour, Bytes: 1 << 30}
			c.Topics = map[string]Retention{"veghe.dead": {Age: 720 * time.Hour}}
			c.TLS = TLS{Enabled: true, CAFile: "ca.pem", CertFile: "me.pem", KeyFile: "me.key", ServerName: "kafka"}
			c.SASL = SASL{Mechanism: "plain", Username: "veghe", PasswordEnv: "KAFKA_PASSWORD"}
			c.Compression = "zstd"
		}, nil},

		{"no brokers", func(c *Config) { c.Brokers = nil }, []string{"brokers: none given"}},
		{"a broker without port", func(c *Config) { c.Brokers = []string{"kafka-1"} }, []string{`"kafka-1", want host:port`}},
		{"a prefix that is no name", func(c *Config) { c.TopicPrefix = "north/" }, []string{"topic_prefix"}},
		{"more in sync than copies", func(c *Config) { c.Replication, c.MinInSync = 1, 2 }, []string{"min_insync: 2, want 1 to replication, which is 1"}},
		{"negative partitions", func(c *Config) { c.Partitions = -1 }, []string{"partitions: -1, want 1 to 1000"}},
		{"unknown compression", func(c *Config) { c.Compression = "rar" }, []string{`compression: "rar"`}},
		{"retention of seconds", func(c *Config) { c.Retention.Age = time.Second }, []string{"retention: age: 1s, want 1m or more"}},
		{"retention of a wrong topic", func(c *Config) { c.Topics = map[string]Retention{"a b": {}} }, []string{`topics: topic "a b"`}},
		{"retention below a record", func(c *Config) { c.Topics = map[string]Retention{"a": {Bytes: 10}} }, []string{"topics: a: bytes: 10"}},
		{"tls keys without tls", func(c *Config) { c.TLS.CAFile = "ca.pem" }, []string{"tls: enabled is false"}},
		{"half a certificate", func(c *Config) { c.TLS = TLS{Enabled: true, CertFile: "me.pem"} }, []string{"tls: one of cert_file and key_file"}},
		{"a password in the clear", func(c *Config) {
			c.SASL = SASL{Mechanism: "plain", Username: "u", PasswordEnv: "P"}
		}, []string{"sends the password as it is"}},
		{"no mechanism, user or password", func(c *Config) { c.SASL.PasswordFile, c.SASL.PasswordEnv = "f", "e" }, []string{
			`sasl: mechanism: ""`, "sasl: username", "one of password_file and password_env",
		}},
		{"a session that brokers refuse", func(c *Config) { c.Timeouts.Session = time.Second }, []string{"timeouts: session: 1s, want 6s"}},
		{"a drain as long as the session", func(c *Config) { c.Timeouts.Drain = 10 * time.Second }, []string{"timeouts: drain: 10s"}},
		{"all is reported at once", func(c *Config) { c.Brokers, c.MaxBatch = nil, -1 }, []string{"brokers:", "max_batch:"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			c := Config{Brokers: []string{"kafka-1:9092"}}
			tt.change(&c)
			err := c.Validate()
			if (err == nil) != (len(tt.want) == 0) {
				t.Fatalf("Validate: %v, want %q", err, tt.want)
			}
			for _, want := range tt.want {
				if !strings.Contains(err.Error(), want) {
					t.Errorf("Validate: %v, want %q", err, want)
				}
			}
		})
	}
}

func TestCheckName(t *testing.T) {
	for name, good := range map[string]bool{
		"veghe.posts": true, "a_b-C.9": true,
		"": false, ".": false, "..": false, "a/b": false, "a b": false, "știri": false,
		strings.Repeat("a", 200): true, strings.Repeat("a", 201): false,
	} {
		if err := checkName(name); (err == nil) != good {
			t.Errorf("checkName(%q): %v, want good: %t", name, err, good)
		}
	}
}

// Records are promised to be gone soon after their age: segments, which are
// deleted whole, have to close much sooner than Kafka's week.
func TestRetentionSettings(t *testing.T) {
	tests := []struct {
		in   Retention
		want map[string]string
	}{
		{Retention{Age: 168 * time.Hour}, map[string]string{
			"retention.ms": "604800000", "retention.bytes": "-1", "segment.ms": "86400000", "segment.bytes": "268435456",
		}},
		{Retention{Age: 7 * time.Hour, Bytes: 400 << 20}, map[string]string{
			"retention.ms": "25200000", "retention.bytes": "419430400", "segment.ms": "3600000", "segment.bytes": "104857600",
		}},
		{Retention{Age: time.Minute, Bytes: maxMessage}, map[string]string{
			"retention.ms": "60000", "retention.bytes": "8454144", "segment.ms": "60000", "segment.bytes": "8454144",
		}},
	}
	for _, tt := range tests {
		got := make(map[string]string)
		for _, s := range tt.in.settings() {
			got[s.name] = s.value
		}
		if d := cmp.Diff(tt.want, got); d != "" {
			t.Errorf("settings of %+v (-want +got):\n%s", tt.in, d)
		}
	}
}

func TestRetentionOfTopic(t *testing.T) {
	c := Config{Topics: map[string]Retention{"dead": {Age: 720 * time.Hour}}}.withDefaults()
	c.Retention.Bytes = 1 << 30
	if got, want := c.retention("dead"), (Retention{Age: 720 * time.Hour, Bytes: 1 << 30}); got != want {
		t.Errorf("retention of a topic with its own age is %+v, want %+v", got, want)
	}
	if got, want := c.retention("posts"), (Retention{Age: 168 * time.Hour, Bytes: 1 << 30}); got != want {
		t.Errorf("retention of any other topic is %+v, want %+v", got, want)
	}
}
