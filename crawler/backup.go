package crawler

import "context"

// BackupFrontier writes a copy of what is to be fetched, and of what was
// handed on, into a file that must not exist. Visits wait meanwhile.
func (c *Crawler) BackupFrontier(ctx context.Context, path string) error {
	return c.frontier.Backup(ctx, path)
}
