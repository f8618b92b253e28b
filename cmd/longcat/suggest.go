package main

import (
	"context"
	"errors"
	"fmt"
	"path"
	"slices"
	"strings"

	"longcat/hub"
	"longcat/internal/suggest"
)

// suggestFile adds to the error of a file that a repo does not hold which one
// may have been meant.
func suggestFile(ctx context.Context, c *hub.Client, o hub.DownloadOptions, err error) error {
	var missing *hub.Error
	if !errors.As(err, &missing) || !errors.Is(err, hub.ErrEntryNotFound) || missing.Path == "" {
		return err
	}
	if strings.ContainsAny(missing.Path, "*?[") {
		return &hintedError{err, fmt.Sprintf("--include %q fetches the files that match a pattern", missing.Path)}
	}
	paths, listErr := listed(ctx, c, o)
	if listErr != nil {
		return err
	}
	shards := strings.TrimSuffix(missing.Path, path.Ext(missing.Path)) + "-*" + path.Ext(missing.Path)
	if slices.ContainsFunc(paths, hub.Selection{Include: []string{shards}}.Matcher()) {
		return &hintedError{err, fmt.Sprintf("it is in several files there: --include %q fetches them", shards)}
	}
	for _, p := range paths { // in another directory
		if path.Base(p) == path.Base(missing.Path) {
			return &hintedError{err, fmt.Sprintf("did you mean %q?", p)}
		}
	}
	if near := suggest.Nearest(missing.Path, paths); near != "" {
		return &hintedError{err, fmt.Sprintf("did you mean %q?", near)}
	}
	return &hintedError{err, fmt.Sprintf("longcat download %s --dry-run lists its files", o.Repo)}
}

// noMatch says that no file of a repo is selected, and which pattern may have
// been meant.
func noMatch(ctx context.Context, c *hub.Client, o hub.DownloadOptions) error {
	err := fmt.Errorf("no file of %q matches", o.Repo)
	paths, listErr := listed(ctx, c, o)
	if listErr != nil {
		return err
	}
	if len(paths) == 0 {
		return fmt.Errorf("%q holds no files", o.Repo)
	}
	if near := nearestPattern(o.Include, paths); near != "" {
		return &hintedError{err, fmt.Sprintf("did you mean --include %q?", near)}
	}
	return &hintedError{err, fmt.Sprintf("longcat download %s --dry-run lists its files", o.Repo)}
}

// nearestPattern is what a pattern that matches nothing was meant to be: a part
// of a name in place of a pattern, or a typo in an extension.
func nearestPattern(globs, paths []string) string {
	for _, glob := range globs {
		bare := strings.TrimLeft(glob, "*.")
		var extensions []string
		for _, p := range paths {
			if ext := strings.TrimPrefix(path.Ext(p), "."); ext != "" && !slices.Contains(extensions, ext) {
				extensions = append(extensions, ext)
			}
		}
		candidates := []string{"*." + bare}
		if near := suggest.Nearest(bare, extensions); near != "" {
			candidates = append(candidates, "*."+near)
		}
		if !strings.ContainsAny(glob, "*?[") {
			candidates = append(candidates, glob+"/*", "*"+glob, "*"+glob+"*")
		}
		for _, c := range candidates {
			if slices.ContainsFunc(paths, hub.Selection{Include: []string{c}}.Matcher()) {
				return c
			}
		}
	}
	return ""
}

// listed are the paths of a repo's files.
func listed(ctx context.Context, c *hub.Client, o hub.DownloadOptions) (paths []string, err error) {
	for e, err := range c.Tree(ctx, o.Repo, o.Revision) {
		if err != nil {
			return nil, err
		}
		paths = append(paths, e.Path)
	}
	return paths, nil
}

// noLocalMatch says that no file of a directory is selected.
func noLocalMatch(source string, sel hub.Selection) error {
	err := fmt.Errorf("no file in %q to upload", source)
	all, listErr := hub.OpenFolder(source, "", hub.Selection{})
	if listErr != nil || len(sel.Include) == 0 {
		return err
	}
	defer all.Close()
	var paths []string
	for _, f := range all.Files {
		paths = append(paths, f.Path)
	}
	if near := nearestPattern(sel.Include, paths); near != "" {
		return &hintedError{err, fmt.Sprintf("did you mean --include %q?", near)}
	}
	return err
}
