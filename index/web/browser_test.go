//go:build browser

// A walk through the desk in a real Chromium. It fails where there is none:
//
//	go test -tags browser ./index/web
//
// SCREENS names a folder for screenshots.

package web

import (
	"context"
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/log"
	"github.com/chromedp/cdproto/network"
	"github.com/chromedp/cdproto/runtime"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// browser is one tab on a desk, with everything it complained about.
type browser struct {
	t    *testing.T
	ctx  context.Context
	home string

	mu    sync.Mutex // guards what follows
	said  []string   // console messages, policy violations, exceptions
	hosts []string   // asked for
}

func open(t *testing.T) (*browser, *memory) {
	t.Helper()
	h, m := newDesk(t, nil)
	return openOn(t, h), m
}

// openOn opens a desk in a browser.
func openOn(t *testing.T, h http.Handler) *browser {
	t.Helper()
	srv := httptest.NewServer(h)
	t.Cleanup(srv.Close)
	opts := append(chromedp.DefaultExecAllocatorOptions[:], chromedp.NoSandbox, chromedp.DisableGPU, chromedp.Flag("lang", "en"), chromedp.Flag("accept-lang", "en"))
	alloc, cancel := chromedp.NewExecAllocator(t.Context(), opts...)
	t.Cleanup(cancel)
	ctx, cancel := chromedp.NewContext(alloc)
	t.Cleanup(cancel)
	b := &browser{t: t, ctx: ctx, home: srv.URL}
	b.do("starting Chromium")
	if err := chromedp.Listen(ctx, b.hear); err != nil {
		t.Fatal(err)
	}
	b.do("opening the desk", command(log.Enable, cdp.Empty{}), command(network.Enable, network.EnableParams{}),
		chromedp.EmulateViewport(1280, 900), chromedp.Navigate(srv.URL+"/"))
	return b
}

func (b *browser) hear(ev any) {
	b.mu.Lock()
	defer b.mu.Unlock()
	switch ev := ev.(type) {
	case *log.EventEntryAdded:
		if !strings.Contains(ev.Entry.Text, "400 (Bad Request)") { // a page we ask for on purpose
			b.said = append(b.said, ev.Entry.Text)
		}
	case *runtime.EventConsoleAPICalled:
		b.said = append(b.said, fmt.Sprintf("console.%s", ev.Type))
	case *runtime.EventExceptionThrown:
		b.said = append(b.said, ev.ExceptionDetails.Text)
	case *network.EventRequestWillBeSent:
		b.hosts = append(b.hosts, ev.Request.URL)
	}
}

// command is a step that sends one command of the DevTools protocol.
func command[P, R any](c cdp.Command[P, R], params P) chromedp.Action[chromedp.Void] {
	return chromedp.Func(func(ctx context.Context, t *chromedp.Target) error {
		_, err := cdp.Call(ctx, t, c, params)
		return err
	})
}

func (b *browser) do(what string, actions ...chromedp.Action[chromedp.Void]) {
	b.t.Helper()
	if err := chromedp.Do(b.ctx, actions...); err != nil {
		b.t.Fatalf("%s: %v", what, err)
	}
}

// see waits until the page satisfies a condition in JavaScript. A page that
// is being left answers with an error, and is asked again.
func (b *browser) see(what, condition string) {
	b.t.Helper()
	ctx, cancel := context.WithTimeout(b.ctx, 10*time.Second)
	defer cancel()
	again := time.NewTicker(30 * time.Millisecond)
	defer again.Stop()
	for {
		ok, err := chromedp.Run(ctx, chromedp.Evaluate[bool](`document.readyState === "complete" && Boolean(`+condition+")"))
		if err == nil && ok {
			return
		}
		select {
		case <-ctx.Done():
			at, _ := chromedp.Run(b.ctx, chromedp.Evaluate[string](`location.href + " " + document.activeElement.outerHTML.slice(0, 200) + " " + document.activeElement.value`))
			b.t.Fatalf("waited to see %s, %s: %v, at %s", what, condition, err, at)
		case <-again.C:
		}
	}
}

func (b *browser) press(keys string) {
	b.t.Helper()
	b.do("pressing "+keys, chromedp.KeyEvent(keys))
}

// shot saves the whole page when SCREENS is set, picture what the window shows.
func (b *browser) shot(name string) {
	b.t.Helper()
	b.save(name, chromedp.FullScreenshot(100))
}

func (b *browser) picture(name string) {
	b.t.Helper()
	b.save(name, chromedp.CaptureScreenshot())
}

func (b *browser) save(name string, take chromedp.Action[[]byte]) {
	b.t.Helper()
	dir := os.Getenv("SCREENS")
	if dir == "" {
		return
	}
	png, err := chromedp.Run(b.ctx, take)
	if err != nil {
		b.t.Fatalf("taking a screenshot: %v", err)
	}
	if err := os.WriteFile(filepath.Join(dir, name+".png"), png, 0o644); err != nil {
		b.t.Fatal(err)
	}
}

// quiet fails if the browser complained, or asked anyone but the desk.
func (b *browser) quiet() {
	b.t.Helper()
	b.mu.Lock()
	defer b.mu.Unlock()
	for _, s := range b.said {
		b.t.Errorf("the browser says: %s", s)
	}
	for _, u := range b.hosts {
		if !strings.HasPrefix(u, b.home+"/") && !strings.HasPrefix(u, "data:") { // the icons of a form are the browser's own
			b.t.Errorf("the page asked for %s", u)
		}
	}
}

func TestBrowserWithKeys(t *testing.T) {
	b, m := open(t)
	b.see("the list", `document.querySelectorAll(".item").length === 25`)
	b.shot("list")
	b.see("blurred text", `getComputedStyle(document.querySelector(".care")).filter.includes("blur")`)

	b.press("jj")
	b.see("the second post chosen", `document.querySelectorAll(".item")[1].classList.contains("at")`)
	b.see("its text clear", `getComputedStyle(document.querySelectorAll(".care")[1]).filter === "none"`)
	b.press("k")
	b.see("the first post chosen", `document.querySelectorAll(".item")[0].classList.contains("at")`)
	b.picture("desk")
	b.press("o")
	b.see("the first post", `location.pathname.startsWith("/posts/") && document.querySelector(".findings")`)
	b.shot("post")
	b.press("n")
	b.see("the decision", `document.querySelector(".history .now")?.textContent.includes("Not relevant")`)
	b.press("j")
	b.see("the second post", `document.querySelector("h1").textContent.includes("#5")`)
	b.shot("thread")
	b.press("r")
	b.see("the decision", `document.querySelector(".history .now")?.textContent.includes("Relevant")`)
	b.press("b")
	b.see("the list again", `location.pathname === "/" && document.querySelector(".item.done")`)
	if n := len(m.reviews); n != 5 {
		t.Errorf("%d reviews, want the 3 there were and 2", n)
	}

	b.press("?")
	b.see("the keys", `document.querySelector("#keys").open`)
	b.press(kb.Escape)
	b.see("the keys gone", `!document.querySelector("#keys").open`)
	b.press("/")
	b.see("the search box", `document.activeElement.id === "q"`)
	b.press("cules" + kb.Enter)
	b.see("what was searched", `location.search.includes("cules") && document.querySelector("mark.query")`)
	b.do("choosing a facet", chromedp.Click(chromedp.CSS(`#filters a[href*="severity%3Acritical"]`)))
	b.see("the filter", `document.querySelector(".active a")?.textContent.includes("Critical")`)
	b.do("changing to Romanian", chromedp.Click(chromedp.CSS(`.ui button[value=ro]`)))
	b.see("Romanian", `document.documentElement.lang === "ro" && document.querySelector("h1").textContent === "Postări semnalate"`)
	b.see("the same search", `document.querySelector("#q").value === "cules severity:critical"`)
	b.shot("romanian")
	b.do("a wrong query", chromedp.Navigate(b.home+"/?q=ferma+%22deschis"))
	b.see("the place of the error", `document.querySelector(".qerr mark").textContent === '"'`)
	b.shot("error")

	// Keys off: letters do nothing.
	b.do("turning keys off", chromedp.Click(chromedp.CSS(`.foot button[value=off]`)))
	b.see("keys off", `document.documentElement.dataset.keys === "off"`)
	b.do("going home", chromedp.Navigate(b.home+"/"))
	b.press("j")
	b.see("nothing chosen", `!document.querySelector(".item.at")`)
	b.quiet()
}

func TestBrowserWithoutJavaScript(t *testing.T) {
	b, m := open(t)
	b.do("turning JavaScript off", command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}), chromedp.Reload())
	text := func(sel string) string {
		t.Helper()
		s, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS(sel)))
		if err != nil {
			t.Fatalf("reading %s: %v", sel, err)
		}
		return s
	}
	b.do("searching", chromedp.SendKeys(chromedp.CSS("#q"), "cules"), chromedp.Submit(chromedp.CSS("#q")), chromedp.WaitVisible(chromedp.CSS("mark.query")))
	b.do("choosing a facet", chromedp.Click(chromedp.CSS(`#filters a[href*="severity%3Acritical"]`)), chromedp.WaitVisible(chromedp.CSS(".active a")))
	b.do("opening a post", chromedp.Click(chromedp.CSS(".item .open")), chromedp.WaitVisible(chromedp.CSS(".findings")))
	b.do("deciding", chromedp.SendKeys(chromedp.CSS("#reason"), "văzut"), chromedp.Click(chromedp.CSS("button[value=unsure]")), chromedp.WaitVisible(chromedp.CSS(".history .now")))
	if got := text(".history .now"); !strings.Contains(got, "Unsure") || !strings.Contains(got, "văzut") {
		t.Errorf("the decision reads %q", got)
	}
	b.do("going back", chromedp.Click(chromedp.CSS("#back")), chromedp.WaitVisible(chromedp.CSS(".item")))
	b.do("changing to Romanian", chromedp.Click(chromedp.CSS(`.ui button[value=ro]`)), chromedp.WaitVisible(chromedp.CSS(`html[lang=ro]`)))
	if got := text(".bar1 [role=status]"); got != "12 postări semnalate" {
		t.Errorf("the count reads %q", got)
	}
	if n := len(m.reviews); n != 4 {
		t.Errorf("%d reviews, want 4", n)
	}
	b.quiet()
}

