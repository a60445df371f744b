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

// assignByName gives the holder of each of the shares among members of these
// names, and fails the test unless each has one.
func assignByName(t *testing.T, shares int, names ...string) []string {
	t.Helper()
	var partitions []kafka.Partition
	for i := range shares {
		partitions = append(partitions, kafka.Partition{Topic: "t", ID: i})
	}
	var members []kafka.GroupMember
	for i, n := range names {
		members = append(members, kafka.GroupMember{ID: fmt.Sprint("m", i), UserData: []byte(n)})
	}
	out := make([]string, shares)
	got := (byName{}).AssignGroups(members, partitions)
	for i, m := range members {
		for _, p := range got[m.ID]["t"] {
			if out[p] != "" {
				t.Errorf("share %d of %d has two holders", p, shares)
			}
			out[p] = names[i]
		}
	}
	if p := slices.Index(out, ""); p >= 0 {
		t.Errorf("share %d of %d has no holder among %q", p, shares, names)
	}
	return out
}

// Every share has one holder, who leaves or comes moves few others', and who
// comes back, in whatever order, has what it had.
func TestByName(t *testing.T) {
	const shares = 60
	three, two := assignByName(t, shares, "a", "b", "c"), assignByName(t, shares, "c", "a")
	moved := 0
	for p, name := range three {
		if name != "b" && two[p] != name {
			moved++
		}
	}
	if moved > shares/10 {
		t.Errorf("%d of %d shares moved between those who stayed", moved, shares)
	}
	if again := assignByName(t, shares, "c", "b", "a"); !slices.Equal(again, three) {
		t.Errorf("the shares of the same names are %q, were %q", again, three)
	}
	assignByName(t, shares, "a", "a") // two processes of one name still share
}

// However few the shares and whatever the names, no member holds two more than
// another.
func TestByNameEvenly(t *testing.T) {
	for _, shares := range []int{0, 1, 3, 6, 12, 60} {
		for _, members := range []int{1, 2, 3, 4, 7} {
			for try := range 20 {
				var names []string
				for i := range members {
					names = append(names, fmt.Sprintf("host:/tmp/%d/%d/data", try, i))
				}
				count := map[string]int{}
				for _, name := range assignByName(t, shares, names...) {
					count[name]++
				}
				for _, name := range names {
					if n := count[name]; n < shares/members || n > (shares+members-1)/members {
						t.Errorf("%s holds %d of %d shares among %d", name, n, shares, members)
					}
				}
			}
		}
	}
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
