package main

import (
	"bufio"
	"cmp"
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"os/user"
	"path/filepath"
	"strings"
	"time"

	"veghe"
	"veghe/crawler/evidence"
	"veghe/crawler/evidence/pack"
	"veghe/index"
	"veghe/index/desk"
	"veghe/index/web"
)

func evidenceCmd(ctx context.Context, e env, args []string) error {
	if len(args) > 0 {
		switch args[0] {
		case "export":
			return evidenceExport(ctx, e, args[1:])
		case "verify":
			return evidenceVerify(ctx, e, args[1:])
		}
	}
	return usageError{"want export or verify"}
}

// list is a flag that may stand more than once.
type list []string

func (l *list) String() string { return strings.Join(*l, ",") }

func (l *list) Set(s string) error {
	*l = append(*l, s)
	return nil
}

// evidenceExport writes a pack, after the audit trail knows of it.
func evidenceExport(ctx context.Context, e env, args []string) error {
	f := newFlags("evidence export", e.err)
	var posts list
	f.Var(&posts, "post", "`id` of a post; may be given more than once, or as arguments")
	inCase := f.String("case", "", "all posts of this `case`")
	out := f.String("o", "", "`file` to write, such as pack.zip; must not exist")
	reason := f.String("reason", "", "why, and for whom: goes into the pack and the audit trail")
	by := f.String("by", userName(), "who exports")
	from := f.String("evidence", "", "`folder` with the captures, where another machine crawls (default evidence in the data folder)")
	rest, err := f.parse(args)
	if err != nil {
		return err
	}
	posts = append(posts, rest...)
	switch {
	case len(posts) == 0 && *inCase == "":
		return usageError{"want posts: -post ID or -case NAME"}
	case *out == "":
		return usageError{"want a file to write: -o pack.zip"}
	case strings.TrimSpace(*reason) == "":
		return usageError{"want -reason: why this is handed out, and to whom; it goes into the audit trail"}
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	x := packer{cfg: &cfg, by: *by, reason: *reason, inCase: *inCase, captures: evidence.Folder{Dir: cmp.Or(*from, cfg.path("evidence"))}}
	m, err := x.export(ctx, posts, *out)
	if err != nil {
		return err
	}
	return reportPack(e, *out, m)
}

func reportPack(e env, path string, m pack.Manifest) error {
	missing := 0
	for _, p := range m.Posts {
		if p.Missing != "" {
			missing++
			fmt.Fprintf(e.err, "post %s: no capture: %s\n", p.ID, p.Missing)
		}
	}
	fmt.Fprintf(e.out, "%s: %d posts, %d with what was fetched, %d files\nsigned with key %s\nchain head %s\ntell the fingerprint of the key by another way than the pack\n",
		path, len(m.Posts), len(m.Posts)-missing, len(m.Files)+3, m.Key, m.ChainHead)
	if missing > 0 {
		return partialError{fmt.Sprintf("%d posts are in the pack without a capture, see above", missing)}
	}
	return nil
}

func userName() string {
	if u, err := user.Current(); err == nil {
		return u.Username
	}
	return operator
}

type packer struct {
	cfg                *config
	by, reason, inCase string
	captures           evidence.Folder
}

func (x *packer) export(ctx context.Context, ids []string, path string) (pack.Manifest, error) {
	key, err := signingKey(x.cfg.path("evidence.key"))
	if err != nil {
		return pack.Manifest{}, err
	}
	d, err := x.cfg.openDesk(ctx)
	if err != nil {
		return pack.Manifest{}, fmt.Errorf("opening the desk's store: %w", err)
	}
	m, err := x.write(ctx, d, ids, path, key)
	return m, errors.Join(err, d.Close())
}

func (x *packer) write(ctx context.Context, d *desk.Desk, ids []string, path string, key ed25519.PrivateKey) (pack.Manifest, error) {
	posts, err := x.posts(ctx, d, ids)
	if err != nil {
		return pack.Manifest{}, err
	}
	out, err := os.OpenFile(path, os.O_CREATE|os.O_EXCL|os.O_WRONLY, 0o600)
	if errors.Is(err, fs.ErrExist) {
		return pack.Manifest{}, withHint(fmt.Errorf("%s is there already", path), "packs are not overwritten: give another name with -o")
	}
	if err != nil {
		return pack.Manifest{}, err
	}
	m, err := x.fill(ctx, d, posts, out, key)
	if err = errors.Join(err, out.Sync(), out.Close()); err != nil {
		err = errors.Join(err, os.Remove(path))
	}
	return m, err
}

func (x *packer) fill(ctx context.Context, d *desk.Desk, posts []pack.Post, out io.Writer, key ed25519.PrivateKey) (pack.Manifest, error) {
	audit, err := x.record(ctx, d, posts)
	if err != nil {
		return pack.Manifest{}, err
	}
	w := bufio.NewWriterSize(out, 256<<10)
	b := thisBuild()
	m, err := pack.Write(ctx, w, pack.Order{
		Posts: posts, Evidence: x.captures, Key: key, By: x.by, Reason: x.reason, Case: x.inCase,
		Tool: "veghe/" + b.Version, MadeAt: time.Now(), Audit: audit,
	})
	return m, errors.Join(err, w.Flush())
}

// posts are those asked for, with what people decided about them.
func (x *packer) posts(ctx context.Context, d *desk.Desk, ids []string) ([]pack.Post, error) {
	want := make([]veghe.PostID, len(ids))
	for i, id := range ids {
		want[i] = veghe.PostID(id)
	}
	hits, err := index.Pick(ctx, x.cfg.path("index"), want, x.inCase)
	if err != nil {
		return nil, withHint(err, "veghe search -json shows the ids of posts; -data names the data folder (now %s)", x.cfg.Data)
	}
	out := make([]pack.Post, len(hits))
	for i, h := range hits {
		reviews, err := d.Reviews(ctx, h.Post.ID)
		if err != nil {
			return nil, err
		}
		out[i] = pack.Post{Assessed: h.Assessed(), Reviews: reviews}
	}
	return out, nil
}

// record enters the export of every post into the audit trail, and returns the
// last entry.
func (x *packer) record(ctx context.Context, d *desk.Desk, posts []pack.Post) (pack.Audit, error) {
	var last pack.Audit
	reason := x.reason
	if x.inCase != "" {
		reason = "case " + x.inCase + ": " + reason
	}
	for i := range posts {
		ev, err := d.Record(ctx, desk.Event{At: time.Now(), Who: x.by, Action: "export_evidence", Object: string(posts[i].Post.ID), Reason: reason})
		if err != nil {
			return last, err
		}
		last = pack.Audit{Event: ev.N, Hash: ev.Hash}
	}
	return last, nil
}

// signingKey reads the key that signs packs, or makes it.
func signingKey(path string) (ed25519.PrivateKey, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return newSigningKey(path)
	}
	if err != nil {
		return nil, err
	}
	block, _ := pem.Decode(b)
	if block == nil {
		return nil, fmt.Errorf("%s does not hold a key", path)
	}
	k, err := x509.ParsePKCS8PrivateKey(block.Bytes)
	key, ok := k.(ed25519.PrivateKey)
	if err != nil || !ok {
		return nil, fmt.Errorf("%s does not hold an Ed25519 key", path)
	}
	return key, nil
}

