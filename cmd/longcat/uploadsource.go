package main

import (
	"cmp"
	"fmt"
	"maps"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"longcat/hub"
	"longcat/merge/dirwriter"
)

// localFolder is a file, or all files of a folder, under their paths in the
// repo.
func localFolder(source, target string, sel hub.Selection) (*hub.Folder, error) {
	st, err := os.Stat(source)
	if err != nil {
		return nil, noSuchSource(source, err)
	}
	if !st.IsDir() {
		return hub.OpenFile(source, cmp.Or(target, filepath.Base(source)))
	}
	folder, err := hub.OpenFolder(source, target, sel)
	if err != nil {
		return nil, err
	}
	return folder, refuseHalfMerges(source, target, folder.Files, sel)
}

// refuseHalfMerges finds a merge that was interrupted among the files.
func refuseHalfMerges(source, target string, files []hub.UploadFile, sel hub.Selection) error {
	selected := sel.Matcher()
	seen := map[string]bool{}
	for _, f := range files {
		for dir := path.Dir(strings.TrimPrefix(f.Path, target+"/")); !seen[dir]; dir = path.Dir(dir) {
			seen[dir] = true
			if path.Base(dir) == dirwriter.StateDir || !selected(path.Join(dir, "config.json")) {
				continue
			}
			local := filepath.Join(source, filepath.FromSlash(dir))
			if _, err := os.Lstat(filepath.Join(local, dirwriter.StateDir)); err == nil {
				return &hintedError{fmt.Errorf("folder %q holds a merge that was interrupted", local), "run longcat merge again: it goes on"}
			}
		}
	}
	return nil
}

// tellLeftOut says what an upload does not take.
func (a *app) tellLeftOut(left []hub.LeftOut) {
	names := map[string][]string{}
	for _, l := range left {
		names[l.Reason] = append(names[l.Reason], l.Path)
	}
	for _, reason := range slices.Sorted(maps.Keys(names)) {
		list := names[reason]
		more := ""
		if n := len(list) - 10; n > 0 {
			list, more = list[:10], fmt.Sprintf(" and %d more", n)
		}
		a.warn("left out, %s: %s%s", reason, strings.Join(list, ", "), more)
	}
}
