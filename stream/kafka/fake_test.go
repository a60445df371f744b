package kafka

import (
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"fmt"
	"maps"
	"math/big"
	"net"
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kerr"
	"github.com/twmb/franz-go/pkg/kfake"
	"github.com/twmb/franz-go/pkg/kgo"
	"github.com/twmb/franz-go/pkg/kmsg"

	"veghe/stream"
)

// A cluster that is not there yet is waited for; a call that cannot wait says
// whom it could not reach and what to check; all goes on when it comes.
func TestClusterComesLater(t *testing.T) {
	held, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	address := held.Addr().String()
	held.Close() // free, so that dialling it is refused
	var out lines
	l := open(t, Config{Brokers: []string{address}, Replication: 1, Logger: testLogger(&out)})
	defer l.Close()

	short, cancel := context.WithTimeout(t.Context(), 2500*time.Millisecond)
	defer cancel()
	err = l.Append(short, "posts", stream.Record{Value: []byte("v")})
	if !errors.Is(err, context.DeadlineExceeded) {
		t.Errorf("Append: %v, want the end of its context", err)
	}
	for _, want := range []string{address, "connection refused", "check that the brokers run"} {
		if err == nil || !strings.Contains(err.Error(), want) {
			t.Errorf("Append: %v, want %q in it", err, want)
		}
	}
	if err := l.Ping(t.Context()); err == nil || !strings.Contains(err.Error(), address) {
		t.Errorf("Ping: %v, want an error that names %s", err, address)
	}
	if n := strings.Count(out.String(), "in trouble"); n != 1 {
		t.Errorf("%d lines about one outage, want 1:\n%s", n, out.String())
	}

	appended := make(chan error, 1)
	go func() { appended <- l.Append(t.Context(), "posts", stream.Record{Value: []byte("v")}) }()
	_, port, _ := net.SplitHostPort(address)
	n, _ := strconv.Atoi(port)
	fakeCluster(t, kfake.NumBrokers(1), kfake.Ports(n))
	if err := <-appended; err != nil {
		t.Errorf("Append after the cluster came: %v", err)
	}
	if err := l.Ping(t.Context()); err != nil {
		t.Errorf("Ping after the cluster came: %v", err)
	}
	if !strings.Contains(out.String(), "well again") || l.Trouble() != nil {
		t.Errorf("the end of the outage is not reported, trouble: %v\n%s", l.Trouble(), out.String())
	}
}

