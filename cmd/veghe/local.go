package main

import (
	"bytes"
	"context"
	"crypto/rand"
	"crypto/tls"
	"encoding/json"
	"encoding/pem"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"maps"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"time"
)

// A running veghe leaves a note in its data folder, so that import, search,
// status and dlq on the same machine find it and may talk to it. The token
// next to it can be read by the same user only.

// running is that note.
type running struct {
	PID    int    `json:"pid"`
	Listen string `json:"listen"` // desk and API, empty if not served
	Ops    string `json:"ops"`
	Cert   string `json:"cert,omitempty"` // the desk speaks TLS with this certificate
}

const runningFile = "running.json"

// localToken reads the token of a data folder, or makes one.
func localToken(path string) (string, error) {
	b, err := os.ReadFile(path)
	if err == nil && len(strings.TrimSpace(string(b))) >= 20 {
		return strings.TrimSpace(string(b)), nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	token := rand.Text()
	return token, writeFile(path, []byte(token+"\n"))
}

// writeFile replaces a file as a whole, for the owner's eyes only.
func writeFile(path string, b []byte) error {
	tmp, err := os.CreateTemp(filepath.Dir(path), "."+filepath.Base(path)+"-*")
	if err != nil {
		return err
	}
	defer func() { _ = os.Remove(tmp.Name()) }() // gone already once renamed
	if _, err := tmp.Write(b); err != nil {
		return errors.Join(err, tmp.Close())
	}
	if err := errors.Join(tmp.Sync(), tmp.Close()); err != nil {
		return err
	}
	return os.Rename(tmp.Name(), path)
}

func (a *app) announce(listen, ops string) error {
	b, err := json.Marshal(running{PID: os.Getpid(), Listen: listen, Ops: ops, Cert: a.cfg.Desk.TLS.Cert})
	if err != nil {
		return err
	}
	path := a.cfg.path(runningFile)
	a.onClose(func() error { return os.Remove(path) })
	return writeFile(path, b)
}

// local talks to the veghe that runs on a data folder.
type local struct {
	dir    string
	client *http.Client
	header http.Header // sent with every request; may be nil
}

func newLocal(dir string) *local {
	return &local{dir: dir, client: &http.Client{Timeout: 2 * time.Minute}}
}

// errNotRunning says that no veghe answers for the data folder.
var errNotRunning = errors.New("no veghe is running on this data folder")

// note reads where the running veghe listens. A note left by one that was
// killed stays until somebody answers or nobody does.
func (l *local) note() (running, string, error) {
	var r running
	b, err := os.ReadFile(filepath.Join(l.dir, runningFile))
	if errors.Is(err, fs.ErrNotExist) {
		return r, "", errNotRunning
	}
	if err != nil {
		return r, "", err
	}
	if err := json.Unmarshal(b, &r); err != nil {
		return r, "", fmt.Errorf("%s: %w", runningFile, err)
	}
	token, err := os.ReadFile(filepath.Join(l.dir, "token"))
	if err != nil {
		return r, "", err
	}
	return r, strings.TrimSpace(string(token)), nil
}

// ops sends a request to the operations listener and decodes the answer.
func (l *local) ops(ctx context.Context, method, path string, into any) error {
	r, token, err := l.note()
	if err != nil {
		return err
	}
	return l.do(ctx, method, "http://"+r.Ops+path, token, "", nil, into)
}

// api does the same with the desk's API.
func (l *local) api(ctx context.Context, method, path, contentType string, body io.Reader, into any) error {
	r, token, err := l.note()
	if err != nil {
		return err
	}
	if r.Listen == "" {
		return fmt.Errorf("%w: it has no desk, only some stages", errNotRunning)
	}
	if t := os.Getenv(tokenVariable); t != "" {
		token = t
	}
	scheme := "http://"
	if r.Cert != "" {
		scheme = "https://"
		l.client.Transport = &http.Transport{TLSClientConfig: pinned(r.Cert)}
	}
	return l.do(ctx, method, scheme+r.Listen+path, token, contentType, body, into)
}

// tokenVariable names what our own commands show to a desk with accounts: the
// token in the data folder searches only where there are none.
const tokenVariable = "VEGHE_TOKEN" //nolint:gosec // the name of a variable

// pinned trusts the certificate in a file, whatever name it is for: the
// address is that of this machine.
func pinned(path string) *tls.Config {
	return &tls.Config{
		InsecureSkipVerify: true, //nolint:gosec // VerifyConnection is stricter
		VerifyConnection: func(s tls.ConnectionState) error {
			b, err := os.ReadFile(path)
			if err != nil {
				return err
			}
			block, _ := pem.Decode(b)
			if block == nil || len(s.PeerCertificates) == 0 || !bytes.Equal(block.Bytes, s.PeerCertificates[0].Raw) {
				return errors.New("the desk shows another certificate than that in " + path)
			}
			return nil
		},
	}
}

func (l *local) do(ctx context.Context, method, url, token, contentType string, body io.Reader, into any) error {
	req, err := http.NewRequestWithContext(ctx, method, url, body)
	if err != nil {
		return err
	}
	maps.Copy(req.Header, l.header)
	if contentType != "" {
		req.Header.Set("Content-Type", contentType)
	}
	res, err := send(l.client, req, token)
	if err != nil {
		return err
	}
	defer func() { _ = res.Body.Close() }()
	if into == nil {
		return nil
	}
	if w, ok := into.(io.Writer); ok {
		_, err := io.Copy(w, res.Body)
		return err
	}
	return json.NewDecoder(res.Body).Decode(into)
}

// send sends a request with our token. The answer, which the caller closes, is
// one that says yes.
func send(c *http.Client, req *http.Request, token string) (*http.Response, error) {
	req.Header.Set("Authorization", "Bearer "+token)
	res, err := c.Do(req)
	if err != nil {
		if err := req.Context().Err(); err != nil {
			return nil, err
		}
		return nil, fmt.Errorf("%w (%w)", errNotRunning, err)
	}
	if res.StatusCode >= 300 {
		defer func() { _ = res.Body.Close() }()
		return nil, apiError(res)
	}
	return res, nil
}

// statusError is an answer that says no.
type statusError struct {
	code   int
	detail string
}

func (e *statusError) Error() string { return e.detail }

func apiError(res *http.Response) error {
	var problem struct{ Title, Detail string }
	b, _ := io.ReadAll(io.LimitReader(res.Body, 64<<10))
	if json.Unmarshal(b, &problem) == nil && problem.Detail != "" {
		return &statusError{res.StatusCode, problem.Detail}
	}
	return &statusError{res.StatusCode, fmt.Sprintf("the running veghe answered %s", res.Status)}
}
