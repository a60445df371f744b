package extract

import (
	"regexp"

	"veghe"
)

// lemmy is Lemmy, by version 3 of its API: the posts of the instance, and the
// comments of one. A post and its comments are a thread.
var lemmy = api{
	name:  "lemmy",
	mark:  compile(`.lemmy-site, #app[class*="lemmy"]`),
	paths: regexp.MustCompile(`/api/v3/(?:post|comment)(?:/list)?$`),
	lead: func(p *page, site, path string) {
		community := ""
		if m := lemmyPost.FindStringSubmatch(path); m != nil {
			p.leadTo(site+"/api/v3/post?id="+m[1], Thread, lemmyTalk(site, m[1]), "")
			return
		} else if m := lemmyCommunity.FindStringSubmatch(path); m != nil {
			community = "&community_name=" + m[1]
		}
		p.leadTo(site+"/api/v3/post/list?limit="+itoa(lemmyPage)+"&sort=New&type_=Local"+community, Front, "", "")
	},
	read: func(p *page, site string) error { return p.lemmy(site) },
}

const lemmyPage = 50 // the most that Lemmy gives at once

var (
	lemmyPost      = regexp.MustCompile(`^/post/(\d{1,18})`)
	lemmyCommunity = regexp.MustCompile(`^/c/([A-Za-z0-9_.@-]{1,200})`)
	lemmyUp        = regexp.MustCompile(`(\d{1,18})\.\d{1,18}$`)
)

func lemmyTalk(site, n string) veghe.ThreadID { return veghe.ThreadID(site + "/post/" + n) }

type lemmyPerson struct {
	Name    string `json:"name"`
	Display string `json:"display_name"`
}

type lemmyView struct {
	Post struct {
		ID        ident  `json:"id"`
		Name      string `json:"name"`
		Body      string `json:"body"`
		Published string `json:"published"`
		Removed   bool   `json:"removed"`
		Deleted   bool   `json:"deleted"`
	} `json:"post"`
	Comment struct {
		ID        ident  `json:"id"`
		Content   string `json:"content"`
		Published string `json:"published"`
		Path      string `json:"path"`
		Removed   bool   `json:"removed"`
		Deleted   bool   `json:"deleted"`
	} `json:"comment"`
	Creator lemmyPerson `json:"creator"`
	Counts  struct {
		Comments int    `json:"comments"`
		Newest   string `json:"newest_comment_time"`
	} `json:"counts"`
}

func (p *page) lemmy(site string) error {
	var in struct {
		View     *lemmyView     `json:"post_view"`
		Posts    few[lemmyView] `json:"posts"`
		Comments few[lemmyView] `json:"comments"`
	}
	if err := p.decode(&in); err != nil {
		return err
	}
	if in.View != nil {
		in.Posts = few[lemmyView]{*in.View}
	}
	p.threads = len(in.Posts) > 0
	for i := range in.Posts {
		p.lemmyPost(site, &in.Posts[i])
	}
	for i := range in.Comments {
		p.lemmyComment(site, &in.Comments[i])
	}
	if in.View == nil && len(in.Posts)+len(in.Comments) >= lemmyPage {
		kind := Next
		if len(in.Posts) > 0 {
			kind = Older // the list moves on as posts come
		}
		p.nextPage("page", itoa(pageNumber(p.url, "page")+1), kind)
	}
	return nil
}

func (p *page) lemmyPost(site string, v *lemmyView) {
	n := v.Post.ID.digits()
	if n == "" || v.Post.Removed || v.Post.Deleted {
		return
	}
	talk := lemmyTalk(site, n)
	d := draft{
		kind: veghe.Forum, inThread: true, seq: 1, native: "post-" + n, threadRef: string(talk), url: string(talk),
		author: v.author(), title: v.Post.Name, posted: p.clock.parse(v.Post.Published),
	}
	if d.text, d.quotes = markdown(v.Post.Body); d.text == "" {
		d.text = plainText(v.Post.Name) // a headline that leads elsewhere
	}
	p.drafts = append(p.drafts, d)
	if v.Counts.Comments < 1 {
		return
	}
	u, err := Canonical(site+"/api/v3/comment/list?limit="+itoa(lemmyPage)+"&post_id="+n+"&sort=Old&type_=All", nil)
	if err == nil {
		p.link(Link{URL: u, Kind: Thread, Thread: talk, Seq: 1, Mark: hash(v.Counts.Newest, itoa(v.Counts.Comments))})
	}
}

func (p *page) lemmyComment(site string, v *lemmyView) {
	n, talk := v.Comment.ID.digits(), v.Post.ID.digits()
	if n == "" || talk == "" || v.Comment.Removed || v.Comment.Deleted {
		return
	}
	d := draft{
		kind: veghe.Forum, inThread: true, native: "comment-" + n, threadRef: string(lemmyTalk(site, talk)), url: site + "/comment/" + n,
		author: v.author(), posted: p.clock.parse(v.Comment.Published), replyTo: "post-" + talk,
	}
	if m := lemmyUp.FindStringSubmatch(v.Comment.Path); m != nil && m[1] != "0" {
		d.replyTo = "comment-" + m[1] // the path names all it stands below, from 0
	}
	d.text, d.quotes = markdown(v.Comment.Content)
	p.drafts = append(p.drafts, d)
}

func (v *lemmyView) author() string {
	if v.Creator.Name != "" {
		return v.Creator.Name // display names are not unique
	}
	return v.Creator.Display
}
