package web

import (
	"bufio"
	"bytes"
	"errors"
	"fmt"
	"io"
	"net/http"

	"veghe"
)

const (
	ingestBatch = 500       // posts handed over at once
	batchBytes  = 8 << 20   // bytes handed over at once
	maxRejected = 1000      // rejections listed in an answer; the rest is counted
	readBuffer  = 64 * 1024 // bytes
)

// ingested answers a POST of posts. Every line that is not empty is counted
// once, as accepted or as rejected.
type ingested struct {
	Accepted      int        `json:"accepted"`
	Rejected      []rejected `json:"rejected"`
	RejectedTotal int        `json:"rejected_total"`
}

type rejected struct {
	Line  int    `json:"line"` // from 1
	Error string `json:"error"`
}

// apiIngest takes posts as JSON Lines and answers when the good ones are
// durable. A line that cannot be read is reported and the rest goes on.
func (d *desk) apiIngest(w http.ResponseWriter, r *http.Request) error {
	out, err := d.ingest(r)
	if noteErr := d.note(r.Context(), ActIngest, fmt.Sprintf("%d posts", out.Accepted), ""); noteErr != nil {
		return noteErr
	}
	if err != nil {
		return ingestError(out, err)
	}
	return writeJSON(w, http.StatusOK, out)
}

// ingestError tells how much was kept before it failed: sending all of it
// again does no harm, because posts keep their ids.
func ingestError(out ingested, err error) error {
	f := &failure{status: http.StatusServiceUnavailable, key: "error.internal", cause: err}
	f.detail = fmt.Sprintf("%d posts were accepted, then keeping them failed: send all of it again later", out.Accepted)
	if big, ok := errors.AsType[*http.MaxBytesError](err); ok {
		f.status = http.StatusRequestEntityTooLarge
		f.detail = fmt.Sprintf("%d posts were accepted, the rest is over the limit of %d bytes: send smaller parts", out.Accepted, big.Limit)
	}
	return f
}

func (d *desk) ingest(r *http.Request) (ingested, error) {
	out := ingested{Rejected: []rejected{}}
	in := bufio.NewReaderSize(r.Body, readBuffer)
	var batch []veghe.Post
	size := 0
	flush := func() error {
		if len(batch) == 0 {
			return nil
		}
		if err := d.Ingest(r.Context(), batch); err != nil {
			return err
		}
		out.Accepted += len(batch)
		batch, size = nil, 0
		return nil
	}
	for n := 1; ; n++ {
		line, err := readLine(in, veghe.MaxPost)
		if err != nil && !errors.Is(err, io.EOF) && !errors.Is(err, errLongLine) {
			return out, errors.Join(err, flush())
		}
		end := errors.Is(err, io.EOF)
		if len(bytes.TrimSpace(line)) > 0 || errors.Is(err, errLongLine) {
			post, perr := d.parse(line, err)
			if perr != nil {
				out.reject(n, perr)
			} else {
				batch, size = append(batch, post), size+len(line)
			}
		}
		if end || len(batch) >= ingestBatch || size >= batchBytes {
			if err := flush(); err != nil {
				return out, err
			}
		}
		if end {
			return out, nil
		}
	}
}

func (o *ingested) reject(line int, err error) {
	o.RejectedTotal++
	if len(o.Rejected) < maxRejected {
		o.Rejected = append(o.Rejected, rejected{line, err.Error()})
	}
}

func (d *desk) parse(line []byte, err error) (veghe.Post, error) {
	if errors.Is(err, errLongLine) {
		return veghe.Post{}, err
	}
	p, err := veghe.ParsePost(line)
	now := d.Clock().UTC()
	if p.CollectedAt.IsZero() || p.CollectedAt.After(now) {
		p.CollectedAt = now
	}
	return p, err
}

var errLongLine = fmt.Errorf("line is over %d bytes", veghe.MaxPost)

// readLine returns the next line without its end. At the end of input it
// returns what is left with io.EOF. A line over limit bytes is read past and
// gives errLongLine.
func readLine(r *bufio.Reader, limit int) ([]byte, error) {
	var line []byte
	for {
		part, err := r.ReadSlice('\n')
		line = append(line, part...)
		switch {
		case len(line) > limit+1:
			if errors.Is(err, bufio.ErrBufferFull) {
				rest(r)
			}
			return nil, errLongLine
		case errors.Is(err, bufio.ErrBufferFull):
			continue
		case err != nil:
			return line, err
		}
		return bytes.TrimSuffix(bytes.TrimSuffix(line, []byte{'\n'}), []byte{'\r'}), nil
	}
}
