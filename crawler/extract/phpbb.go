package extract

import "regexp"

// phpBB 3, by the names of prosilver, its own style, which others build on.
var phpBB = &board{
	name:   "phpbb",
	mark:   compile(`body#phpbb, a[href^="https://www.phpbb.com/"]`),
	forums: compile(`a.forumtitle, a.subforum`),
	row:    compile(`ul.topiclist.topics > li.row`),
	item:   compile(`a.topictitle`),
	stamps: []value{compile(`dd.posts`), compile(`dd.lastpost`)},
	title:  compile(`h2.topic-title, #page-body > h2`),
	post:   compile(`div.post[id]`),
	parts: newCompiled(&Selectors{
		ID: "@id", Author: `p.author .username, p.author .username-coloured, p.author strong`,
		Text: `.content`, Posted: `p.author time`, ReplyTo: `blockquote cite a[href*="p="] @href`,
	}),
	dated:  compile(`p.author`),
	next:   compile(`.pagination li.next a, .pagination a[rel=next]`),
	later:  regexp.MustCompile(`[?&]start=[1-9]|[?&]p=\d`),
	id:     "p",
	thread: regexp.MustCompile(`viewtopic\.php\?(?:[^#]*&)?t=(\d{1,18})[^#]*`),
	talk:   "viewtopic.php?t=N",
}
