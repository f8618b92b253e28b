package mirror

import (
	"archive/tar"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"iter"
	"strings"

	"longcat/hub"
	"longcat/hub/localhub/store"
)

// OpenBundle is a bundle as a source.
type OpenBundle struct {
	path  string
	parts *partReader
	index *Index
	repos map[store.RepoID]*indexedRepo
	at    map[string]section // content, by its name
	out   map[string]bool    // what was left out
}

type section struct{ offset, size int64 }

// FromBundle opens a bundle: one file, or the first of its parts ("x.tar.001", or
// "x.tar" if there is no such file). Its index is checked; content is when it is
// read, by whoever takes it.
func FromBundle(path string) (*OpenBundle, error) {
	parts, err := openParts(path)
	if err != nil {
		return nil, err
	}
	b := &OpenBundle{path: path, parts: parts, repos: map[store.RepoID]*indexedRepo{}, at: map[string]section{}, out: map[string]bool{}}
	if err := b.scan(); err != nil {
		parts.Close()
		return nil, fmt.Errorf("reading the bundle %q: %w", path, err)
	}
	for i := range b.index.Repos {
		b.repos[b.index.Repos[i].id()] = &b.index.Repos[i]
	}
	for _, name := range b.index.LeftOut {
		b.out[name] = true
	}
	return b, nil
}

// scan reads the index, and finds the content.
func (b *OpenBundle) scan() error {
	r := io.NewSectionReader(b.parts, 0, b.parts.size)
	t := tar.NewReader(r)
	sum, err := member(t, indexSum, 200)
	if err != nil {
		return err
	}
	data, err := member(t, indexName, maxIndex)
	if err != nil {
		return err
	}
	if got := sha256.Sum256(data); !strings.HasPrefix(string(sum), hex.EncodeToString(got[:])+" ") {
		return errors.New("the index is damaged: its sha256 is another one")
	}
	if b.index, err = ReadIndex(strings.NewReader(string(data))); err != nil {
		return err
	}
	for {
		h, err := t.Next()
		if errors.Is(err, io.EOF) {
			break
		}
		if err != nil {
			return err
		}
		offset, err := r.Seek(0, io.SeekCurrent)
		if err != nil {
			return err
		}
		name := strings.TrimPrefix(strings.TrimPrefix(h.Name, blobsDir), objectsDir)
		b.at[name] = section{offset, h.Size}
	}
	for _, list := range [][]string{b.index.Objects, b.index.Blobs} {
		for _, name := range list {
			if at, ok := b.at[name]; !ok || at.offset+at.size > b.parts.size {
				return fmt.Errorf("content %s is missing: the bundle is cut short, or a part of it is not there", name)
			}
		}
	}
	return nil
}

// member reads the next file of a tar, which is to have this name.
func member(t *tar.Reader, name string, limit int64) ([]byte, error) {
	h, err := t.Next()
	if err != nil {
		return nil, err
	}
	if h.Name != name || h.Size > limit {
		return nil, fmt.Errorf("it is no bundle: %q is not where it should be", name)
	}
	return io.ReadAll(t)
}

// Close closes the files.
func (b *OpenBundle) Close() error { return b.parts.Close() }

// Name implements Source.
func (b *OpenBundle) Name() string { return b.path }

// Index is what the bundle holds.
func (b *OpenBundle) Index() *Index { return b.index }

// All lists the repos of all kinds.
func (b *OpenBundle) All() []store.RepoID {
	var ids []store.RepoID
	for i := range b.index.Repos {
		ids = append(ids, b.index.Repos[i].id())
	}
	return ids
}

// Repos implements Source.
func (b *OpenBundle) Repos(_ context.Context, kind hub.RepoType, author string) iter.Seq2[store.RepoID, error] {
	return func(yield func(store.RepoID, error) bool) {
		for _, id := range b.All() {
			if id.Type == kind && id.Namespace() == author && !yield(id, nil) {
				return
			}
		}
	}
}

// Repo implements Source.
func (b *OpenBundle) Repo(_ context.Context, id store.RepoID) (*Repo, error) {
	r, ok := b.repos[id]
	if !ok {
		return nil, ErrGone
	}
	refs := map[string]string{}
	for name, commit := range r.Refs {
		refs[name] = commit
	}
	return &Repo{From: id, Refs: refs, Settings: store.Settings{
		Private: r.Private, Gated: r.Gated, Disabled: r.Disabled, Upstream: r.Upstream,
	}}, nil
}

// Files implements Source.
func (b *OpenBundle) Files(_ context.Context, id store.RepoID, commit string) ([]store.File, error) {
	if c := b.commit(id, commit); c != nil && c.Files != nil {
		return c.Files, nil
	}
	return nil, fmt.Errorf("the bundle has no commit %s of %s", commit, id)
}

func (b *OpenBundle) commit(id store.RepoID, commit string) *indexedCommit {
	r, ok := b.repos[id]
	if !ok {
		return nil
	}
	for i := range r.Commits {
		if r.Commits[i].ID == commit {
			return &r.Commits[i]
		}
	}
	return nil
}

// History implements Source.
func (b *OpenBundle) History(_ context.Context, id store.RepoID, commit string) iter.Seq2[store.Commit, error] {
	return func(yield func(store.Commit, error) bool) {
		seen := map[string]bool{} // a hostile index may lead in circles
		for commit != "" && !seen[commit] {
			c := b.commit(id, commit)
			if c == nil || !yield(c.header(), nil) {
				return
			}
			seen[commit] = true
			commit = c.Parent
		}
	}
}

// Keeps reports whether the content of a file was put into some bundle, not left
// out by patterns.
func (b *OpenBundle) Keeps(_ store.RepoID, f store.File) bool { return !b.out[key(f)] }

// Open implements Source.
func (b *OpenBundle) Open(_ context.Context, _ store.RepoID, _ string, f store.File) (*io.SectionReader, io.Closer, error) {
	at, ok := b.at[key(f)]
	if !ok {
		return nil, nil, errors.New("it is not in this bundle, which was made for a mirror that has it already")
	}
	return io.NewSectionReader(b.parts, at.offset, at.size), io.NopCloser(nil), nil
}
