package main

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"text/tabwriter"
	"time"

	"veghe/detect/model"
)

func modelCmd(ctx context.Context, e env, args []string) error {
	f := newFlags("model", e.err)
	asJSON := f.Bool("json", false, "print JSON")
	out := f.String("o", "", "train: the `file` to write (default model.veghe in the data folder)")
	export := f.String("reviewed", "", "learn from this `file`, an export as JSON Lines, instead of the data folder")
	n := f.Int("n", 20, "show: how many words on either side")
	rest, err := f.parse(args)
	if err != nil {
		return err
	}
	cfg, err := f.config()
	if err != nil {
		return err
	}
	switch verb := arg(rest, 0); verb {
	case "train":
		return modelTrain(ctx, e, cfg, *export, *out, *asJSON)
	case "evaluate":
		return modelEvaluate(ctx, e, cfg, *export, *asJSON)
	case "show":
		return modelShow(e, modelFile(cfg, arg(rest, 1)), *n, *asJSON)
	default:
		return usageError{fmt.Sprintf("there is no %q, want train, evaluate or show", verb)}
	}
}

func modelFile(cfg config, name string) string {
	if name == "" {
		return cfg.path("model.veghe")
	}
	return name
}

// examplesOf are the reviewed posts as the model sees them.
func examplesOf(r *reviewedPosts) []model.Example {
	out := make([]model.Example, len(r.posts))
	for i := range r.posts {
		p := &r.posts[i]
		out[i] = model.Example{
			Title: p.post.Title, Text: p.post.Text, Relevant: p.relevant, Group: p.group, Reviewed: p.at,
		}
		for _, s := range p.score {
			out[i].Rules = max(out[i].Rules, s)
		}
	}
	return out
}

func modelTrain(ctx context.Context, e env, cfg config, export, out string, asJSON bool) error {
	r, bad := readReviewed(ctx, e, cfg, export)
	if r == nil {
		return bad
	}
	m, err := model.Train(examplesOf(r), r.rules)
	if err != nil {
		return withHint(errors.Join(fmt.Errorf("a model cannot be trained: %w", err), bad), "review more posts in the desk, some of them unflagged; a model of few reviews repeats chance")
	}
	var file bytes.Buffer
	if err := m.Write(&file); err != nil {
		return err
	}
	out = modelFile(cfg, out)
	if err := writeFile(out, file.Bytes()); err != nil {
		return fmt.Errorf("writing the model: %w", err)
	}
	if asJSON {
		err = modelJSON(e.out, m, 0)
	} else {
		printCard(e.out, m)
		_, err = fmt.Fprintf(e.out, "\nwritten to %s; it is used once the configuration says model: %s\n", out, filepath.ToSlash(out))
	}
	return errors.Join(err, bad)
}

func modelEvaluate(ctx context.Context, e env, cfg config, export string, asJSON bool) error {
	r, bad := readReviewed(ctx, e, cfg, export)
	if r == nil {
		return bad
	}
	report, err := model.Evaluate(examplesOf(r))
	if err != nil {
		return errors.Join(fmt.Errorf("a model cannot be measured: %w", err), bad)
	}
	if asJSON {
		enc := json.NewEncoder(e.out)
		enc.SetIndent("", "  ")
		return errors.Join(enc.Encode(report), bad)
	}
	if r.unsure+r.gone > 0 {
		fmt.Fprintf(e.out, "left out: %d decisions that are unsure, %d posts that are no longer kept\n", r.unsure, r.gone)
	}
	return errors.Join(printReport(e.out, &report), bad)
}

