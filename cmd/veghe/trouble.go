package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"syscall"

	"veghe/crawler/frontier"
	"veghe/index"
	"veghe/index/sqlite"
	"veghe/stream/embedded"
)

// whatToDo adds to an error of the machine, rather than of the user, what the
// person who runs it can do. docs/faults.md says more.
func whatToDo(cfg *config, err error) error {
	var corrupt *embedded.CorruptError
	switch {
	case err == nil || hint(err) != "":
		return err
	case errors.As(err, &corrupt), errors.Is(err, index.ErrDamaged), errors.Is(err, frontier.ErrDamaged), sqlite.IsDamaged(err):
		return withHint(err, "the disk changed what was written: look at it first; then, with veghe stopped, "+
			"veghe repair -data %s keeps all that is sound and says what is not, or restore a backup (docs/faults.md)", cfg.Data)
	case errors.Is(err, syscall.EROFS):
		return withHint(err, "give a folder on a disk that can be written with -data; a file system that met errors is often mounted read-only: see the system's log")
	case errors.Is(err, fs.ErrPermission):
		return withHint(err, "%s", fmt.Sprintf("let user %d write in %s, or give another folder with -data", os.Getuid(), cfg.Data))
	case errors.Is(err, syscall.ENOSPC):
		return withHint(err, "free space on the disk of %s; nothing acknowledged is lost", cfg.Data)
	}
	return err
}
