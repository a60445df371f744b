package database

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"io/fs"
	"net"
	"net/url"
	"reflect"
	"strconv"
	"strings"
	"time"

	"github.com/jackc/pgx/v5"
	"github.com/jackc/pgx/v5/pgconn"
	"github.com/jackc/pgx/v5/stdlib"
	"github.com/pressly/goose/v3"
	"github.com/pressly/goose/v3/lock"
)

// Config says where a PostgreSQL database is.
type Config struct {
	// URL is postgres://user@host:port/name?…, with what libpq knows as
	// options, and no password.
	URL      string
	Password string // empty: as libpq finds it (PGPASSWORD, ~/.pgpass, certificates)
}

const (
	// leastServer is the oldest PostgreSQL that is still looked after.
	leastServer = 140000
	// A process takes one connection that writes, so that those who wait to
	// write keep nobody from reading, and some that read: a server has 100 for
	// everybody unless told otherwise.
	writers = 1
	readers = 8
	idleFor = 5 * time.Minute
	// connectTime is how long one host may take to answer.
	connectTime = 10 * time.Second
)

// Limits of a connection, unless the address sets its own: how long to wait for
// who writes, how long a statement takes, and when a transaction that its node
// left behind ends. The first is as long as SQLite's.
var limits = map[string]string{
	"lock_timeout":                        "10s",
	"statement_timeout":                   "60s",
	"idle_in_transaction_session_timeout": "60s",
	"application_name":                    "veghe",
}

// Validate says what is wrong with the address, never what it holds beside the
// host. A server on another machine must be named with a sslmode.
func (c Config) Validate() error {
	u, err := url.Parse(c.URL)
	if err != nil || u.Scheme != "postgres" && u.Scheme != "postgresql" {
		return errors.New("want an address such as postgres://veghe@db.example.org/veghe?sslmode=verify-full")
	}
	if _, has := u.User.Password(); has || u.Query().Has("password") {
		return errors.New("the address holds a password: name a file that has it instead")
	}
	mode := u.Query().Get("sslmode")
	if mode == "" && !c.Near() {
		return errors.New("the server is on another machine, and the address has no sslmode: want sslmode=verify-full, or sslmode=disable in a network that nobody else is in")
	}
	if _, err := pgx.ParseConfig(c.URL); err != nil {
		return errors.New("the address is not one that PostgreSQL clients understand: want such as postgres://veghe@db.example.org/veghe?sslmode=verify-full")
	}
	return nil
}

// Near reports whether every host of the address is this machine.
func (c Config) Near() bool {
	u, err := url.Parse(c.URL)
	if err != nil {
		return false
	}
	hosts := strings.Split(u.Host, ",")
	if h := u.Query().Get("host"); h != "" {
		hosts = strings.Split(h, ",")
	}
	for _, h := range hosts {
		name := strings.Trim(h, "[]")
		if host, _, err := net.SplitHostPort(h); err == nil {
			name = host
		}
		ip := net.ParseIP(name)
		if name != "" && name != "localhost" && !strings.HasPrefix(name, "/") && (ip == nil || !ip.IsLoopback()) {
			return false
		}
	}
	return true
}

// pool opens at most some connections, none of which is made yet.
func (c Config) pool(most int) (*sql.DB, error) {
	if err := c.Validate(); err != nil {
		return nil, err
	}
	p, err := pgx.ParseConfig(c.URL)
	if err != nil {
		return nil, errors.New("the address cannot be read") // it is valid: only a certificate can be missing
	}
	if c.Password != "" {
		p.Password = c.Password
	}
	for k, v := range limits {
		if _, set := p.RuntimeParams[k]; !set {
			p.RuntimeParams[k] = v
		}
	}
	if p.ConnectTimeout == 0 {
		p.ConnectTimeout = connectTime
	}
	// Nothing is prepared, which poolers would lose.
	p.DefaultQueryExecMode = pgx.QueryExecModeExec
	p.StatementCacheCapacity, p.DescriptionCacheCapacity = 0, 0
	db := stdlib.OpenDB(*p)
	db.SetMaxOpenConns(most)
	db.SetMaxIdleConns(most)
	db.SetConnMaxIdleTime(idleFor)
	return db, nil
}