func newSigningKey(path string) (ed25519.PrivateKey, error) {
	_, key, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, err
	}
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		return nil, err
	}
	if _, err := os.Stat(filepath.Dir(path)); err != nil {
		return nil, withHint(fmt.Errorf("there is no data folder: %w", err), "name it with -data")
	}
	return key, writeFile(path, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der}))
}

// evidenceVerify checks a pack by itself, or the whole evidence of a data
// folder.
func evidenceVerify(ctx context.Context, e env, args []string) error {
	f := newFlags("evidence verify", e.err)
	key := f.String("key", "", "`fingerprint` that the key of the pack must have")
	head := f.String("head", "", "`hash` noted earlier, which must be part of the chain (with -data)")
	asJSON := f.Bool("json", false, "print the report as JSON")
	files, err := f.parse(args)
	if err != nil {
		return err
	}
	switch {
	case len(files) == 1:
		return verifyPack(e, files[0], *key, *asJSON)
	case len(files) == 0 && (f.data != "" || f.file != ""):
		return verifyFolder(ctx, e, f, *head, *asJSON)
	}
	return usageError{"want one pack, or -data to check everything that is kept there"}
}

func verifyPack(e env, path, key string, asJSON bool) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { _ = f.Close() }() // it was only read
	fi, err := f.Stat()
	if err != nil {
		return err
	}
	r, err := pack.Verify(f, fi.Size())
	if err != nil {
		return fmt.Errorf("%s: %w", path, errors.Join(problemList(r.Problems), err))
	}
	if key != "" && !strings.EqualFold(strings.TrimPrefix(key, "sha256:"), strings.TrimPrefix(r.Key, "sha256:")) {
		r.Problems = append(r.Problems, fmt.Sprintf("the pack is signed with key %s, not with the one given", r.Key))
	}
	if asJSON {
		if err := json.NewEncoder(e.out).Encode(r); err != nil {
			return err
		}
		return changed(path, r.Problems)
	}
	m := &r.Manifest
	fmt.Fprintf(e.out, "%s: %d posts, %d captures, %d files; made %s by %q with %q\nreason: %q\nkey: %s\nchain head: %s\n",
		path, len(m.Posts), r.Captures, r.Files, m.MadeAt.Format(time.RFC3339), m.By, m.Tool, m.Reason, r.Key, m.ChainHead)
	for _, p := range r.Problems {
		fmt.Fprintf(e.out, "CHANGED: %s\n", p)
	}
	if len(r.Problems) == 0 {
		fmt.Fprintln(e.out, "every byte is as it was signed")
		if key == "" {
			fmt.Fprintln(e.out, "whose key it is, the pack cannot say: compare it with the fingerprint you were told, or give that with -key")
		}
	}
	return changed(path, r.Problems)
}

