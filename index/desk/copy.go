package desk

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"

	"veghe/index/database"
)

// CopyTo copies the whole desk, as of one moment, into a SQLite file that must
// not exist: what a backup holds, whatever the desk is kept in.
func (d *Desk) CopyTo(ctx context.Context, path string) error {
	if _, err := os.Stat(path); !errors.Is(err, fs.ErrNotExist) {
		return errors.Join(err, fmt.Errorf("desk: %s is there already", path))
	}
	into, err := database.OpenFile(ctx, path, migrations())
	if err != nil {
		return fmt.Errorf("desk: %w", err)
	}
	err = database.Copy(ctx, d.db, into)
	if err == nil {
		err = into.Forget(ctx) // all of it in the one file
	}
	return errors.Join(err, into.Close())
}

// ErrNotEmpty is wrapped by the error for a copy into a desk in which somebody
// did something.
var ErrNotEmpty = database.ErrNotEmpty

// TakeFrom fills an empty desk with that of a SQLite file, which is brought to
// the newest schema first. The audit trail is verified before it counts.
func (d *Desk) TakeFrom(ctx context.Context, path string) error {
	if _, err := os.Stat(path); err != nil {
		return fmt.Errorf("desk: %w", err)
	}
	from, err := database.OpenFile(ctx, path, migrations())
	if err != nil {
		return fmt.Errorf("desk: %w", err)
	}
	if _, err = verify(ctx, from.Read, nil); err == nil {
		err = database.Copy(ctx, from, d.db)
	}
	return errors.Join(err, from.Close())
}

// Healthy returns an error while the database cannot be asked.
func (d *Desk) Healthy(ctx context.Context) error {
	_, err := d.HasAccounts(ctx)
	return err
}
