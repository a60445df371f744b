package cluster_test

import (
	"bytes"
	"errors"
	"fmt"
	"testing"

	"github.com/google/go-cmp/cmp"

	"veghe"
	"veghe/detect/cluster"
	"veghe/detect/text"
)

// remember adds texts to a memory and returns how they spread.
func remember(m *cluster.Memory, texts []string, from int) (out []cluster.Spread) {
	var d text.Doc
	var s cluster.Sketch
	for i, t := range texts {
		d.Fold(t)
		s.Make(&d)
		mem := cluster.Member{ID: id(from + i), Author: veghe.AuthorID(fmt.Sprint(i)), Contacts: []string{fmt.Sprint("c", i%7)}, At: noon}
		sp := m.Templates.Add(&s, mem)
		m.Contacts.Add(mem, sp.ID)
		m.Voices.Add("s", mem.Author, "t", mem.ID, i%2 == 0)
		out = append(out, sp)
	}
	return out
}

// A memory taken back from a snapshot goes on as the one that wrote it, also
// when the ring has gone round.
func TestSnapshotGoesOn(t *testing.T) {
	w := newWorld(4)
	var texts []string
	for range 200 {
		base := w.text(30)
		for range 4 {
			texts = append(texts, w.copy(base, 0.05))
		}
	}
	w.r.Shuffle(len(texts), func(i, k int) { texts[i], texts[k] = texts[k], texts[i] })
	small := cluster.Options{Capacity: 256}
	for _, cut := range []int{0, 10, 500, len(texts)} {
		a, b := cluster.NewMemory(small, nil), cluster.NewMemory(small, nil)
		remember(a, texts[:cut], 0)
		var kept bytes.Buffer
		if err := a.Save(&kept); err != nil {
			t.Fatal(err)
		}
		if err := b.Load(bytes.NewReader(kept.Bytes())); err != nil {
			t.Fatalf("after %d: %v", cut, err)
		}
		if diff := cmp.Diff(remember(a, texts[cut:], cut), remember(b, texts[cut:], cut)); diff != "" {
			t.Errorf("after %d texts it goes on differently, -written +read:\n%.1000s", cut, diff)
		}
		if a.Templates.Len() != b.Templates.Len() {
			t.Errorf("after %d: %d templates, want %d", cut, b.Templates.Len(), a.Templates.Len())
		}
	}
}

// A snapshot that is damaged, cut or of something else is refused, and
// nothing is taken from it.
func TestSnapshotDamaged(t *testing.T) {
	w := newWorld(5)
	m := cluster.NewMemory(cluster.Options{}, nil)
	remember(m, []string{w.copy(w.text(30), 0), w.copy(w.text(30), 0)}, 0)
	var kept bytes.Buffer
	if err := m.Save(&kept); err != nil {
		t.Fatal(err)
	}
	good := kept.Bytes()
	flipped := bytes.Clone(good)
	flipped[len(flipped)/2] ^= 1
	for name, data := range map[string][]byte{
		"nothing": nil, "cut": good[:len(good)-5], "a bit wrong": flipped,
		"another format": append([]byte("veghe clusters 0 "), good[17:]...), "more behind": append(bytes.Clone(good), 'x'),
	} {
		fresh := cluster.NewMemory(cluster.Options{}, nil)
		if err := fresh.Load(bytes.NewReader(data)); !errors.Is(err, cluster.ErrSnapshot) {
			t.Errorf("%s: %v, want ErrSnapshot", name, err)
		}
		if fresh.Templates.Len() != 0 {
			t.Errorf("%s: %d templates were taken", name, fresh.Templates.Len())
		}
	}
}

func FuzzLoad(f *testing.F) {
	m := cluster.NewMemory(cluster.Options{}, nil)
	var kept bytes.Buffer
	if err := m.Save(&kept); err != nil {
		f.Fatal(err)
	}
	f.Add(kept.Bytes())
	f.Fuzz(func(t *testing.T, data []byte) {
		fresh := cluster.NewMemory(cluster.Options{}, nil)
		if err := fresh.Load(bytes.NewReader(data)); err != nil && fresh.Templates.Len() != 0 {
			t.Error("templates of a bad snapshot were taken")
		}
	})
}

// Who asks many people is told from who talks to one.
func TestVoices(t *testing.T) {
	v := cluster.NewVoices()
	var got cluster.Manner
	for i := range 40 {
		got = v.Add("s", "asker", veghe.ThreadID(fmt.Sprint(i%4)), id(i), i%2 == 0)
	}
	if want := (cluster.Manner{Threads: 4, Questions: 0.5}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
	if again := v.Add("s", "asker", "0", id(38), true); again != got {
		t.Errorf("a post that comes again made it %+v, want %+v", again, got)
	}
	if got := v.Add("s", "new", "t", id(100), true); got != (cluster.Manner{Threads: 1, Questions: -1}) {
		t.Errorf("got %+v after one post, want no share", got)
	}
}

// A helpline stands in posts of many people, and that says nothing.
func TestKnownContacts(t *testing.T) {
	c := cluster.NewContacts([]string{"119"})
	var got cluster.Reach
	for i := range 9 {
		m := cluster.Member{ID: id(i), Author: veghe.AuthorID(fmt.Sprint(i)), Contacts: []string{"119"}, Places: []string{fmt.Sprint(i)}}
		got = c.Add(m, "t")
	}
	if got != (cluster.Reach{}) {
		t.Errorf("a known contact reaches %+v, want nothing", got)
	}
	m := cluster.Member{ID: "x", Author: "x", Contacts: []string{"119", "+40700000123"}, Places: []string{"iasi"}}
	if got, want := c.Add(m, "t"), (cluster.Reach{People: 1, Places: 1, Templates: 1}); got != want {
		t.Errorf("got %+v, want %+v", got, want)
	}
}