// Connect opens a database on a PostgreSQL server and brings the schema that is
// first in its search path to the newest of the migrations in folder postgres.
// A schema of a later version is refused. Nodes may connect at once: one
// migrates and the others wait.
//
// [DB.Forget] has deleted rows taken out of the tables. Their bytes are
// overwritten as the space is used again, and the server's own log and base
// backups keep them as long as they are kept.
func Connect(ctx context.Context, c Config, migrations fs.FS) (*DB, error) {
	read, err := c.pool(readers)
	if err != nil {
		return nil, err
	}
	write, err := c.pool(writers)
	if err != nil {
		return nil, errors.Join(err, read.Close())
	}
	db := newDB(nil, read, write)
	if err := db.prepare(ctx, migrations); err != nil {
		return nil, errors.Join(err, db.Close())
	}
	return db, nil
}

func (db *DB) prepare(ctx context.Context, migrations fs.FS) error {
	s, err := serverOf(ctx, db.read)
	if err != nil {
		return err
	}
	if err := s.usable(); err != nil {
		return err
	}
	k := &postgres{schema: s.Schema}
	db.kind, db.Read.kind = k, k
	db.Version, err = k.migrate(ctx, db.write, migrations)
	return err
}

// postgres is the kind of PostgreSQL.
type postgres struct{ schema string }

// lock is the number of a lock of the schema; locks are those of a database,
// which may have several schemas.
func (k *postgres) lock(what string) int64 {
	h := fnv.New64a()
	fmt.Fprintf(h, "veghe %s %s", what, k.schema) //nolint:errcheck // a hash takes everything
	return int64(h.Sum64())                       //nolint:gosec // any number will do
}

func (k *postgres) migrate(ctx context.Context, db *sql.DB, migrations fs.FS) (int64, error) {
	own, err := fs.Sub(migrations, "postgres")
	if err != nil {
		return 0, err
	}
	one, err := lock.NewPostgresSessionLocker(lock.WithLockID(k.lock("migrate")), lock.WithLockTimeout(1, 300))
	if err != nil {
		return 0, err
	}
	p, err := goose.NewProvider(goose.DialectPostgres, db, own, goose.WithSessionLocker(one), goose.WithTableName("schema_version"),
		goose.WithDisableGlobalRegistry(true), goose.WithLogger(goose.NopLogger()))
	if err != nil {
		return 0, err
	}
	have, err := p.GetDBVersion(ctx)
	newest := newestOf(p)
	if err != nil || have == newest {
		return have, err
	}
	if have > newest {
		return 0, newer(have, newest)
	}
	if _, err := p.Up(ctx); err != nil {
		return 0, fmt.Errorf("to schema version %d: %w", newest, err)
	}
	return newest, nil
}

// statement writes parameters as $1::bigint, $2::text: those of a statement are
// either numbered or not. Each has the type of its value, so that the server
// need not guess one from where it stands. Text in quotes and comments stay as
// they are.
func (*postgres) statement(q string, args []any) (string, []any, error) {
	args, types, err := typed(args)
	if err != nil {
		return "", nil, err
	}
	var b strings.Builder
	n := 0
	for i := 0; i < len(q); i++ {
		switch end := skipped(q[i:]); {
		case end > 0:
			b.WriteString(q[i : i+end])
			i += end - 1
		case q[i] != '?':
			b.WriteByte(q[i])
		default:
			digits := i + 1
			for digits < len(q) && '0' <= q[digits] && q[digits] <= '9' {
				digits++
			}
			n++
			if digits > i+1 {
				if n, err = strconv.Atoi(q[i+1 : digits]); err != nil {
					return "", nil, fmt.Errorf("parameter %s: %w", q[i:digits], err)
				}
			}
			if n < 1 || n > len(args) {
				return "", nil, fmt.Errorf("parameter %d of %d", n, len(args))
			}
			b.WriteString("$" + strconv.Itoa(n) + types[n-1])
			i = digits - 1
		}
	}
	return b.String(), args, nil
}

// skipped is the length of the quoted text or comment that q begins with.
func skipped(q string) int {
	end := ""
	switch {
	case q[0] == '\'' || q[0] == '"':
		end = q[:1]
	case strings.HasPrefix(q, "--"):
		end = "\n"
	default:
		return 0
	}
	i := strings.Index(q[1:], end)
	if i < 0 {
		return len(q)
	}
	return i + 1 + len(end)
}

