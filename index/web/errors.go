package web

import (
	"context"
	"encoding/json"
	"errors"
	"net/http"
	"time"

	"veghe/index"
)

// failure is an error with the status and the catalogue key of what to tell
// the reader. The cause is for the log.
type failure struct {
	status int
	key    string
	detail string // in English, for programs; may be empty
	cause  error
	wait   time.Duration // how long to wait before asking again; 0: does not help
}

func (f *failure) Error() string {
	if f.cause != nil {
		return f.cause.Error()
	}
	if f.detail != "" {
		return f.detail
	}
	return f.key
}

func (f *failure) Unwrap() error { return f.cause }

// fail is a failure with nothing more to say than its catalogue text.
func fail(status int, key string) error { return &failure{status: status, key: key} }

// refuse is a failure that tells a program what was wanted.
func refuse(status int, detail string) error {
	return &failure{status: status, key: "error.bad_request", detail: detail}
}

// asFailure finds out what an error means for the reader.
func asFailure(err error) *failure {
	var f *failure
	var qe *index.QueryError
	var big *http.MaxBytesError
	switch {
	case errors.As(err, &f):
		return f
	case errors.As(err, &qe):
		return &failure{status: http.StatusBadRequest, key: "error.query", detail: qe.Error(), cause: err}
	case errors.As(err, &big):
		return &failure{status: http.StatusRequestEntityTooLarge, key: "error.too_large", cause: err}
	case errors.Is(err, index.ErrNotFound):
		return &failure{status: http.StatusNotFound, key: "error.no_post", cause: err}
	case errors.Is(err, context.DeadlineExceeded), errors.Is(err, index.ErrBusy):
		return &failure{status: http.StatusServiceUnavailable, key: "error.slow", cause: err}
	default:
		return &failure{status: http.StatusInternalServerError, key: "error.internal", cause: err}
	}
}

// problem is an RFC 9457 problem document.
type problem struct {
	Type     string `json:"type"`
	Title    string `json:"title"`
	Status   int    `json:"status"`
	Detail   string `json:"detail,omitempty"`
	Position *int   `json:"position,omitempty"` // byte of the query to point at
}

// answerError writes an error as a page or as a problem document, and logs
// the ones that are ours.
func (d *desk) answerError(w http.ResponseWriter, r *http.Request, rt route, err error) {
	if errors.Is(err, errElsewhere) {
		http.Redirect(w, r, userOf(r.Context()).home(), http.StatusSeeOther)
		return
	}
	f := asFailure(err)
	if f.status >= http.StatusInternalServerError {
		d.Logger.ErrorContext(r.Context(), "desk: request failed", "route", rt.pattern(), "status", f.status, "error", err)
	}
	if f.wait > 0 {
		w.Header().Set("Retry-After", seconds(f.wait))
	}
	if isAPI(r) {
		d.writeProblem(w, f)
		return
	}
	if f.status == http.StatusUnauthorized {
		http.Redirect(w, r, "/signin", http.StatusSeeOther)
		return
	}
	l := d.localeOf(r)
	body := l.T(f.key)
	if f.detail != "" && f.key == "error.bad_request" {
		body = f.detail
	}
	page := d.page(r, l.T("error.title"))
	err = d.render(w, r, f.status, "message", messagePage{Page: page, Heading: l.T("error.title"), Body: body})
	if err != nil {
		http.Error(w, http.StatusText(f.status), f.status)
	}
}

func (d *desk) writeProblem(w http.ResponseWriter, f *failure) {
	p := problem{Type: "about:blank", Title: http.StatusText(f.status), Status: f.status, Detail: f.detail}
	if p.Detail == "" {
		p.Detail = d.locales["en"].T(f.key)
	}
	if qe, ok := errors.AsType[*index.QueryError](f.cause); ok {
		p.Position = &qe.Pos
	}
	if f.status == http.StatusUnauthorized {
		w.Header().Set("WWW-Authenticate", `Bearer realm="veghe"`)
	}
	w.Header().Set("Content-Type", "application/problem+json")
	w.WriteHeader(f.status)
	_ = json.NewEncoder(w).Encode(p) // the reader is gone if this fails
}

type messagePage struct {
	Page
	Heading, Body string
}
