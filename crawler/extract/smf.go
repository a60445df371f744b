package extract

import "regexp"

// Simple Machines Forum 2.0 and 2.1. The rel=next of 2.0 leads to another
// thread, so the next page is the link after the number of this one.
var smf = &board{
	name:   "smf",
	mark:   compile(`#smflogo, a[href*="www.simplemachines.org"]`),
	forums: compile(`a.subject[href*="board="], .board_title a[href*="board="]`),
	row:    compile(`#messageindex tbody tr, #topic_container > div`),
	item:   compile(`span[id^=msg_] a`),
	stamps: []value{compile(`.lastpost`)},
	title:  compile(`#top_subject, h5[id^=subject_]`),
	post:   compile(`.post_wrapper`),
	parts: newCompiled(&Selectors{
		ID: ".inner @id", Author: ".poster h4 a, .poster h4:not(:has(a))", Text: ".inner", Posted: ".keyinfo .smalltext, .postinfo .smalltext",
		ReplyTo: ".inner .quoteheader a, .inner blockquote cite a @href",
	}),
	here:   compile(`.pagelinks strong, .pagelinks .current_page`),
	later:  regexp.MustCompile(`[?;&]topic=\d+\.(?:[1-9]|msg|new)`),
	id:     "msg",
	thread: regexp.MustCompile(`index\.php\?(?:[^#]*[;&])?topic=(\d{1,18})[^#]*`),
	talk:   "index.php?topic=N.0",
}
