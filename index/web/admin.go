package web

import (
	"errors"
	"net/http"
	"slices"
	"strings"
	"time"

	"veghe"
	store "veghe/index/desk"
)

type accountsView struct {
	Page
	All     []store.Account
	Roles   []roleChoice
	Sources []veghe.Source
	Problem string
	Alone   bool // nobody has an account yet: the first one ends that
}

// roleChoice is a role with what it may.
type roleChoice struct {
	Role store.Role
	On   bool
}

func roleChoices(on []store.Role) []roleChoice {
	out := make([]roleChoice, len(store.Roles))
	for i, r := range store.Roles {
		out[i] = roleChoice{r, slices.Contains(on, r)}
	}
	return out
}

func (d *desk) accountsPage(w http.ResponseWriter, r *http.Request) error {
	return d.showAccounts(w, r, http.StatusOK, "")
}

func (d *desk) showAccounts(w http.ResponseWriter, r *http.Request, status int, problem string) error {
	if d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	all, err := d.Accounts.Accounts(r.Context())
	if err != nil {
		return err
	}
	v := accountsView{
		Page: d.page(r, d.localeOf(r).T("accounts.title")), All: all, Roles: roleChoices(nil), Sources: d.Sources(), Problem: problem,
		Alone: len(all) == 0,
	}
	v.Nav, v.Path = "accounts", "/admin/accounts"
	return d.render(w, r, status, "accounts", v)
}

// accountOf reads an account from a form: its roles and the sources it sees.
func accountOf(r *http.Request, name string) (store.Account, error) {
	if err := r.ParseForm(); err != nil {
		return store.Account{}, &failure{status: http.StatusBadRequest, key: "error.bad_request", cause: err}
	}
	a := store.Account{Name: name, Full: strings.TrimSpace(r.PostFormValue("full"))}
	roles, err := store.ParseRoles(strings.Join(r.PostForm["role"], ","))
	if err != nil {
		return a, fail(http.StatusBadRequest, "error.roles")
	}
	a.Roles = roles
	if r.PostFormValue("limit") == "1" {
		a.Sources = []veghe.SourceID{}
		for _, s := range append(r.PostForm["source"], strings.Fields(strings.ReplaceAll(r.PostFormValue("more"), ",", " "))...) {
			if id := veghe.SourceID(s); len(s) <= 100 && !slices.Contains(a.Sources, id) {
				a.Sources = append(a.Sources, id)
			}
		}
	}
	return a, nil
}

func (d *desk) addAccountForm(w http.ResponseWriter, r *http.Request) error {
	if d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	a, err := accountOf(r, strings.ToLower(strings.TrimSpace(r.PostFormValue("name"))))
	if err != nil {
		return err
	}
	l := d.localeOf(r)
	if store.CheckName(a.Name) != nil {
		return d.showAccounts(w, r, http.StatusBadRequest, l.T("link.bad_name"))
	}
	if d.alone(r.Context()) && !slices.Contains(a.Roles, store.Admin) {
		return d.showAccounts(w, r, http.StatusBadRequest, l.T("accounts.first"))
	}
	if err := d.note(r.Context(), ActAdmin, "account "+a.Name, "added: "+describe(a)); err != nil {
		return err
	}
	err = d.Accounts.AddAccount(r.Context(), a, d.Clock())
	if errors.Is(err, store.ErrAccount) {
		return d.showAccounts(w, r, http.StatusBadRequest, l.T("accounts.taken"))
	}
	if err != nil {
		return err
	}
	return d.giveLink(w, r, a.Name)
}

// describe is what an account may, for the audit trail.
func describe(a store.Account) string {
	s := store.JoinRoles(a.Roles)
	if a.Sources == nil {
		return s
	}
	ids := make([]string, len(a.Sources))
	for i, id := range a.Sources {
		ids[i] = string(id)
	}
	s += "; sources " + strings.Join(ids, " ")
	return s[:min(len(s), 4000)]
}

type adminAccountView struct {
	Page
	Account  store.Account
	Roles    []roleChoice
	Sources  []sourceChoice
	More     string // sources of the account that are not configured
	May      []string
	Sessions []store.Session
	Tokens   []store.Token
	Now      time.Time
	Link     string // just made: shown this once
	Problem  string
	Done     string
}

type sourceChoice struct {
	veghe.Source
	On bool
}

func (d *desk) adminAccountPage(w http.ResponseWriter, r *http.Request) error {
	return d.showAdminAccount(w, r, http.StatusOK, r.PathValue("name"), adminAccountView{Done: d.done(r)})
}