func TestTLSAndSASL(t *testing.T) {
	server, ca := certificate(t)
	cluster := fakeCluster(t, kfake.NumBrokers(1), kfake.TLS(server), kfake.EnableSASL(),
		kfake.Superuser("PLAIN", "plain", "secret"),
		kfake.Superuser("SCRAM-SHA-256", "s256", "secret"),
		kfake.Superuser("SCRAM-SHA-512", "s512", "secret"))
	t.Setenv("VEGHE_TEST_PASSWORD", "secret")
	file := filepath.Join(t.TempDir(), "password")
	if err := os.WriteFile(file, []byte("secret\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	trusted := TLS{Enabled: true, CAFile: ca}
	tests := []struct {
		name string
		tls  TLS
		sasl SASL
		want string // in the error; empty if it works
	}{
		{"plain", trusted, SASL{Mechanism: "plain", Username: "plain", PasswordEnv: "VEGHE_TEST_PASSWORD"}, ""},
		{"scram-sha-256", trusted, SASL{Mechanism: "scram-sha-256", Username: "s256", PasswordFile: file}, ""},
		{"scram-sha-512", trusted, SASL{Mechanism: "scram-sha-512", Username: "s512", PasswordFile: file}, ""},
		{"an authority that is not trusted", TLS{Enabled: true}, SASL{}, "unknown authority"},
		{"the name of another server", TLS{Enabled: true, CAFile: ca, ServerName: "kafka.example"}, SASL{}, "kafka.example"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			l := open(t, Config{Brokers: cluster.ListenAddrs(), Replication: 1, TLS: tt.tls, SASL: tt.sasl})
			defer l.Close()
			ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
			defer cancel()
			// What can never work ends the call; it does not wait for ctx.
			err := l.Append(ctx, "posts", stream.Record{Value: []byte("v")})
			check(ctx, t, "Append", err, tt.want)
			check(ctx, t, "Ping", l.Ping(ctx), tt.want)
			if tt.want != "" {
				check(ctx, t, "Consume", l.Consume(ctx, "posts", "g", nil), tt.want)
				return
			}
			got := make(chan struct{}, 100)
			consuming, stop := context.WithCancel(ctx)
			defer stop()
			done := make(chan error, 1)
			go func() {
				done <- l.Consume(consuming, "posts", tt.name, func(context.Context, []stream.Record) error {
					got <- struct{}{}
					return nil
				})
			}()
			select {
			case <-got:
			case <-ctx.Done():
				t.Error("nothing was consumed")
			}
			stop()
			check(ctx, t, "Consume", <-done, "")
		})
	}
}

// A refused password can never work: every call ends at once and says where to
// look. The stand-in would only hang up, so the broker's answer is given here.
func TestWrongPassword(t *testing.T) {
	server, ca := certificate(t)
	cluster := fakeCluster(t, kfake.NumBrokers(1), kfake.TLS(server), kfake.EnableSASL(), kfake.Superuser("PLAIN", "veghe", "other"))
	cluster.ControlKey(int16(kmsg.SASLAuthenticate), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		res := r.ResponseKind().(*kmsg.SASLAuthenticateResponse)
		res.ErrorCode = kerr.SaslAuthenticationFailed.Code
		return res, nil, true
	})
	t.Setenv("VEGHE_TEST_PASSWORD", "secret")
	l := open(t, Config{
		Brokers: cluster.ListenAddrs(), Replication: 1, TLS: TLS{Enabled: true, CAFile: ca},
		SASL: SASL{Mechanism: "plain", Username: "veghe", PasswordEnv: "VEGHE_TEST_PASSWORD"},
	})
	defer l.Close()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	defer cancel()
	const want = "check sasl: username and password"
	check(ctx, t, "Append", l.Append(ctx, "posts", stream.Record{}), want)
	check(ctx, t, "Ping", l.Ping(ctx), want)
	check(ctx, t, "Consume", l.Consume(ctx, "posts", "g", nil), want)
}

func check(ctx context.Context, t *testing.T, call string, err error, want string) {
	t.Helper()
	switch {
	case want == "" && err != nil:
		t.Errorf("%s: %v", call, err)
	case want != "" && (err == nil || !strings.Contains(err.Error(), want)):
		t.Errorf("%s: %v, want %q", call, err, want)
	case want != "" && strings.Contains(err.Error(), "secret"):
		t.Errorf("%s: the password is in %v", call, err)
	case ctx.Err() != nil:
		t.Errorf("%s waited for its context", call)
	}
}

// certificate makes an authority and a certificate for loopback.
func certificate(t *testing.T) (server *tls.Config, caFile string) {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	template := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotAfter: time.Now().Add(time.Hour),
		IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)}, DNSNames: []string{"localhost"},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, template, template, key.Public(), key)
	if err != nil {
		t.Fatal(err)
	}
	caFile = filepath.Join(t.TempDir(), "ca.pem")
	if err := os.WriteFile(caFile, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600); err != nil {
		t.Fatal(err)
	}
	return &tls.Config{Certificates: []tls.Certificate{{Certificate: [][]byte{der}, PrivateKey: key}}}, caFile
}

// Requests that fail are sent again before anything that came later, so the
// order of a key holds: a Writer of kafka-go would let later batches pass.
func TestOrderWhileAppendsFail(t *testing.T) {
	t.Parallel()
	cluster := fakeCluster(t)
	l := open(t, Config{Brokers: cluster.ListenAddrs(), Partitions: 2})
	defer l.Close()
	var requests atomic.Int64
	cluster.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		if requests.Add(1)%3 != 0 {
			return nil, nil, false
		}
		return refusal(r.(*kmsg.ProduceRequest), kerr.NotLeaderForPartition), nil, true
	})
	var wg sync.WaitGroup
	for k := range 4 {
		wg.Go(func() {
			for i := range 30 {
				r := stream.Record{Key: []byte(fmt.Sprint("k", k)), Value: []byte(strconv.Itoa(i))}
				if err := l.Append(t.Context(), "posts", r); err != nil {
					t.Error(err)
				}
			}
		})
	}
	wg.Wait()
	if l.Stats().AppendRetries == 0 {
		t.Error("nothing failed: the test tests nothing")
	}
	for key, got := range readAll(t, l, "posts") {
		var want []string
		for i := range 30 {
			want = append(want, strconv.Itoa(i))
		}
		if d := cmp.Diff(want, got); d != "" {
			t.Errorf("key %s (-want +got):\n%s", key, d)
		}
	}
}

