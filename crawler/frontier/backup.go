package frontier

import (
	"context"
	"fmt"
)

// Backup writes a copy of the frontier as it is now into a file that must not
// exist. Other calls wait meanwhile. Take it before the posts are copied: what
// it says was handed on must be in them.
func (f *Frontier) Backup(ctx context.Context, path string) error {
	if _, err := f.db.ExecContext(ctx, `VACUUM INTO ?`, path); err != nil {
		return fmt.Errorf("copying the frontier: %w", err)
	}
	return nil
}
