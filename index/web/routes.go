package web

import (
	"net/http"
	"strings"

	store "veghe/index/desk"
)

// public is the access of what anyone may use: assets, sign-in.
const public store.Permission = 0

// route is one thing the desk serves. Whoever asks needs all that its access
// names; see the roles in package desk for who has what. Under /api/ errors
// are problem documents and nobody is sent to the sign-in page.
type route struct {
	method, path string
	access       store.Permission
	serve        func(*desk, http.ResponseWriter, *http.Request) error
}

func (r route) pattern() string { return r.method + " " + r.path }

// limit is how large the body of a request may be, in bytes.
func (r route) limit() int64 {
	switch {
	case r.access == store.CanIngest:
		return maxIngest
	case strings.HasSuffix(r.path, "/lookup"):
		return 3*maxLookupBytes + maxForm // a form writes some bytes as three
	case strings.Contains(r.path, "/lab"):
		return 3*(store.MaxDocument+maxLabText) + 2*maxForm
	default:
		return maxForm
	}
}

// routes is everything that is served.
func routes() []route {
	return []route{
		{"GET", "/{$}", store.CanSearch, (*desk).results},
		{"GET", "/posts/{id}", store.CanSearch, (*desk).post},
		{"POST", "/posts/{id}/review", store.CanReview, (*desk).reviewForm},
		{"POST", "/posts/{id}/claim", store.CanReview, (*desk).claimForm},
		{"POST", "/reviews", store.CanReview, (*desk).bulkForm},
		{"GET", "/reviews/{batch}", store.CanReview, (*desk).batchPage},
		{"POST", "/reviews/{batch}/undo", store.CanReview, (*desk).undoBatch},
		{"GET", "/queues", store.CanReview, (*desk).queuesPage},
		{"POST", "/queues", store.CanReview, (*desk).queueForm},
		{"POST", "/posts/{id}/reveal", store.CanReveal, (*desk).revealForm},
		{"GET", "/entities/{kind}/{value}", store.CanSearch, (*desk).entityPage},
		{"POST", "/entities/{kind}/{value}", store.CanReview, (*desk).entityForm},
		{"GET", "/cases", store.CanCases, (*desk).casesPage},
		{"POST", "/cases", store.CanCases, (*desk).openCaseForm},
		{"GET", "/cases/{id}", store.CanCases, (*desk).casePage},
		{"POST", "/cases/{id}", store.CanCases, (*desk).changeCaseForm},
		{"GET", "/cases/{id}/report", store.CanCases, (*desk).caseReportPage},
		{"POST", "/cases/{id}/pack", store.CanExport, (*desk).packForm},
		{"GET", "/posts/{id}/report", store.CanSearch, (*desk).postReport},
		{"POST", "/export", store.CanExport, (*desk).exportForm},
		{"GET", "/watches", store.CanWatch, (*desk).watchesPage},
		{"POST", "/watches", store.CanWatch, (*desk).addWatchForm},
		{"GET", "/watches/{id}", store.CanWatch, (*desk).watchPage},
		{"POST", "/watches/{id}/feed", store.CanWatch, (*desk).feedForm},
		{"GET", "/feeds/{id}/{token}", public, (*desk).feed},
		{"POST", "/watches/{id}/end", store.CanWatch, (*desk).endWatchForm},
		{"GET", "/lookup", store.CanSearch, (*desk).lookupPage},
		{"POST", "/lookup", store.CanSearch, (*desk).lookupForm},
		{"GET", "/status", store.CanStatus, (*desk).statusPage},
		{"GET", "/rules", store.CanRules, (*desk).rulesPage},
		{"GET", "/lab", store.CanLab, (*desk).labStart},
		{"POST", "/lab", store.CanLab, (*desk).labForm},
		{"GET", "/lab/proposals", store.CanRules, (*desk).proposalsPage},
		{"POST", "/lab/proposals", store.CanLab, (*desk).proposeForm},
		{"GET", "/lab/proposals/{id}", store.CanRules, (*desk).proposalPage},
		{"POST", "/lab/proposals/{id}", store.CanLab, (*desk).decideProposalForm},
		{"GET", "/lab/proposals/{id}/document", store.CanRules, (*desk).proposalFile},
		{"GET", "/lab/exceptions", store.CanRules, (*desk).exceptionsPage},
		{"GET", "/sources", store.CanStatus, (*desk).sourcesPage},
		{"GET", "/help", store.SignedIn, (*desk).helpPage},
		{"POST", "/settings", public, (*desk).settings},

		{"GET", "/account", store.SignedIn, (*desk).accountPage},
		{"POST", "/account/password", store.SignedIn, (*desk).passwordForm},
		{"GET", "/account/factor", store.SignedIn, (*desk).factorPage},
		{"POST", "/account/factor", store.SignedIn, (*desk).factorForm},
		{"POST", "/account/sessions", store.SignedIn, (*desk).sessionsForm},
		{"POST", "/account/tokens", store.SignedIn, (*desk).tokenForm},
		{"POST", "/account/tokens/{id}/revoke", store.SignedIn, (*desk).revokeForm},
		{"GET", "/holds", store.CanHold, (*desk).holdsPage},
		{"POST", "/holds", store.CanHold, (*desk).addHoldForm},
		{"POST", "/holds/{id}/lift", store.CanHold, (*desk).liftHoldForm},
		{"GET", "/person", store.CanErase, (*desk).personPage},
		{"POST", "/person", store.CanErase, (*desk).reportForm},
		{"POST", "/person/erase", store.CanErase, (*desk).eraseForm},
		{"GET", "/audit", store.CanAudit, (*desk).auditPage},
		{"POST", "/audit/check", store.CanAudit, (*desk).checkAudit},
		{"GET", "/audit/export", store.CanAudit, (*desk).auditExport},
		{"GET", "/admin/accounts", store.CanAdmin, (*desk).accountsPage},
		{"POST", "/admin/accounts", store.CanAdmin, (*desk).addAccountForm},
		{"GET", "/admin/accounts/{name}", store.CanAdmin, (*desk).adminAccountPage},
		{"POST", "/admin/accounts/{name}", store.CanAdmin, (*desk).adminAccountForm},
		{"GET", "/admin/tokens", store.CanAdmin, (*desk).tokensPage},
		{"POST", "/admin/tokens", store.CanAdmin, (*desk).adminTokenForm},
		{"POST", "/admin/tokens/{id}/revoke", store.CanAdmin, (*desk).adminRevokeForm},

		{"GET", "/signin", public, (*desk).signInPage},
		{"POST", "/signin", public, (*desk).signIn},
		{"POST", "/signin/link", public, (*desk).useLink},
		{"GET", "/signin/oidc", public, (*desk).beginExternal},
		{"GET", "/signin/oidc/callback", public, (*desk).endExternal},
		{"POST", "/signout", public, (*desk).signOut},
		{"GET", "/static/{name}", public, (*desk).static},
		{"GET", "/favicon.ico", public, (*desk).favicon},
		{"GET", "/robots.txt", public, (*desk).robots},

		{"GET", "/api/v1/search", store.CanSearch, (*desk).apiSearch},
		{"GET", "/api/v1/posts/{id}", store.CanSearch, (*desk).apiPost},
		{"POST", "/api/v1/posts/{id}/review", store.CanReview, (*desk).apiReview},
		{"POST", "/api/v1/posts", store.CanIngest, (*desk).apiIngest},
		{"GET", "/api/v1/entities/{kind}/{value}", store.CanSearch, (*desk).apiEntity},
		{"GET", "/api/v1/clusters/{id}", store.CanSearch, (*desk).apiCluster},
		{"GET", "/api/v1/cases", store.CanCases, (*desk).apiCases},
		{"POST", "/api/v1/cases", store.CanCases, (*desk).apiOpenCase},
		{"GET", "/api/v1/cases/{id}", store.CanCases, (*desk).apiCase},
		{"POST", "/api/v1/cases/{id}/posts", store.CanCases, (*desk).apiAddToCase},
		{"GET", "/api/v1/watches", store.CanWatch, (*desk).apiWatches},
		{"POST", "/api/v1/watches", store.CanWatch, (*desk).apiAddWatch},
		{"GET", "/api/v1/watches/{id}", store.CanWatch, (*desk).apiWatch},
		{"POST", "/api/v1/lookup", store.CanSearch, (*desk).apiLookup},
		{"GET", "/api/v1/rules", store.CanRules, (*desk).apiRules},
		{"GET", "/api/v1/rules/exceptions", store.CanRules, (*desk).apiExceptions},
		{"POST", "/api/v1/lab", store.CanLab, (*desk).apiLab},
		{"GET", "/api/v1/lab/proposals", store.CanRules, (*desk).apiProposals},
		{"POST", "/api/v1/lab/proposals", store.CanLab, (*desk).apiPropose},
		{"GET", "/api/v1/lab/proposals/{id}", store.CanRules, (*desk).apiProposal},
		{"POST", "/api/v1/lab/proposals/{id}", store.CanLab, (*desk).apiDecideProposal},
		{"GET", "/api/v1/export", store.CanExport, (*desk).apiExport},
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
