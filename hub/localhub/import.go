package localhub

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"slices"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
	"longcat/internal/gitmatch"
	"longcat/internal/limits"
)

// ImportOptions says how a folder becomes a repo.
type ImportOptions struct {
	Settings        // of the repo, if it is made
	Author   string // of the commit; empty: the repo's namespace
	Message  string // of the commit; empty: "Import folder"
	Link     bool   // hard-link large files where that works: the folder must not be written to in place afterwards
}

// Import puts the files of dir into a repo, which it makes if need be, as one
// commit on the main branch, and returns the commit's id. Files that the repo
// has and dir has not stay. Symbolic links are followed to files, not to
// folders; ".git" and ".cache" are left out. A card is taken as it is: the Hub
// holds many that it would refuse today.
func (h *Hub) Import(ctx context.Context, id RepoID, dir string, opts ImportOptions) (string, error) {
	wrap := func(err error) error { return fmt.Errorf("importing %q to %q: %w", dir, id, err) }
	opts.Author = cmp.Or(opts.Author, id.Namespace(), id.Name)
	if err := checkUser(opts.Author); err != nil {
		return "", wrap(err)
	}
	r, ok := h.lookup(id)
	if !ok {
		if err := h.checkNewName(id); err != nil {
			return "", wrap(err)
		}
		if err := h.create(ctx, id, opts.Author, opts.Settings, nil); err != nil {
			return "", wrap(err)
		}
		r, _ = h.lookup(id)
	}
	at, err := r.Resolve(store.DefaultBranch)
	if err != nil {
		return "", wrap(err)
	}
	attributes := gitmatch.ParseAttributes(r.ReadFile(at, ".gitattributes", limits.Config))
	var changes []change
	err = walkFiles(ctx, dir, func(name, path string, size int64) error {
		c, err := h.importFile(ctx, r, attributes, name, path, size, opts)
		changes = append(changes, c)
		return err
	})
	if err != nil {
		return "", wrap(err)
	}
	if len(changes) == 0 {
		return at.ID, nil
	}
	as := &call{repo: r, token: &Token{User: opts.Author}}
	commit, _, err := h.apply(ctx, as, wire.CommitHeader{Summary: cmp.Or(opts.Message, "Import folder")}, changes, false)
	if err != nil {
		return "", wrap(err)
	}
	return commit, nil
}

// walkFiles calls visit with the files below dir: the name in the repo, the
// path on disk, and the size.
func walkFiles(ctx context.Context, dir string, visit func(name, path string, size int64) error) error {
	dir, err := filepath.EvalSymlinks(dir) // WalkDir would not follow the first one
	if err != nil {
		return err
	}
	return filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err = errors.Join(err, ctx.Err()); err != nil {
			return err
		}
		if d.IsDir() {
			if slices.Contains([]string{".git", ".cache"}, d.Name()) && path != dir {
				return filepath.SkipDir
			}
			return nil
		}
		fi, err := os.Stat(path)
		if err != nil || !fi.Mode().IsRegular() {
			return err
		}
		name, err := filepath.Rel(dir, path)
		if err != nil {
			return err
		}
		if path, err = filepath.EvalSymlinks(path); err != nil { // a hard link must not be to the symbolic one
			return err
		}
		return visit(filepath.ToSlash(name), path, fi.Size())
	})
}

// importFile stores one file.
func (h *Hub) importFile(ctx context.Context, r *store.Repo, a gitmatch.Attributes, name, path string, size int64, opts ImportOptions) (change, error) {
	c := change{kind: putFile, path: name}
	f, err := os.Open(path)
	if err != nil {
		return c, err
	}
	defer f.Close()
	sample := make([]byte, min(size, wire.SampleSize))
	if _, err := io.ReadFull(f, sample); err != nil {
		return c, err
	}
	if _, err := f.Seek(0, io.SeekStart); err != nil {
		return c, err
	}
	if !h.large(a, name, size, sample) {
		if c.content, err = io.ReadAll(io.LimitReader(f, h.opts.LFSThreshold+1)); err != nil {
			return c, err
		}
		return c, h.prepare(r, &c)
	}
	c.kind, c.size = putLFS, size
	if err := h.prepare(r, &c); err != nil {
		return c, err
	}
	if c.lfs, err = h.importObject(ctx, r, f, opts); err != nil {
		return c, err
	}
	return c, nil
}

// importObject makes an object of a file, and returns its sha256.
func (h *Hub) importObject(ctx context.Context, r *store.Repo, f *os.File, opts ImportOptions) (string, error) {
	temp, to, err := h.importTarget(f, opts.Link)
	if err != nil {
		return "", err
	}
	sum := sha256.New()
	source := io.TeeReader(&contextReader{ctx, f}, sum)
	if _, err := copyAll(to, source); err != nil {
		store.Drop(temp)
		return "", err
	}
	oid := hex.EncodeToString(sum.Sum(nil))
	return oid, h.keep(ctx, temp, ticket{oid: oid, repo: r, user: opts.Author})
}

// importTarget makes the temp file for the content of f: another name of f
// that needs no writing, or an empty file.
func (h *Hub) importTarget(f *os.File, link bool) (temp *os.File, to io.Writer, err error) {
	if name := h.store.TempName(); link && os.Link(f.Name(), name) == nil {
		temp, err = os.Open(name)
		return temp, io.Discard, err
	}
	temp, err = h.store.Temp(0o644)
	return temp, temp, err
}

// contextReader fails when its context is over.
type contextReader struct {
	ctx context.Context
	r   io.Reader
}

func (c *contextReader) Read(p []byte) (int, error) {
	if err := c.ctx.Err(); err != nil {
		return 0, err
	}
	return c.r.Read(p)
}
