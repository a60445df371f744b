package main

import (
	"context"
	"crypto/subtle"
	"encoding/json"
	"errors"
	"net/http"
	"sync/atomic"
	"time"

	"veghe"
	"veghe/stream"
)

// opsHandler serves metrics and health on their own listener, which needs no
// sign-in, and the few things our own commands ask, which need the token. What
// takes long ends with stop.
func (a *app) opsHandler(stop context.Context) http.Handler {
	mux := http.NewServeMux()
	mux.Handle("GET /metrics", a.metrics.handler())
	mux.HandleFunc("GET /healthz", func(w http.ResponseWriter, _ *http.Request) { answer(w, http.StatusOK, "alive") })
	mux.HandleFunc("GET /readyz", a.serveReady)
	mux.HandleFunc("GET /status", a.serveStatus)
	mux.Handle("GET /dead", a.withToken(a.serveDead))
	mux.Handle("GET /dead/{id}", a.withToken(a.serveLetter))
	mux.Handle("POST /dead/retry", a.withToken(a.retryDead))
	mux.Handle("GET /backup", a.withToken(a.serveBackup(stop)))
	mux.Handle("POST /purge", a.withToken(a.servePurge))
	mux.Handle("POST /sources/{id}/{verb}", a.withToken(a.switchSource))
	return mux
}

func answer(w http.ResponseWriter, code int, text string) {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	w.WriteHeader(code)
	_, _ = w.Write([]byte(text + "\n")) // the client may be gone
}

// readyTime is how long the desk's database may take to answer.
const readyTime = 2 * time.Second

func (a *app) serveReady(w http.ResponseWriter, r *http.Request) {
	if !a.ready.Load() {
		answer(w, http.StatusServiceUnavailable, "not ready: starting or stopping")
		return
	}
	if a.index != nil {
		if err := a.index.Healthy(); err != nil {
			answer(w, http.StatusServiceUnavailable, "not ready: index: "+err.Error())
			return
		}
	}
	if a.desk != nil {
		ask, cancel := context.WithTimeout(r.Context(), readyTime)
		defer cancel()
		if a.desk.Healthy(ask) != nil { // what it says may name hosts; doctor tells
			answer(w, http.StatusServiceUnavailable, "not ready: the desk's database does not answer")
			return
		}
	}
	answer(w, http.StatusOK, "ready")
}

func (a *app) withToken(h http.HandlerFunc) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		given := []byte(r.Header.Get("Authorization"))
		if subtle.ConstantTimeCompare(given, []byte("Bearer "+a.token)) != 1 {
			answer(w, http.StatusUnauthorized, "this needs the token in the data folder")
			return
		}
		h(w, r)
	})
}

func sendJSON(w http.ResponseWriter, v any, err error) {
	if err != nil {
		code := http.StatusInternalServerError
		if errors.Is(err, stream.ErrNoLetter) {
			code = http.StatusNotFound
		}
		w.Header().Set("Content-Type", "application/problem+json")
		w.WriteHeader(code)
		v = map[string]any{"title": http.StatusText(code), "status": code, "detail": err.Error()}
	} else {
		w.Header().Set("Content-Type", "application/json")
	}
	_ = json.NewEncoder(w).Encode(v) // the client may be gone
}

func (a *app) serveStatus(w http.ResponseWriter, r *http.Request) {
	st, err := a.status(r.Context())
	sendJSON(w, st, err)
}

func (a *app) dead() stream.DeadLetters {
	return stream.DeadLetters{Log: a.stream, Topic: veghe.DeadTopic}
}

func (a *app) serveDead(w http.ResponseWriter, r *http.Request) {
	out, err := listDead(r.Context(), a.dead())
	sendJSON(w, out, err)
}

func (a *app) serveLetter(w http.ResponseWriter, r *http.Request) {
	out, err := showDead(r.Context(), a.dead(), r.PathValue("id"))
	sendJSON(w, out, err)
}

func (a *app) retryDead(w http.ResponseWriter, r *http.Request) {
	n, err := retryDead(r.Context(), a.dead(), r.URL.Query().Get("id"))
	sendJSON(w, map[string]int{"retried": n}, err)
}

// reading is a group of this process on a topic.
type readingGroup struct{ stage, topic, group string }

func (a *app) groups() []readingGroup {
	var out []readingGroup
	if a.engine != nil {
		out = append(out, readingGroup{"detect", veghe.PostsTopic, groupDetect})
	}
	if a.evidence != nil {
		out = append(out, readingGroup{"evidence", veghe.AssessmentsTopic, a.evidenceGroup()})
	}
	if a.index != nil {
		out = append(out,
			readingGroup{"index", veghe.AssessmentsTopic, a.group(groupIndex)},
			readingGroup{"ledger", veghe.PostsTopic, a.group(groupLedger)},
			readingGroup{"reviews", veghe.ReviewsTopic, a.group(groupReviews)},
			readingGroup{"changes", veghe.ChangesTopic, a.group(groupChanges)})
	}
	return out
}

// lag is how many records a group has yet to handle and how old the oldest is.
func (a *app) lag(ctx context.Context, r readingGroup) (int64, time.Duration, error) {
	parts, err := a.stream.Lag(ctx, r.topic, r.group)
	if err != nil {
		return 0, 0, err
	}
	var behind int64
	var oldest time.Duration
	for _, p := range parts {
		behind += p.Behind()
		if !p.Oldest.IsZero() && p.Behind() > 0 {
			oldest = max(oldest, time.Since(p.Oldest))
		}
	}
	return behind, oldest, nil
}

func (a *app) count(stage string) int64 {
	if v, ok := a.handled.Load(stage); ok {
		return v.(*atomic.Int64).Load()
	}
	return 0
}
