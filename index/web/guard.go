package web

import (
	"context"
	"crypto/sha256"
	"crypto/subtle"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/netip"
	"strings"
	"time"
)

// policy lets a page use our own style, script and pictures and nothing else:
// no frame, no font, no connection, no form to elsewhere.
const policy = "default-src 'none'; style-src 'self'; script-src 'self'; img-src 'self'; " +
	"form-action 'self'; base-uri 'none'; frame-ancestors 'none'"

const (
	maxForm   = 64 << 10  // bytes of a form or a small JSON body
	maxIngest = 256 << 20 // bytes of one POST of posts
	maxURL    = 16 << 10  // bytes of path and query
)

// guard is what every request passes first.
func (d *desk) guard(next http.Handler) http.Handler {
	origin := http.NewCrossOriginProtection()
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		setHeaders(w.Header())
		if d.secure(r) {
			w.Header().Set("Strict-Transport-Security", "max-age=31536000")
		}
		rt := route{path: "guard"}
		switch {
		case len(r.RequestURI) > maxURL:
			d.answerError(w, r, rt, fail(http.StatusRequestURITooLong, "error.long_url"))
		case d.AutoSignIn && (!loopbackHost(r.Host) || !loopbackAddr(r.RemoteAddr) || forwarded(r)) && d.alone(r.Context()):
			// A page elsewhere can have its own name resolve to 127.0.0.1
			// and would then be same-origin with an open desk. A proxy on this
			// machine would let everyone behind it in.
			d.answerError(w, r, rt, fail(http.StatusMisdirectedRequest, "error.host"))
		case origin.Check(r) != nil:
			d.answerError(w, r, rt, fail(http.StatusForbidden, "error.origin"))
		default:
			next.ServeHTTP(w, r)
		}
	})
}

func setHeaders(h http.Header) {
	h.Set("Content-Security-Policy", policy)
	h.Set("X-Content-Type-Options", "nosniff")
	h.Set("Referrer-Policy", "no-referrer")
	h.Set("Cross-Origin-Opener-Policy", "same-origin")
	h.Set("Cross-Origin-Resource-Policy", "same-origin")
	h.Set("Permissions-Policy", "camera=(), geolocation=(), microphone=()")
	h.Set("Cache-Control", "no-store")
	h.Set("X-Robots-Tag", "noindex, nofollow")
}

// handler runs one route: who may, how large, then the work; an error or a
// panic becomes an answer, and the request is counted.
func (d *desk) handler(rt route) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		start := d.Clock()
		rec := &recorder{ResponseWriter: w}
		defer func() {
			if v := recover(); v != nil {
				if err, ok := v.(error); ok && errors.Is(err, http.ErrAbortHandler) {
					panic(v)
				}
				d.Logger.ErrorContext(r.Context(), "desk: panic", "route", rt.pattern(), "panic", fmt.Sprintf("%T", v))
				if rec.status == 0 {
					d.answerError(rec, r, rt, fail(http.StatusInternalServerError, "error.internal"))
				}
			}
			d.OnRequest(rt.pattern(), rec.status, d.Clock().Sub(start))
		}()
		r.Body = http.MaxBytesReader(rec, r.Body, rt.limit())
		r, err := d.admit(r, rt)
		if err == nil {
			err = rt.serve(d, rec, r)
		}
		if err != nil {
			d.answerError(rec, r, rt, err)
		}
	})
}

// recorder remembers the status of an answer.
type recorder struct {
	http.ResponseWriter
	status int
}

func (w *recorder) WriteHeader(status int) {
	if w.status == 0 {
		w.status = status
	}
	w.ResponseWriter.WriteHeader(status)
}

func (w *recorder) Write(b []byte) (int, error) {
	if w.status == 0 {
		w.status = http.StatusOK
	}
	return w.ResponseWriter.Write(b)
}

// Unwrap lets http.ResponseController flush.
func (w *recorder) Unwrap() http.ResponseWriter { return w.ResponseWriter }

// sameSecret compares without telling by time where or at what length two
// secrets differ.
func sameSecret(a, b string) bool {
	x, y := sha256.Sum256([]byte(a)), sha256.Sum256([]byte(b))
	return subtle.ConstantTimeCompare(x[:], y[:]) == 1
}

// forwarded reports whether a proxy says that it sent the request on.
func forwarded(r *http.Request) bool {
	for _, h := range []string{"Forwarded", "X-Forwarded-For", "X-Forwarded-Host", "X-Forwarded-Proto", "X-Real-Ip", "Via"} {
		if r.Header.Get(h) != "" {
			return true
		}
	}
	return false
}

// loopbackHost reports whether a Host header names this machine to itself.
func loopbackHost(host string) bool {
	name := host
	if h, _, err := net.SplitHostPort(host); err == nil {
		name = h
	}
	name = strings.TrimSuffix(strings.TrimPrefix(name, "["), "]")
	if strings.EqualFold(name, "localhost") {
		return true
	}
	a, err := netip.ParseAddr(name)
	return err == nil && a.IsLoopback()
}

func loopbackAddr(addr string) bool {
	a, err := netip.ParseAddrPort(addr)
	return err == nil && a.Addr().Unmap().IsLoopback()
}

// deadline bounds one search, whatever the index makes of it.
func deadline(r *http.Request) (context.Context, context.CancelFunc) {
	return context.WithTimeout(r.Context(), 5*time.Second)
}