// A rule is tried, proposed and decided on without JavaScript and without a
// mouse: each step is a form.
func TestBrowserLab(t *testing.T) {
	b, _ := open(t)
	b.do("turning JavaScript off", command(emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: true}),
		chromedp.Navigate(b.home+"/lab?name=DOC-01"), chromedp.WaitVisible(chromedp.CSS("#document")))
	b.do("trying", chromedp.SendKeys(chromedp.CSS("#text"), "Ținem pașaportul la noi"), chromedp.Click(chromedp.CSS("button[value=effect]")),
		chromedp.WaitVisible(chromedp.CSS("#result .nearly")), chromedp.WaitVisible(chromedp.CSS(".bench .text mark")), chromedp.WaitVisible(chromedp.CSS("#h-effect")))
	b.shot("lab-tried")
	b.do("proposing", chromedp.SendKeys(chromedp.CSS("#note"), "alte feluri de a spune"), chromedp.Submit(chromedp.CSS("#note")), chromedp.WaitVisible(chromedp.CSS("button[value=accepted]")))
	b.do("rejecting", chromedp.SendKeys(chromedp.CSS("#reason"), "găsește prea mult"), chromedp.Click(chromedp.CSS("button[value=rejected]")), chromedp.WaitNotPresent(chromedp.CSS("button[value=rejected]")))
	text, err := chromedp.Run(b.ctx, chromedp.Text(chromedp.CSS("main")))
	if err != nil || !strings.Contains(text, "găsește prea mult") || !strings.Contains(text, "rejected") {
		t.Errorf("the proposal reads %q, %v", text, err)
	}
	b.quiet()
}

