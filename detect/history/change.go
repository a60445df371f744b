package history

import (
	"encoding/json"
	"errors"
	"fmt"

	"veghe"
)

// Change is a conversation as it is now, for whoever goes on with it: this
// process after a restart, or another one.
type Change struct {
	Key Key
	// N is the version: of two changes of a key the one with the higher N has
	// all that the other has.
	N     uint64
	Value []byte // JSON
}

// change is the JSON of a Change.
type change struct {
	Source veghe.SourceID `json:"source"`
	Thread veghe.ThreadID `json:"thread,omitempty"`
	Author veghe.AuthorID `json:"author,omitempty"`
	saved
}

// Changes are the conversations of a partition that have changed and were not
// confirmed yet.
func (s *Store) Changes(partition int) ([]Change, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	var out []Change
	for k, c := range s.changed {
		if c.saved.Partition != partition {
			continue
		}
		v, err := json.Marshal(change{k.Source, k.Thread, k.Author, c.saved})
		if err != nil {
			return nil, fmt.Errorf("writing a history: %w", err)
		}
		out = append(out, Change{Key: k, N: c.saved.N, Value: v})
	}
	return out, nil
}

// Confirm says that changes are durable.
func (s *Store) Confirm(changes []Change) {
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, ch := range changes {
		if c := s.changed[ch.Key]; c != nil && c.saved.N == ch.N {
			delete(s.changed, ch.Key)
		}
	}
}

// Restore takes a conversation as a Change has it, unless what is kept is as
// new.
func (s *Store) Restore(value []byte) error {
	var ch change
	if err := json.Unmarshal(value, &ch); err != nil {
		return errors.New("history is no JSON of the form that this version writes")
	}
	if ch.Base == nil {
		ch.Base = &table{}
	}
	for _, e := range ch.Base.Authors {
		if e == nil {
			return errors.New("history has an author without a state")
		}
	}
	if len(ch.Events) > maxEvents || len(ch.Folded) > maxFolded || uint64(len(ch.Events)) > ch.N {
		return fmt.Errorf("history of %d posts, want at most %d", len(ch.Events), maxEvents)
	}
	ch.Base.measure()
	c := newConversation(Key{ch.Source, ch.Thread, ch.Author})
	c.saved = ch.saved
	s.mu.Lock()
	defer s.mu.Unlock()
	if el, ok := s.talks[c.key]; ok {
		old := el.Value.(*conversation)
		if old.saved.N >= c.saved.N {
			return nil
		}
		s.drop(el)
	}
	c.live = c.upTo(&s.params, len(c.saved.Events))
	for i := range c.saved.Events {
		c.events += c.saved.Events[i].size()
		c.hashes = append(c.hashes, hashOf(c.saved.Events[i].Post))
	}
	c.folded = c.saved.Base.size()
	s.keep(c)
	s.forget()
	return nil
}