// printReport shows the model beside the rules.
func printReport(out io.Writer, r *model.Report) error {
	fmt.Fprintf(out, "%d reviewed posts, %d relevant, in %d groups that share no author, thread or template; %d folds\n\n",
		r.Posts, r.Relevant, r.Groups, r.Folds)
	w := tabwriter.NewWriter(out, 0, 4, 2, ' ', 0)
	fmt.Fprintf(w, "\tPR-AUC\t\tROC-AUC\t\tRECALL AT %d ALERTS\t\n", r.Alerts)
	side := func(name string, s *model.Side) {
		fmt.Fprintf(w, "%s\t%.3f\t(%.3f–%.3f)\t%.3f\t(%.3f–%.3f)\t%.3f\t(%.3f–%.3f)\n", name,
			s.PR, s.PRInterval.Low, s.PRInterval.High, s.ROC, s.ROCInterval.Low, s.ROCInterval.High,
			s.Recall, s.RecallInterval.Low, s.RecallInterval.High)
	}
	side("rules", &r.Rules)
	side("model", &r.Model)
	fmt.Fprintf(w, "model ahead by\t\t(%+.3f…%+.3f)\t\t(%+.3f…%+.3f)\t\t\n",
		r.AheadPR.Low, r.AheadPR.High, r.AheadROC.Low, r.AheadROC.High)
	return w.Flush()
}

// readModel reads a model file.
func readModel(path string) (*model.Model, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, withHint(err, "veghe model train makes a model from reviews")
	}
	m, err := model.Read(f)
	err = errors.Join(err, f.Close())
	if err != nil {
		return nil, withHint(fmt.Errorf("%s: %w", path, err), "veghe model train makes a new one")
	}
	return m, nil
}

// companion reads the model that the configuration names, nil for none. One
// made for another way of folding is left out with a warning: an upgrade must
// not keep the rules from watching.
func (c *config) companion(log *slog.Logger) (*model.Model, error) {
	if c.Model == "" {
		return nil, nil
	}
	m, err := readModel(c.Model)
	if errors.Is(err, model.ErrFolding) {
		log.Warn("the companion model is not used", "error", err)
		return nil, nil
	}
	return m, err
}

func modelShow(e env, path string, n int, asJSON bool) error {
	m, err := readModel(path)
	if err != nil {
		return err
	}
	if asJSON {
		return modelJSON(e.out, m, n)
	}
	printCard(e.out, m)
	c := m.Card()
	for _, side := range []struct {
		title string
		words []model.Named
	}{{"words that speak for a post being relevant", c.Relevants}, {"words that speak against it", c.NotRelevants}} {
		fmt.Fprintf(e.out, "\n%s\n", side.title)
		w := tabwriter.NewWriter(e.out, 0, 4, 2, ' ', 0)
		for _, word := range side.words[:min(n, len(side.words))] {
			fmt.Fprintf(w, "  %+.2f\t%s\tin %d posts\n", word.Weight, oneLine(word.Words), word.Posts)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	return nil
}

func printCard(out io.Writer, m *model.Model) {
	c := m.Card()
	fmt.Fprintf(out, "model %s, from %d relevant and %d not relevant posts", m.Version(), c.Relevant, c.NotRelevant)
	if !c.LastReview.IsZero() {
		fmt.Fprintf(out, ", reviewed %s to %s", c.FirstReview.Format(time.DateOnly), c.LastReview.Format(time.DateOnly))
	}
	fmt.Fprintf(out, "\nrules %s, folding %s; it marks posts of a score from %.2f\n", oneLine(c.Rules), oneLine(c.Folding), model.Logistic(c.Threshold))
	if c.Evaluation != nil {
		fmt.Fprintln(out)
		_ = printReport(out, c.Evaluation) // as the lines above, what cannot be printed is lost
	}
}

func modelJSON(out io.Writer, m *model.Model, n int) error {
	c := m.Card()
	c.Relevants, c.NotRelevants = c.Relevants[:min(n, len(c.Relevants))], c.NotRelevants[:min(n, len(c.NotRelevants))]
	enc := json.NewEncoder(out)
	enc.SetIndent("", "  ")
	enc.SetEscapeHTML(false)
	return enc.Encode(map[string]any{"version": m.Version(), "card": c})
}
