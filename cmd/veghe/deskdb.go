package main

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"time"

	"veghe/index/database"
	"veghe/index/desk"
)

// databaseConfig says where the desk's store is.
type databaseConfig struct {
	// URL is postgres://user@host/name?sslmode=verify-full without a password,
	// for several nodes; empty: a SQLite file in the data folder.
	URL string `yaml:"url"`
	// PasswordFile holds the password; empty: as PostgreSQL's own programs find
	// it, in PGPASSWORD or ~/.pgpass.
	PasswordFile string `yaml:"password_file"`
}

func (c *databaseConfig) validate() error {
	if c.URL == "" {
		if c.PasswordFile != "" {
			return errors.New("desk.database has a password_file and no url")
		}
		return nil
	}
	if err := (database.Config{URL: c.URL}).Validate(); err != nil {
		return fmt.Errorf("desk.database.url: %w", err)
	}
	return nil
}

// server is where the shared desk is.
func (c *databaseConfig) server() (database.Config, error) {
	out := database.Config{URL: c.URL}
	if c.PasswordFile == "" {
		return out, nil
	}
	b, err := secretFile(c.PasswordFile)
	if err != nil {
		return out, fmt.Errorf("reading desk.database.password_file: %w", err)
	}
	out.Password = string(b)
	return out, nil
}

// sharesDesk reports whether the desk is in a PostgreSQL database.
func (c *config) sharesDesk() bool { return c.Desk.Database.URL != "" }

// connectTime is how long opening the shared desk takes at most, with the
// migration that another node may be making.
const connectTime = 5 * time.Minute

// openDesk opens the desk's store, wherever it is.
func (c *config) openDesk(ctx context.Context) (*desk.Desk, error) {
	if !c.sharesDesk() {
		return desk.Open(ctx, c.path("desk"))
	}
	server, err := c.Desk.Database.server()
	if err != nil {
		return nil, err
	}
	ctx, cancel := context.WithTimeout(ctx, connectTime)
	defer cancel()
	d, err := desk.Connect(ctx, server)
	if err != nil {
		return nil, withHint(err, "veghe doctor looks at the database of desk.database.url; docs/postgres.md")
	}
	return d, nil
}

// deskIsThere reports whether there is a desk, without making one.
func (c *config) deskIsThere() bool {
	if c.sharesDesk() {
		return true
	}
	_, err := os.Stat(c.path("desk", desk.File))
	return !errors.Is(err, fs.ErrNotExist)
}

// wantMoved refuses a shared desk with nothing in it while the data folder has
// a desk of its own: whoever names a database means to take theirs along.
func (c *config) wantMoved(ctx context.Context, d *desk.Desk) error {
	if !c.sharesDesk() {
		return nil
	}
	if _, err := os.Stat(c.path("desk", desk.File)); errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	h, err := d.Head(ctx)
	if err != nil || h.Events > 0 {
		return err
	}
	return withHint(fmt.Errorf("the database of desk.database.url is empty, and %s has a desk", c.path("desk", desk.File)),
		"veghe desk copy -c … %s takes it over; or move the file away to begin anew", c.path("desk", desk.File))
}

// deskCmd fills a shared desk that is empty with the desk of a data folder or
// of a backup.
func deskCmd(ctx context.Context, e env, args []string) error {
	if len(args) == 0 || args[0] != "copy" {
		return usageError{"want copy"}
	}
	f := newFlags("desk copy", e.err)
	rest, err := f.parse(args[1:])
	if err != nil {
		return err
	}
	if len(rest) != 1 {
		return usageError{"want the desk.db of a data folder that no veghe runs on"}
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	if !cfg.sharesDesk() {
		return withHint(errors.New("no database is named to copy into"), "set desk.database.url in the configuration and name it with -c")
	}
	h, err := cfg.fillDesk(ctx, rest[0])
	if err != nil {
		return err
	}
	_, err = fmt.Fprintf(e.out, "copied: %d events of the audit trail, each follows from the one before\nhead: %s\n", h.Events, h)
	return err
}

// fillDesk copies a SQLite desk into the shared one, which must be empty, and
// returns how far the trail goes that is there now.
func (c *config) fillDesk(ctx context.Context, from string) (h desk.Head, err error) {
	d, err := c.openDesk(ctx)
	if err != nil {
		return h, err
	}
	defer func() { err = errors.Join(err, d.Close()) }()
	if err := d.TakeFrom(ctx, from); errors.Is(err, desk.ErrNotEmpty) {
		return h, withHint(err, "name a database, or a schema with search_path=…, that nothing was done in yet; to leave the desk that is there as it is: veghe restore -keep-desk")
	} else if err != nil {
		return h, err
	}
	return d.Verify(ctx)
}
