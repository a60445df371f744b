package notify

import (
	"bytes"
	"context"
	"crypto/hmac"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"syscall"
	"time"

	"veghe/publicnet"
)

// The headers of a webhook.
const (
	SignatureHeader = "Veghe-Signature" // v1=hex of HMAC-SHA256 over "TIMESTAMP.BODY"
	TimestampHeader = "Veghe-Timestamp" // seconds since 1970
	DeliveryHeader  = "Veghe-Delivery"  // the note's id
)

// minSecret is the least length of a secret in bytes.
const minSecret = 16

// Webhook posts notes as JSON, signed.
type Webhook struct {
	url    string
	secret []byte
	client *http.Client
	clock  func() time.Time
}

// WebhookConfig says where to and how.
type WebhookConfig struct {
	URL    string
	Secret []byte // shared with the receiver, at least 16 bytes
	// AllowPrivate lets the address be in a private network, or this machine.
	AllowPrivate bool
	Clock        func() time.Time // nil is time.Now
}

// NewWebhook checks the configuration.
func NewWebhook(c WebhookConfig) (*Webhook, error) {
	u, err := url.Parse(c.URL)
	switch {
	case err != nil || u.Host == "" || u.User != nil:
		return nil, errors.New("url is not an address such as https://hooks.example.org/veghe")
	case u.Scheme != "https" && (u.Scheme != "http" || !c.AllowPrivate):
		return nil, errors.New("url wants https, unless it stays in a private network (allow_private)")
	case len(c.Secret) < minSecret:
		return nil, fmt.Errorf("secret is %d bytes, want at least %d", len(c.Secret), minSecret)
	}
	w := &Webhook{url: c.URL, secret: c.Secret, clock: c.Clock}
	if w.clock == nil {
		w.clock = time.Now
	}
	dial := &net.Dialer{Timeout: 5 * time.Second}
	if !c.AllowPrivate { // after the name was looked up, so that no name gets around it
		dial.Control = refusePrivate
	}
	w.client = &http.Client{
		Timeout:       15 * time.Second,
		Transport:     &http.Transport{DialContext: dial.DialContext, TLSHandshakeTimeout: 5 * time.Second, MaxIdleConns: 2, IdleConnTimeout: time.Minute},
		CheckRedirect: func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse },
	}
	return w, nil
}

func refusePrivate(network, address string, c syscall.RawConn) error {
	err := publicnet.Control(network, address, c)
	if errors.Is(err, publicnet.ErrPrivate) {
		return fmt.Errorf("%w: allow_private lets it be", err)
	}
	return err
}

// Sign is the value of SignatureHeader: what a receiver computes to compare,
// in constant time, before it trusts the body. A receiver should refuse what
// is older than some minutes.
func Sign(secret []byte, timestamp string, body []byte) string {
	mac := hmac.New(sha256.New, secret)
	mac.Write([]byte(timestamp + "."))
	mac.Write(body)
	return "v1=" + hex.EncodeToString(mac.Sum(nil))
}

// Send posts a note. Anything but 2xx is an error; 4xx other than 408, 425 and
// 429 is for good.
func (w *Webhook) Send(ctx context.Context, n Note) error {
	body, err := json.Marshal(n)
	if err != nil {
		return err
	}
	req, err := http.NewRequestWithContext(ctx, http.MethodPost, w.url, bytes.NewReader(body))
	if err != nil {
		return err
	}
	stamp := strconv.FormatInt(w.clock().Unix(), 10)
	req.Header.Set("Content-Type", "application/json")
	req.Header.Set("User-Agent", "veghe")
	req.Header.Set(TimestampHeader, stamp)
	req.Header.Set(SignatureHeader, Sign(w.secret, stamp, body))
	req.Header.Set(DeliveryHeader, n.ID)
	res, err := w.client.Do(req)
	if err != nil {
		return fmt.Errorf("webhook: %w", withoutURL(err))
	}
	defer func() { _ = res.Body.Close() }()
	_, _ = io.Copy(io.Discard, io.LimitReader(res.Body, 64<<10)) // so that the connection can be used again
	switch {
	case res.StatusCode < 300:
		return nil
	case res.StatusCode >= 400 && res.StatusCode < 500 && !strings.Contains("408 425 429", strconv.Itoa(res.StatusCode)):
		return fmt.Errorf("webhook: %s: %w", res.Status, ErrRefused)
	}
	return fmt.Errorf("webhook: answered %s", res.Status)
}

// withoutURL takes the address, which may hold a token, out of an error.
func withoutURL(err error) error {
	if u, ok := errors.AsType[*url.Error](err); ok {
		return u.Err
	}
	return err
}
