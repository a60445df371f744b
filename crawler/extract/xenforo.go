package extract

import "regexp"

// XenForo 2, by the names of its default style.
var xenForo = &board{
	name:   "xenforo",
	mark:   compile(`html#XF`),
	forums: compile(`.node-title a, .node-subNodeFlatList a`),
	row:    compile(`.structItem--thread`),
	item:   compile(`.structItem-title a:not(.labelLink)`),
	stamps: []value{compile(`.structItem-cell--meta dl`), compile(`time.structItem-latestDate`)},
	title:  compile(`h1.p-title-value`),
	post:   compile(`article.message[data-content^="post-"]`),
	parts: newCompiled(&Selectors{
		ID: "@data-content", Author: "@data-author", Text: ".message-body .bbWrapper",
		Posted: ".message-attribution time", ReplyTo: ".message-body blockquote @data-source",
	}),
	seq:    compile(`.message-attribution-opposite li:last-child a`),
	next:   compile(`a.pageNav-jump--next`),
	later:  regexp.MustCompile(`/page-\d+`),
	id:     "post-",
	thread: regexp.MustCompile(`threads/(?:[^/?#]*\.)?(\d{1,18})(?:[/?].*)?$`),
	talk:   "threads/N/",
}