func refusal(r *kmsg.ProduceRequest, why *kerr.Error) kmsg.Response {
	res := r.ResponseKind().(*kmsg.ProduceResponse)
	for _, topic := range r.Topics {
		out := kmsg.NewProduceResponseTopic()
		out.Topic = topic.Topic
		for _, p := range topic.Partitions {
			part := kmsg.NewProduceResponseTopicPartition()
			part.Partition, part.ErrorCode = p.Partition, why.Code
			out.Partitions = append(out.Partitions, part)
		}
		res.Topics = append(res.Topics, out)
	}
	return res
}

// readAll returns the values of a topic by key.
func readAll(t *testing.T, l *Log, topic string) map[string][]string {
	t.Helper()
	out := make(map[string][]string)
	err := l.Read(t.Context(), topic, func(_ context.Context, batch []stream.Record) error {
		for _, r := range batch {
			out[string(r.Key)] = append(out[string(r.Key)], string(r.Value))
		}
		return nil
	})
	if err != nil {
		t.Fatal(err)
	}
	return out
}

// Several processes that use a topic for the first time at once make one.
func TestCreateAtOnce(t *testing.T) {
	cluster := fakeCluster(t)
	var wg sync.WaitGroup
	for i := range 8 {
		l := open(t, Config{Brokers: cluster.ListenAddrs(), Partitions: 5})
		defer l.Close()
		wg.Go(func() {
			if err := l.Append(t.Context(), "posts", stream.Record{Key: []byte(strconv.Itoa(i))}); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	l := open(t, Config{Brokers: cluster.ListenAddrs()})
	defer l.Close()
	if n, err := l.topics.partitions(t.Context(), "posts"); n != 5 || err != nil {
		t.Errorf("the topic has %d partitions, %v; want 5", n, err)
	}
	if got := slices.Sorted(maps.Keys(readAll(t, l, "posts"))); len(got) != 8 {
		t.Errorf("keys %v, want 8", got)
	}
}

// The configuration's retention is made true for topics that exist.
func TestRetentionIsApplied(t *testing.T) {
	cluster := fakeCluster(t)
	for _, age := range []time.Duration{168 * time.Hour, 70 * time.Hour} {
		l := open(t, Config{Brokers: cluster.ListenAddrs(), TopicPrefix: "north.", Topics: map[string]Retention{"posts": {Age: age}}})
		if err := l.Append(t.Context(), "posts", stream.Record{}); err != nil {
			t.Fatal(err)
		}
		has, err := l.topics.describe(t.Context(), "north.posts")
		if err != nil {
			t.Fatal(err)
		}
		for name, want := range map[string]string{
			"retention.ms":           strconv.FormatInt(age.Milliseconds(), 10),
			"min.insync.replicas":    "2",
			"max.message.bytes":      strconv.Itoa(maxMessage),
			"message.timestamp.type": "LogAppendTime",
		} {
			if has[name] != want {
				t.Errorf("%s is %q with an age of %v, want %q", name, has[name], age, want)
			}
		}
		l.Close()
	}
}

// A broker that refuses a batch as too large may take its parts.
func TestTopicTakesSmallRecordsOnly(t *testing.T) {
	cluster := fakeCluster(t)
	var refused atomic.Int64
	cluster.ControlKey(int16(kmsg.Produce), func(r kmsg.Request) (kmsg.Response, error, bool) {
		cluster.KeepControl()
		p := r.(*kmsg.ProduceRequest)
		if len(p.Topics[0].Partitions[0].Records) < 10_000 {
			return nil, nil, false
		}
		refused.Add(1)
		return refusal(p, kerr.MessageTooLarge), nil, true
	})
	l := open(t, Config{Brokers: cluster.ListenAddrs(), Partitions: 1, Compression: "none"})
	defer l.Close()
	small := stream.Record{Value: make([]byte, 4000)}
	var wg sync.WaitGroup
	for range 5 {
		wg.Go(func() { // three together are too large whatever the timing
			if err := l.Append(t.Context(), "posts", small, small, small); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	err := l.Append(t.Context(), "posts", stream.Record{Value: make([]byte, 10_000)})
	if !errors.Is(err, kafka.MessageSizeTooLarge) || !strings.Contains(err.Error(), "max.message.bytes") {
		t.Errorf("Append of a record that the topic refuses: %v, want a hint at max.message.bytes", err)
	}
	if refused.Load() < 2 {
		t.Error("no batch was refused: the test tests nothing")
	}
	err = l.Append(t.Context(), "posts", stream.Record{Value: make([]byte, maxRecord)})
	if err == nil || !strings.Contains(err.Error(), "want at most") {
		t.Errorf("Append of a record over the bound: %v", err)
	}
}

// follow consumes until the test ends and passes on the values.
func follow(t *testing.T, l *Log, topic, group string, h func(value string) error) {
	ctx, stop := context.WithCancel(t.Context())
	done := make(chan error, 1)
	go func() {
		done <- l.Consume(ctx, topic, group, func(_ context.Context, batch []stream.Record) error {
			for _, r := range batch {
				if err := h(string(r.Value)); err != nil {
					return err
				}
			}
			return nil
		})
	}()
	t.Cleanup(func() {
		stop()
		if err := <-done; err != nil {
			t.Errorf("Consume: %v", err)
		}
	})
}

func next(t *testing.T, values <-chan string) string {
	t.Helper()
	select {
	case v := <-values:
		return v
	case <-time.After(20 * time.Second):
		t.Fatal("no record came")
		return ""
	}
}

// If the log lost its tail, a committed offset past the end would hide what
// comes next; kafka-go waits and then passes over it without a word.
func TestCommittedPastTheEnd(t *testing.T) {
	cluster := fakeCluster(t)
	l := open(t, Config{Brokers: cluster.ListenAddrs(), Partitions: 1})
	t.Cleanup(func() { l.Close() })
	if err := l.Append(t.Context(), "posts", stream.Record{Value: []byte("old")}); err != nil {
		t.Fatal(err)
	}
	commitBy(t, l, "posts", "g", 100)
	values := make(chan string, 10)
	follow(t, l, "posts", "g", func(v string) error { values <- v; return nil })
	awaitStat(t, "the offset to be set back", func() bool { return l.Stats().Rewound == 1 })
	if err := l.Append(t.Context(), "posts", stream.Record{Value: []byte("new")}); err != nil {
		t.Fatal(err)
	}
	if got := next(t, values); got != "new" {
		t.Errorf("got %q, want the new record", got)
	}
}

// What retention deleted is passed over, counted and said.
func TestRetentionWasFaster(t *testing.T) {
	cluster := fakeCluster(t)
	var out lines
	l := open(t, Config{Brokers: cluster.ListenAddrs(), Partitions: 1, Logger: testLogger(&out)})
	t.Cleanup(func() { l.Close() })
	for i := range 5 {
		if err := l.Append(t.Context(), "posts", stream.Record{Value: []byte(strconv.Itoa(i))}); err != nil {
			t.Fatal(err)
		}
	}
	commitBy(t, l, "posts", "g", 1)
	deleteBefore(t, cluster, "posts", 4)
	values := make(chan string, 10)
	follow(t, l, "posts", "g", func(v string) error { values <- v; return nil })
	if got := next(t, values); got != "4" {
		t.Errorf("got %q, want the first that is kept, 4", got)
	}
	if got := l.Stats().Skipped; got != 3 || !strings.Contains(out.String(), "retention deleted") {
		t.Errorf("skipped %d, want 3 and a line:\n%s", got, out.String())
	}
}

func commitBy(t *testing.T, l *Log, topic, group string, offset int64) {
	t.Helper()
	res, err := l.client.OffsetCommit(t.Context(), &kafka.OffsetCommitRequest{
		GroupID: l.cfg.group(topic, group), GenerationID: -1,
		Topics: map[string][]kafka.OffsetCommit{l.cfg.topic(topic): {{Partition: 0, Offset: offset}}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := res.Topics[l.cfg.topic(topic)][0].Error; err != nil {
		t.Fatal(err)
	}
}

func deleteBefore(t *testing.T, cluster *kfake.Cluster, topic string, offset int64) {
	t.Helper()
	cl, err := kgo.NewClient(kgo.SeedBrokers(cluster.ListenAddrs()...))
	if err != nil {
		t.Fatal(err)
	}
	defer cl.Close()
	r := kmsg.NewPtrDeleteRecordsRequest()
	r.TimeoutMillis = 5000
	r.Topics = []kmsg.DeleteRecordsRequestTopic{{
		Topic: topic, Partitions: []kmsg.DeleteRecordsRequestTopicPartition{{Offset: offset}},
	}}
	res, err := cl.Request(t.Context(), r)
	if err != nil {
		t.Fatal(err)
	}
	if err := kerr.ErrorForCode(res.(*kmsg.DeleteRecordsResponse).Topics[0].Partitions[0].ErrorCode); err != nil {
		t.Fatal(err)
	}
}

func awaitStat(t *testing.T, what string, cond func() bool) {
	t.Helper()
	deadline := time.After(20 * time.Second)
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for !cond() {
		select {
		case <-deadline:
			t.Fatalf("waited for %s", what)
		case <-tick.C:
		}
	}
}

// A handler that is not ready for one partition does not hold up the others.
func TestOtherPartitionsGoOn(t *testing.T) {
	cluster := fakeCluster(t)
	l := open(t, Config{Brokers: cluster.ListenAddrs(), Partitions: 2, MaxBatch: 1})
	t.Cleanup(func() { l.Close() })
	bad, good := "", ""
	for i := 0; bad == "" || good == ""; i++ {
		if key := strconv.Itoa(i); keyed([]byte(key), numbered(2)) == 0 {
			bad = key
		} else {
			good = key
		}
	}
	values := make(chan string, 100)
	var open atomic.Bool
	follow(t, l, "posts", "g", func(v string) error {
		if v == "bad" && !open.Load() {
			return errors.New("not now")
		}
		values <- v
		return nil
	})
	if err := l.Append(t.Context(), "posts", stream.Record{Key: []byte(bad), Value: []byte("bad")}); err != nil {
		t.Fatal(err)
	}
	awaitStat(t, "the handler to fail", func() bool { return l.Stats().HandlerErrors > 0 })
	for i := range 50 {
		if err := l.Append(t.Context(), "posts", stream.Record{Key: []byte(good), Value: []byte(strconv.Itoa(i))}); err != nil {
			t.Fatal(err)
		}
		if got := next(t, values); got != strconv.Itoa(i) {
			t.Fatalf("got %q, want %d", got, i)
		}
	}
	open.Store(true)
	if got := next(t, values); got != "bad" {
		t.Errorf("got %q, want the one that waited", got)
	}
}

// A frozen broker takes connections and never answers. kafka-go's groups would
// ask the first on the list for ever.
func TestSilentBroker(t *testing.T) {
	t.Parallel()
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	defer silent.Close() // it never accepts: the system does so for it
	cluster := fakeCluster(t, kfake.NumBrokers(1))
	l := open(t, Config{
		Brokers: append([]string{silent.Addr().String()}, cluster.ListenAddrs()...), Replication: 1,
		Timeouts: Timeouts{Dial: 300 * time.Millisecond, Session: 6 * time.Second},
	})
	t.Cleanup(func() { l.Close() })
	if err := l.Append(t.Context(), "posts", stream.Record{Value: []byte("v")}); err != nil {
		t.Fatal(err)
	}
	values := make(chan string, 1)
	follow(t, l, "posts", "g", func(v string) error { values <- v; return nil })
	if got := next(t, values); got != "v" {
		t.Errorf("got %q, want v", got)
	}
}

// Close ends what runs, and says why.
func TestCloseEndsConsume(t *testing.T) {
	cluster := fakeCluster(t)
	l := open(t, Config{Brokers: cluster.ListenAddrs()})
	done := make(chan error, 1)
	go func() { done <- l.Consume(t.Context(), "posts", "g", nil) }()
	awaitStat(t, "the member to join", func() bool { return l.Stats().Generations > 0 })
	if err := l.Close(); err != nil {
		t.Error(err)
	}
	if err := <-done; !errors.Is(err, ErrClosed) {
		t.Errorf("Consume: %v, want ErrClosed", err)
	}
}
