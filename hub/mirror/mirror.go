// Package mirror copies repos, whole and exactly: from a hub, a hub's directory
// or a bundle to a hub's directory, another hub or a bundle.
//
// Into a directory (and a bundle) commits keep their ids, and branches and tags
// their names, so that a client that asks the mirror for a revision gets what the
// original has. What is there already is not fetched again, whatever repo,
// revision or name it came under; a second run costs listings alone. Refs are
// moved last, all of a repo's in one step: readers see the old state or the new
// one. Into a hub, which makes its own commits, trees and tags become equal.
//
// With patterns (Options.Selection) commits still list all their files; only
// the content of the others is not there, and asking for it says so. A list that
// leaves files out would be another commit's.
package mirror

import (
	"context"
	"errors"
	"fmt"
	"io"
	"iter"
	"slices"

	"longcat/hub"
	"longcat/hub/localhub/store"
)

// Repo is a repo as a source has it, without its commits.
type Repo struct {
	From     store.RepoID // its name at the source now, which may not be the one that was asked for
	Was      store.RepoID // the name that was asked for
	As       store.RepoID // its name at the destination
	Settings store.Settings
	Refs     map[string]string // full name, such as "refs/heads/main", to commit
}

// Source is where repos come from.
type Source interface {
	// Name says which source it is: an endpoint, or a path.
	Name() string
	// Repos lists a user's or an organisation's repos of one kind.
	Repos(ctx context.Context, kind hub.RepoType, author string) iter.Seq2[store.RepoID, error]
	// Repo looks one up. The error is ErrGone if it is not there, as far as the
	// source says.
	Repo(ctx context.Context, id store.RepoID) (*Repo, error)
	// Files lists the files of a commit, by path.
	Files(ctx context.Context, id store.RepoID, commit string) ([]store.File, error)
	// History lists a commit and those before it, the newest first, as far as
	// the source knows them. They have no files.
	History(ctx context.Context, id store.RepoID, commit string) iter.Seq2[store.Commit, error]
	// Open returns a file's content, which the caller has to check.
	Open(ctx context.Context, id store.RepoID, commit string, f store.File) (*io.SectionReader, io.Closer, error)
}

// ErrGone means that a source has no such repo, or shows none.
var ErrGone = errors.New("no such repo")

// Elsewhere is the upstream of a copy whose original is on no hub that is known.
const Elsewhere = "another directory"

// OwnError means that a repo is not mirrored because the destination has one of
// that name which is not a copy of it.
type OwnError struct {
	ID       store.RepoID
	Upstream string // of which it is a copy; "" if it was made there
}

func (e *OwnError) Error() string {
	if e.Upstream == "" {
		return fmt.Sprintf("%s was made at the destination and is no copy: it is left as it is", e.ID)
	}
	return fmt.Sprintf("%s is a copy of the one at %s, not of this source: it is left as it is", e.ID, e.Upstream)
}

// Options say what to mirror of each repo, and how.
type Options struct {
	hub.Selection          // whose content is taken; commits list all files
	Revisions     []string // branches, tags and full ref names; all branches and tags when empty
	Prune         bool     // remove refs, and repos, that are gone at the source
	DryRun        bool     // say what would be done, and change nothing
	Progress      hub.Progress
}

// Outcome is what happened, or would happen, to one repo.
type Outcome struct {
	Repo      string   `json:"repo"`
	Refs      int      `json:"refs"`    // that the mirror has now
	Changed   []string `json:"changed"` // refs that are new or moved
	Removed   []string `json:"removed"` // refs that were pruned
	Gone      bool     `json:"gone"`    // the repo is not at the source any more
	Pruned    bool     `json:"pruned"`  // and was removed
	MovedFrom string   `json:"moved_from,omitempty"`
	Files     int      `json:"files"`           // contents that were missing
	Bytes     int64    `json:"bytes"`           // of them
	LeftOut   int      `json:"left_out"`        // contents that are missing at the source, too
	Fetched   int64    `json:"fetched"`         // bytes that came from the source; the others were found here
	Error     string   `json:"error,omitempty"` // why it is not mirrored
	Err       error    `json:"-"`
}

// Destination is where copies go.
type Destination interface {
	// Mirror makes the copy of a repo what the source has.
	Mirror(ctx context.Context, src Source, repo *Repo, o Options) (Outcome, error)
	// Gone handles a repo that the source does not have: its copy is removed if
	// it is to be pruned.
	Gone(ctx context.Context, src Source, id store.RepoID, o Options) (Outcome, error)
}

// Run mirrors repos one after the other; that one fails does not stop the
// others. report is called with the outcome of each.
func Run(ctx context.Context, src Source, dst Destination, ids iter.Seq[Wanted], o Options, report func(Outcome)) error {
	var failed []error
	for w := range ids {
		if err := ctx.Err(); err != nil {
			return context.Cause(ctx)
		}
		out, err := one(ctx, src, dst, w, o)
		if err != nil {
			if ctx.Err() != nil {
				return context.Cause(ctx)
			}
			out.Error, out.Err = err.Error(), err
			failed = append(failed, fmt.Errorf("%s: %w", w.ID, err))
		}
		if out.Repo == "" {
			out.Repo = w.ID.String()
		}
		report(out)
	}
	return errors.Join(failed...)
}

// Wanted is a repo that is to be mirrored, with what its place in a list says
// of it.
type Wanted struct {
	ID        store.RepoID
	As        string   // its name at the destination; the same when empty
	Revisions []string // in place of Options.Revisions, if any
	Include   []string // in place of Options' patterns, if any
	Exclude   []string
}

func one(ctx context.Context, src Source, dst Destination, w Wanted, o Options) (Outcome, error) {
	if len(w.Revisions) > 0 {
		o.Revisions = w.Revisions
	}
	if len(w.Include)+len(w.Exclude) > 0 {
		o.Selection = hub.Selection{Include: w.Include, Exclude: w.Exclude}
	}
	repo, err := src.Repo(ctx, w.ID)
	if errors.Is(err, ErrGone) {
		return dst.Gone(ctx, src, w.ID, o)
	}
	if err != nil {
		return Outcome{}, err
	}
	if err := repo.pick(o.Revisions); err != nil {
		return Outcome{}, err
	}
	if repo.Was, repo.As = w.ID, repo.From; w.As != "" {
		repo.As.Name = w.As
	}
	return dst.Mirror(ctx, src, repo, o)
}

// pick keeps the refs that are wanted. One that is not there is an error.
func (r *Repo) pick(revisions []string) error {
	if len(revisions) == 0 {
		return nil
	}
	picked := map[string]string{}
	for _, rev := range revisions {
		found := false
		for _, full := range []string{rev, "refs/heads/" + rev, "refs/tags/" + rev} {
			if commit, ok := r.Refs[full]; ok {
				picked[full], found = commit, true
				break
			}
		}
		if !found {
			return &store.RevisionError{Rev: rev}
		}
	}
	r.Refs = picked
	return nil
}

// commits are the commits that refs name, each once.
func (r *Repo) commits() []string {
	var list []string
	for _, commit := range r.Refs {
		if !slices.Contains(list, commit) {
			list = append(list, commit)
		}
	}
	slices.Sort(list)
	return list
}
