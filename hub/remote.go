package hub

import (
	"context"
	"errors"
	"io"
	"os"
	"sync"

	"longcat/hub/cache"
)

// readAhead is how much a remote read fetches at least. A safetensors header
// of a 7B model's shard has 10 to 40 KB.
const readAhead = 256 << 10

// checkedOnOpen is up to which size a file of the cache is hashed before it is
// read. Larger ones are by whoever reads all of them, see [CheckOnce].
const checkedOnOpen = 16 << 20

// Open returns a file's content for random access: from the cache when it is
// there and right, else from the Hub by ranges, with nothing written to disk. rev should
// be a commit. The content may be read concurrently and is bound to ctx.
// Closing it is the caller's duty; a remote one holds nothing.
func (c *Client) Open(ctx context.Context, repo Repo, rev, path string) (*io.SectionReader, io.Closer, error) {
	var corrupt error
	if c.cfg.CacheDir != "" && commitID.MatchString(rev) {
		local := cacheStore{cache.NewRepo(c.cfg.CacheDir, repo.Type.Plural(), repo.ID)}
		p := PlannedFile{Path: path, Size: -1}
		if e, ok := c.entry(repo, rev, path); ok {
			p = e.planned()
		}
		var ok bool
		if p.Local, ok = local.lookup(rev, path); ok && fits(local, p.Local, p) {
			r, closer, err := openFile(p.Local)
			if err != nil || r.Size() > checkedOnOpen {
				return r, closer, err
			}
			if corrupt = c.checkLocal(ctx, local, rev, p, CheckOnce, nil); corrupt == nil {
				return r, closer, nil
			}
			closer.Close()
		}
	}
	var f *File
	if e, ok := c.entry(repo, rev, path); ok {
		f = c.listedFile(repo, rev, e)
	}
	if f == nil || f.pointer && f.Size > maxInGit {
		var err error
		if f, err = c.Resolve(ctx, repo, rev, path); err != nil {
			return nil, nil, errors.Join(corrupt, err)
		}
	}
	r := &remote{ctx: ctx, t: &transfer{c: c, file: f, etag: f.served}}
	return io.NewSectionReader(r, 0, f.Size), io.NopCloser(nil), nil
}

func openFile(path string) (*io.SectionReader, io.Closer, error) {
	f, err := os.Open(path)
	if err != nil {
		return nil, nil, err
	}
	st, err := f.Stat()
	if err != nil {
		f.Close()
		return nil, nil, err
	}
	return io.NewSectionReader(f, 0, st.Size()), f, nil
}

// remote reads a file that is still on the Hub.
type remote struct {
	ctx context.Context // io.ReaderAt has no place for it
	t   *transfer

	mu     sync.Mutex
	window []byte // the last bytes read, at start
	start  int64
}

// ReadAt fetches at least readAhead bytes a time, and keeps the last window.
func (r *remote) ReadAt(p []byte, off int64) (int, error) {
	size := r.t.current().Size
	if off < 0 || off >= size {
		return 0, io.EOF
	}
	want := p[:min(int64(len(p)), size-off)]
	if !r.fromWindow(want, off) {
		span := cache.Extent{Start: off, End: min(off+max(int64(len(want)), readAhead), size)}
		b, err := r.fetch(span)
		if err != nil {
			return 0, err
		}
		copy(want, b)
		if len(want) <= readAhead {
			r.mu.Lock()
			r.window, r.start = b, off
			r.mu.Unlock()
		}
	}
	if len(want) < len(p) {
		return len(want), io.EOF
	}
	return len(want), nil
}

func (r *remote) fromWindow(p []byte, off int64) bool {
	r.mu.Lock()
	defer r.mu.Unlock()
	if off < r.start || off+int64(len(p)) > r.start+int64(len(r.window)) {
		return false
	}
	copy(p, r.window[off-r.start:])
	return true
}

// fetch reads one span into memory, trying again as a download does.
func (r *remote) fetch(span cache.Extent) ([]byte, error) {
	buf := make([]byte, span.Len())
	rest := span
	p := patience{c: r.t.c, arrived: &r.t.arrived}
	for rest.Len() > 0 {
		n, err := r.into(buf[rest.Start-span.Start:], rest)
		rest.Start += int64(n)
		r.t.arrived.Add(int64(n))
		if err == nil {
			continue
		}
		if err := r.t.goOn(r.ctx, &p, err); err != nil {
			f := r.t.current()
			return nil, f.named(err)
		}
	}
	return buf, nil
}

// into reads the bytes of e into p and returns how many came.
func (r *remote) into(p []byte, e cache.Extent) (int, error) {
	resp, err := r.t.get(r.ctx, &e)
	if err != nil {
		return 0, err
	}
	defer resp.Body.Close()
	switch err := r.t.rightRange(resp, e); {
	case errors.Is(err, errWhole):
		if _, err := io.CopyN(io.Discard, resp.Body, e.Start); err != nil {
			return 0, r.t.c.cleanError(err)
		}
	case err != nil:
		return 0, err
	}
	n, err := io.ReadFull(resp.Body, p[:e.Len()])
	if err != nil {
		err = r.t.c.cleanError(err)
	}
	return n, err
}

// maxInGit is the size up to which hubs keep files in git: what is listed as a
// larger one without a sha256 is not what it seems.
const maxInGit = 10 << 20
