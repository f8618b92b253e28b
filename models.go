package longcat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"

	"longcat/hub"
	"longcat/merge"
)

// models are those that a recipe names, by that name.
type models map[string]*model

// model is a directory, or a repo of a hub at the commit that its revision stood
// for when it was opened.
type model struct {
	merge.Model
	ref    merge.Ref
	local  bool
	repo   hub.Repo   // where it is, unless local
	commit string     // of repo
	remote *repoModel // nil when local
	close  func() error
}

// openModels opens every model that is named. From a hub only the list of files
// is fetched; content comes by ranges as it is read, or from the cache.
func openModels(ctx context.Context, c *hub.Client, refs []merge.Ref) (models, error) {
	m := models{}
	for _, ref := range refs {
		opened, err := openModel(ctx, c, ref)
		if err != nil {
			where := ""
			if ref.Line > 0 {
				where = fmt.Sprintf(", line %d of the recipe", ref.Line)
			}
			return nil, errors.Join(fmt.Errorf("opening model %q%s: %w", ref.Name, where, err), m.Close())
		}
		m[ref.Name] = opened
	}
	return m, nil
}

// openModel takes a directory of this name if there is one, as mergekit does,
// else a repo. The caller closes it.
func openModel(ctx context.Context, c *hub.Client, ref merge.Ref) (*model, error) {
	if st, err := os.Stat(ref.Path); err == nil && st.IsDir() && ref.Revision == "" {
		dir, err := merge.OpenDir(ref.Path)
		if err != nil {
			return nil, err
		}
		return &model{Model: dir, ref: ref, local: true, close: dir.Close}, nil
	}
	repo, err := hub.ParseRepo(ref.Path)
	if err != nil {
		return nil, fmt.Errorf("no such directory, and %w", err)
	}
	if c == nil {
		return nil, fmt.Errorf("%w: no such directory, and there is no hub to look for a repo", fs.ErrNotExist)
	}
	r, err := openRepo(ctx, c, repo, ref.Revision)
	if err != nil {
		return nil, err
	}
	return &model{Model: r, ref: ref, repo: repo, commit: r.plan.Commit, remote: r, close: r.Close}, nil
}

// refOf names a model as a recipe would: "id", "id@revision" or a directory.
func refOf(name, revision string) merge.Ref {
	if st, err := os.Stat(name); err == nil && st.IsDir() {
		return merge.Ref{Name: name, Path: name}
	}
	path, inName, _ := strings.Cut(name, "@")
	return merge.Ref{Name: name, Path: path, Revision: cmp.Or(inName, revision)}
}

// open is a merge.Opener.
func (m models) open(name string) (merge.Model, error) {
	found, ok := m[name]
	if !ok {
		return nil, fmt.Errorf("the recipe does not name model %q", name)
	}
	return found, nil
}

// Close closes every model's files.
func (m models) Close() error {
	var errs []error
	for _, opened := range m {
		errs = append(errs, opened.close())
	}
	return errors.Join(errs...)
}

// refuseAsTarget refuses to write into a directory that the recipe names as a
// model, whatever is read of it.
func (m models) refuseAsTarget(dir string) error {
	out, err := os.Stat(dir)
	if err != nil {
		return nil //nolint:nilerr // nothing is there, or what writes will tell
	}
	for name, opened := range m {
		if in, err := os.Stat(opened.ref.Path); opened.local && err == nil && os.SameFile(in, out) {
			return fmt.Errorf("directory %q is model %q of the recipe: choose another one for the result", dir, name)
		}
	}
	return nil
}

// readSmall reads a file whole; one that is not there is nil.
func readSmall(ctx context.Context, m merge.Model, name string, limit int64) ([]byte, error) {
	content, err := m.Open(ctx, name)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	if content.Size() > limit {
		return nil, fmt.Errorf("reading %q: %d bytes are more than %d", name, content.Size(), limit)
	}
	return io.ReadAll(io.NewSectionReader(content, 0, content.Size()))
}

// has tells whether the model lists a file.
func (m *model) has(name string) bool { return slices.Contains(m.Files(), name) }
