package mirror

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"os"

	"longcat/hub/localhub/store"
	"longcat/internal/progress"
)

// given is where the content of a large file is on this machine, or "".
func (d *Folder) given(repo *Repo, f store.File) string {
	for _, g := range d.givers {
		if f.LFS == "" {
			continue
		}
		if path := g.Find(repo.From, f.LFS); path != "" {
			if fi, err := os.Lstat(path); err == nil && fi.Mode().IsRegular() && fi.Size() == f.Size {
				return path
			}
		}
	}
	return ""
}

// take takes what givers have, and returns the files that they have not. Their
// files get another name, or are copied to another filesystem; then they are
// hashed, and what is not right is left to them.
func (d *Folder) take(ctx context.Context, repo *Repo, r *store.Repo, files []store.File) (rest []store.File, err error) {
	for _, f := range files {
		path := d.given(repo, f)
		if path == "" {
			rest = append(rest, f)
			continue
		}
		file, err := d.link(path)
		if err != nil {
			return nil, err
		}
		sum := sha256.New()
		if _, err := io.Copy(sum, reader{ctx, file}); err != nil {
			store.Drop(file)
			return nil, err
		}
		if hex.EncodeToString(sum.Sum(nil)) != f.LFS {
			store.Drop(file)
			rest = append(rest, f)
			continue
		}
		if err := d.putObject(ctx, r, f, file); err != nil {
			return nil, err
		}
	}
	return rest, nil
}

// link hard-links a file to a temporary name in the store, or copies it there.
func (d *Folder) link(path string) (*os.File, error) {
	name := d.store.TempName()
	if err := os.Link(path, name); err == nil {
		return os.OpenFile(name, os.O_RDWR, 0)
	}
	from, err := os.Open(path)
	if err != nil {
		return nil, err
	}
	defer from.Close()
	file, err := d.store.Temp(0o644)
	if err != nil {
		return nil, err
	}
	if _, err := io.Copy(file, from); err != nil {
		store.Drop(file)
		return nil, err
	}
	_, err = file.Seek(0, io.SeekStart)
	return file, err
}

// copy gets files one by one from a source that has no better way.
func (d *Folder) copy(ctx context.Context, src Source, repo *Repo, r *store.Repo, w wants, o Options, out *Outcome) error {
	for _, f := range w.files {
		if err := d.copyFile(ctx, src, repo, r, w.commit, f, o); err != nil {
			return fmt.Errorf("%q: %w", f.Path, err)
		}
		out.Fetched += f.Size
	}
	return nil
}

func (d *Folder) copyFile(ctx context.Context, src Source, repo *Repo, r *store.Repo, commit string, f store.File, o Options) error {
	content, closer, err := src.Open(ctx, repo.From, commit, f)
	if err != nil {
		return err
	}
	defer closer.Close()
	if content.Size() != f.Size {
		return errChanged
	}
	meter := progress.Start(o.Progress, "copying", f.Path, f.Size)
	defer meter.Done()
	if f.LFS == "" {
		data, err := io.ReadAll(reader{ctx, content})
		if err != nil {
			return err
		}
		meter.Add(f.Size)
		return putBlob(r, f, data)
	}
	file, err := d.store.Temp(0o644)
	if err != nil {
		return err
	}
	sum := sha256.New()
	if err = copyHashed(ctx, file, sum, content, meter); err == nil && hex.EncodeToString(sum.Sum(nil)) != f.LFS {
		err = errChanged
	}
	if err != nil {
		store.Drop(file)
		return err
	}
	return d.putObject(ctx, r, f, file)
}

func copyHashed(ctx context.Context, to io.Writer, sum hash.Hash, from io.Reader, meter progress.Meter) error {
	buf := make([]byte, 1<<20)
	for {
		n, err := from.Read(buf)
		if _, werr := to.Write(buf[:n]); werr != nil {
			return werr
		}
		sum.Write(buf[:n])
		meter.Add(int64(n))
		switch {
		case errors.Is(err, io.EOF):
			return nil
		case err != nil:
			return err
		case ctx.Err() != nil:
			return context.Cause(ctx)
		}
	}
}

// reader ends with its context.
type reader struct {
	ctx context.Context // io.Reader has no place for it
	io.Reader
}

func (r reader) Read(p []byte) (int, error) {
	if r.ctx.Err() != nil {
		return 0, context.Cause(r.ctx)
	}
	return r.Reader.Read(p)
}
