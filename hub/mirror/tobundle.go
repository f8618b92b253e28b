package mirror

import (
	"archive/tar"
	"context"
	"crypto/sha1" // what git names content by
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"
	"slices"

	"longcat/hub/localhub/store"
	"longcat/internal/progress"
)

// A bundle is a tar file of plain files, so that any tar reads it:
//
//	index.json.sha256   checksum of the next, as sha256sum writes it
//	index.json          Index
//	blobs/cd56…         small files, by git blob id
//	objects/ab12…       large files, by sha256
//
// Everything in it is checked against its name when it is read.
const (
	indexSum   = "index.json.sha256"
	indexName  = "index.json"
	blobsDir   = "blobs/"
	objectsDir = "objects/"
)

// Bundle is a bundle as a destination. Mirror collects what is to be in it;
// Write writes the file.
type Bundle struct {
	path  string
	split int64
	since *Index // what the other side has; may be nil
	index Index
	from  map[string]origin // where content is, by its name
}

// origin is a file that has the content.
type origin struct {
	src    Source
	repo   store.RepoID
	commit string
	file   store.File
}

// ToBundle makes a destination of a bundle that is to be written at path, in
// parts path.001, path.002 and so on of so many bytes unless split is 0. Content
// that since, if not nil, has is not put into it.
func ToBundle(path string, split int64, since *Index) *Bundle {
	return &Bundle{path: path, split: split, since: since, index: Index{Format: indexFormat}, from: map[string]origin{}}
}

// Mirror implements Destination.
func (b *Bundle) Mirror(ctx context.Context, src Source, repo *Repo, o Options) (Outcome, error) {
	out := Outcome{Repo: repo.As.String(), Refs: len(repo.Refs), Changed: []string{}, Removed: []string{}}
	s := repo.Settings
	r := indexedRepo{
		Type: repo.As.Type, Name: repo.As.Name, Upstream: s.Upstream,
		Private: s.Private, Gated: s.Gated, Disabled: s.Disabled, Refs: repo.Refs,
	}
	known := map[string]bool{}
	for _, commit := range repo.commits() {
		files, err := src.Files(ctx, repo.From, commit)
		if err != nil {
			return out, err
		}
		for h, err := range src.History(ctx, repo.From, commit) {
			if err != nil {
				return out, err
			}
			if h.ID == commit {
				r.Commits = slices.DeleteFunc(r.Commits, func(c indexedCommit) bool { return c.ID == commit })
				r.Commits = append(r.Commits, indexed(h, files))
			} else if !known[h.ID] {
				r.Commits = append(r.Commits, indexed(h, nil))
			} else {
				break
			}
			known[h.ID] = true
		}
		b.gather(src, repo, commit, files, o, &out)
	}
	for name := range repo.Refs {
		out.Changed = append(out.Changed, name)
	}
	slices.Sort(out.Changed)
	b.index.Repos = append(b.index.Repos, r)
	return out, nil
}

// gather notes where the content is that the bundle is to have.
func (b *Bundle) gather(src Source, repo *Repo, commit string, files []store.File, o Options, out *Outcome) {
	selected := o.Matcher()
	part, _ := src.(partial)
	for _, f := range files {
		name := key(f)
		if _, known := b.from[name]; known || b.since != nil && b.since.has(f) {
			continue
		}
		if !selected(f.Path) || part != nil && !part.Keeps(repo.From, f) {
			if out.LeftOut++; !slices.Contains(b.index.LeftOut, name) {
				b.index.LeftOut = append(b.index.LeftOut, name)
			}
			continue
		}
		b.from[name] = origin{src, repo.From, commit, f}
		out.Files++
		out.Bytes += f.Size
		out.Fetched += f.Size
		if f.LFS != "" {
			b.index.Objects = append(b.index.Objects, name)
		} else {
			b.index.Blobs = append(b.index.Blobs, name)
		}
	}
}

