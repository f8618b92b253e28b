package main

import (
	"context"
	"errors"
	"io"
	"iter"
	"os"
	"path/filepath"
	"strings"

	"longcat/hub"
	"longcat/hub/localhub/store"
	"longcat/hub/mirror"
)

// mirrorJob is what comes from one source.
type mirrorJob struct {
	source mirror.Source
	givers []mirror.Giver // of what is on this machine
	wanted []mirror.Wanted
}

// all wants repos as they are.
func all(ids []store.RepoID) (list []mirror.Wanted) {
	for _, id := range ids {
		list = append(list, mirror.Wanted{ID: id})
	}
	return list
}

// mirrorJobs finds out which repos are meant: those of the hub together, and
// those of each directory. closeAll closes the directories, also after an error.
func (a *app) mirrorJobs(ctx context.Context, c *hub.Client, sources []string, f mirrorFlags) (jobs []mirrorJob, closeAll func(), err error) {
	var open []io.Closer
	closeAll = func() {
		for _, c := range open {
			_ = c.Close() // only read
		}
	}
	remote, shared := mirror.FromHub(c), mirror.Cache{Dir: c.CacheDir(), Upstream: c.Endpoint()}
	remote.Pulls = f.pulls
	fromHub := mirrorJob{source: remote, givers: []mirror.Giver{shared}}
	if f.offline {
		fromHub.source = shared
		a.warn("the cache does not know which repos are private: all are in the mirror, until it is made from the hub")
	}
	if f.list != "" {
		file, err := os.Open(f.list)
		if err != nil {
			return nil, closeAll, err
		}
		defer file.Close()
		if fromHub.wanted, err = mirror.ParseList(file); err != nil {
			return nil, closeAll, &usageError{err}
		}
	}
	for _, arg := range sources {
		if isBundle(arg) {
			b, err := mirror.FromBundle(arg)
			if err != nil {
				return nil, closeAll, err
			}
			open = append(open, b)
			jobs = append(jobs, mirrorJob{source: b, wanted: all(b.All())})
			continue
		}
		if isFolder(arg) {
			d, err := mirror.FromDirectory(arg, f.pulls)
			if err != nil {
				return nil, closeAll, err
			}
			open = append(open, d)
			ids, err := d.All()
			if err != nil {
				return nil, closeAll, err
			}
			jobs = append(jobs, mirrorJob{source: d, givers: []mirror.Giver{d}, wanted: all(ids)})
			continue
		}
		wanted, err := a.wantedRepos(ctx, fromHub.source, arg, f.repoType)
		if err != nil {
			return nil, closeAll, err
		}
		fromHub.wanted = append(fromHub.wanted, wanted...)
	}
	if len(fromHub.wanted) > 0 {
		jobs = append(jobs, fromHub)
	}
	return jobs, closeAll, nil
}

// wantedRepos are the repos that an argument names: one, or all of an author's.
func (a *app) wantedRepos(ctx context.Context, src mirror.Source, arg, repoType string) (list []mirror.Wanted, err error) {
	author, whole := strings.CutSuffix(arg, "/*")
	if !whole {
		l, err := a.locate(arg, repoType)
		if err != nil {
			return nil, err
		}
		w := mirror.Wanted{ID: mirror.IDOf(l.Repo)}
		if l.Revision != "" {
			w.Revisions = []string{l.Revision}
		}
		return []mirror.Wanted{w}, nil
	}
	kind := hub.RepoType(repoType)
	for _, k := range []hub.RepoType{hub.Model, hub.Dataset, hub.Space} {
		if rest, ok := strings.CutPrefix(author, k.Plural()+"/"); ok {
			kind, author = k, rest
		}
	}
	if kind == "" {
		kind = hub.Model
	}
	for id, err := range src.Repos(ctx, kind, author) {
		if err != nil {
			return nil, err
		}
		list = append(list, mirror.Wanted{ID: id})
	}
	if len(list) == 0 {
		return nil, errors.New("no repos of " + author + " are to be seen at " + src.Name())
	}
	return list, nil
}

// share is every tasks-th repo, from the task-th on; all of them without tasks.
func share(wanted []mirror.Wanted, task, tasks int) iter.Seq[mirror.Wanted] {
	return func(yield func(mirror.Wanted) bool) {
		for i, w := range wanted {
			if (tasks == 0 || i%tasks == task-1) && !yield(w) {
				return
			}
		}
	}
}

// isFolder reports whether an argument of mirror is a directory, not a repo.
func isFolder(arg string) bool {
	st, err := os.Stat(arg)
	return err == nil && st.IsDir() && (filepath.IsAbs(arg) || strings.HasPrefix(arg, ".") || hasMark(arg))
}

// hasMark reports whether a directory was made by serve or mirror.
func hasMark(dir string) bool {
	_, err := os.Stat(filepath.Join(dir, "hub.json"))
	return err == nil
}

// isBundle reports whether an argument of mirror is a bundle, or the first of
// its parts, not a repo.
func isBundle(arg string) bool {
	return strings.HasSuffix(arg, ".tar") || strings.HasSuffix(arg, ".tar.001")
}
