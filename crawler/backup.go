package crawler

import "context"

// LookFrontier says whether what is to be fetched is as it was written; see
// [frontier.Frontier.Look]. Visits wait for a moment.
func (c *Crawler) LookFrontier(ctx context.Context) error { return c.frontier.Look(ctx) }

// BackupFrontier writes a copy of what is to be fetched, and of what was
// handed on, into a file that must not exist. Visits wait meanwhile.
func (c *Crawler) BackupFrontier(ctx context.Context, path string) error {
	return c.frontier.Backup(ctx, path)
}
