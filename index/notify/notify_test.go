package notify

import (
	"bufio"
	"context"
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"math/big"
	"mime/quotedprintable"
	"net"
	"net/http"
	"net/http/httptest"
	"net/mail"
	"strings"
	"testing"
	"time"

	"veghe/publicnet"
)

var (
	noon   = time.Date(2026, 11, 24, 12, 0, 0, 0, time.UTC)
	secret = []byte("sixteen bytes ok")
)

func note() Note {
	return Note{
		ID: "w1-0001", Watch: 1, Name: "Același șofer\r\nBcc: x@example.com", At: noon, Total: 3, Repeats: 2, Link: "https://desk.example.org/watches/1",
		Posts: []Post{{ID: "p1", Severity: "high", Source: "anunturi", Label: "possible exploitative recruitment", Posted: noon, Link: "https://desk.example.org/posts/p1"}},
	}
}

// A receiver can check who sent the note and that it is whole.
func TestWebhookIsSigned(t *testing.T) {
	var got Note
	srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		if r.Header.Get(SignatureHeader) != Sign(secret, r.Header.Get(TimestampHeader), body) {
			w.WriteHeader(http.StatusForbidden)
			return
		}
		if r.Header.Get(DeliveryHeader) != "w1-0001" || r.Header.Get(TimestampHeader) != fmt.Sprint(noon.Unix()) {
			t.Errorf("headers %v", r.Header)
		}
		if err := json.Unmarshal(body, &got); err != nil {
			t.Error(err)
		}
	}))
	defer srv.Close()
	hook := func(secret []byte) *Webhook {
		w, err := NewWebhook(WebhookConfig{URL: srv.URL, Secret: secret, AllowPrivate: true, Clock: func() time.Time { return noon }})
		if err != nil {
			t.Fatal(err)
		}
		return w
	}
	if err := hook(secret).Send(t.Context(), note()); err != nil || got.Total != 3 || got.Posts[0].ID != "p1" {
		t.Errorf("%v, got %+v", err, got)
	}
	if err := hook([]byte("another secret!!")).Send(t.Context(), note()); !errors.Is(err, ErrRefused) {
		t.Errorf("with another secret: %v", err)
	}
}

// What failed for now is tried again, what is refused for good is not; a
// redirect is not followed.
func TestWebhookAnswers(t *testing.T) {
	for code, forGood := range map[int]bool{500: false, 503: false, 429: false, 408: false, 302: false, 400: true, 410: true} {
		srv := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
			w.Header().Set("Location", "http://127.0.0.1:1/")
			w.WriteHeader(code)
		}))
		w, err := NewWebhook(WebhookConfig{URL: srv.URL + "/s3cr3t", Secret: secret, AllowPrivate: true})
		if err != nil {
			t.Fatal(err)
		}
		err = w.Send(t.Context(), note())
		if err == nil || errors.Is(err, ErrRefused) != forGood || strings.Contains(err.Error(), "s3cr3t") {
			t.Errorf("%d: %v", code, err)
		}
		srv.Close()
	}
}

// A hook to the world never reaches into the office, whatever its name says.
func TestWebhookRefusesPrivateAddresses(t *testing.T) {
	w, err := NewWebhook(WebhookConfig{URL: "https://localhost:1/", Secret: secret})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Send(t.Context(), note()); !errors.Is(err, publicnet.ErrPrivate) || !strings.Contains(err.Error(), "allow_private") {
		t.Errorf("got %v", err)
	}
}

func TestConfigurations(t *testing.T) {
	for _, c := range []WebhookConfig{
		{URL: "http://example.org", Secret: secret},
		{URL: "https://", Secret: secret},
		{URL: "ftp://example.org", Secret: secret, AllowPrivate: true},
		{URL: "https://example.org", Secret: []byte("short")},
		{URL: "https://u:p@example.org", Secret: secret},
	} {
		if _, err := NewWebhook(c); err == nil {
			t.Errorf("%s was taken", c.URL)
		}
	}
	ok := MailConfig{Server: "mail.example.org:587", From: "veghe@example.org", To: []string{"desk@example.org"}}
	if _, err := NewMail(ok); err != nil {
		t.Error(err)
	}
	for what, c := range map[string]MailConfig{
		"no port":          {Server: "mail.example.org", From: ok.From, To: ok.To},
		"nobody":           {Server: ok.Server, From: ok.From},
		"a line break":     {Server: ok.Server, From: ok.From, To: []string{"a@example.org\r\nBcc: b@example.org"}},
		"plain elsewhere":  {Server: ok.Server, From: ok.From, To: ok.To, TLS: Plain},
		"password in text": {Server: "127.0.0.1:25", From: ok.From, To: ok.To, TLS: Plain, User: "u"},
		"unknown tls":      {Server: ok.Server, From: ok.From, To: ok.To, TLS: "maybe"},
	} {
		if _, err := NewMail(c); err == nil {
			t.Errorf("%s was taken", what)
		}
	}
}

