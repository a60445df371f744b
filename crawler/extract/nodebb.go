package extract

import (
	"regexp"
	"strings"

	"veghe"
)

// nodeBB is NodeBB, by its read API: every page has the same as JSON below
// /api.
var nodeBB = api{
	name:  "nodebb",
	mark:  compile(`script[src*="nodebb.min.js"], link[href*="nodebb.min.js"], script#ajaxify-data`),
	paths: regexp.MustCompile(`/api/(?:categories|recent|popular|top|unsolved|category/|topic/|tags/)`),
	lead: func(p *page, site, path string) {
		switch {
		case nodeBBTopic.MatchString(path):
			m := nodeBBTopic.FindStringSubmatch(path)
			p.leadTo(site+"/api/topic/"+m[1], Thread, nodeBBTalk(site, m[1]), "")
		case strings.HasPrefix(path, "/category/"), strings.HasPrefix(path, "/tags/"):
			p.leadTo(site+"/api"+path, Front, "", "")
		default:
			p.leadTo(site+"/api/categories", Front, "", "")
			p.leadTo(site+"/api/recent", Front, "", "")
		}
	},
	read: func(p *page, site string) error { return p.nodeBB(site) },
}

var nodeBBTopic = regexp.MustCompile(`^/topic/(\d{1,18})(?:/|$)`)

func nodeBBTalk(site, n string) veghe.ThreadID { return veghe.ThreadID(site + "/topic/" + n) }

type nodeBBCategory struct {
	Slug     string `json:"slug"`
	Disabled any    `json:"disabled"`
	Children few[struct {
		Slug string `json:"slug"`
	}] `json:"children"`
}

type nodeBBPage struct {
	Tid        ident               `json:"tid"`
	Title      string              `json:"titleRaw"`
	Escaped    string              `json:"title"`
	Slug       string              `json:"slug"`
	Categories few[nodeBBCategory] `json:"categories"`
	Children   few[nodeBBCategory] `json:"children"`
	Topics     few[struct {
		Tid     ident  `json:"tid"`
		Deleted any    `json:"deleted"`
		Posts   ident  `json:"postcount"`
		Last    ident  `json:"lastposttime"`
		LastISO string `json:"lastposttimeISO"`
	}] `json:"topics"`
	Posts few[struct {
		Pid     ident  `json:"pid"`
		Content string `json:"content"`
		ISO     string `json:"timestampISO"`
		Index   int    `json:"index"`
		ToPid   ident  `json:"toPid"`
		Deleted any    `json:"deleted"`
		Event   string `json:"eventText"`
		User    struct {
			Display string `json:"displayname"`
			Name    string `json:"username"`
		} `json:"user"`
	}] `json:"posts"`
	Pagination struct {
		Current int `json:"currentPage"`
		Count   int `json:"pageCount"`
	} `json:"pagination"`
}

// yes reads what NodeBB writes as 1, "1" or true.
func yes(v any) bool { return v == true || v == 1.0 || v == "1" || v == "true" }

func (p *page) nodeBB(site string) error {
	var in nodeBBPage
	if err := p.decode(&in); err != nil {
		return err
	}
	for _, c := range append(in.Categories, in.Children...) {
		if c.Slug == "" || yes(c.Disabled) {
			continue
		}
		p.leadTo(site+"/api/category/"+slug(c.Slug), List, "", "")
		for _, k := range c.Children {
			p.leadTo(site+"/api/category/"+slug(k.Slug), List, "", "")
		}
	}
	for _, t := range in.Topics {
		if n := t.Tid.digits(); n != "" && !yes(t.Deleted) {
			p.leadTo(site+"/api/topic/"+n, Thread, nodeBBTalk(site, n), hash(string(t.Posts), string(t.Last), t.LastISO))
		}
	}
	if len(in.Posts) > 0 && in.Tid.digits() != "" {
		p.nodeBBPosts(site, &in)
	}
	if in.Pagination.Current > 0 && in.Pagination.Current < in.Pagination.Count && len(in.Posts)+len(in.Topics) > 0 {
		p.nextPage("page", itoa(in.Pagination.Current+1), Next)
	}
	return nil
}

func (p *page) nodeBBPosts(site string, in *nodeBBPage) {
	n := in.Tid.digits()
	p.thread = string(nodeBBTalk(site, n))
	for _, v := range in.Posts {
		if yes(v.Deleted) || v.Pid == "" || v.Index < 0 || v.Index > maxSeq || (v.Content == "" && v.Event != "") {
			continue
		}
		d := draft{
			kind: veghe.Forum, inThread: true, native: "pid-" + string(v.Pid), author: v.User.Display, posted: p.clock.parse(v.ISO),
			seq: v.Index + 1, url: site + "/topic/" + n + "/-/" + itoa(v.Index+1),
		}
		if d.author == "" {
			d.author = v.User.Name
		}
		d.text, d.quotes = fromMarkup(v.Content)
		if v.ToPid != "" && v.ToPid != "0" {
			d.replyTo = "pid-" + string(v.ToPid)
		}
		if v.Index == 0 {
			if d.title = in.Title; d.title == "" {
				d.title, _ = fromMarkup(in.Escaped)
			}
		}
		p.drafts = append(p.drafts, d)
	}
}
