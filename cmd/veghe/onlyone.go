package main

import (
	"fmt"

	"github.com/gofrs/flock"
)

// lockData takes the data folder for this process. The parts inside have locks
// of their own, but not all of them, and not in every stage: two detect
// processes would overwrite each other's templates and the note that commands
// find them by. The lock goes with the process, however it ends.
func lockData(cfg *config) (release func() error, err error) {
	l := flock.New(cfg.path("lock"), flock.SetPermissions(0o600))
	mine, err := l.TryLock()
	switch {
	case err != nil:
		return nil, fmt.Errorf("taking the data folder: %w", err)
	case mine:
		return l.Unlock, nil
	}
	who := "another veghe"
	if note, _, err := newLocal(cfg.Data).note(); err == nil {
		who = fmt.Sprintf("the veghe of process %d (metrics at http://%s/metrics)", note.PID, note.Ops)
	}
	return nil, withHint(fmt.Errorf("the data folder %s is in use by %s", cfg.Data, who),
		"stop that one, or give this one a folder of its own with -data; veghe status -data %s asks it how it is", cfg.Data)
}
