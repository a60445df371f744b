// Eval measures detect/cluster on texts of which the templates are known:
// adjusted Rand index, precision and recall of pairs, texts per second.
//
//	go run ./detect/cluster/eval FILE   JSON Lines with text and cluster
package main

import (
	"bufio"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"time"

	"veghe"
	"veghe/detect/cluster"
	"veghe/detect/text"
)

func main() {
	if len(os.Args) != 2 {
		fmt.Fprintln(os.Stderr, "want one file of JSON Lines, each with text and cluster")
		os.Exit(2)
	}
	if err := run(os.Args[1]); err != nil {
		fmt.Fprintln(os.Stderr, err)
		os.Exit(1)
	}
}

type known struct {
	ID      string `json:"id"`
	Text    string `json:"text"`
	Cluster int    `json:"cluster"`
	Level   string `json:"level"`
}

func run(name string) error {
	all, err := load(name)
	if err != nil {
		return err
	}
	x := cluster.New(cluster.Options{})
	var d text.Doc
	var s cluster.Sketch
	got := make([]string, len(all))
	began := time.Now()
	for i := range all {
		d.Fold(all[i].Text)
		s.Make(&d)
		got[i] = x.Add(&s, cluster.Member{ID: veghe.PostID(all[i].ID), At: began}).ID
	}
	took := time.Since(began)
	for i := range all { // templates may have become one since
		d.Fold(all[i].Text)
		s.Make(&d)
		if id := x.Add(&s, cluster.Member{ID: veghe.PostID(all[i].ID), At: began}).ID; id != "" {
			got[i] = id
		} else {
			got[i] = all[i].ID // by itself
		}
	}
	truth := make([]string, len(all))
	for i := range all {
		truth[i] = fmt.Sprint(all[i].Cluster)
	}
	r := cluster.Compare(got, truth)
	fmt.Printf("%d texts, %d templates: adjusted Rand index %.4f, pairs precision %.4f recall %.4f, %.0f texts/s\n",
		len(all), x.Len(), r.ARI, r.Precision, r.Recall, float64(len(all))/took.Seconds())
	return nil
}

func load(name string) (all []known, err error) {
	f, err := os.Open(name)
	if err != nil {
		return nil, err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	dec := json.NewDecoder(bufio.NewReader(f))
	for {
		var k known
		if err := dec.Decode(&k); errors.Is(err, io.EOF) {
			return all, nil
		} else if err != nil {
			return nil, err
		}
		all = append(all, k)
	}
}
