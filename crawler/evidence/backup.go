package evidence

import (
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
)

// BackupFile takes one file of a backup: its name within the folder, and
// exactly size bytes.
type BackupFile func(name string, size int64, r io.Reader) error

// Backup copies the folder as it is now while captures are added. The files
// are opened at one moment, for which adding waits, and read afterwards: they
// only grow, or are replaced as a whole.
func (s *Store) Backup(ctx context.Context, add BackupFile) error {
	files, err := s.openAll()
	defer func() {
		for _, f := range files {
			_ = f.Close() // only read
		}
	}()
	if err != nil {
		return fmt.Errorf("evidence: opening what is to be copied: %w", err)
	}
	for _, f := range files {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := add(f.name, f.size, io.NewSectionReader(f, 0, f.size)); err != nil {
			return fmt.Errorf("evidence: copying %s: %w", f.name, err)
		}
	}
	return nil
}

// openFile is a file and how much of it stood in it.
type openFile struct {
	*os.File
	name string
	size int64
}

func (s *Store) openAll() (files []openFile, err error) {
	s.file.Lock()
	defer s.file.Unlock()
	segments, err := listSegments(s.dir)
	if err != nil {
		return nil, err
	}
	paths := []string{filepath.Join(s.dir, idFile), filepath.Join(s.dir, keptFile), filepath.Join(s.dir, chainFile)}
	for _, name := range segments {
		paths = append(paths, segmentPath(s.dir, name))
	}
	for _, path := range paths {
		f, err := os.Open(path)
		if errors.Is(err, fs.ErrNotExist) {
			continue // nothing was marked yet, no segment was closed yet
		}
		if err != nil {
			return files, err
		}
		files = append(files, openFile{File: f, name: filepath.Base(path)})
		fi, err := f.Stat()
		if err != nil {
			return files, err
		}
		files[len(files)-1].size = fi.Size()
		if s.active != nil && path == segmentPath(s.dir, s.active.name) {
			files[len(files)-1].size = s.active.size
		}
	}
	return files, nil
}