// Each page fits a narrow screen, in both colour schemes, and has the
// landmarks and labels that a screen reader goes by.
func TestBrowserLooks(t *testing.T) {
	b, m := open(t)
	pages := map[string]string{
		"list": "/", "filtered": "/?q=cules+severity:critical+-source:anunturi", "post": postPath(m.hits[0].Post.ID),
		"talk": postPath(m.talkPost(5)), "cluster": "/entities/cluster/c0ffee",
		"lab": "/lab?name=DOC-01", "proposals": "/lab/proposals", "exceptions": "/lab/exceptions",
		"status": "/status", "rules": "/rules", "sources": "/sources", "help": "/help", "empty": "/?q=nowhere",
	}
	for name, path := range pages {
		for _, width := range []int64{1280, 400} {
			for _, scheme := range []string{"light", "dark"} {
				b.do("opening "+path, chromedp.EmulateViewport(width, 900),
					command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: scheme}}}),
					chromedp.Navigate(b.home+path))
				what := fmt.Sprintf("%s-%d-%s", name, width, scheme)
				b.shot(what)
				faults, err := chromedp.Run(b.ctx, chromedp.Evaluate[[]string](faultsScript))
				if err != nil {
					t.Fatalf("looking at %s: %v", what, err)
				}
				for _, f := range faults {
					t.Errorf("%s: %s", what, f)
				}
			}
		}
	}
	b.quiet()
}

