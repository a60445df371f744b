package extract

import (
	"cmp"
	"regexp"
	"strings"

	"veghe"
)

// discourse is Discourse, by its public JSON: any page of it has the same with
// ".json" after its path. A list says of each topic when it was last bumped; a
// topic comes twenty posts at a time, with the ids of all.
var discourse = api{
	name:  "discourse",
	mark:  compile(`meta[name=generator][content^="Discourse"]`),
	paths: regexp.MustCompile(`/(?:(?:latest|new|top)\.json|c/[^?#]+\.json|tag/[^/?#]+\.json|t/(?:[^/]+/)?\d+\.json)$`),
	lead: func(p *page, site, path string) {
		switch {
		case discourseTopic.MatchString(path):
			n := discourseTopic.FindStringSubmatch(path)[1]
			p.leadTo(site+"/t/"+n+".json", Thread, discourseTalk(site, n), "")
		case strings.HasPrefix(path, "/c/"):
			p.leadTo(site+strings.TrimSuffix(path, "/")+".json", Front, "", "")
		default:
			p.leadTo(site+"/latest.json", Front, "", "")
		}
	},
	read: func(p *page, site string) error {
		if discourseTopic.MatchString(strings.TrimSuffix(p.url.Path, ".json")) {
			return p.discourseTopic(site)
		}
		return p.discourseList(site)
	},
}

var discourseTopic = regexp.MustCompile(`/t/(?:[^/]+/)?(\d{1,18})(?:/\d+)?/?$`)

func discourseTalk(site, n string) veghe.ThreadID { return veghe.ThreadID(site + "/t/" + n) }

func (p *page) discourseList(site string) error {
	var in struct {
		List struct {
			More   string `json:"more_topics_url"`
			Topics few[struct {
				ID      ident  `json:"id"`
				Bumped  string `json:"bumped_at"`
				Last    string `json:"last_posted_at"`
				Highest int    `json:"highest_post_number"`
				Visible *bool  `json:"visible"`
			}] `json:"topics"`
		} `json:"topic_list"`
	}
	if err := p.decode(&in); err != nil {
		return err
	}
	for _, t := range in.List.Topics {
		if n := t.ID.digits(); n != "" && (t.Visible == nil || *t.Visible) {
			p.leadTo(site+"/t/"+n+".json", Thread, discourseTalk(site, n), hash(t.Bumped, t.Last, itoa(t.Highest)))
		}
	}
	if in.List.More != "" && len(in.List.Topics) > 0 {
		p.nextPage("page", itoa(atoi(p.url.Query().Get("page"))+1), Next)
	}
	return nil
}

func (p *page) discourseTopic(site string) error {
	var in struct {
		ID     ident  `json:"id"`
		Title  string `json:"title"`
		Slug   string `json:"slug"`
		Stream struct {
			Posts few[struct {
				ID      ident  `json:"id"`
				Number  int    `json:"post_number"`
				Type    int    `json:"post_type"`
				User    string `json:"username"`
				Cooked  string `json:"cooked"`
				Created string `json:"created_at"`
				ReplyTo int    `json:"reply_to_post_number"`
				Hidden  bool   `json:"hidden"`
				Deleted bool   `json:"user_deleted"`
			}] `json:"posts"`
			Stream lastID `json:"stream"`
		} `json:"post_stream"`
	}
	if err := p.decode(&in); err != nil {
		return err
	}
	n := cmp.Or(in.ID.digits(), discourseTopic.FindStringSubmatch(strings.TrimSuffix(p.url.Path, ".json"))[1])
	p.thread = string(discourseTalk(site, n))
	where := site + "/t/" + cmp.Or(slug(in.Slug), "-") + "/" + n
	last := ident("")
	for _, v := range in.Stream.Posts {
		last = v.ID
		if v.Type > 2 || v.Hidden || v.Deleted || v.Number < 1 || v.Number > maxSeq {
			continue // a notice such as "closed", or taken away
		}
		d := draft{
			kind: veghe.Forum, inThread: true, author: v.User, posted: p.clock.parse(v.Created), seq: v.Number,
			native: "t" + n + "/p" + itoa(v.Number), url: where + "/" + itoa(v.Number),
		}
		d.text, d.quotes = fromMarkup(v.Cooked)
		if v.ReplyTo > 0 {
			d.replyTo = "t" + n + "/p" + itoa(v.ReplyTo)
		}
		if v.Number == 1 {
			d.title = in.Title
		}
		p.drafts = append(p.drafts, d)
	}
	if last != "" && in.Stream.Stream != "" && string(last) != string(in.Stream.Stream) {
		p.nextPage("page", itoa(pageNumber(p.url, "page")+1), Next)
	}
	return nil
}

// lastID is the last of a list of numbers that may be very long.
type lastID string

var finalNumber = regexp.MustCompile(`(\d{1,19})\s*\]$`)

// UnmarshalJSON keeps the last number of a list.
func (l *lastID) UnmarshalJSON(b []byte) error {
	if m := finalNumber.FindSubmatch(b[max(0, len(b)-64):]); m != nil {
		*l = lastID(m[1])
	}
	return nil
}
