package stream

import (
	"encoding/json"
	"errors"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
)

// TestDecodeError wants reasons that a person can act on and that never quote
// the value.
func TestDecodeError(t *testing.T) {
	type inner struct {
		When time.Time `json:"when"`
	}
	type value struct {
		Page  int   `json:"page"`
		Inner inner `json:"inner"`
	}
	for in, want := range map[string]string{
		``:                            "not JSON: wrong at byte 0",
		`{"page": secret}`:            "not JSON: wrong at byte 10",
		`{"page": "secret"}`:          "cannot be decoded: page is a JSON string, want int",
		`{"page": 1234567890.5}`:      "cannot be decoded: page is a JSON number, want int",
		`["secret"]`:                  "cannot be decoded: a JSON array, want stream.value",
		`{"inner":{"when":"secret"}}`: "cannot be decoded: *time.ParseError",
	} {
		var v value
		err := json.Unmarshal([]byte(in), &v)
		if err == nil {
			t.Fatalf("%s is no bad value", in)
		}
		if got := decodeError(err).Error(); got != want {
			t.Errorf("%s: %q, want %q", in, got, want)
		}
	}
}

// TestPanicError wants the place of a panic, and of what was said only the
// runtime's words.
func TestPanicError(t *testing.T) {
	var list []int
	var none *Record
	for name, tt := range map[string]struct {
		f    func()
		want string
	}{
		"index":      {func() { _ = list[3] }, "panic: runtime error: index out of range [3] with length 0"},
		"nil":        {func() { none.Partition++ }, "panic: runtime error: invalid memory address or nil pointer dereference"},
		"own words":  {func() { panic("secret") }, "panic with a string"},
		"own error":  {func() { panic(errors.New("secret")) }, "panic with a *errors.errorString"},
		"from below": {func() { _ = strings.Repeat("secret", -1) }, "panic with a string at strings.go:"},
	} {
		got := caught(tt.f).Error()
		if !strings.HasPrefix(got, tt.want) || strings.Contains(got, "secret") {
			t.Errorf("%s: %q, want it to begin %q", name, got, tt.want)
		}
		if name != "from below" && !strings.Contains(got, " at topic_test.go:") {
			t.Errorf("%s: %q, want its place", name, got)
		}
	}
}

func caught(f func()) (err error) {
	defer func() { err = newPanicError(recover()) }()
	f()
	return nil
}

// TestLetterRoundTrip wants the record back as it was, and headers of an
// earlier death gone, but for the count of retries.
func TestLetterRoundTrip(t *testing.T) {
	own := []Header{{"id", []byte("p1")}, {"source", []byte("board")}}
	r := Record{
		Key: []byte("k"), Value: []byte("v"), Partition: 2, Offset: 7, Time: time.Unix(5, 123).UTC(),
		Headers: append([]Header{{deadRetries, []byte("1")}, {deadError, []byte("an earlier one")}}, own...),
	}
	dead := newLetter(&r, "posts", "detect", failure{errors.New(strings.Repeat("ă", 400)), 3})
	dead.Partition, dead.Offset = 0, 17
	got := parseLetter(&dead)
	if got.letter.Time.IsZero() {
		t.Error("the letter has no time")
	}
	got.letter.Time = time.Time{}
	want := Letter{
		ID: "0-17", Error: strings.Repeat("ă", 250) + "…", Topic: "posts", Group: "detect", Partition: 2, Offset: 7,
		Attempts: 3, Retries: 1, Appended: r.Time, Key: "k", Headers: own, Bytes: 1,
	}
	if d := cmp.Diff(want, got.letter); d != "" {
		t.Errorf("letter (-want +got):\n%s", d)
	}
	if d := cmp.Diff(Record{Key: r.Key, Value: r.Value, Headers: own}, got.record); d != "" {
		t.Errorf("record (-want +got):\n%s", d)
	}
}

// TestForeignLetter is a record in the topic that is no dead letter.
func TestForeignLetter(t *testing.T) {
	p := parseLetter(&Record{Value: []byte("v"), Partition: 1, Offset: 3})
	if p.letter.Topic != "" || !strings.Contains(p.letter.Error, "not a dead letter") {
		t.Errorf("letter is %+v, want one without an origin that says so", p.letter)
	}
}
