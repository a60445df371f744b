package main

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"net/url"
	"text/tabwriter"
	"time"

	"veghe"
	"veghe/stream"
)

// deadList is what dlq list shows. More says that the list was cut.
type deadList struct {
	Letters []deadLetter `json:"letters"`
	More    bool         `json:"more,omitempty"`
}

type deadLetter struct {
	stream.Letter
	Post   veghe.PostID    `json:"post,omitempty"`
	Source veghe.SourceID  `json:"source,omitempty"`
	Value  json.RawMessage `json:"value,omitempty"` // only when one is shown
	Raw    []byte          `json:"raw,omitempty"`   // instead, when the value is not JSON
}

const maxListed = 1000

var errListFull = errors.New("list full")

func newDeadLetter(l stream.Letter) deadLetter {
	return deadLetter{Letter: l, Post: veghe.PostID(l.Header(headerID)), Source: veghe.SourceID(l.Header(headerSource))}
}

func listDead(ctx context.Context, d stream.DeadLetters) (deadList, error) {
	out := deadList{Letters: []deadLetter{}}
	err := d.List(ctx, func(l stream.Letter) error {
		if len(out.Letters) == maxListed {
			out.More = true
			return errListFull
		}
		out.Letters = append(out.Letters, newDeadLetter(l))
		return nil
	})
	if errors.Is(err, errListFull) {
		err = nil
	}
	return out, err
}

func showDead(ctx context.Context, d stream.DeadLetters, id string) (deadLetter, error) {
	l, r, err := d.Show(ctx, id)
	if err != nil {
		return deadLetter{}, err
	}
	out := newDeadLetter(l)
	if json.Valid(r.Value) {
		out.Value = r.Value
	} else {
		out.Raw = r.Value
	}
	return out, nil
}

func retryDead(ctx context.Context, d stream.DeadLetters, id string) (int, error) {
	if id == "" {
		return d.Retry(ctx, nil)
	}
	if err := d.RetryID(ctx, id); err != nil {
		return 0, err
	}
	return 1, nil
}

func dlqCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("dlq", e.err)
	asJSON := f.Bool("json", false, "print JSON")
	all := f.Bool("all", false, "retry: every dead letter")
	args, err := f.parse(args)
	if err != nil {
		return err
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	verb, id := arg(args, 0), arg(args, 1)
	var one deadLetter
	var list deadList
	var retried struct{ Retried int }
	switch {
	case verb == "list" && len(args) == 1:
		err = withDead(ctx, &cfg, e, http.MethodGet, "/dead", &list, func(d stream.DeadLetters) (err error) { list, err = listDead(ctx, d); return err })
	case verb == "show" && len(args) == 2:
		err = withDead(ctx, &cfg, e, http.MethodGet, "/dead/"+url.PathEscape(id), &one, func(d stream.DeadLetters) (err error) { one, err = showDead(ctx, d, id); return err })
	case verb == "retry" && (len(args) == 2) != *all:
		err = withDead(ctx, &cfg, e, http.MethodPost, "/dead/retry?id="+url.QueryEscape(id), &retried, func(d stream.DeadLetters) (err error) { retried.Retried, err = retryDead(ctx, d, id); return err })
	default:
		return usageError{"want list, show ID, retry ID or retry -all"}
	}
	if err != nil {
		return err
	}
	switch {
	case verb == "show" || *asJSON && verb == "list":
		var v any = one
		if verb == "list" {
			v = list
		}
		enc := json.NewEncoder(e.out)
		enc.SetIndent("", "  ")
		return enc.Encode(v)
	case verb == "list":
		return printDead(e, list)
	case *asJSON:
		return json.NewEncoder(e.out).Encode(map[string]int{"retried": retried.Retried})
	}
	_, err = fmt.Fprintf(e.out, "%d put back into the stream\n", retried.Retried)
	return err
}

func arg(args []string, i int) string {
	if i < len(args) {
		return args[i]
	}
	return ""
}

// withDead asks the running veghe, or opens the stream itself if none runs.
func withDead(ctx context.Context, cfg *config, e env, method, path string, into any, direct func(stream.DeadLetters) error) error {
	err := newLocal(cfg.Data).ops(ctx, method, path, into)
	if !errors.Is(err, errNotRunning) {
		return err
	}
	log, closeLog, err := openStreamAlone(ctx, cfg, e)
	if err != nil {
		return err
	}
	return errors.Join(direct(stream.DeadLetters{Log: log, Topic: veghe.DeadTopic}), closeLog())
}

func printDead(e env, list deadList) error {
	if len(list.Letters) == 0 {
		_, err := fmt.Fprintln(e.out, "no dead letters")
		return err
	}
	w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
	fmt.Fprintln(w, "ID\tGIVEN UP\tFROM\tSOURCE\tPOST\tERROR")
	for _, l := range list.Letters {
		fmt.Fprintf(w, "%s\t%s\t%s\t%s\t%.12s\t%s\n", l.ID, l.Time.Format(time.DateTime), l.Topic, l.Source, l.Post, l.Error)
	}
	if list.More {
		fmt.Fprintf(w, "…\tonly the first %d are shown\n", maxListed)
	}
	return w.Flush()
}
