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
	"longcat/internal/limits"
	"longcat/merge"
	"longcat/merge/recipe"
	"longcat/modelcard"
)

// models are those that a recipe names, by that name.
type models map[string]*Model

// Model is a checkpoint in a directory, or in a repo of a hub at the commit that
// its revision stood for when it was opened. It is a merge.Model.
type Model struct {
	content merge.Model
	ref     recipe.Ref
	repo    hub.Repo   // where it is, unless in a directory
	commit  string     // of repo
	remote  *repoModel // nil for a directory
	close   func() error
}

// OpenModel opens the directory of this name if there is one, else the repo
// "org/name" or "org/name@revision"; revision counts where the name has none. Of
// a repo only the list of files is fetched. The caller closes the model.
func OpenModel(ctx context.Context, c *hub.Client, name, revision string) (*Model, error) {
	return openModel(ctx, c, refOf(name, revision))
}

// Files implements merge.Model.
func (m *Model) Files() []string { return m.content.Files() }

// Open implements merge.Model.
func (m *Model) Open(ctx context.Context, name string) (*io.SectionReader, error) {
	return m.content.Open(ctx, name)
}

// Local tells whether the model is a directory.
func (m *Model) Local() bool { return m.remote == nil }

// Repo is where the model is; the zero Repo for a directory.
func (m *Model) Repo() hub.Repo { return m.repo }

// Commit is what the revision stood for; "" for a directory.
func (m *Model) Commit() string { return m.commit }

// Revision is the branch, tag or commit that was asked for; "" is main's head.
func (m *Model) Revision() string { return m.ref.Revision }

// ReadFile reads a small file; one that is not there is nil, and one that is
// larger than limit bytes an error.
func (m *Model) ReadFile(ctx context.Context, name string, limit int64) ([]byte, error) {
	return readSmall(ctx, m, name, limit)
}

// Card is the model's README.md; one that is not there is nil.
func (m *Model) Card(ctx context.Context) ([]byte, error) {
	return readSmall(ctx, m, modelcard.File, limits.Card)
}

// Close closes the model's files.
func (m *Model) Close() error { return m.close() }

// openModels opens every model that is named. From a hub only the list of files
// is fetched; content comes by ranges as it is read, or from the cache.
func openModels(ctx context.Context, c *hub.Client, refs []recipe.Ref) (models, error) {
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
func openModel(ctx context.Context, c *hub.Client, ref recipe.Ref) (*Model, error) {
	if st, err := os.Stat(ref.Path); err == nil && st.IsDir() && ref.Revision == "" {
		dir, err := merge.OpenDir(ref.Path)
		if err != nil {
			return nil, err
		}
		return &Model{content: dir, ref: ref, close: dir.Close}, nil
	}
	repo, err := locate(c, &ref)
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
	return &Model{content: r, ref: ref, repo: repo, commit: r.plan.Commit, remote: r, close: r.Close}, nil
}

// locate finds the repo that a reference names, in any form that people write
// one, and the revision.
func locate(c *hub.Client, ref *recipe.Ref) (hub.Repo, error) {
	parse := hub.ParseLocation
	if c != nil {
		parse = c.Locate
	}
	l, err := parse(ref.Path)
	switch {
	case err != nil:
		return l.Repo, err
	case l.Path != "":
		return l.Repo, &hub.LocationError{Text: ref.Path, Reason: fmt.Sprintf("names a file or directory in a repo, and a model is the whole of one: %s", l.Repo)}
	}
	ref.Revision = cmp.Or(ref.Revision, l.Revision)
	return l.Repo, nil
}

// refOf names a model as a recipe would: "id", "id@revision" or a directory.
func refOf(name, revision string) recipe.Ref {
	if st, err := os.Stat(name); err == nil && st.IsDir() {
		return recipe.Ref{Name: name, Path: name}
	}
	path, inName, _ := strings.Cut(name, "@")
	return recipe.Ref{Name: name, Path: path, Revision: cmp.Or(inName, revision)}
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

// repair makes right what the cache holds of the models, if o wants that.
func (m models) repair(ctx context.Context, o Options) error {
	for _, opened := range m {
		if o.Repair && !opened.Local() {
			if err := opened.remote.repair(ctx, o); err != nil {
				return err
			}
		}
	}
	return nil
}

// refuseAsTarget refuses to write into a directory that the recipe names as a
// model, whatever is read of it.
func (m models) refuseAsTarget(dir string) error {
	out, err := os.Stat(dir)
	if err != nil {
		return nil // nothing is there, or it can not be read: writing fails then
	}
	for name, opened := range m {
		if in, err := os.Stat(opened.ref.Path); opened.Local() && err == nil && os.SameFile(in, out) {
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
func (m *Model) has(name string) bool { return slices.Contains(m.Files(), name) }
