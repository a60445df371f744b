package history

// What a conversation takes is added up from what it holds, in the sizes of a
// 64-bit machine, allocator and map included by a flat share. It is an
// estimate; a test holds it to what the heap says.

const (
	talkBytes  = 800 // a conversation, its key and its places in the store
	eventBytes = 160 // an event and its share of room to grow
	hitBytes   = 32
	entryBytes = 320 // an author of a table
	textBytes  = 16  // of a string besides its bytes
)

// size is what an event takes.
func (e *event) size() int64 {
	n := eventBytes + len(e.Post) + len(e.Author) + hitBytes*(len(e.Own)+len(e.Context))
	return int64(n)
}

// size is what a table takes. Posts share their ids with the events; of those
// that went into a base the table alone has them.
func (t *table) size() int64 {
	n := 0
	for name, e := range t.Authors {
		n += entryBytes + len(name) + hitBytes*(len(e.Against)+len(e.State.Added)) + 3*hitBytes*len(e.State.Families)
		for _, id := range e.State.Posts {
			n += textBytes + len(id)
		}
	}
	n += (textBytes + 3*hitBytes) * cap(t.Said)
	n += textBytes * (len(t.Voices) + len(t.Talkers))
	return int64(n)
}

// size is what a conversation takes. Walking its tables is cheap beside
// counting a post.
func (c *conversation) size() int64 {
	key := len(c.key.Source) + len(c.key.Thread) + len(c.key.Author)
	return int64(talkBytes+key+8*cap(c.saved.Folded)) + c.events + c.folded + c.live.size()
}