func problemList(problems []string) error {
	errs := make([]error, len(problems))
	for i, p := range problems {
		errs[i] = errors.New(p)
	}
	return errors.Join(errs...)
}

func changed(what string, problems []string) error {
	if len(problems) == 0 {
		return nil
	}
	return fmt.Errorf("%s is not as it was: %d things were changed", what, len(problems))
}

func verifyFolder(ctx context.Context, e env, f *flags, head string, asJSON bool) error {
	cfg, err := f.config()
	if err != nil {
		return err
	}
	if _, err := os.Stat(cfg.path("evidence")); err != nil {
		return withHint(fmt.Errorf("there is no evidence in %s", cfg.Data), "name the data folder with -data; the crawler keeps evidence unless evidence.off is set")
	}
	r, err := evidence.Folder{Dir: cfg.path("evidence")}.Verify(ctx, head)
	if err != nil {
		return err
	}
	if asJSON {
		if err := json.NewEncoder(e.out).Encode(r); err != nil {
			return err
		}
		return changed(cfg.path("evidence"), r.Problems)
	}
	fmt.Fprintf(e.out, "%d segments, %d records as they were stored, %d removed by retention\nhead: %s\n", r.Segments, r.Records, r.Removed, r.Head)
	for _, p := range r.Problems {
		fmt.Fprintf(e.out, "CHANGED: %s\n", p)
	}
	if len(r.Problems) == 0 && head == "" {
		fmt.Fprintln(e.out, "note the head elsewhere: with -head it shows later that the end was not cut off")
	}
	return changed(cfg.path("evidence"), r.Problems)
}

// evidencePack lets the desk hand out packs of the captures kept here; nil if
// none are.
func (a *app) evidencePack() func(context.Context, io.Writer, web.EvidenceOrder) error {
	if a.evidence == nil {
		return nil
	}
	return func(ctx context.Context, w io.Writer, o web.EvidenceOrder) error {
		key, err := signingKey(a.cfg.path("evidence.key"))
		if err != nil {
			return err
		}
		x := packer{cfg: &a.cfg, by: o.By, reason: o.Reason, inCase: o.Case, captures: evidence.Folder{Dir: a.cfg.path("evidence")}}
		ids := make([]string, len(o.Posts))
		for i, id := range o.Posts {
			ids[i] = string(id)
		}
		posts, err := x.posts(ctx, a.desk, ids)
		if err != nil {
			return err
		}
		_, err = x.fill(ctx, a.desk, posts, w, key)
		return err
	}
}
