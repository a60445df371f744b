package main

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io/fs"
	"os"
	"os/signal"
	"path/filepath"
	"strings"
	"syscall"
	"time"
)

// rulesEvery is how often the folder of rules is looked at.
const rulesEvery = 2 * time.Second

// watchRules reads the rules again when a file of their folder changes, and
// on SIGHUP. A set with a problem is refused as a whole: the one in force
// stays. Histories and templates go on with the new rules.
func (a *app) watchRules(ctx context.Context) error {
	hangup := make(chan os.Signal, 1)
	signal.Notify(hangup, syscall.SIGHUP)
	defer signal.Stop(hangup)
	every := time.NewTicker(rulesEvery)
	defer every.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-hangup:
			a.reloadRules()
		case <-every.C:
			if a.cfg.Rules != "" && rulesFingerprint(a.cfg.Rules) != a.tried {
				a.reloadRules()
			}
		}
	}
}

// reloadRules puts the rules of the folder in force, if they are sound.
func (a *app) reloadRules() {
	if a.cfg.Rules == "" {
		a.log.Info("the built-in rules are in force, there is nothing to read again")
		return
	}
	a.tried = rulesFingerprint(a.cfg.Rules) // before reading: what changes meanwhile is read again
	set, err := loadRules(a.cfg.Rules)
	if err != nil {
		short := firstLines(err.Error(), 3)
		a.refused.Store(&short)
		a.metrics.rulesRefused.WithLabelValues().Set(1)
		a.log.Warn("the new rules are refused, those in force stay", "version", a.rules.Load().Version(), "error", err)
		return
	}
	a.refused.Store(nil)
	a.metrics.rulesRefused.WithLabelValues().Set(0)
	if set.Version() == a.rules.Load().Version() {
		return
	}
	if a.engine != nil {
		a.engine.Swap(set)
	}
	a.rules.Store(set)
	a.log.Info("new rules are in force", "version", set.Version(), "rules", len(set.Rules()))
}

func (a *app) rulesStatus() rulesStatus {
	set := a.rules.Load()
	st := rulesStatus{Version: set.Version(), Count: len(set.Rules())}
	if why := a.refused.Load(); why != nil {
		st.Refused = *why
	}
	return st
}

func firstLines(s string, n int) string {
	lines := strings.SplitN(s, "\n", n+1)
	return strings.Join(lines[:min(n, len(lines))], " ")
}

// rulesFingerprint changes when a file of the folder does: its name, size or time.
// A folder that cannot be read has one too, so that it is noticed when it can
// be again.
func rulesFingerprint(folder string) string {
	if folder == "" {
		return ""
	}
	h := sha256.New()
	if to, err := filepath.EvalSymlinks(folder); err == nil {
		folder = to
	}
	err := filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil {
			return err
		}
		if ext := filepath.Ext(path); d.IsDir() || ext != ".yaml" && ext != ".txt" {
			return nil
		}
		fi, err := os.Stat(path) // of what a link leads to: Kubernetes mounts links
		if err != nil {
			return err
		}
		fmt.Fprintf(h, "%s %d %d\n", path, fi.Size(), fi.ModTime().UnixNano())
		return nil
	})
	if err != nil {
		fmt.Fprintf(h, "%v", err)
	}
	return hex.EncodeToString(h.Sum(nil))
}
