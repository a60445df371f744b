package main

import (
	"crypto/ecdsa"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/tls"
	"crypto/x509"
	"encoding/pem"
	"errors"
	"math/big"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"testing"
	"time"
)

// writePair writes a self-signed certificate with a serial number, and its
// key, as of a time.
func writePair(t *testing.T, c tlsConfig, serial int64, at time.Time) {
	t.Helper()
	key, err1 := ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	cert := &x509.Certificate{SerialNumber: big.NewInt(serial), DNSNames: []string{"desk.example.org"}, NotBefore: at.Add(-time.Hour), NotAfter: at.Add(24 * time.Hour)}
	der, err2 := x509.CreateCertificate(rand.Reader, cert, cert, key.Public(), key)
	secret, err3 := x509.MarshalPKCS8PrivateKey(key)
	err := errors.Join(err1, err2, err3,
		os.WriteFile(c.Cert, pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: der}), 0o600),
		os.WriteFile(c.Key, pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: secret}), 0o600),
		os.Chtimes(c.Cert, at, at), os.Chtimes(c.Key, at, at))
	if err != nil {
		t.Fatal(err)
	}
}

// A renewed certificate is served without a restart; one that is half written
// leaves the old one in use.
func TestCertificateIsRenewed(t *testing.T) {
	dir := t.TempDir()
	files := tlsConfig{Cert: filepath.Join(dir, "cert.pem"), Key: filepath.Join(dir, "key.pem")}
	now := time.Now().Truncate(time.Second)
	writePair(t, files, 1, now)
	cert, err := newCertificate(files)
	if err != nil {
		t.Fatal(err)
	}
	srv := httptest.NewUnstartedServer(http.NotFoundHandler())
	srv.TLS = &tls.Config{GetCertificate: cert.get, MinVersion: tls.VersionTLS12}
	srv.StartTLS()
	t.Cleanup(srv.Close)
	served := func() int64 {
		t.Helper()
		cert.mu.Lock()
		cert.looked = time.Time{} // long ago
		cert.mu.Unlock()
		c, err := tls.Dial("tcp", srv.Listener.Addr().String(), &tls.Config{InsecureSkipVerify: true, ServerName: "desk.example.org"})
		if err != nil {
			t.Fatal(err)
		}
		defer c.Close() //nolint:errcheck // read only
		return c.ConnectionState().PeerCertificates[0].SerialNumber.Int64()
	}
	if got := served(); got != 1 {
		t.Errorf("certificate %d, want 1", got)
	}
	writePair(t, files, 2, now.Add(time.Minute))
	if got := served(); got != 2 {
		t.Errorf("renewed: certificate %d, want 2", got)
	}
	if err := os.WriteFile(files.Cert, []byte("-----BEGIN CERT"), 0o600); err != nil {
		t.Fatal(err)
	}
	if got := served(); got != 2 {
		t.Errorf("while it is written: certificate %d, want 2", got)
	}
	writePair(t, files, 3, now.Add(2*time.Minute))
	if got := served(); got != 3 {
		t.Errorf("once written: certificate %d, want 3", got)
	}
}