func (d *desk) showAdminAccount(w http.ResponseWriter, r *http.Request, status int, name string, v adminAccountView) error {
	if d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	a, err := d.Accounts.Account(r.Context(), name)
	if errors.Is(err, store.ErrNoAccount) {
		return fail(http.StatusNotFound, "error.not_found")
	}
	if err != nil {
		return err
	}
	v.Page, v.Account, v.Roles, v.May, v.Now = d.page(r, a.Name), a, roleChoices(a.Roles), a.May().Names(), d.Clock()
	v.Nav, v.Path = "accounts", "/admin/accounts/"+a.Name
	var more []string
	for _, s := range d.Sources() {
		v.Sources = append(v.Sources, sourceChoice{s, slices.Contains(a.Sources, s.ID)})
	}
	for _, id := range a.Sources {
		if !slices.ContainsFunc(v.Sources, func(s sourceChoice) bool { return s.ID == id }) {
			more = append(more, string(id))
		}
	}
	v.More = strings.Join(more, " ")
	if v.Sessions, err = d.liveSessions(r, a.Name); err != nil {
		return err
	}
	if v.Tokens, err = d.tokensOf(r, a.Name); err != nil {
		return err
	}
	return d.render(w, r, status, "adminaccount", v)
}

// giveLink makes a link for an account and shows it, once.
func (d *desk) giveLink(w http.ResponseWriter, r *http.Request, name string) error {
	if err := d.note(r.Context(), ActAdmin, "account "+name, "link made"); err != nil {
		return err
	}
	secret, err := d.Accounts.NewLink(r.Context(), name, d.Clock())
	if err != nil {
		return err
	}
	return d.showAdminAccount(w, r, http.StatusOK, name, adminAccountView{Link: d.home(r) + "/signin?token=" + secret})
}

// adminAccountForm takes every form of an account: what is done stands in "do".
func (d *desk) adminAccountForm(w http.ResponseWriter, r *http.Request) error {
	if d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	name, what := r.PathValue("name"), r.PostFormValue("do")
	if _, err := d.Accounts.Account(r.Context(), name); err != nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	ctx := r.Context()
	if name == userOf(ctx).Name { // who gives rights gives none to themselves
		return d.showAdminAccount(w, r, http.StatusForbidden, name, adminAccountView{Problem: d.localeOf(r).T("accounts.own")})
	}
	said := what
	var change func() error
	switch what {
	case "save":
		a, err := accountOf(r, name)
		if err != nil {
			return err
		}
		said = "changed: " + describe(a)
		change = func() error { return d.Accounts.SetAccount(ctx, a) }
	case "disable":
		change = func() error { return d.Accounts.DisableAccount(ctx, name, d.Clock()) }
	case "enable":
		change = func() error { return d.Accounts.EnableAccount(ctx, name) }
	case "sessions":
		change = func() error { return d.Accounts.EndSessions(ctx, name) }
	case "link":
		return d.giveLink(w, r, name)
	case "reset":
		if err := d.note(ctx, ActAdmin, "account "+name, "reset"); err != nil {
			return err
		}
		if err := d.Accounts.ResetAccount(ctx, name); err != nil {
			return err
		}
		return d.giveLink(w, r, name)
	default:
		return refuse(http.StatusBadRequest, "do is none of save, disable, enable, sessions, link and reset")
	}
	if err := d.note(ctx, ActAdmin, "account "+name, said); err != nil {
		return err
	}
	err := change()
	if errors.Is(err, store.ErrLastAdmin) {
		return d.showAdminAccount(w, r, http.StatusBadRequest, name, adminAccountView{Problem: d.localeOf(r).T("accounts.last")})
	}
	if err != nil {
		return err
	}
	http.Redirect(w, r, "/admin/accounts/"+name+"?done=saved", http.StatusSeeOther)
	return nil
}

type tokensView struct {
	Page
	Tokens []store.Token
	Now    time.Time
	Secret string
}

// tokensPage lists all tokens, and makes those of collectors, which belong to
// no account.
func (d *desk) tokensPage(w http.ResponseWriter, r *http.Request) error {
	return d.showTokens(w, r, "")
}

func (d *desk) showTokens(w http.ResponseWriter, r *http.Request, secret string) error {
	if d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	all, err := d.Accounts.Tokens(r.Context())
	if err != nil {
		return err
	}
	v := tokensView{Page: d.page(r, d.localeOf(r).T("tokens.title")), Tokens: all, Now: d.Clock(), Secret: secret}
	v.Nav, v.Path = "accounts", "/admin/tokens"
	return d.render(w, r, http.StatusOK, "tokens", v)
}

func (d *desk) adminTokenForm(w http.ResponseWriter, r *http.Request) error {
	if d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	secret, err := d.newToken(r, ActAdmin, "", store.CanIngest)
	if err != nil {
		return err
	}
	return d.showTokens(w, r, secret)
}

func (d *desk) adminRevokeForm(w http.ResponseWriter, r *http.Request) error {
	if d.Accounts == nil {
		return fail(http.StatusNotFound, "error.not_found")
	}
	return d.revoke(w, r, ActAdmin, r.PathValue("id"), "/admin/tokens")
}
