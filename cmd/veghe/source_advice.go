package main

import (
	"slices"
	"strings"

	"veghe/crawler"
)

// sourceHelp is what `veghe source -h` says.
const sourceHelp = `veghe source looks at a site, adds it to the sources, and stops one at once.

  veghe source test   URL      what is recognised there and which posts come out; keeps nothing
  veghe source add    URL      the same, then writes it into the configuration (made if missing)
  veghe source list            how each source is
  veghe source pause  ID       asks nothing of it any more, at once
  veghe source resume ID       goes on where it was

For example:

  veghe source add https://forum.example.org/ -c veghe.yaml \
      -operator "County office" -contact office@example.org \
      -purpose "offers of work abroad to minors" -legal-basis "order 12 of the office"

veghe source VERB -h lists its flags. docs/sources.md says what is recognised.
`

// adviceOn says what to do about a look that found no posts.
func adviceOn(p crawler.Probed) string {
	if len(p.Pages) == 0 {
		return "give the address of a list of threads or ads, or of a feed"
	}
	first, last := &p.Pages[0], &p.Pages[len(p.Pages)-1]
	if first.Outcome == crawler.OK && last.Outcome == crawler.Gone {
		return "the list is read, but what it leads to is not there: try another list"
	}
	if first.Outcome == crawler.OK && last.Outcome != crawler.OK && last.Outcome != crawler.Unparsed {
		return "the list is read, but not what it leads to: " + adviceOnOutcome(last)
	}
	return adviceOnOutcome(first)
}

func adviceOnOutcome(p *crawler.ProbedPage) string {
	switch p.Outcome {
	case crawler.Robots:
		return "its robots.txt forbids the address to veghe, which keeps to it: choose a part that is allowed, or write to the site"
	case crawler.RobotsDown:
		return "its robots.txt cannot be read, and then nothing may be: try again later"
	case crawler.NoIndex:
		return "the page asks not to be kept by programs, and is not: choose another, or write to the site"
	case crawler.Refused:
		return "the site does not let programs in, or wants a log-in: veghe gets around neither"
	case crawler.Throttled, crawler.ServerError, crawler.TimedOut:
		return "the site is busy or in trouble: try again later, with a lower -rate"
	case crawler.Unreachable:
		return "is the address right, and does a browser reach it from this machine?"
	case crawler.Gone:
		return "there is no such page: copy the address from a browser"
	case crawler.OutOfScope:
		return "if that is the same site, give its address there"
	case crawler.Media:
		return "give the address of a page: veghe reads text only"
	case crawler.Blocked:
		return "only http and https, usual ports and public addresses are read; -allow-loopback for a test on this machine"
	case crawler.OK, crawler.Unparsed:
		return adviceOnPage(p)
	}
	return "open the address in a browser and compare"
}

func adviceOnPage(p *crawler.ProbedPage) string {
	switch {
	case p.Engine != "" && p.Engine != "selectors":
		return "it is known (" + p.Engine + ") but shows no posts: give a list of threads, or one thread with posts that everyone may read"
	case p.Engine == "selectors":
		return "the selectors find nothing on it: compare them with the source of the page"
	case len(p.Next)+p.Left == 0:
		return "the page has neither text nor links without JavaScript, which veghe does not run: look for a feed, a sitemap, or a version for simple browsers"
	}
	return "this kind of site is not known: name what posts look like with selectors in the configuration (docs/sources.md), or look for a feed; -type page takes each page as one text"
}

// adviceOnSource names the flags for what a source lacks.
func adviceOnSource(err error) string {
	var flags []string
	for said, flag := range map[string]string{
		"purpose is missing":     `-purpose "why it is read, in a sentence"`,
		"legal_basis is missing": `-legal-basis "the law or decision that allows it"`,
		"allow_loopback: true":   "-allow-loopback",
		"id is ":                 "-id short-name",
	} {
		if strings.Contains(err.Error(), said) {
			flags = append(flags, flag)
		}
	}
	if len(flags) == 0 {
		return ""
	}
	return "give " + strings.Join(slices.Sorted(slices.Values(flags)), " and ")
}