// The mail goes over TLS, to everybody, with headers that nobody can break
// into and a text that keeps its letters.
func TestMail(t *testing.T) {
	srv := newSMTP(t, true)
	m, err := NewMail(MailConfig{
		Server: srv.addr, From: "veghe@example.org", To: []string{"a@example.org", "b@example.org"}, User: "veghe", Password: "secret",
		Roots: srv.roots, Clock: func() time.Time { return noon },
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), note()); err != nil {
		t.Fatal(err)
	}
	got := <-srv.mails
	if !got.secure || strings.Join(got.to, " ") != "<a@example.org> <b@example.org>" || got.auth == "" {
		t.Errorf("secure %v, to %v, auth %q", got.secure, got.to, got.auth)
	}
	msg, err := mail.ReadMessage(strings.NewReader(got.data))
	if err != nil {
		t.Fatal(err)
	}
	if msg.Header.Get("Bcc") != "" || msg.Header.Get("Message-ID") != "<w1-0001@example.org>" {
		t.Errorf("headers %v", msg.Header)
	}
	body, err := io.ReadAll(quotedprintable.NewReader(msg.Body))
	if err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"Același șofer", "high, anunturi", "https://desk.example.org/posts/p1", "+ 2"} {
		if !strings.Contains(string(body), want) {
			t.Errorf("the mail does not say %q:\n%s", want, body)
		}
	}
}

// Where encryption was wanted and is not to be had, nothing is sent.
func TestMailWithoutSTARTTLS(t *testing.T) {
	srv := newSMTP(t, false)
	m, err := NewMail(MailConfig{Server: srv.addr, From: "veghe@example.org", To: []string{"a@example.org"}, Roots: srv.roots})
	if err != nil {
		t.Fatal(err)
	}
	if err := m.Send(t.Context(), note()); err == nil || !strings.Contains(err.Error(), "STARTTLS") {
		t.Errorf("got %v", err)
	}
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if err := m.Send(ctx, note()); err == nil {
		t.Error("sent after the end")
	}
}

// What a server refuses for now is tried again, what it refuses for good is not.
func TestMailRefused(t *testing.T) {
	srv := newSMTP(t, true)
	for to, forGood := range map[string]bool{"unknown@example.org": true, "full@example.org": false} {
		m, err := NewMail(MailConfig{Server: srv.addr, From: "veghe@example.org", To: []string{to}, Roots: srv.roots})
		if err != nil {
			t.Fatal(err)
		}
		if err := m.Send(t.Context(), note()); err == nil || errors.Is(err, ErrRefused) != forGood {
			t.Errorf("%s: got %v, want refused for good: %v", to, err, forGood)
		}
	}
}

// smtpServer is as much of RFC 5321 as a client needs.
type smtpServer struct {
	addr  string
	roots *x509.CertPool
	cert  tls.Certificate
	start bool // offers STARTTLS
	mails chan received
}

type received struct {
	secure bool
	auth   string
	to     []string
	data   string
}

func newSMTP(t *testing.T, starttls bool) *smtpServer {
	t.Helper()
	key, err := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	tmpl := &x509.Certificate{
		SerialNumber: big.NewInt(1), NotBefore: time.Now().Add(-time.Hour), NotAfter: time.Now().Add(time.Hour), IPAddresses: []net.IP{net.IPv4(127, 0, 0, 1)},
		IsCA: true, BasicConstraintsValid: true, KeyUsage: x509.KeyUsageCertSign | x509.KeyUsageDigitalSignature,
	}
	der, err := x509.CreateCertificate(rand.Reader, tmpl, tmpl, &key.PublicKey, key)
	if err != nil {
		t.Fatal(err)
	}
	leaf, err := x509.ParseCertificate(der)
	if err != nil {
		t.Fatal(err)
	}
	pool := x509.NewCertPool()
	pool.AddCert(leaf)
	l, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", "127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	s := &smtpServer{addr: l.Addr().String(), roots: pool, cert: tls.Certificate{Certificate: [][]byte{der}, PrivateKey: key}, start: starttls, mails: make(chan received, 4)}
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			c, err := l.Accept()
			if err != nil {
				return
			}
			s.serve(c)
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done })
	return s
}

func (s *smtpServer) serve(c net.Conn) {
	defer func() { _ = c.Close() }()
	_ = c.SetDeadline(time.Now().Add(10 * time.Second))
	var m received
	in := bufio.NewReader(c)
	say := func(line string) { _, _ = c.Write([]byte(line + "\r\n")) }
	say("220 test")
	for {
		line, err := in.ReadString('\n')
		if err != nil {
			return
		}
		line = strings.TrimSpace(line)
		switch verb, rest, _ := strings.Cut(line, " "); strings.ToUpper(verb) {
		case "EHLO":
			if s.start && !m.secure {
				say("250-test")
				say("250 STARTTLS")
			} else {
				say("250-test")
				say("250 AUTH PLAIN")
			}
		case "STARTTLS":
			say("220 go on")
			c = tls.Server(c, &tls.Config{Certificates: []tls.Certificate{s.cert}, MinVersion: tls.VersionTLS12})
			in, m.secure = bufio.NewReader(c), true
		case "AUTH":
			m.auth = rest
			say("235 ok")
		case "MAIL":
			say("250 ok")
		case "RCPT":
			m.to = append(m.to, strings.TrimPrefix(rest, "TO:"))
			switch {
			case strings.Contains(rest, "unknown@"):
				say("550 nobody here")
			case strings.Contains(rest, "full@"):
				say("452 no room now")
			default:
				say("250 ok")
			}
		case "DATA":
			say("354 go on")
			for {
				line, err := in.ReadString('\n')
				if err != nil || line == ".\r\n" {
					break
				}
				m.data += line
			}
			s.mails <- m
			say("250 ok")
		case "QUIT":
			say("221 bye")
			return
		default:
			say("500 what")
		}
	}
}
