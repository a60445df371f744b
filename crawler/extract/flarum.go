package extract

import (
	"encoding/json"
	"net/url"
	"regexp"

	"veghe"
)

// flarum is Flarum, by its public JSON:API: discussions, and the posts of one.
var flarum = api{
	name:  "flarum",
	mark:  compile(`#flarum-content, #flarum-json-payload, #flarum-loading`),
	paths: regexp.MustCompile(`/api/(?:discussions|posts)$`),
	lead: func(p *page, site, path string) {
		if m := flarumTopic.FindStringSubmatch(path); m != nil {
			p.leadTo(flarumPosts(site, m[1]), Thread, flarumTalk(site, m[1]), "")
			return
		}
		p.leadTo(site+"/api/discussions?sort=-lastPostedAt", Front, "", "")
	},
	read: func(p *page, site string) error { return p.flarum(site) },
}

var flarumTopic = regexp.MustCompile(`^/d/(\d{1,18})(?:-|/|$)`)

func flarumTalk(site, n string) veghe.ThreadID { return veghe.ThreadID(site + "/d/" + n) }

func flarumPosts(site, n string) string {
	return site + "/api/posts?filter%5Bdiscussion%5D=" + n + "&page%5Blimit%5D=50&sort=number"
}

// flarumRef names another resource (JSON:API 1.0, 5.2.4).
type flarumRef struct {
	Data struct {
		ID ident `json:"id"`
	} `json:"data"`
}

type flarumThing struct {
	Type       string `json:"type"`
	ID         ident  `json:"id"`
	Attributes struct {
		Title    string `json:"title"`
		Last     string `json:"lastPostedAt"`
		Comments int    `json:"commentCount"`
		Hidden   bool   `json:"isHidden"`
		Number   int    `json:"number"`
		Created  string `json:"createdAt"`
		Content  string `json:"contentType"`
		HTML     string `json:"contentHtml"`
		Display  string `json:"displayName"`
		Name     string `json:"username"`
	} `json:"attributes"`
	Relationships struct {
		User       flarumRef `json:"user"`
		Discussion flarumRef `json:"discussion"`
	} `json:"relationships"`
}

func (p *page) flarum(site string) error {
	var in struct {
		Links struct {
			Next json.RawMessage `json:"next"`
		} `json:"links"`
		Data     few[flarumThing] `json:"data"`
		Included few[flarumThing] `json:"included"`
	}
	if err := p.decode(&in); err != nil {
		return err
	}
	names, titles := make(map[ident]string), make(map[ident]string)
	for i := range in.Included {
		switch t := &in.Included[i]; t.Type {
		case "users":
			if names[t.ID] = t.Attributes.Display; names[t.ID] == "" {
				names[t.ID] = t.Attributes.Name
			}
		case "discussions":
			titles[t.ID] = t.Attributes.Title
		}
	}
	for i := range in.Data {
		t := &in.Data[i]
		switch n := t.ID.digits(); {
		case n == "" || t.Attributes.Hidden:
		case t.Type == "discussions":
			p.leadTo(flarumPosts(site, n), Thread, flarumTalk(site, n), hash(t.Attributes.Last, itoa(t.Attributes.Comments)))
		case t.Type == "posts" && t.Attributes.Content == "comment":
			p.flarumPost(site, t, names, titles)
		}
	}
	var next string
	if json.Unmarshal(in.Links.Next, &next) == nil && len(in.Data) > 0 {
		if u, err := url.Parse(next); err == nil && u.Path == p.url.Path && u.Host == p.url.Host {
			p.leadTo(next, Next, "", "")
		}
	}
	return nil
}

func (p *page) flarumPost(site string, t *flarumThing, names, titles map[ident]string) {
	a := &t.Attributes
	talk := t.Relationships.Discussion.Data.ID
	n := talk.digits()
	if n == "" {
		n = ident(p.url.Query().Get("filter[discussion]")).digits()
	}
	if n == "" {
		return
	}
	d := draft{
		kind: veghe.Forum, inThread: true, native: "post-" + t.ID.digits(), threadRef: string(flarumTalk(site, n)),
		author: names[t.Relationships.User.Data.ID], posted: p.clock.parse(a.Created),
	}
	if d.seq = a.Number; d.seq < 0 || d.seq > maxSeq {
		d.seq = 0
	}
	d.url = site + "/d/" + n + "/" + itoa(d.seq)
	d.text, d.quotes = fromMarkup(a.HTML)
	if m := flarumMention.FindStringSubmatch(clip(a.HTML, 4096)); m != nil {
		d.replyTo = "post-" + m[1] // an answer begins with a mention of the post
	}
	if d.seq == 1 {
		d.title = titles[talk]
	}
	p.drafts = append(p.drafts, d)
}

var flarumMention = regexp.MustCompile(`^\s*<p>\s*<a [^>]*class="PostMention"[^>]*data-id="(\d{1,18})"`)
