package lingua

import (
	"container/list"
	"sync"

	"veghe/detect/lang"
)

// cache keeps the answers asked for most recently.
type cache struct {
	mu    sync.Mutex // guards all below
	size  int
	order *list.List // of entry, the newest first
	items map[string]*list.Element
}

type entry struct {
	text  string
	votes []lang.Vote
}

func newCache(size int) *cache {
	return &cache{size: size, order: list.New(), items: make(map[string]*list.Element, size)}
}

// get returns an answer. Callers must not change it.
func (c *cache) get(text string) ([]lang.Vote, bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	e, ok := c.items[text]
	if !ok {
		return nil, false
	}
	c.order.MoveToFront(e)
	return e.Value.(entry).votes, true
}

func (c *cache) put(text string, votes []lang.Vote) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if _, ok := c.items[text]; ok {
		return
	}
	c.items[text] = c.order.PushFront(entry{text, votes})
	if c.order.Len() > c.size {
		last := c.order.Back()
		delete(c.items, last.Value.(entry).text)
		c.order.Remove(last)
	}
}
