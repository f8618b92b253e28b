package longcat

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"

	"longcat/hub"
	"longcat/internal/limits"
	"longcat/merge/recipe"
	"longcat/modelcard"
)

// Result is a merge that stands in a repo or a directory, planned anew: the job
// would make the same files again.
type Result struct {
	*Job
	Lock *Lock // nil for a merge without one; the card was gone by

	name   string // as it was asked for
	merged *Model
}

// OpenResult plans a merge again that stands in a repo ("org/name", maybe with
// "@revision") or a directory: from its lock, or for one without from the recipe
// and what the card tells of commits and options. Options of o that are set win
// over those of the lock; its Recipe is not looked at. The caller closes the
// result.
//
// A lock that can not be used is a *LockError; a merge without a recipe gives an
// error for which errors.Is(err, modelcard.ErrNoRecipe) holds.
func OpenResult(ctx context.Context, name, revision string, o Options) (*Result, error) {
	merged, err := openModel(ctx, o.Hub, refOf(name, revision))
	if err != nil {
		return nil, err
	}
	r, err := openResult(ctx, name, merged, o)
	if err != nil {
		return nil, errors.Join(err, merged.close())
	}
	return r, nil
}

func openResult(ctx context.Context, name string, merged *Model, o Options) (*Result, error) {
	r := &Result{name: name, merged: merged}
	lock, err := readLock(ctx, merged)
	switch {
	case err == nil:
		r.Lock = lock
		r.Job, err = openLocked(ctx, merged, lock, o)
	case errors.Is(err, errNoLock):
		r.Job, err = openUnlocked(ctx, merged, o)
	}
	if err != nil {
		return nil, err
	}
	return r, nil
}

// Close closes the files of the result and of the models that it was made from.
func (r *Result) Close() error { return errors.Join(r.Job.Close(), r.merged.close()) }

// Repo is where the result stands; the zero Repo for a directory.
func (r *Result) Repo() hub.Repo { return r.merged.repo }

// readLock is the lock of a result, or errNoLock.
func readLock(ctx context.Context, merged *Model) (*Lock, error) {
	text, err := readSmall(ctx, merged, LockFile, limits.Lock)
	if err != nil {
		return nil, err
	}
	if text == nil {
		return nil, errNoLock
	}
	return ParseLock(text)
}

// openLocked plans what a lock describes, and holds the models' files against
// those that it names.
func openLocked(ctx context.Context, merged *Model, lock *Lock, o Options) (*Job, error) {
	recipe, err := lockedRecipe(ctx, merged, lock)
	if err != nil {
		return nil, err
	}
	o.Recipe, o.RecipeName = recipe, lock.Recipe.File
	o.Merge.ShardSize = cmp.Or(o.Merge.ShardSize, lock.Options.ShardSize)
	o.Merge.LayerStack = cmp.Or(o.Merge.LayerStack, lock.Options.LayerStack)
	o.Merge.Layout = cmp.Or(o.Merge.Layout, lock.Options.Layout)
	o.Merge.Seed = cmp.Or(o.Merge.Seed, lock.Options.RandomSeed)
	o.Merge.Precise = o.Merge.Precise || lock.Options.Precise
	o.commits = lock.commits()
	j, err := Open(ctx, o)
	if err != nil {
		return nil, err
	}
	err = j.sameSources(ctx, lock)
	if err == nil && o.Merge.ShardSize == lock.Options.ShardSize {
		err = j.sameFiles(lock)
	}
	if err != nil {
		return nil, errors.Join(err, j.Close())
	}
	return j, nil
}

// sameFiles holds the names and sizes of what the plan makes against the lock:
// where they differ, a model has gained or lost a file, or the planner lays out
// what it did not.
func (j *Job) sameFiles(lock *Lock) error {
	for _, f := range j.plan.Files {
		if l, ok := lock.file(f.Path); !ok || l.Size != f.Size {
			return &LockError{fmt.Sprintf("the recipe makes a file %s of %d bytes now, which the lock does not list: a model was changed after the merge", f.Path, f.Size)}
		}
	}
	for _, l := range lock.Files {
		if _, ok := j.made(l.Path); !ok {
			return &LockError{fmt.Sprintf("lists the file %s, which the recipe does not make now: a model was changed after the merge", l.Path)}
		}
	}
	return nil
}

