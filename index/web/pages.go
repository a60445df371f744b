package web

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"mime"
	"net/http"
	"net/url"
	"path"
	"slices"
	"strconv"
	"strings"
	"time"

	store "veghe/index/desk"
)

//go:embed templates/*.html
var templateFiles embed.FS

//go:embed static
var staticFiles embed.FS

// asset is an embedded file with its address, which changes with its content
// so that browsers may keep it for good.
type asset struct {
	body []byte
	mime string
	href string
}

func loadAssets() (map[string]asset, error) {
	entries, err := staticFiles.ReadDir("static")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	all := map[string]asset{}
	for _, e := range entries {
		b, err := staticFiles.ReadFile("static/" + e.Name())
		if err != nil {
			return nil, fmt.Errorf("web: %w", err)
		}
		sum := sha256.Sum256(b)
		all[e.Name()] = asset{
			body: b,
			mime: mime.TypeByExtension(path.Ext(e.Name())),
			href: "/static/" + e.Name() + "?v=" + hex.EncodeToString(sum[:4]),
		}
	}
	return all, nil
}

// parsePages reads the pages with the functions of one language.
func parsePages(l *locale, assets map[string]asset) (*template.Template, error) {
	funcs := template.FuncMap{
		"t": l.T, "n": l.N, "int": l.Int, "signed": l.Signed,
		"percent": l.Percent, "day": l.Day, "time": l.Time, "value": l.Value, "has": l.Has,
		"score":   func(x float64) string { return l.Dec(x, 2) },
		"share":   l.Share,
		"json":    func(v any) (string, error) { b, err := json.Marshal(v); return string(b), err },
		"tenth":   func(x float64) string { return l.Dec(x, 1) },
		"rfc3339": func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"asset":   func(name string) string { return assets[name].href },
		"link":    queryLink,
		"post":    postPath,
		"entity":  entityPath,
		"inc":     func(i int) int { return i + 1 },
		"css":     func(s string) template.CSS { return template.CSS(s) }, //nolint:gosec // only for our own embedded style
		"defang":  defang,
		"langs":   func() []string { return languages },
		"bars":    severityBars,
		"ago":     l.Ago,
		"dict":    dict,
	}
	pages, err := template.New("").Funcs(funcs).ParseFS(templateFiles, "templates/*.html")
	if err != nil {
		return nil, fmt.Errorf("web: %w", err)
	}
	return pages, nil
}

// dict passes several named values to a template.
func dict(pairs ...any) (map[string]any, error) {
	if len(pairs)%2 != 0 {
		return nil, fmt.Errorf("dict has %d arguments, want pairs", len(pairs))
	}
	m := map[string]any{}
	for i := 0; i < len(pairs); i += 2 {
		name, ok := pairs[i].(string)
		if !ok {
			return nil, fmt.Errorf("dict name is %T, want a string", pairs[i])
		}
		m[name] = pairs[i+1]
	}
	return m, nil
}

// Page is what every page needs.
type Page struct {
	Title    string
	Lang     string
	Path     string // with query, to come back to after changing a setting
	Nav      string // which entry of the menu is this page
	Query    string // in the search box
	Sort     string
	All      bool
	User     User
	Auto     bool // signed in without a sign-in page
	Notice   string
	Version  string
	Settings settings

	accounts bool // the desk keeps accounts
}

// settings are what a reader chose, kept in cookies.
type settings struct {
	Clear bool // text in lists is not blurred
	Mute  bool // single-letter keys are off (WCAG 2.1.4)
	List  view
}

func (d *desk) page(r *http.Request, title string) Page {
	q := r.URL.Query()
	return Page{
		Title: title, Lang: d.localeOf(r).Lang, Path: r.URL.RequestURI(),
		Query: q.Get("q"), Sort: q.Get("sort"), All: q.Get("all") == "1",
		User: userOf(r.Context()), Auto: !userOf(r.Context()).account, Notice: d.Notice, Version: d.Version, accounts: d.Accounts != nil,
		Settings: settings{Clear: cookieIs(r, "text", "clear"), Mute: cookieIs(r, "keys", "off"), List: viewOf(r)},
	}
}

