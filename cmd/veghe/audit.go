package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"path/filepath"

	"veghe/index/desk"
)

// auditCmd checks the audit trail of a data folder, or of a database file from
// a backup, without a running veghe and without writing.
func auditCmd(ctx context.Context, e env, args []string) error {
	if len(args) == 0 || args[0] != "verify" {
		return usageError{"want verify"}
	}
	f := newFlags("audit verify", e.err)
	noted := f.String("head", "", "a `head` noted elsewhere, such as 1204:9f3c…, that the trail must contain")
	asJSON := f.Bool("json", false, "answer in JSON")
	rest, err := f.parse(args[1:])
	if err != nil {
		return err
	}
	if len(rest) > 1 {
		return usageError{fmt.Sprintf("unexpected argument %q", rest[1])}
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	path := cfg.path("desk", desk.File)
	if len(rest) == 1 {
		path = rest[0]
	}
	known, err := readHeads(filepath.Join(filepath.Dir(path), headsFile))
	if err != nil {
		return err
	}
	if *noted != "" {
		h, err := desk.ParseHead(*noted)
		if err != nil {
			return usageError{"-head: " + err.Error()}
		}
		known = append(known, h)
	}
	head, err := verifyTrail(ctx, &cfg, path, len(rest) == 0, known)
	return reportAudit(e, *asJSON, head, len(known), err)
}

// verifyTrail checks a file, or the shared desk where there is one.
func verifyTrail(ctx context.Context, cfg *config, path string, ours bool, known []desk.Head) (desk.Head, error) {
	if !ours || !cfg.sharesDesk() {
		return desk.VerifyFile(ctx, path, known...)
	}
	d, err := cfg.openDesk(ctx)
	if err != nil {
		return desk.Head{}, err
	}
	h, err := d.Verify(ctx, known...)
	return h, errors.Join(err, d.Close())
}

// reportAudit says how far the trail is whole. One that was changed is an
// answer as well as an error.
func reportAudit(e env, asJSON bool, head desk.Head, known int, err error) error {
	if err != nil && !errors.Is(err, desk.ErrTampered) {
		return err
	}
	if asJSON {
		out := map[string]any{"ok": err == nil, "events": head.Events, "hash": head.Hash, "heads": known}
		if err != nil {
			out["error"] = err.Error()
		}
		return errors.Join(json.NewEncoder(e.out).Encode(out), err)
	}
	if err != nil {
		return withHint(fmt.Errorf("%w; it is whole up to event %d", err, head.Events), "keep the file as it is, and compare with a backup")
	}
	fmt.Fprintf(e.out, "the audit trail is whole: %d events, %d heads noted before are in it\nhead: %s\n", head.Events, known, head)
	return nil
}
