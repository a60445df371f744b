//go:build !windows

package main

import (
	"os/signal"
	"syscall"
)

// limitIsAnError makes a file that may not grow (ulimit -f, LimitFSIZE=) an
// error like a full disk, instead of the end of the process.
func limitIsAnError() { signal.Ignore(syscall.SIGXFSZ) }
