package hub

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"runtime"
	"slices"
	"sync"

	"golang.org/x/sync/errgroup"

	"longcat/hub/internal/wire"
	"longcat/hub/xet"
	"longcat/internal/progress"
)

// PreparedUpload knows every file's hash and how it will travel. Nothing was
// sent yet.
type PreparedUpload struct {
	Upload
	Files []UploadedFile // in the order of Upload.Files

	chunks *xet.Client // where large files go; nil: to LFS
}

// PrepareUpload asks the Hub how each file is to be sent and hashes the files,
// large ones several at a time. Large files that will go as chunks, to a path
// where nothing stands, are hashed while they are sent.
func (c *Client) PrepareUpload(ctx context.Context, u Upload) (*PreparedUpload, error) {
	if err := checkUpload(u); err != nil {
		return nil, err
	}
	if u.Parent == "" {
		info, err := c.RepoInfo(ctx, u.Repo, u.Revision)
		switch {
		case err == nil:
			u.Parent = info.SHA
		case !errors.Is(err, ErrRevisionNotFound) || revOr(u.Revision) != "main": // an empty repo has no main yet
			return nil, err
		}
	}
	gitIgnore, err := u.gitIgnore()
	if err != nil {
		return nil, err
	}
	prep := &PreparedUpload{Upload: u, Files: make([]UploadedFile, len(u.Files))}
	for at := 0; at < len(u.Files); at += wire.MaxPreuploadFiles {
		end := min(at+wire.MaxPreuploadFiles, len(u.Files))
		if err := c.preupload(ctx, u, gitIgnore, u.Files[at:end], prep.Files[at:end]); err != nil {
			return nil, err
		}
	}
	if slices.ContainsFunc(prep.Files, func(f UploadedFile) bool { return f.LFS && !f.Ignored }) {
		var err error
		if prep.chunks, err = c.xet(ctx, u.Repo, u.Revision, xetWrite, u.CreatePR); err != nil {
			return nil, err
		}
	}
	for i, f := range u.Files {
		if s := f.Stored; s != nil {
			made := &prep.Files[i]
			made.Changed, made.OID, made.LFS = made.OID != s.SHA256, s.SHA256, true
		}
	}
	prep.tellHashing()
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(cmp.Or(u.Readers, runtime.GOMAXPROCS(0)))
	for i, f := range prep.Files {
		if u.Files[i].Stored != nil {
			continue
		}
		if f.LFS && f.OID == "" && prep.chunks != nil {
			prep.Files[i].Changed = true
			continue
		}
		g.Go(func() error { return hashFile(gctx, u.Files[i].Content, &prep.Files[i], u.Progress) })
	}
	return prep, g.Wait()
}

// tellHashing says how many bytes will be hashed before anything is sent.
func (p *PreparedUpload) tellHashing() {
	var n int64
	for _, f := range p.Files {
		if f.LFS && !(f.OID == "" && (p.chunks != nil || f.Ignored)) {
			n += f.Size
		}
	}
	progress.Expect(p.Progress, "hashing", n)
}

func checkUpload(u Upload) error {
	if err := wire.CheckRepoID(u.Repo.ID); err != nil {
		return err
	}
	if u.Message == "" {
		return fmt.Errorf("committing to %q: a commit needs a message", u.Repo)
	}
	seen := map[string]bool{}
	for _, f := range u.Files {
		if err := wire.CheckPath(f.Path); err != nil {
			return err
		}
		if seen[f.Path] {
			return fmt.Errorf("%q is to be uploaded twice", f.Path)
		}
		seen[f.Path] = true
	}
	for _, p := range u.Delete {
		if err := wire.CheckPath(p); err != nil {
			return err
		}
		if seen[p] {
			return fmt.Errorf("%q is to be uploaded and removed in one commit", p)
		}
	}
	return nil
}

// gitIgnore is the .gitignore that the commit has, nil for none. The Hub goes
// by it as if it stood in the repo already.
func (u *Upload) gitIgnore() (*string, error) {
	for _, f := range u.Files {
		if f.Path != ".gitignore" {
			continue
		}
		text, err := readGitIgnore(f.Path, io.NewSectionReader(f.Content, 0, f.Content.Size()))
		if err != nil {
			return nil, err
		}
		s := string(text)
		return &s, nil
	}
	return nil, nil
}

