package web

import (
	"net/http"
	"strings"
)

// access says who may use a route.
type access int

const (
	public    access = iota // anyone: assets, sign-in
	reader                  // someone signed in
	collector               // a program with the collector's token
)

// route is one thing the desk serves. Under /api/ errors are problem
// documents and nobody is sent to the sign-in page.
type route struct {
	method, path string
	access       access
	serve        func(*desk, http.ResponseWriter, *http.Request) error
}

func (r route) pattern() string { return r.method + " " + r.path }

// limit is how large the body of a request may be, in bytes.
func (r route) limit() int64 {
	switch {
	case r.access == collector:
		return maxIngest
	case strings.HasSuffix(r.path, "/lookup"):
		return 3*maxLookupBytes + maxForm // a form writes some bytes as three
	default:
		return maxForm
	}
}

// routes is everything that is served.
func routes() []route {
	return []route{
		{"GET", "/{$}", reader, (*desk).results},
		{"GET", "/posts/{id}", reader, (*desk).post},
		{"POST", "/posts/{id}/review", reader, (*desk).reviewForm},
		{"POST", "/posts/{id}/reveal", reader, (*desk).revealForm},
		{"GET", "/cases", reader, (*desk).casesPage},
		{"POST", "/cases", reader, (*desk).openCaseForm},
		{"GET", "/cases/{id}", reader, (*desk).casePage},
		{"POST", "/cases/{id}", reader, (*desk).changeCaseForm},
		{"GET", "/watches", reader, (*desk).watchesPage},
		{"POST", "/watches", reader, (*desk).addWatchForm},
		{"GET", "/watches/{id}", reader, (*desk).watchPage},
		{"POST", "/watches/{id}/end", reader, (*desk).endWatchForm},
		{"GET", "/lookup", reader, (*desk).lookupPage},
		{"POST", "/lookup", reader, (*desk).lookupForm},
		{"GET", "/status", reader, (*desk).statusPage},
		{"GET", "/rules", reader, (*desk).rulesPage},
		{"GET", "/sources", reader, (*desk).sourcesPage},
		{"GET", "/help", reader, (*desk).helpPage},
		{"POST", "/settings", public, (*desk).settings},

		{"GET", "/signin", public, (*desk).signInPage},
		{"POST", "/signin", public, (*desk).signIn},
		{"POST", "/signout", public, (*desk).signOut},
		{"GET", "/static/{name}", public, (*desk).static},
		{"GET", "/favicon.ico", public, (*desk).favicon},
		{"GET", "/robots.txt", public, (*desk).robots},

		{"GET", "/api/v1/search", reader, (*desk).apiSearch},
		{"GET", "/api/v1/posts/{id}", reader, (*desk).apiPost},
		{"POST", "/api/v1/posts/{id}/review", reader, (*desk).apiReview},
		{"POST", "/api/v1/posts", collector, (*desk).apiIngest},
		{"GET", "/api/v1/entities/{kind}/{value}", reader, (*desk).apiEntity},
		{"GET", "/api/v1/clusters/{id}", reader, (*desk).apiCluster},
		{"GET", "/api/v1/cases", reader, (*desk).apiCases},
		{"POST", "/api/v1/cases", reader, (*desk).apiOpenCase},
		{"GET", "/api/v1/cases/{id}", reader, (*desk).apiCase},
		{"POST", "/api/v1/cases/{id}/posts", reader, (*desk).apiAddToCase},
		{"GET", "/api/v1/watches", reader, (*desk).apiWatches},
		{"POST", "/api/v1/watches", reader, (*desk).apiAddWatch},
		{"GET", "/api/v1/watches/{id}", reader, (*desk).apiWatch},
		{"POST", "/api/v1/lookup", reader, (*desk).apiLookup},
		{"GET", "/api/v1/rules", reader, (*desk).apiRules},
		{"GET", "/api/v1/export", reader, (*desk).apiExport},
		{"GET", "/api/v1/openapi.json", public, (*desk).apiDocument},
	}
}

// mount builds the mux. What no route takes gets a 404, or a 405 that lists
// what the path does take.
func (d *desk) mount() {
	d.mux = http.NewServeMux()
	for _, rt := range routes() {
		d.mux.Handle(rt.pattern(), d.handler(rt))
	}
	d.mux.Handle("/", d.handler(route{path: "/", access: public, serve: (*desk).unknown}))
}

func (d *desk) unknown(w http.ResponseWriter, r *http.Request) error {
	var allow []string
	for _, m := range []string{http.MethodGet, http.MethodPost} {
		probe := r.Clone(r.Context())
		probe.Method = m
		if _, pattern := d.mux.Handler(probe); pattern != "/" && pattern != "" {
			allow = append(allow, m)
		}
	}
	if len(allow) == 0 {
		return fail(http.StatusNotFound, "error.not_found")
	}
	w.Header().Set("Allow", strings.Join(allow, ", "))
	return fail(http.StatusMethodNotAllowed, "error.method")
}

func isAPI(r *http.Request) bool { return strings.HasPrefix(r.URL.Path, "/api/") }
