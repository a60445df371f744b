package extract

import "regexp"

// MyBB 1.8, by the names of its default theme.
var myBB = &board{
	name:   "mybb",
	mark:   compile(`#powered_by a[href*="mybb.com"], #copyright a[href*="mybb.com"]`),
	forums: compile(`td strong a[href*="forumdisplay.php?fid="], td strong a[href*="forum-"]`),
	row:    compile(`tr.inline_row`),
	item:   compile(`span[id^=tid_] a`),
	stamps: []value{compile(`a[onclick*="whoPosted"], a[href*="whoposted"]`), compile(`.lastpost`)},
	title:  compile(`td.thead > div > strong, td.thead > strong`),
	post:   compile(`div.post[id^=post_]`),
	parts: newCompiled(&Selectors{
		ID: "@id", Author: ".author_information strong", Text: ".post_body", Posted: ".post_date",
		ReplyTo: "blockquote cite a @href",
	}),
	seq:    compile(`.post_head .float_right strong a`),
	next:   compile(`a.pagination_next`),
	later:  regexp.MustCompile(`[?&]page=\d|-page-\d|[?&]pid=`),
	id:     "pid",
	thread: regexp.MustCompile(`(?:showthread\.php\?(?:[^#]*&)?tid=(\d{1,18})|thread-(\d{1,18})).*$`),
	talk:   "showthread.php?tid=N",
}