// preupload fills in, for up to MaxPreuploadFiles files, how the Hub wants
// them and what stands there now (in OID, until the hash replaces it).
func (c *Client) preupload(ctx context.Context, u Upload, gitIgnore *string, files []UploadFile, out []UploadedFile) error {
	body := wire.PreuploadRequest{GitIgnore: gitIgnore}
	index := map[string]int{}
	for i, f := range files {
		size := f.size()
		var sample []byte // what is stored is large, whatever it begins with
		if f.Stored == nil {
			sample = make([]byte, min(size, wire.SampleSize))
			if _, err := f.Content.ReadAt(sample, 0); err != nil && err != io.EOF {
				return fmt.Errorf("reading %q: %w", f.Path, err)
			}
		}
		body.Files = append(body.Files, wire.PreuploadFile{Path: f.Path, Size: size, Sample: sample})
		index[f.Path] = i
		out[i] = UploadedFile{Path: f.Path, Size: size}
	}
	r := request{op: "asking how to upload to", repo: u.Repo, method: "POST", write: true, url: u.Repo.apiPath("preupload", revOr(u.Revision))}
	if u.CreatePR {
		r.url += "?create_pr=1"
	}
	if err := r.jsonBody(body); err != nil {
		return err
	}
	var resp wire.PreuploadResponse
	if _, err := c.call(ctx, r, &resp); err != nil {
		return err
	}
	answered := 0
	for _, a := range resp.Files {
		i, ok := index[a.Path]
		if !ok || (a.UploadMode != wire.UploadLFS && a.UploadMode != wire.UploadRegular) {
			return fmt.Errorf("asking how to upload to %q: the hub answers %q for file %q", u.Repo, a.UploadMode, c.clean(a.Path, 80))
		}
		answered++
		out[i].LFS = a.UploadMode == wire.UploadLFS && out[i].Size > 0 // an empty file is always regular
		out[i].Ignored = a.ShouldIgnore
		out[i].OID = a.OID
	}
	if answered < len(files) {
		return fmt.Errorf("asking how to upload to %q: the hub answered for %d of %d files", u.Repo, answered, len(files))
	}
	return nil
}

// hashFile replaces the OID that stands in the repo by the content's own.
func hashFile(ctx context.Context, content *io.SectionReader, f *UploadedFile, p Progress) error {
	there := f.OID
	if f.Ignored && there == "" {
		return nil
	}
	r := io.NewSectionReader(content, 0, f.Size)
	if f.LFS {
		meter := progress.Start(p, "hashing", f.Path, f.Size)
		defer meter.Done()
		h := sha256.New()
		buf := make([]byte, 1<<20)
		if _, err := io.CopyBuffer(h, &meteredReader{ctx: ctx, r: r, meter: meter}, buf); err != nil {
			return fmt.Errorf("hashing %q: %w", f.Path, err)
		}
		f.OID = hex.EncodeToString(h.Sum(nil))
	} else {
		id, err := wire.BlobID(r, f.Size)
		if err != nil {
			return fmt.Errorf("hashing %q: %w", f.Path, err)
		}
		f.OID = id
	}
	f.Changed = f.OID != there
	f.Ignored = f.Ignored && f.Changed // some servers say so of what they have
	return nil
}

// meteredReader counts what is read, and stops when ctx ends or when it is
// given up: a connection may still read when its answer is here.
type meteredReader struct {
	ctx   context.Context // an io.Reader has no place for it
	r     io.Reader
	meter Meter

	behind int64 // how far the meter stays behind what was read, until arrived

	mu      sync.Mutex
	n       int64 // bytes read
	told    int64 // to the meter
	givenUp bool
}

func (m *meteredReader) Read(p []byte) (int, error) {
	if m.ctx.Err() != nil {
		return 0, context.Cause(m.ctx)
	}
	n, err := m.r.Read(p)
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.givenUp {
		return 0, io.ErrClosedPipe
	}
	m.n += int64(n)
	m.tell(m.n - m.behind)
	return n, err
}

// tell sets the meter to n bytes.
func (m *meteredReader) tell(n int64) {
	if n > m.told {
		m.meter.Add(n - m.told)
		m.told = n
	}
}

// arrived says that all that was read is where it was sent to.
func (m *meteredReader) arrived() {
	m.mu.Lock()
	defer m.mu.Unlock()
	if !m.givenUp {
		m.tell(m.n)
	}
}

// giveUp takes what was read out of the meter again, and returns how much that
// was.
func (m *meteredReader) giveUp() int64 {
	m.mu.Lock()
	defer m.mu.Unlock()
	if m.givenUp {
		return 0
	}
	m.givenUp = true
	m.meter.Add(-m.told)
	return m.n
}
