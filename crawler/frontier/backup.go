package frontier

import (
	"context"
	"database/sql"
	"fmt"
)

// Backup writes a copy of the frontier as it is now into a file that must not
// exist. Other calls wait meanwhile. Take it before the posts are copied: what
// it says was handed on must be in them.
func (f *Frontier) Backup(ctx context.Context, path string) error {
	err := f.alone(func(conn *sql.Conn) error {
		_, err := conn.ExecContext(ctx, `VACUUM INTO ?`, path)
		return err
	})
	if err != nil {
		return fmt.Errorf("copying the frontier: %w", err)
	}
	return nil
}
