package hub

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"time"

	"longcat/hub/cache"
)

// ObstacleError tells that a file can not be put where it belongs, because
// something else stands there.
type ObstacleError struct {
	Path     string // of the repo
	Obstacle string // on disk
	Dir      bool   // it is a directory
}

func (e *ObstacleError) Error() string {
	what := "a file"
	if e.Dir {
		what = "a directory"
	}
	return fmt.Sprintf("%s can not be written: %s is %s and in the way; remove or rename it", e.Path, e.Obstacle, what)
}

// unobstructed refuses what can not be written, before anything is fetched.
func (p *DownloadPlan) unobstructed() error {
	s, ok := p.store.(dirStore)
	if !ok {
		return nil // each commit has a directory of its own
	}
	for _, f := range p.Files {
		if f.Local != "" {
			continue
		}
		final := s.local.Path(f.Path)
		if st, err := os.Lstat(final); err == nil && st.IsDir() {
			return &ObstacleError{f.Path, final, true}
		}
		for dir := filepath.Dir(final); len(dir) > len(s.local.Dir); dir = filepath.Dir(dir) {
			if st, err := os.Stat(dir); err == nil && !st.IsDir() {
				return &ObstacleError{f.Path, dir, false}
			}
		}
	}
	return nil
}

// staleAfter is for how long nobody must have written to an unfinished file
// before it is taken for one that was given up.
const staleAfter = 24 * time.Hour

// tidy removes unfinished files of other revisions, and names the files in a
// directory that the repo no longer has, once a commit's listing is known.
func (p *DownloadPlan) tidy(now time.Time) {
	listed, ok := p.client.listings.get(p.Repo.String() + "@" + p.Commit)
	if !ok {
		return
	}
	etags := map[string]string{}
	known := map[string]bool{}
	for _, e := range listed {
		etags[e.Path] = e.Hash()
		known[e.Hash()] = true
	}
	switch s := p.store.(type) {
	case cacheStore:
		s.repo.RemoveStale(func(etag string) bool { return known[etag] }, now.Add(-staleAfter))
	case dirStore:
		s.local.RemoveStale(etags, now.Add(-staleAfter))
		var gone []string
		err := s.local.Each(func(path string, _ cache.Metadata) {
			if _, ok := etags[path]; !ok {
				gone = append(gone, path)
			}
		})
		if err == nil && len(gone) > 0 {
			p.client.notify("%s: not in %q at %s any more, and left where %s",
				strings.Join(gone[:min(len(gone), 10)], ", "), p.Repo, p.Commit, plural(len(gone), "it is", "they are"))
		}
	}
}

func plural(n int, one, many string) string {
	if n == 1 {
		return one
	}
	return many
}
