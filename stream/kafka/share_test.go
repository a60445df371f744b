package kafka

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/segmentio/kafka-go"
	"github.com/twmb/franz-go/pkg/kfake"
)

// Every share has one holder, and who leaves or comes moves no other's.
func TestByName(t *testing.T) {
	var partitions []kafka.Partition
	for i := range 60 {
		partitions = append(partitions, kafka.Partition{Topic: "t", ID: i})
	}
	assign := func(names ...string) map[int]string {
		var members []kafka.GroupMember
		for i, n := range names {
			members = append(members, kafka.GroupMember{ID: fmt.Sprint("m", i), UserData: []byte(n)})
		}
		out := map[int]string{}
		for i, m := range members {
			for _, p := range (byName{}).AssignGroups(members, partitions)[m.ID]["t"] {
				if out[p] != "" {
					t.Errorf("share %d has two holders", p)
				}
				out[p] = names[i]
			}
		}
		if len(out) != len(partitions) {
			t.Errorf("%d shares have a holder, want all %d", len(out), len(partitions))
		}
		return out
	}
	three, two := assign("a", "b", "c"), assign("c", "a")
	count := map[string]int{}
	for p, name := range three {
		count[name]++
		if name != "b" && two[p] != name {
			t.Errorf("share %d went from %s to %s although %s stayed", p, name, two[p], name)
		}
	}
	for name, n := range count {
		if n < 8 {
			t.Errorf("%s holds %d of 60 shares", name, n)
		}
	}
	assign("a", "a") // two processes of one name still share
}

// holder notes what one member holds.
type holder struct {
	mu   sync.Mutex // guards held
	held []int
}

func (h *holder) hold(ctx context.Context, held []int, _ int) {
	h.set(held)
	<-ctx.Done()
	h.set(nil)
}

func (h *holder) set(held []int) {
	h.mu.Lock()
	defer h.mu.Unlock()
	h.held = slices.Sorted(slices.Values(held))
}

func (h *holder) get() string {
	h.mu.Lock()
	defer h.mu.Unlock()
	return strings.Trim(fmt.Sprint(h.held), "[]")
}

// Two members divide the shares; one that leaves gives its own to the other
// and gets them back when it comes back.
func TestShare(t *testing.T) {
	cluster := fakeCluster(t, kfake.NumBrokers(1))
	member := func(name string) (*holder, func()) {
		l := open(t, Config{Brokers: cluster.ListenAddrs(), Replication: 1, Partitions: 6})
		ctx, cancel := context.WithCancel(t.Context())
		h := &holder{}
		done := make(chan error, 1)
		go func() { done <- l.Share(ctx, "sources", "crawl", name, h.hold) }()
		stop := sync.OnceFunc(func() {
			cancel()
			if err := <-done; err != nil {
				t.Error(err)
			}
			if err := l.Close(); err != nil {
				t.Error(err)
			}
		})
		t.Cleanup(stop)
		return h, stop
	}
	a, _ := member("a")
	awaitHeld(t, "a alone holds all", func() bool { return a.get() == "0 1 2 3 4 5" })
	b, stop := member("b")
	all := func() bool {
		return len(a.get()) > 0 && len(b.get()) > 0 && len(a.get())+len(b.get())+1 == len("0 1 2 3 4 5")
	}
	awaitHeld(t, "a and b share", all)
	of := b.get()
	stop()
	awaitHeld(t, "a holds all again", func() bool { return a.get() == "0 1 2 3 4 5" })
	if b.get() != "" {
		t.Errorf("b has left and holds %s", b.get())
	}
	b, _ = member("b")
	awaitHeld(t, "b has its own again", func() bool { return all() && b.get() == of })
}

func awaitHeld(t *testing.T, what string, cond func() bool) {
	t.Helper()
	tick := time.NewTicker(10 * time.Millisecond)
	defer tick.Stop()
	for deadline := time.Now().Add(time.Minute); !cond(); <-tick.C {
		if time.Now().After(deadline) {
			t.Fatalf("not within a minute: %s", what)
		}
	}
}
