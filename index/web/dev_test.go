//go:build dev

package web

import (
	"net/http"
	"os"
	"testing"
	"time"
)

// TestServe serves the invented world until it is interrupted, to look at:
//
//	LISTEN=127.0.0.1:8777 go test -tags dev -timeout 0 -run TestServe ./index/web
func TestServe(t *testing.T) {
	cfg := worldConfig(newWorld())
	cfg.Clock = time.Now
	h, err := New(cfg)
	if err != nil {
		t.Fatal(err)
	}
	srv := &http.Server{Addr: os.Getenv("LISTEN"), Handler: h, ReadHeaderTimeout: 5 * time.Second}
	t.Log("serving on ", srv.Addr)
	t.Fatal(srv.ListenAndServe())
}
