//go:build browser

package web

import (
	"os"
	"strings"
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"

	"veghe"
)

// axe-core finds nothing on any page, in either language and colour scheme.
// AXE names the script; deploy/ci/axe.sh fetches it.
func TestBrowserAxe(t *testing.T) {
	path := os.Getenv("AXE")
	if path == "" {
		t.Fatal("AXE names no script: deploy/ci/axe.sh fetches it and runs this test")
	}
	axe, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	h, m, kept := workDesk(t)
	b := openOn(t, h)
	if _, err := kept.OpenCase(t.Context(), "Același șofer", "local", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := kept.AddToCase(t.Context(), "2026-0001", m.hits[0].Post.ID, "local", "", noon); err != nil {
		t.Fatal(err)
	}
	if _, err := kept.AddQueue(t.Context(), "Brigada", "severity:critical", "local", noon); err != nil {
		t.Fatal(err)
	}
	w, err := kept.AddWatch(t.Context(), "Șoferi", "sofer", "local", noon)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := kept.WatchSaw(t.Context(), "node", w.ID, 1, []veghe.PostID{m.hits[0].Post.ID}, noon); err != nil {
		t.Fatal(err)
	}
	post := postPath(m.hits[0].Post.ID)
	for _, page := range []string{
		"/", "/?q=nowhere", `/?q="`, post, post + "/report", entityPath("phone", "+40700000456"), "/cases", "/cases/2026-0001", "/cases/2026-0001/report",
		"/queues", "/watches", "/watches/1", "/lookup", "/status", "/rules", "/sources", "/help",
	} {
		for _, look := range [][2]string{{"light", "en"}, {"dark", "en"}, {"light", "ro"}} {
			scheme, lang := look[0], look[1]
			b.do("opening "+page, cookie(b.home, "ui", lang),
				command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}),
				chromedp.Navigate(b.home+page))
			res, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](string(axe)+axeRun, chromedp.EvalAwaitPromise))
			if err != nil {
				t.Fatalf("%s: %v", page, err)
			}
			if len(res) > 0 {
				t.Errorf("%s, %s in %s:\n%s", page, scheme, lang, strings.Join(res, "\n"))
			}
		}
	}
}

// axeRun lists what axe finds against WCAG 2.2 at levels A and AA.
const axeRun = `;axe.run({runOnly: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa"]})
  .then((r) => r.violations.map((v) => v.id + ": " + v.help + "\n    " + v.nodes.slice(0, 3).map((n) => n.html.slice(0, 160)).join("\n    ")))`
