package main

import (
	"context"
	"errors"
	"os"
	"runtime/debug"
	"sync"

	"veghe/detect/lang"
	"veghe/detect/lang/lingua"
)

// secondOpinion loads lingua's models when an opinion is first wanted, so
// that a veghe without posts stays small. Until they are loaded it has none.
type secondOpinion struct {
	accuracy lingua.Accuracy

	mu     sync.Mutex // guards what follows
	closed bool
	second *lingua.Second
}

// newLanguages makes the language detector and its second opinion, which is
// nil when it is off. Close the opinion when done.
func newLanguages(opinion string) (*lang.Detector, *secondOpinion, error) {
	if opinion == "off" {
		d, err := lang.New(lang.Options{})
		return d, nil, err
	}
	s := &secondOpinion{accuracy: lingua.Accuracy(opinion)}
	d, err := lang.New(lang.Options{Second: s})
	return d, s, err
}

// Opinion implements lang.Second.
func (s *secondOpinion) Opinion(text string) []lang.Vote {
	second, err := s.load()
	if err != nil {
		return nil
	}
	return second.Opinion(text)
}

// Wait loads the models and returns when they are there.
func (s *secondOpinion) Wait(ctx context.Context) error {
	second, err := s.load()
	if err != nil {
		return err
	}
	return second.Wait(ctx)
}

func (s *secondOpinion) load() (*lingua.Second, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.closed {
		return nil, errors.New("closed")
	}
	if s.second != nil {
		return s.second, nil
	}
	if s.accuracy == lingua.High && os.Getenv("GOGC") == "" {
		// The models are 300 MB that stay: garbage may not grow as large.
		debug.SetGCPercent(20)
	}
	var err error
	s.second, err = lingua.New(lingua.Options{Accuracy: s.accuracy})
	return s.second, err
}

// Close stops loading. It may be called twice.
func (s *secondOpinion) Close() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.closed = true
	if s.second == nil {
		return nil
	}
	return s.second.Close()
}
