package extract

import "regexp"

const (
	vBulletinThread = `(?:showthread\.php[?/](?:[^#]*&)?(?:t=)?(\d{1,18})|threads/(\d{1,18})).*$`
	vBulletinMark   = `meta[name=generator][content^="vBulletin"]`
)

// vBulletin 4, with both of its forms of a post.
var vBulletin4 = &board{
	name:   "vbulletin",
	mark:   compile(vBulletinMark),
	forums: compile(`.forumtitle a, .subforum a`),
	row:    compile(`li.threadbit`),
	item:   compile(`a.title`),
	stamps: []value{compile(`.threadstats li`), compile(`.threadlastpost`)},
	title:  compile(`.threadtitle`),
	post:   compile(`li.postcontainer[id^=post_]`),
	parts: newCompiled(&Selectors{
		ID: "@id", Author: ".username_container .username", Text: ".postcontent", Posted: ".postdate",
		ReplyTo: ".bbcode_postedby a @href",
	}),
	seq:    compile(`a.postcounter`),
	next:   compile(`.pagination a[rel=next], .threadpagenav a[rel=next]`),
	later:  regexp.MustCompile(`/page\d+|[?&]page=\d`),
	id:     "post_",
	thread: regexp.MustCompile(vBulletinThread),
	talk:   "showthread.php?t=N",
}

// vBulletin 5, whose threads are topics below the forum they are in.
var vBulletin5 = &board{
	name:   "vbulletin",
	mark:   compile(`meta[name=generator][content^="vBulletin 5"], meta[name=generator][content^="vBulletin 6"]`),
	forums: compile(`a.forum-title, a.subforum-title`),
	row:    compile(`tr.topic-item`),
	item:   compile(`a.topic-title`),
	stamps: []value{compile(`.posts-count`), compile(`.lastpost-date`)},
	title:  compile(`h1.main-title`),
	post:   compile(`li.b-post[data-node-id]`),
	parts: newCompiled(&Selectors{
		ID: "@data-node-id", Author: ".author", Text: ".js-post__content-text", Posted: `time[itemprop=dateCreated]`,
		ReplyTo: ".bbcode_postedby a @href",
	}),
	seq:    compile(`a.b-post__count`),
	next:   compile(`link[rel=next], a.js-pagenav-next-button`),
	later:  regexp.MustCompile(`/page\d+`),
	id:     "post_",
	thread: regexp.MustCompile(`/(\d{1,18})-[^/?#]*(?:/page\d+.*)?$`),
	talk:   "/N",
}
