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

// size is what an author of a table takes besides the name. Posts share their
// ids with the events; of those that went into a base the table alone has them.
func (e *entry) size() int64 {
	n := entryBytes + hitBytes*(len(e.Against)+len(e.State.Added)) + 3*hitBytes*len(e.State.Families)
	for _, id := range e.State.Posts {
		n += textBytes + len(id)
	}
	return int64(n)
}

// measure adds up the authors of a table that came from outside.
func (t *table) measure() {
	t.authors = 0
	for name, e := range t.Authors {
		t.authors += int64(len(name)) + e.size()
	}
}

// size is what a table takes.
func (t *table) size() int64 {
	return t.authors + int64((textBytes+3*hitBytes)*cap(t.Said)+textBytes*(len(t.Voices)+len(t.Talkers)))
}

// size is what a conversation takes.
func (c *conversation) size() int64 {
	key := len(c.key.Source) + len(c.key.Thread) + len(c.key.Author)
	n := int64(talkBytes+key+8*(cap(c.saved.Folded)+cap(c.hashes))) + c.events + c.folded + c.live.size()
	if c.again.table != nil {
		n += c.again.table.size()
	}
	return n
}
