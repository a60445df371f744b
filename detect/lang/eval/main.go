// Command eval measures language detection on files of one text a line, named
// after their language, in folders:
//
//	go run ./detect/lang/eval -data ../shared/data/langid
//
// Each set of texts, as it is and with diacritics removed, is shown to the
// first stage alone, to the cascade with its second opinion, and to lingua by
// itself, in the same run, so that their costs can be compared. The columns
// are explained by -h.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"

	"veghe/detect/lang"
	"veghe/detect/lang/lingua"
)

func main() {
	if err := run(os.Args[1:], os.Stdout); err != nil && !errors.Is(err, flag.ErrHelp) {
		fmt.Fprintln(os.Stderr, "eval:", err)
		os.Exit(1) //nolint:forbidigo // a command
	}
}

const columns = `
columns:
  right    % of texts whose likeliest language is the right one
  among    % of texts that have the right one among the candidates
  cands    candidates per text
  rules    % among, of texts in the languages with rules
  cands    candidates per text in these
  und      % of texts left undetermined
  CPU µs   processor time per text, of all threads
  ratio    the time of lingua by itself to this
`

func run(args []string, w io.Writer) error {
	flags := flag.NewFlagSet("eval", flag.ContinueOnError)
	data := flags.String("data", "", "`folder` of folders of files such as ro.txt; empty measures invented texts only")
	second := flags.String("second", "high", "second opinion of the cascade: high, low or off")
	alone := flags.Bool("lingua", true, "measure lingua by itself too")
	only := flags.String("lang", "", "print the figures of one language too; \"each\" for all")
	part := flags.String("part", "", "measure the odd or the even lines only")
	flags.Usage = func() {
		fmt.Fprintln(flags.Output(), "usage: eval [flags]")
		flags.PrintDefaults()
		fmt.Fprint(flags.Output(), columns)
	}
	if err := flags.Parse(args); err != nil {
		return err
	}
	sets, err := load(*data, *part)
	if err != nil {
		return err
	}
	first, err := lang.New(lang.Options{})
	if err != nil {
		return err
	}
	rivals := []rival{{"first", first.Detect}}
	last := first
	if *second != string(lingua.Off) {
		opinion, err := lingua.New(lingua.Options{Accuracy: lingua.Accuracy(*second)})
		if err != nil {
			return err
		}
		defer opinion.Close() //nolint:errcheck // always nil
		if err := opinion.Wait(context.Background()); err != nil {
			return err
		}
		if last, err = lang.New(lang.Options{Second: opinion}); err != nil {
			return err
		}
		rivals = append(rivals, rival{"cascade", last.Detect})
	}
	if *alone {
		rivals = append(rivals, rival{"lingua", plain()})
	}
	report(w, sets, rivals, *only)
	return mixed(w, last, sets)
}
