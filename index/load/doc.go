// Package load measures searches at a size that no ordinary test reaches, while
// posts keep coming, beside SQLite's FTS5 and PostgreSQL on the same posts and
// the same questions. It is a test with the tag load: make load.
package load
