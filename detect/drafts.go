package detect

import (
	"runtime"
	"sync"
	"sync/atomic"

	"veghe"
	"veghe/detect/cluster"
	"veghe/detect/history"
	"veghe/detect/wording"
)

// Drafts are posts that were read, each by itself: most of the work, and
// nothing that depends on other posts. [Engine.Settle] brings those in.
type Drafts struct {
	prog   *program
	posts  []veghe.Post
	drafts []draft
}

// draft is an assessment before what is known of earlier posts.
type draft struct {
	veghe.Assessment
	sketch *cluster.Sketch // nil: the post has no place among templates
	reads  []wording.Tally // by policy, nil if none goes by wording
}

// AssessAll assesses posts on several workers and returns the assessments in
// the order of the posts. The result is that of assessing them one by one:
// texts are read side by side, histories are kept in order. A post that makes
// it panic panics here, in the caller.
func (e *Engine) AssessAll(posts []veghe.Post, workers int) []veghe.Assessment {
	return e.AssessAt(nil, posts, workers)
}

// AssessAt is AssessAll for posts from a stream, each with its place there. A
// post that comes again is assessed as it was the first time. What it changes
// in the histories is told by [Engine.HistoryChanges] until it is confirmed.
func (e *Engine) AssessAt(places []history.Place, posts []veghe.Post, workers int) []veghe.Assessment {
	return e.Settle(places, e.Draft(posts, workers))
}

// Draft is the first half of [Engine.AssessAll], under the rules in force now.
// The next posts may be drafted while these are settled. The posts are to stay
// as they are until then.
func (e *Engine) Draft(posts []veghe.Post, workers int) *Drafts {
	if workers <= 0 {
		workers = runtime.GOMAXPROCS(0)
	}
	d := &Drafts{prog: e.current.Load(), posts: posts, drafts: make([]draft, len(posts))}
	var next atomic.Int64
	var panicked atomic.Value
	read := func() {
		defer func() {
			if v := recover(); v != nil {
				panicked.CompareAndSwap(nil, caught{v})
			}
		}()
		for i := int(next.Add(1)) - 1; i < len(posts); i = int(next.Add(1)) - 1 {
			d.drafts[i] = e.inspect(d.prog, &posts[i], nil)
		}
	}
	var wg sync.WaitGroup
	for range min(workers, len(posts)) {
		wg.Go(read)
	}
	wg.Wait()
	if v := panicked.Load(); v != nil {
		panic(v.(caught).value)
	}
	return d
}

// caught is a panic of a worker on its way to the caller.
type caught struct{ value any }

// Settle is the second half of [Engine.AssessAt]: drafts are settled in the
// order of the stream, once, and not by two goroutines at a time.
func (e *Engine) Settle(places []history.Place, d *Drafts) []veghe.Assessment {
	out := make([]veghe.Assessment, len(d.posts))
	for i := range d.posts {
		at := history.Nowhere
		if places != nil {
			at = places[i]
		}
		e.settle(d.prog, at, &d.posts[i], &d.drafts[i])
		out[i] = d.drafts[i].Assessment
	}
	return out
}

// settle brings in what earlier posts have shown, in the order of the stream.
// Only a post whose features some rule wants is matched again, with them.
func (e *Engine) settle(prog *program, at history.Place, p *veghe.Post, d *draft) {
	if e.near != nil {
		features := e.near.features.Get().(map[string]float64)
		of := e.near.place(p, d, features)
		if prog.set.WantsFeatures(features) {
			again := e.inspect(prog, p, features)
			d.Assessment, d.reads = again.Assessment, again.reads
		}
		d.Cluster = of
		clear(features)
		e.near.features.Put(features)
	}
	prog.judge(at, p, d)
}
