package web

import (
	"archive/zip"
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"io"
	"strings"
	"testing"

	"veghe"
)

// A case is handed over in one file: the report, every format, and hashes
// that fit.
func TestCasePack(t *testing.T) {
	h, m, kept := workDesk(t)
	if _, err := kept.OpenCase(t.Context(), "Același șofer", "local", noon); err != nil {
		t.Fatal(err)
	}
	post := m.hits[0].Post
	for _, id := range []veghe.PostID{post.ID, "no-longer-kept"} {
		if _, err := kept.AddToCase(t.Context(), "2026-0001", id, "local", "", noon); err != nil {
			t.Fatal(err)
		}
	}
	if w := ask(t, h, "POST", "/cases/2026-0001/pack", form("reason", "")); w.Code != 400 {
		t.Errorf("without a reason: %d, want 400", w.Code)
	}
	w := ask(t, h, "POST", "/cases/2026-0001/pack", form("reason", "for the prosecutor", "what", "pack"))
	if w.Code != 200 || !strings.Contains(w.Header().Get("Content-Disposition"), "veghe-2026-0001-") {
		t.Fatalf("%d %v", w.Code, w.Header())
	}
	files := unzip(t, w.Body.Bytes())
	var list packManifest
	if err := json.Unmarshal(files["manifest.json"], &list); err != nil {
		t.Fatal(err)
	}
	if list.Posts != 1 || list.Reason != "for the prosecutor" || len(list.SHA256) != 8 {
		t.Errorf("the manifest says %+v", list)
	}
	for name, want := range list.SHA256 {
		if sum := sha256.Sum256(files[name]); hex.EncodeToString(sum[:]) != want {
			t.Errorf("%s does not fit its hash", name)
		}
	}
	report := string(files["report.html"])
	wants(t, report, "<style>:root", post.ContentHash, "no-longer-kept", "hxxps://anunturi[.]example[.]org", "pseudonym")
	for name, b := range files {
		if bytes.Contains(b, []byte(post.Author)) {
			t.Errorf("%s names the author", name)
		}
	}
	w = ask(t, h, "POST", "/cases/2026-0001/pack", form("reason", "for the prosecutor", "what", "pack", "handles", "1"))
	if !bytes.Contains(unzip(t, w.Body.Bytes())["posts.jsonl"], []byte(post.Author)) {
		t.Error("the handle was asked for, with a reason, and is not there")
	}
	if r := m.did(ActReveal); len(r) != 1 || r[0].Object != "case 2026-0001" {
		t.Errorf("the reveal is recorded as %+v", r)
	}
}

func unzip(t *testing.T, b []byte) map[string][]byte {
	t.Helper()
	z, err := zip.NewReader(bytes.NewReader(b), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	out := map[string][]byte{}
	for _, f := range z.File {
		r, err := f.Open()
		if err != nil {
			t.Fatal(err)
		}
		if out[f.Name], err = io.ReadAll(r); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// Every format can be had of a search and of a case, by form and by API.
func TestExportFormats(t *testing.T) {
	h, m, kept := workDesk(t)
	if _, err := kept.OpenCase(t.Context(), "One", "local", noon); err != nil {
		t.Fatal(err)
	}
	post := m.hits[0].Post
	if _, err := kept.AddToCase(t.Context(), "2026-0001", post.ID, "local", "", noon); err != nil {
		t.Fatal(err)
	}
	for format, sign := range map[string]string{"csv": "id,source", "jsonl": `"post"`, "stix": `"bundle--`, "misp": `"Event"`, "case": `"@graph"`} {
		for what, body := range map[string]string{
			"a search": ask(t, h, "POST", "/export", form("format", format, "q", "source:anunturi")).Body.String(),
			"a case":   ask(t, h, "GET", "/api/v1/export?format="+format+"&case=2026-0001", "").Body.String(),
		} {
			if !strings.Contains(body, sign) || strings.Contains(body, string(post.Author)+`"`) {
				t.Errorf("%s of %s: %.300s", format, what, body)
			}
		}
	}
	revealed := ask(t, h, "POST", "/export", form("format", "csv", "case", "2026-0001", "reason", "asked by the prosecutor")).Body.String()
	if !strings.Contains(revealed, string(post.Author)) {
		t.Errorf("got %s", revealed)
	}
	for target, status := range map[string]int{
		"/api/v1/export?format=pdf": 400, "/api/v1/export?format=stix&case=2026-0009": 404, "/api/v1/export?format=csv&caze=1": 400,
	} {
		if w := ask(t, h, "GET", target, ""); w.Code != status {
			t.Errorf("%s: %d, want %d", target, w.Code, status)
		}
	}
}

// A report is for paper: the text is not blurred, and nothing in it runs.
func TestPostReport(t *testing.T) {
	h, m := newDesk(t, nil)
	m.hits[0].Post.Text += "\n<script>alert(1)</script>\u202e"
	page := ask(t, h, "GET", postPath(m.hits[0].Post.ID)+"/report", "").Body.String()
	wants(t, page, "Report to print", "&lt;script&gt;", "RLO", "cules", m.hits[0].Post.ContentHash)
	if strings.Contains(page, "<script") || strings.Contains(page, `class="care`) {
		t.Error("the report has a script or blurs")
	}
}
