package cluster

import (
	"sync"

	"veghe"
)

// maxContacts is how many contacts a generation of Contacts holds.
const maxContacts = 1 << 16

// Contacts remembers who has written a contact, and where. It is bounded: what
// has not been met for longest is forgotten. It is safe for concurrent use.
type Contacts struct {
	mu    sync.Mutex
	known map[string]bool
	seen  lately[*reach]
}

// reach is how far one contact has spread.
type reach struct{ Authors, Places, Templates set }

// NewContacts returns an empty memory. The known contacts, such as helplines,
// stand in texts of many people for good reason and are not looked at.
func NewContacts(known []string) *Contacts {
	c := &Contacts{seen: lately[*reach]{most: maxContacts}}
	c.Know(known)
	return c
}

// Know replaces the known contacts.
func (c *Contacts) Know(known []string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.known = make(map[string]bool, len(known))
	for _, k := range known {
		c.known[k] = true
	}
}

// Reach is how many different authors, places and templates the most spread
// of some contacts has, at most 64 each, and never one for another reason
// than that it stands in this post.
type Reach struct{ People, Places, Templates int }

// Add enters the contacts of a post and returns how far they have spread,
// this post included. Entering a post twice changes nothing.
func (c *Contacts) Add(m Member, templateID string) (r Reach) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, value := range m.Contacts {
		if c.known[value] {
			continue
		}
		key := hash("", value)
		v, ok := c.seen.get(key)
		if !ok {
			v = &reach{}
		}
		if m.Author != "" {
			v.Authors.add(hash(string(m.Source), string(m.Author)))
		}
		for _, p := range m.Places {
			v.Places.add(hash("", p))
		}
		if templateID != "" {
			v.Templates.add(hash("", templateID))
		}
		c.seen.put(key, v)
		r.People = max(r.People, len(v.Authors))
		r.Places = max(r.Places, len(v.Places))
		r.Templates = max(r.Templates, len(v.Templates))
	}
	return r
}

// Bounds of Voices.
const (
	maxVoices  = 1 << 16 // authors in a generation
	lastPosts  = 32      // of one author
	fewToShare = 5       // posts, below which a share of them says nothing
)

// Voices remembers of the last posts of each author in which conversations
// they stand and which ask something: whom somebody addresses, not what is
// said. It is bounded and safe for concurrent use.
type Voices struct {
	mu      sync.Mutex
	authors lately[*voice]
}

type voice struct{ Posts []uttered }

type uttered struct{ Post, Thread uint32 } // the lowest bit of Thread: asks

// NewVoices returns an empty memory.
func NewVoices() *Voices { return &Voices{authors: lately[*voice]{most: maxVoices}} }

// Manner is how an author has written lately.
type Manner struct {
	Threads   int     // in so many conversations
	Questions float64 // share of posts that ask; below 0: too few posts to say
}

// Add enters a post and returns the manner of its author, this post included.
// A post that is among the last already changes nothing.
func (v *Voices) Add(source veghe.SourceID, author veghe.AuthorID, thread veghe.ThreadID, post veghe.PostID, asks bool) Manner {
	v.mu.Lock()
	defer v.mu.Unlock()
	key := hash(string(source), string(author))
	a, ok := v.authors.get(key)
	if !ok {
		a = &voice{}
	}
	u := uttered{uint32(hash("", string(post))), uint32(hash("", string(thread))) &^ 1}
	if asks {
		u.Thread |= 1
	}
	a.add(u)
	v.authors.put(key, a)
	return a.manner()
}

func (a *voice) add(u uttered) {
	for _, o := range a.Posts {
		if o.Post == u.Post {
			return
		}
	}
	if len(a.Posts) == lastPosts {
		copy(a.Posts, a.Posts[1:])
		a.Posts = a.Posts[:lastPosts-1]
	}
	a.Posts = append(a.Posts, u)
}

func (a *voice) manner() Manner {
	m := Manner{Questions: -1}
	asking := 0
	for i, u := range a.Posts {
		asking += int(u.Thread & 1)
		fresh := 1
		for _, o := range a.Posts[:i] {
			if o.Thread|1 == u.Thread|1 {
				fresh = 0
				break
			}
		}
		m.Threads += fresh
	}
	if len(a.Posts) >= fewToShare {
		m.Questions = float64(asking) / float64(len(a.Posts))
	}
	return m
}