// menu is every page with an entry, and who may open it.
var menu = []struct {
	name, href string
	access     store.Permission
}{
	{"results", "/", store.CanSearch},
	{"watches", "/watches", store.CanWatch},
	{"queues", "/queues", store.CanReview},
	{"cases", "/cases", store.CanCases},
	{"lookup", "/lookup", store.CanSearch},
	{"status", "/status", store.CanStatus},
	{"rules", "/rules", store.CanRules},
	{"sources", "/sources", store.CanStatus},
	{"holds", "/holds", store.CanHold},
	{"person", "/person", store.CanErase},
	{"audit", "/audit", store.CanAudit},
	{"accounts", "/admin/accounts", store.CanAdmin},
	{"help", "/help", store.SignedIn},
}

// Menu is what the user may open.
func (p Page) Menu() []choice {
	var out []choice
	for _, m := range menu {
		if p.User.May.Has(m.access) && (p.accounts || !slices.Contains([]string{"accounts", "audit", "holds", "person"}, m.name)) {
			out = append(out, choice{m.name, m.href, p.Nav == m.name})
		}
	}
	return out
}

func cookieIs(r *http.Request, name, value string) bool {
	c, err := r.Cookie(name)
	return err == nil && c.Value == value
}

// render makes the whole page before the first byte leaves, so that a failing
// page becomes an error page and never half a page.
func (d *desk) render(w http.ResponseWriter, r *http.Request, status int, name string, data any) error {
	var b bytes.Buffer
	l := d.localeOf(r)
	if err := l.pages.ExecuteTemplate(&b, name, data); err != nil {
		return fmt.Errorf("page %s: %w", name, err)
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Content-Language", l.Lang)
	h.Add("Vary", "Accept-Language, Cookie")
	send(w, r, status, b.Bytes())
	return nil
}

// send writes a whole answer, compressed if the reader takes that: a page of
// results is mostly repetition, and some offices have slow lines.
func send(w http.ResponseWriter, r *http.Request, status int, body []byte) {
	h := w.Header()
	h.Add("Vary", "Accept-Encoding")
	if !strings.Contains(r.Header.Get("Accept-Encoding"), "gzip") {
		h.Set("Content-Length", strconv.Itoa(len(body)))
		w.WriteHeader(status)
		_, _ = w.Write(body) // the reader is gone if this fails
		return
	}
	h.Set("Content-Encoding", "gzip")
	w.WriteHeader(status)
	z, _ := gzip.NewWriterLevel(w, gzip.BestSpeed) // the level is valid
	_, _ = z.Write(body)                           // as above
	_ = z.Close()
}

func (d *desk) static(w http.ResponseWriter, r *http.Request) error {
	a, ok := d.assets[r.PathValue("name")]
	if !ok {
		return fail(http.StatusNotFound, "error.not_found")
	}
	h := w.Header()
	h.Set("Content-Type", a.mime)
	h.Set("Cache-Control", "public, max-age=31536000, immutable")
	send(w, r, http.StatusOK, a.body)
	return nil
}

func (d *desk) favicon(w http.ResponseWriter, r *http.Request) error {
	http.Redirect(w, r, d.assets["logo.svg"].href, http.StatusFound)
	return nil
}

func (d *desk) robots(w http.ResponseWriter, _ *http.Request) error {
	w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	_, _ = w.Write([]byte("User-agent: *\nDisallow: /\n")) // the reader is gone if this fails
	return nil
}

// plainSettings are the choices of one word.
var plainSettings = []string{"ui=en", "ui=ro", "text=clear", "text=blurred", "keys=on", "keys=off"}

// settings keeps a choice of the reader and goes back to where it was made.
func (d *desk) settings(w http.ResponseWriter, r *http.Request) error {
	name, value := r.PostFormValue("name"), r.PostFormValue("value")
	list, isView := viewIn(r.PostForm)
	switch choice := name + "=" + value; {
	case name == "list" && isView:
		value = list.String()
	case slices.Contains(plainSettings, choice):
	default:
		return fail(http.StatusBadRequest, "error.bad_request")
	}
	http.SetCookie(w, d.cookie(r, name, value, 365*24*3600))
	http.Redirect(w, r, localPath(r.PostFormValue("back")), http.StatusSeeOther)
	return nil
}

// localPath is s if it is a path of this desk, else "/": a form must not
// become a way to send readers elsewhere.
func localPath(s string) string {
	u, err := url.Parse(s)
	if err != nil || u.IsAbs() || u.Host != "" || !strings.HasPrefix(s, "/") ||
		strings.HasPrefix(s, "//") || strings.ContainsAny(s, "\\\r\n") {
		return "/"
	}
	return s
}