// faultsScript lists what a page lacks: one main, one h1, labelled fields, unique
// ids, no sideways scrolling, and text with a contrast of at least 4.5 to 1
// (WCAG 2.2, 1.4.3).
const faultsScript = `(() => {
  const out = [];
  const all = (s) => [...document.querySelectorAll(s)];
  for (const s of ["main", "h1", "header.top", "footer"]) if (all(s).length !== 1) out.push(all(s).length + " of " + s);
  for (const i of all("input:not([type=hidden], [hidden])")) if (!i.labels.length) out.push("no label: " + i.outerHTML);
  for (const a of all("a, button")) if (!(a.textContent.trim() || a.getAttribute("aria-label"))) out.push("no name: " + a.outerHTML.slice(0, 100));
  const ids = all("[id]").map((e) => e.id);
  ids.forEach((id, i) => { if (ids.indexOf(id) !== i) out.push("twice: #" + id); });
  if (document.documentElement.scrollWidth > innerWidth) out.push("scrolls sideways: " + document.documentElement.scrollWidth);
  const rgb = (c) => { const m = c.match(/[\d.]+/g).map(Number); return m.length < 4 ? [...m, 1] : m; };
  const lum = (c) => { const [r, g, b] = c.map((v) => { v /= 255; return v <= .03928 ? v / 12.92 : ((v + .055) / 1.055) ** 2.4; }); return .2126 * r + .7152 * g + .0722 * b; };
  const behind = (e) => { for (; e; e = e.parentElement) { const c = rgb(getComputedStyle(e).backgroundColor); if (c[3] > .99) return c; } return [255, 255, 255, 1]; };
  const seen = new Set();
  const walk = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) {
    const e = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || seen.has(e) || e.closest("title, script, dialog:not([open]), .vh, .skip") || !e.getClientRects().length) continue;
    seen.add(e);
    const [a, b] = [lum(rgb(getComputedStyle(e).color).slice(0, 3)), lum(behind(e).slice(0, 3))];
    const ratio = (Math.max(a, b) + .05) / (Math.min(a, b) + .05);
    if (ratio < 4.5) out.push("contrast " + ratio.toFixed(2) + ": <" + e.tagName + " class=" + e.className + "> " + walk.currentNode.data.trim().slice(0, 30));
  }
  return [...new Set(out)].slice(0, 20);
})()`