// typed gives each value one of four types: text that can be kept, whole
// number, bytes, or none. True is 1.
func typed(args []any) (out []any, types []string, err error) {
	out, types = make([]any, len(args)), make([]string, len(args))
	for i, a := range args {
		switch v := reflect.ValueOf(a); {
		case a == nil:
		case v.CanInt():
			out[i], types[i] = v.Int(), "::bigint"
		case v.Kind() == reflect.String:
			out[i], types[i] = keepable(v.String()), "::text"
		case v.Kind() == reflect.Bool && v.Bool():
			out[i], types[i] = int64(1), "::bigint"
		case v.Kind() == reflect.Bool:
			out[i], types[i] = int64(0), "::bigint"
		case v.Kind() == reflect.Slice && v.Type().Elem().Kind() == reflect.Uint8:
			out[i], types[i] = append([]byte{}, v.Bytes()...), "::bytea" // never none
		default:
			return nil, nil, fmt.Errorf("parameter %d is a %T, want text, a whole number, bytes, true or false", i+1, a)
		}
	}
	return out, types, nil
}

func (*postgres) scanned(dest []any) { mendScanned(dest) }

// begin waits for the one that writes. Everything that the transaction reads is
// read after that, and so is the newest.
func (k *postgres) begin(ctx context.Context, tx *sql.Tx) error {
	_, err := tx.ExecContext(ctx, `SELECT pg_advisory_xact_lock($1)`, k.lock("write"))
	return err
}

func (*postgres) ended(err error) bool {
	if told, ok := errors.AsType[*pgconn.PgError](err); ok { // shutting down, or told to end
		return strings.HasPrefix(told.Code, "57P") || strings.HasPrefix(told.Code, "08")
	}
	if _, never := errors.AsType[*pgconn.ConnectError](err); never {
		return false // there is no server: it is not the connection
	}
	return pgconn.SafeToRetry(err) || errors.Is(err, io.ErrUnexpectedEOF) || errors.Is(err, net.ErrClosed)
}

func (*postgres) snapshot(ctx context.Context, db *sql.DB) (*sql.Tx, error) {
	tx, err := db.BeginTx(ctx, &sql.TxOptions{Isolation: sql.LevelRepeatableRead, ReadOnly: true})
	if err != nil {
		return nil, err
	}
	// Reading all of it may take longer than a page may.
	for _, q := range []string{`SET LOCAL statement_timeout = 0`, `SET LOCAL idle_in_transaction_session_timeout = 0`} {
		if _, err := tx.ExecContext(ctx, q); err != nil {
			return nil, undo(tx, err)
		}
	}
	return tx, nil
}

// forget has the server take what was deleted out of the tables.
func (k *postgres) forget(ctx context.Context, db *DB) error {
	names, err := All(ctx, db.Read, scanString, ownTables, k.schema)
	if err != nil {
		return err
	}
	for i := range names {
		names[i] = quoted(k.schema) + "." + quoted(names[i])
	}
	if _, err := db.write.ExecContext(ctx, `VACUUM `+strings.Join(names, ", ")); err != nil {
		return fmt.Errorf("vacuum: %w", err)
	}
	return nil
}

// ownTables lists our tables, those that others refer to first: a table refers
// only to what was there when it was made.
const ownTables = `SELECT c.relname FROM pg_class c JOIN pg_namespace s ON s.oid = c.relnamespace
	WHERE s.nspname = ?1 AND c.relkind = 'r' AND c.relname <> 'schema_version' ORDER BY c.oid`

func (k *postgres) tables(ctx context.Context, tx *Tx) ([]string, error) {
	return All(ctx, tx, scanString, ownTables, k.schema)
}

// counters reads where the numbers of tables stand. A sequence that was never
// used has no last number.
func (k *postgres) counters(ctx context.Context, tx *Tx) (map[string]int64, error) {
	return counters(ctx, tx, `SELECT t.relname, q.last_value FROM pg_sequences q
		JOIN pg_class s ON s.relname = q.sequencename AND s.relnamespace = ?1::regnamespace
		JOIN pg_depend d ON d.objid = s.oid AND d.deptype = 'i' JOIN pg_class t ON t.oid = d.refobjid
		WHERE q.schemaname = ?1 AND q.last_value IS NOT NULL AND t.relname <> 'schema_version'`, k.schema)
}

func (k *postgres) count(ctx context.Context, tx *Tx, table string, last int64) error {
	_, err := tx.ExecContext(ctx, `SELECT setval(s.oid::regclass, ?3) FROM pg_class s JOIN pg_depend d ON d.objid = s.oid AND d.deptype = 'i'
		WHERE s.relkind = 'S' AND s.relnamespace = ?1::regnamespace AND d.refobjid = (SELECT oid FROM pg_class WHERE relname = ?2 AND relnamespace = ?1::regnamespace)`,
		k.schema, table, last)
	return err
}
