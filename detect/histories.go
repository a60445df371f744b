package detect

import (
	"cmp"
	"slices"

	"veghe/detect/history"
)

// HistoryChange is a conversation as a policy sees it now.
type HistoryChange struct {
	Policy string
	history.Change
}

// HistoryChanges are the conversations of a partition that have changed and
// are not known to be durable. They are to be before the posts are committed:
// whoever goes on with the partition needs them.
func (e *Engine) HistoryChanges(partition int) ([]HistoryChange, error) {
	var out []HistoryChange
	for policy, store := range e.current.Load().histories {
		changes, err := store.Changes(partition)
		if err != nil {
			return nil, err
		}
		for _, c := range changes {
			out = append(out, HistoryChange{policy, c})
		}
	}
	slices.SortFunc(out, func(a, b HistoryChange) int {
		return cmp.Or(cmp.Compare(a.Policy, b.Policy), cmp.Compare(a.Key.Source, b.Key.Source),
			cmp.Compare(a.Key.Thread, b.Key.Thread), cmp.Compare(a.Key.Author, b.Key.Author))
	})
	return out, nil
}

// HistorySize is how many conversations are kept, and about how many bytes of
// memory they take.
func (e *Engine) HistorySize() (conversations int, bytes int64) {
	for _, store := range e.current.Load().histories {
		n, b := store.Size()
		conversations, bytes = conversations+n, bytes+b
	}
	return conversations, bytes
}

// ConfirmHistories says that changes are durable.
func (e *Engine) ConfirmHistories(changes []HistoryChange) {
	prog := e.current.Load()
	for _, c := range changes {
		if store := prog.histories[c.Policy]; store != nil {
			store.Confirm([]history.Change{c.Change})
		}
	}
}

// RestoreHistory takes back what a HistoryChange said, in any order and any
// number of times. That of a policy there is not is let go.
func (e *Engine) RestoreHistory(policy string, value []byte) error {
	store := e.current.Load().histories[policy]
	if store == nil {
		return nil
	}
	return store.Restore(value)
}
