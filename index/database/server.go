package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"time"
)

// Server is what a PostgreSQL server says of itself.
type Server struct {
	Version   int    // as the server counts: 150018 is 15.18
	Name      string // of the version
	Encoding  string
	Schema    string // the first in the search path that is there
	MayMake   bool   // tables in it
	Standby   bool   // takes no writes
	Encrypted bool
	// Ahead is how far its clock is ahead of ours, give or take half the time
	// that asking took.
	Ahead time.Duration
	// Connections are those of all nodes, this one left out.
	Connections int
}

// Look asks a server what it is, and changes nothing.
func Look(ctx context.Context, c Config) (s Server, err error) {
	pool, err := c.pool(1)
	if err != nil {
		return s, err
	}
	defer func() { err = errors.Join(err, pool.Close()) }()
	if s, err = serverOf(ctx, pool); err != nil {
		return s, err
	}
	return s, s.usable()
}

func serverOf(ctx context.Context, db *sql.DB) (s Server, err error) {
	if err := db.PingContext(ctx); err != nil {
		return s, fmt.Errorf("connecting: %w", err)
	}
	var schema sql.NullString
	var micros int64
	began := time.Now()
	err = db.QueryRowContext(ctx, `SELECT current_setting('server_version_num')::int, current_setting('server_version'), current_setting('server_encoding'),
		current_schema(), coalesce(has_schema_privilege(current_schema(), 'CREATE'), false), pg_is_in_recovery(),
		coalesce((SELECT ssl FROM pg_stat_ssl WHERE pid = pg_backend_pid()), false),
		(extract(epoch FROM clock_timestamp()) * 1000000)::bigint,
		(SELECT count(*) FROM pg_stat_activity WHERE application_name = 'veghe' AND datname = current_database() AND pid <> pg_backend_pid())`).
		Scan(&s.Version, &s.Name, &s.Encoding, &schema, &s.MayMake, &s.Standby, &s.Encrypted, &micros, &s.Connections)
	if err != nil {
		return s, err
	}
	took := time.Since(began)
	s.Schema = schema.String
	s.Ahead = time.UnixMicro(micros).Sub(began.Add(took / 2))
	return s, nil
}

// usable says why a desk cannot be kept there.
func (s Server) usable() error {
	switch {
	case s.Version < leastServer:
		return fmt.Errorf("the server is PostgreSQL %s, want %d or later", s.Name, leastServer/10000)
	case s.Encoding != "UTF8":
		return fmt.Errorf("the encoding of the database is %s, want UTF8: make it with ENCODING 'UTF8' TEMPLATE template0", s.Encoding)
	case s.Schema == "":
		return errors.New("the search path has no schema that the user may use: CREATE SCHEMA … AUTHORIZATION the user, or GRANT USAGE, CREATE ON SCHEMA … TO it")
	case s.Standby:
		return errors.New("the server is a standby, which takes no writes: name the primary, or several hosts with target_session_attrs=read-write")
	case !s.MayMake:
		return fmt.Errorf("the user may not make tables in schema %s: GRANT CREATE, USAGE ON SCHEMA %[1]s TO it, or make it the owner of the database", s.Schema)
	}
	return nil
}
