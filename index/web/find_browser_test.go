//go:build browser

package web

import (
	"testing"

	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/chromedp"
	"github.com/chromedp/chromedp/kb"
)

// The search box completes fields and values from the keyboard, and days are
// chosen by dragging over the chart.
func TestBrowserFind(t *testing.T) {
	b, _ := open(t)
	b.do("Romanian", chromedp.Click(chromedp.CSS(`.ui button[value=ro]`)))
	b.see("a combobox", `document.documentElement.lang === "ro" && document.querySelector("#q").getAttribute("role") === "combobox"`)
	b.press("/")
	b.see("the search box", `document.activeElement.id === "q"`)
	b.press("cules grav")
	b.see("the field by its Romanian name", `document.querySelector("#suggest li code")?.textContent === "severity:"`)
	b.press(kb.ArrowDown)
	b.see("it chosen", `document.querySelector("#q").getAttribute("aria-activedescendant") === "suggest-0"`)
	b.press(kb.Enter)
	b.see("its values", `document.querySelector("#q").value === "cules severity:" && document.querySelectorAll("#suggest li").length === 5`)
	b.press("crit")
	b.picture("suggest")
	b.press(kb.ArrowDown + kb.Enter)
	b.see("the value", `document.querySelector("#q").value === "cules severity:critical " && document.querySelector("#suggest").hidden`)
	b.press("-DOC")
	b.see("an indicator", `document.querySelector("#suggest li code")?.textContent === "indicator:DOC-01"`)
	b.press(kb.Escape)
	b.see("no suggestions, and still in the box", `document.querySelector("#suggest").hidden && document.activeElement.id === "q"`)
	b.press(kb.Backspace + kb.Backspace + kb.Backspace + kb.Backspace + kb.Enter)
	b.see("the search", `new URLSearchParams(location.search).get("q").trim() === "cules severity:critical" && document.querySelector(".item")`)

	b.do("all posts", chromedp.Navigate(b.home+"/"))
	b.see("a chart", `document.querySelector(".hist svg[data-first]")`)
	b.do("dragging", chromedp.Evaluate[chromedp.Void](dragScript))
	b.see("the days", `/^posted:\d{4}-\d\d-\d\d\.\.\d{4}-\d\d-\d\d$/.test(new URLSearchParams(location.search).get("q")) && document.querySelector("#from").value`)

	b.do("a wrong field", chromedp.Navigate(b.home+"/?q=nowhere+lang:romana"))
	b.see("what was meant", `document.querySelector(".meant code").textContent === "nowhere lang:ro"`)
	for _, width := range []int64{1280, 800} {
		b.do("dark", chromedp.EmulateViewport(width, 900),
			command(emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{{Name: "prefers-color-scheme", Value: "dark"}}}))
		name := map[int64]string{1280: "find-1280", 800: "find-800"}[width]
		b.do("results", chromedp.Navigate(b.home+"/"))
		b.picture(name)
		b.do("fields", chromedp.Click(chromedp.CSS("#build summary")))
		b.picture(name + "-fields")
		b.do("the view", chromedp.Navigate(b.home+"/"), chromedp.Click(chromedp.CSS(".view summary")))
		b.picture(name + "-view")
		b.do("compact, without text", chromedp.Click(chromedp.CSS(`.view input[value=compact]`)), chromedp.Click(chromedp.CSS(`.view input[value=text]`)), chromedp.Click(chromedp.CSS(".view button")))
		b.see("a compact list", `!document.querySelector(".view").open && document.querySelector(".items.compact") && document.querySelector(".view input[value=compact]").checked`)
		b.picture(name + "-compact")
	}
	b.quiet()
}

// dragScript drags from the second bar's place to the fifth.
const dragScript = `(() => {
  const c = document.querySelector(".hist svg[data-first]"), r = c.getBoundingClientRect(), w = r.width / c.dataset.slots;
  const at = (type, n, on) => on.dispatchEvent(new PointerEvent(type, { bubbles: true, button: 0, clientX: r.left + (n + .5) * w, clientY: r.top + 20 }));
  at("pointerdown", 1, c); at("pointermove", 4, window); at("pointerup", 4, window);
})()`
