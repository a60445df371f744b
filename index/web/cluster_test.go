package web

import (
	"context"
	"net/http"
	"testing"

	"veghe"
	"veghe/index"
)

// copies finds two posts of template t1, and none of others.
type copies struct{ *memory }

func (c copies) Search(_ context.Context, q index.Query) (index.Result, error) {
	if q.Text != "cluster:t1" || !q.All {
		return index.Result{}, nil
	}
	hit := func(id veghe.PostID, text string, day int) index.Hit {
		return index.Hit{Post: veghe.Post{ID: id, Source: "s", Author: "somebody", Text: text, PostedAt: noon.AddDate(0, 0, day)}}
	}
	return index.Result{Total: 2, Hits: []index.Hit{hit("1", "vand casa", 2), hit("2", "vand masa", 1)}}, nil
}

func TestAPICluster(t *testing.T) {
	h, _ := newDesk(t, func(c *Config) {
		c.Search = copies{c.Search.(*memory)}
		c.Template = func(texts []string) []TemplatePiece {
			return []TemplatePiece{{Text: texts[0], Slot: true, Values: []TemplateValue{{Text: texts[1], Count: 1}}}}
		}
	})
	v := decode[clusterView](t, ask(t, h, "GET", "/api/v1/clusters/t1", ""))
	if v.Total != 2 || len(v.Hits) != 2 || len(v.Template) != 1 || v.Template[0].Values[0].Text != "vand masa" {
		t.Errorf("got %+v, want both copies and their template", v)
	}
	if v.First == nil || !v.First.Equal(noon.AddDate(0, 0, 1)) || !v.Last.Equal(noon.AddDate(0, 0, 2)) {
		t.Errorf("from %v to %v, want the times of the copies", v.First, v.Last)
	}
	if v.Hits[0].Post.Author == "somebody" {
		t.Error("the handle of an author is shown without a reason")
	}
	if w := ask(t, h, "GET", "/api/v1/clusters/t2", ""); w.Code != http.StatusNotFound {
		t.Errorf("got %d, want 404", w.Code)
	}
	if w := ask(t, h, "GET", "/api/v1/clusters/t1?sizes=3", ""); w.Code != http.StatusBadRequest {
		t.Errorf("a misspelt parameter got %d, want 400", w.Code)
	}
}
