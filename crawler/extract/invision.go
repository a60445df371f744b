package extract

import "regexp"

// Invision Community 4 (IPS), by the names of its default theme.
var invision = &board{
	name:   "invision",
	mark:   compile(`body.ipsApp`),
	forums: compile(`.cForumRow .ipsDataItem_title a, .cForumGrid__title a, .cForumRow .ipsDataItem_subList a`),
	row:    compile(`li.ipsDataItem[data-rowid]`),
	item:   compile(`.ipsDataItem_title a[href*="topic/"]`),
	stamps: []value{compile(`.ipsDataItem_stats li`), compile(`.ipsDataItem_lastPoster time`)},
	title:  compile(`h1.ipsType_pageTitle`),
	post:   compile(`article[id^=elComment_]`),
	parts: newCompiled(&Selectors{
		ID: "@id", Author: ".cAuthorPane_author", Text: "[data-role=commentContent]", Posted: "time",
		ReplyTo: "[data-role=commentContent] blockquote @data-ipsquote-contentcommentid",
	}),
	next:   compile(`li.ipsPagination_next:not(.ipsPagination_inactive) a`),
	later:  regexp.MustCompile(`[?&]page=\d|/page/\d`),
	id:     "comment-",
	thread: regexp.MustCompile(`topic/(\d{1,18})[^#]*`),
	talk:   "topic/N/",
}
