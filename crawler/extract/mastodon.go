package extract

import (
	"regexp"

	"veghe"
)

// mastodon is Mastodon and what answers like it, by the public timelines of
// its API: the newest statuses, and before them the older ones. Statuses stand
// alone; what one answers is kept.
var mastodon = api{
	name:  "mastodon",
	mark:  compile(`#mastodon, script#initial-state`),
	paths: regexp.MustCompile(`/api/v1/timelines/(?:public|tag/[^/?#]+)$`),
	lead: func(p *page, site, path string) {
		if m := mastodonTag.FindStringSubmatch(path); m != nil {
			p.leadTo(site+"/api/v1/timelines/tag/"+slug(m[1])+"?limit="+itoa(mastodonPage), Front, "", "")
			return
		}
		p.leadTo(site+"/api/v1/timelines/public?limit="+itoa(mastodonPage)+"&local=true", Front, "", "")
	},
	read: func(p *page, _ string) error { return p.mastodon() },
}

const mastodonPage = 40 // the most that Mastodon gives at once

var mastodonTag = regexp.MustCompile(`^/tags/([^/?#]{1,100})`)

func (p *page) mastodon() error {
	var in few[struct {
		ID         ident  `json:"id"`
		URL        string `json:"url"`
		Created    string `json:"created_at"`
		ReplyTo    ident  `json:"in_reply_to_id"`
		Visibility string `json:"visibility"`
		Warning    string `json:"spoiler_text"`
		Content    string `json:"content"`
		Account    struct {
			Acct string `json:"acct"`
		} `json:"account"`
		Reblog *struct{} `json:"reblog"`
	}]
	if err := p.decode(&in); err != nil {
		return err
	}
	last := ""
	for _, v := range in {
		if v.ID == "" {
			continue
		}
		last = string(v.ID)
		if v.Visibility != "public" || v.Reblog != nil {
			continue // said to some only, or by another elsewhere
		}
		d := draft{kind: veghe.Forum, native: "status-" + last, author: v.Account.Acct, posted: p.clock.parse(v.Created)}
		d.title, _ = fromMarkup(v.Warning)
		d.text, d.quotes = fromMarkup(v.Content)
		if v.ReplyTo != "" {
			d.replyTo = "status-" + string(v.ReplyTo)
		}
		if u, err := nativeURL(v.URL, p.base); err == nil {
			d.url = u
		}
		p.drafts = append(p.drafts, d)
	}
	p.oldestFirst()
	if len(in) >= 20 && last != "" && last != p.url.Query().Get("max_id") {
		p.nextPage("max_id", last, Older)
	}
	return nil
}
