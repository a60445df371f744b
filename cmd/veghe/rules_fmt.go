package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"veghe/detect/rule"
)

// rulesFmt tidies the rule files of a folder in place, and names those that
// it changed. With -check it only names them.
func rulesFmt(e env, folder string, o rulesOptions) error {
	if folder == "" {
		return usageError{"want the folder to tidy: veghe rules fmt -rules FOLDER"}
	}
	pack, err := rule.Load(os.DirFS(folder)) // each file is judged by itself below
	if err != nil && !errors.As(err, new(rule.Problems)) {
		return err
	}
	untidy := 0
	err = filepath.WalkDir(folder, func(path string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() || filepath.Ext(path) != ".yaml" {
			return err
		}
		changed, err := formatFile(pack.Lists, path, !o.check)
		if err == nil && changed {
			untidy++
			_, err = fmt.Fprintln(e.out, path)
		}
		return err
	})
	if err == nil && o.check && untidy > 0 {
		err = fmt.Errorf("%d files are not tidy: veghe rules fmt -rules %s mends them", untidy, folder)
	}
	return err
}

func formatFile(lists map[string]*rule.List, path string, write bool) (changed bool, err error) {
	old, err := os.ReadFile(path)
	if err != nil {
		return false, err
	}
	tidy, err := rule.Format(lists, path, old)
	if err != nil {
		return false, err
	}
	if bytes.Equal(old, tidy) || !write {
		return !bytes.Equal(old, tidy), nil
	}
	info, err := os.Stat(path)
	if err != nil {
		return false, err
	}
	tmp := path + ".tidy"
	if err := os.WriteFile(tmp, tidy, info.Mode().Perm()); err != nil {
		return false, errors.Join(err, os.Remove(tmp))
	}
	return true, os.Rename(tmp, path)
}
