package notify

import (
	"bytes"
	"context"
	"crypto/tls"
	"crypto/x509"
	"errors"
	"fmt"
	"mime"
	"mime/quotedprintable"
	"net"
	"net/mail"
	"net/smtp"
	"net/textproto"
	"strings"
	"time"
)

// TLS says how a connection to a mail server is kept private.
type TLS string

// The ways. Plain is for a server on this machine.
const (
	StartTLS TLS = "starttls" // the default: begun in the clear, and given up if it cannot go on encrypted
	Implicit TLS = "tls"
	Plain    TLS = "none"
)

// Mail sends notes by SMTP.
type Mail struct{ cfg MailConfig }

// MailConfig says through which server, from whom and to whom.
type MailConfig struct {
	Server         string // host:port
	From           string
	To             []string
	User, Password string // empty: no sign-in
	TLS            TLS
	Roots          *x509.CertPool   // whom to trust; nil: as the system does
	Clock          func() time.Time // nil is time.Now
}

// maxTo is how many addresses one note goes to.
const maxTo = 50

// NewMail checks the configuration.
func NewMail(c MailConfig) (*Mail, error) {
	host, _, err := net.SplitHostPort(c.Server)
	if err != nil {
		return nil, fmt.Errorf("server is %.80q, want host:port such as mail.example.org:587", c.Server)
	}
	if c.TLS == "" {
		c.TLS = StartTLS
	}
	switch c.TLS {
	case StartTLS, Implicit:
	case Plain:
		if ip := net.ParseIP(host); host != "localhost" && (ip == nil || !ip.IsLoopback()) {
			return nil, errors.New("tls none is only for a server on this machine")
		}
		if c.User != "" {
			return nil, errors.New("a password wants tls")
		}
	default:
		return nil, fmt.Errorf("tls is %.20q, want starttls, tls or none", c.TLS)
	}
	if len(c.To) == 0 || len(c.To) > maxTo {
		return nil, fmt.Errorf("to names %d addresses, want 1 to %d", len(c.To), maxTo)
	}
	for _, a := range append([]string{c.From}, c.To...) {
		if p, err := mail.ParseAddress(a); err != nil || p.Address != a || oneLine(a) != a {
			return nil, fmt.Errorf("%.80q is no address such as desk@example.org", a)
		}
	}
	if c.Clock == nil {
		c.Clock = time.Now
	}
	return &Mail{c}, nil
}

// Send delivers a note. An error of the server with a code of 500 and above
// is for good.
func (m *Mail) Send(ctx context.Context, n Note) error {
	ctx, cancel := context.WithTimeout(ctx, time.Minute)
	defer cancel()
	conn, err := (&net.Dialer{Timeout: 15 * time.Second}).DialContext(ctx, "tcp", m.cfg.Server)
	if err != nil {
		return fmt.Errorf("mail: %w", err)
	}
	stop := context.AfterFunc(ctx, func() { _ = conn.Close() }) // ends what waits on it
	defer stop()
	if err := m.deliver(conn, n); err != nil {
		if e, ok := errors.AsType[*textproto.Error](err); ok && e.Code >= 500 {
			return fmt.Errorf("mail: %w: %w", err, ErrRefused)
		}
		return fmt.Errorf("mail: %w", err)
	}
	return nil
}

func (m *Mail) deliver(conn net.Conn, n Note) error {
	host, _, _ := net.SplitHostPort(m.cfg.Server) // checked by NewMail
	secure := &tls.Config{ServerName: host, MinVersion: tls.VersionTLS12, RootCAs: m.cfg.Roots}
	if m.cfg.TLS == Implicit {
		conn = tls.Client(conn, secure)
	}
	c, err := smtp.NewClient(conn, host)
	if err != nil {
		return errors.Join(err, conn.Close())
	}
	defer func() { _ = c.Close() }() // Quit has ended it if all went well
	if m.cfg.TLS == StartTLS {
		if ok, _ := c.Extension("STARTTLS"); !ok {
			return errors.New("the server offers no STARTTLS: nothing was sent")
		}
		if err := c.StartTLS(secure); err != nil {
			return err
		}
	}
	if m.cfg.User != "" {
		if err := c.Auth(smtp.PlainAuth("", m.cfg.User, m.cfg.Password, host)); err != nil {
			return err
		}
	}
	if err := m.transfer(c, n); err != nil {
		return err
	}
	return c.Quit()
}

func (m *Mail) transfer(c *smtp.Client, n Note) error {
	if err := c.Mail(m.cfg.From); err != nil {
		return err
	}
	for _, to := range m.cfg.To {
		if err := c.Rcpt(to); err != nil {
			return err
		}
	}
	w, err := c.Data()
	if err != nil {
		return err
	}
	if _, err := w.Write(m.message(n)); err != nil {
		return err
	}
	return w.Close()
}

// message is the note as RFC 5322 wants it.
func (m *Mail) message(n Note) []byte {
	var b bytes.Buffer
	_, domain, _ := strings.Cut(m.cfg.From, "@")
	for _, h := range [][2]string{
		{"From", m.cfg.From},
		{"To", strings.Join(m.cfg.To, ", ")},
		{"Subject", mime.QEncoding.Encode("utf-8", n.subject())},
		{"Date", m.cfg.Clock().UTC().Format(time.RFC1123Z)},
		{"Message-ID", "<" + n.ID + "@" + domain + ">"},
		{"Auto-Submitted", "auto-generated"},
		{"MIME-Version", "1.0"},
		{"Content-Type", "text/plain; charset=utf-8"},
		{"Content-Transfer-Encoding", "quoted-printable"},
	} {
		fmt.Fprintf(&b, "%s: %s\r\n", h[0], h[1])
	}
	b.WriteString("\r\n")
	q := quotedprintable.NewWriter(&b)
	_, _ = q.Write([]byte(strings.ReplaceAll(n.text(), "\n", "\r\n"))) // a buffer takes everything
	_ = q.Close()
	return b.Bytes()
}