// Gone implements Destination: a bundle holds what is there.
func (b *Bundle) Gone(_ context.Context, src Source, id store.RepoID, _ Options) (Outcome, error) {
	return Outcome{Repo: id.String(), Gone: true, Changed: []string{}, Removed: []string{}}, fmt.Errorf("%w at %s", ErrGone, src.Name())
}

// Index is what the bundle will hold, as a file: for the other side to make a
// bundle of what is not in it.
func (b *Bundle) Index() ([]byte, error) {
	data, _, err := b.index.encode()
	return data, err
}

// Write writes the bundle. Its files get their names when all of it is there.
func (b *Bundle) Write(ctx context.Context, o Options) (err error) {
	// What one repo left out another one may have brought.
	b.index.LeftOut = slices.DeleteFunc(b.index.LeftOut, func(name string) bool { _, ok := b.from[name]; return ok })
	data, sum, err := b.index.encode()
	if err != nil {
		return err
	}
	parts := &partWriter{path: b.path, size: b.split}
	defer func() {
		if err != nil {
			parts.drop()
		}
	}()
	w := tar.NewWriter(parts)
	if err := writeMember(w, indexSum, []byte(sum+"  "+indexName+"\n")); err != nil {
		return err
	}
	if err := writeMember(w, indexName, data); err != nil {
		return err
	}
	for _, list := range [][]string{b.index.Blobs, b.index.Objects} {
		for _, name := range list {
			if err := b.writeContent(ctx, w, b.from[name], o); err != nil {
				return err
			}
		}
	}
	if err := w.Close(); err != nil {
		return err
	}
	return parts.publish()
}

func writeMember(w *tar.Writer, name string, data []byte) error {
	if err := w.WriteHeader(&tar.Header{Name: name, Mode: 0o644, Size: int64(len(data)), Format: tar.FormatPAX}); err != nil {
		return err
	}
	_, err := w.Write(data)
	return err
}

// writeContent copies one file, and fails if it is not what its name says.
func (b *Bundle) writeContent(ctx context.Context, w *tar.Writer, from origin, o Options) error {
	f := from.file
	content, closer, err := b.open(ctx, from, o)
	if err != nil {
		return err
	}
	defer closer.Close()
	dir, sum := blobsDir, gitHash(f.Size)
	if f.LFS != "" {
		dir, sum = objectsDir, sha256.New()
	}
	if err := w.WriteHeader(&tar.Header{Name: dir + key(f), Mode: 0o644, Size: f.Size, Format: tar.FormatPAX}); err != nil {
		return err
	}
	meter := progress.Start(o.Progress, "copying", f.Path, f.Size)
	defer meter.Done()
	if err := copyHashed(ctx, w, sum, content, meter); err != nil {
		return fmt.Errorf("%s: %q: %w", from.repo, f.Path, err)
	}
	if hex.EncodeToString(sum.Sum(nil)) != key(f) {
		return fmt.Errorf("%s: %q: %w", from.repo, f.Path, errChanged)
	}
	return nil
}

// open opens content. A large file on a hub is downloaded first, over several
// connections, into a directory beside the bundle, where the next run resumes it.
func (b *Bundle) open(ctx context.Context, from origin, o Options) (*io.SectionReader, io.Closer, error) {
	bulk, ok := from.src.(fetcher)
	if !ok || from.file.LFS == "" {
		return from.src.Open(ctx, from.repo, from.commit, from.file)
	}
	dir := b.path + ".fetching"
	local, err := bulk.Fetch(ctx, from.repo, from.commit, []store.File{from.file}, dir, o)
	if err != nil {
		return nil, nil, err
	}
	file, err := os.Open(local[from.file.Path])
	if err != nil {
		return nil, nil, err
	}
	return io.NewSectionReader(file, 0, from.file.Size), closeAndRemove{file, dir}, nil
}

type closeAndRemove struct {
	*os.File
	dir string
}

func (c closeAndRemove) Close() error { return errors.Join(c.File.Close(), os.RemoveAll(c.dir)) }

// gitHash is git's hash of a file of so many bytes.
func gitHash(size int64) hash.Hash {
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", size)
	return h
}