// lockedRecipe finds the recipe that has the lock's hash: in its file, or where
// that was changed, in the card.
func lockedRecipe(ctx context.Context, merged *Model, lock *Lock) ([]byte, error) {
	matches := func(text []byte) bool {
		sum := sha256.Sum256(text)
		return hex.EncodeToString(sum[:]) == lock.Recipe.SHA256
	}
	text, err := readSmall(ctx, merged, lock.Recipe.File, limits.Recipe)
	if err != nil || (text != nil && matches(text)) {
		return text, err
	}
	card, err := merged.Card(ctx)
	if err != nil {
		return nil, err
	}
	if found, err := modelcard.FindRecipe(nil, card); err == nil && matches(found.Text) {
		return found.Text, nil
	}
	if text == nil {
		return nil, fmt.Errorf("%s of %q: %w", lock.Recipe.File, merged.ref.Name, modelcard.ErrNoRecipe)
	}
	return nil, &LockError{fmt.Sprintf("%s of %q is not the recipe that the lock names: it was changed after the merge", lock.Recipe.File, merged.ref.Name)}
}

// SourceError tells that a model is not what a merge was made from.
type SourceError struct {
	Model     string // as the recipe names it
	Path      string
	Want, Got LockedFile // Got is zero where the file is gone
}

func (e *SourceError) Error() string {
	if e.Got.Path == "" {
		return fmt.Sprintf("model %q is not what the merge was made from: it has no %s now", e.Model, e.Path)
	}
	return fmt.Sprintf("model %q is not what the merge was made from: its %s has %d bytes, sha256 %s, where the lock has %d bytes, sha256 %s",
		e.Model, e.Path, e.Got.Size, cmp.Or(e.Got.SHA256, "unknown"), e.Want.Size, cmp.Or(e.Want.SHA256, "unknown"))
}

// sameSources holds the models' files against the lock.
func (j *Job) sameSources(ctx context.Context, lock *Lock) error {
	for _, l := range lock.Models {
		m := j.models[l.Name]
		if m == nil {
			return &LockError{fmt.Sprintf("names the model %q, which the recipe does not", l.Name)}
		}
		for _, want := range l.Files {
			if !m.has(want.Path) {
				return &SourceError{Model: l.Name, Path: want.Path, Want: want}
			}
			got, err := lockSource(ctx, m, want.Path)
			if err != nil {
				return err
			}
			if got.Size != want.Size || (got.SHA256 != "" && want.SHA256 != "" && got.SHA256 != want.SHA256) {
				return &SourceError{Model: l.Name, Path: want.Path, Want: want, Got: got}
			}
		}
	}
	return nil
}

// openUnlocked plans a merge that has no lock, made by mergekit or an earlier
// longcat: by the recipe beside it, with the commits and options that its card
// tells people.
func openUnlocked(ctx context.Context, merged *Model, o Options) (*Job, error) {
	config, err := readSmall(ctx, merged, recipe.FileName, limits.Recipe)
	if err != nil {
		return nil, err
	}
	card, err := merged.Card(ctx)
	if err != nil {
		return nil, err
	}
	found, err := modelcard.FindRecipe(config, card)
	if err != nil {
		return nil, fmt.Errorf("looking for the recipe of %q: %w", merged.ref.Name, err)
	}
	told := toldOptions(card)
	o.Recipe, o.RecipeName = found.Text, found.Source
	o.Merge.ShardSize = cmp.Or(o.Merge.ShardSize, told.ShardSize)
	o.Merge.LayerStack = cmp.Or(o.Merge.LayerStack, told.LayerStack)
	o.Merge.Layout = cmp.Or(o.Merge.Layout, told.Layout)
	o.Merge.Seed = cmp.Or(o.Merge.Seed, told.Seed)
	o.Merge.Precise = o.Merge.Precise || told.Precise
	o.commits = toldCommits(card)
	o.madeElsewhere = !toldMaker.Match(card)
	j, err := Open(ctx, o)
	var bad *recipe.Error
	if errors.As(err, &bad) && bad.Line > 0 {
		bad.Line += found.Line - 1 // in the file that the recipe stands in
	}
	return j, err
}
