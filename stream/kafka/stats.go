package kafka

import "sync/atomic"

// Stats counts what a Log did since it was opened.
type Stats struct {
	Appended      int64 // records acknowledged
	AppendRetries int64 // produce requests that were sent again
	Handled       int64 // records whose handler returned nil
	HandlerErrors int64 // calls of handlers that returned an error
	Commits       int64 // offsets committed
	CommitErrors  int64 // commits that failed and were tried again
	Generations   int64 // times a group was joined or shared anew
	FetchErrors   int64 // fetches that failed and were tried again
	// Skipped counts records that retention deleted before a group handled
	// them. Alert on any.
	Skipped int64
	// Rewound counts the times a committed offset was past the end of its
	// partition, as after a lost disk, and was set back to the end.
	Rewound int64
	// Messages counts what kafka-go itself reported as errors.
	Messages int64
}

type counters struct {
	appended, appendRetries, handled, handlerErrors, commits, commitErrors,
	generations, fetchErrors, skipped, rewound, messages atomic.Int64
}

// Stats returns the counts. They only grow.
func (l *Log) Stats() Stats {
	c := &l.stats
	return Stats{
		Appended:      c.appended.Load(),
		AppendRetries: c.appendRetries.Load(),
		Handled:       c.handled.Load(),
		HandlerErrors: c.handlerErrors.Load(),
		Commits:       c.commits.Load(),
		CommitErrors:  c.commitErrors.Load(),
		Generations:   c.generations.Load(),
		FetchErrors:   c.fetchErrors.Load(),
		Skipped:       c.skipped.Load(),
		Rewound:       c.rewound.Load(),
		Messages:      c.messages.Load(),
	}
}
