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

// UploadFile is one file that a commit is to add or replace.
type UploadFile struct {
	Path    string            // in the repo
	Content *io.SectionReader // read several times, concurrently
	Origins []Origin          // what of it the Hub holds in other files; may be nil

	// Stored, if not nil, is a large file that the repo holds already, on
	// whatever branch: the commit names it, and no content is needed.
	Stored *StoredFile
}

// StoredFile is a large file that a repo holds.
type StoredFile struct {
	SHA256 string
	Size   int64 // bytes
}

// size of the file's content, in bytes.
func (f UploadFile) size() int64 {
	if f.Stored != nil {
		return f.Stored.Size
	}
	return f.Content.Size()
}

// Upload describes one commit.
type Upload struct {
	Repo     Repo
	Revision string // branch; "main" when empty
	Files    []UploadFile
	Delete   []string // files that the commit removes
	Message  string   // first line; required
	Details  string   // the rest of the message
	CreatePR bool     // open a pull request instead of writing to the branch
	Parent   string   // the commit that this builds on; the branch's head when empty
	OnParent bool     // fail when the branch has moved on since, whatever others changed

	// Manifest, if not nil, makes one more small file of the commit out of what
	// is known of the others once they were sent: their sizes and hashes.
	Manifest func(files []UploadedFile) (UploadFile, error)

	// Confirm, if not nil, is asked once all large files were sent, right before
	// the commit, which an error stops. The text becomes the rest of the message.
	Confirm func(files []UploadedFile) (details string, err error)

	Workers  int // connections at a time; 8 when 0
	Readers  int // files read at a time; one for each processor when 0
	Progress Progress
}

// UploadResult tells what a commit did.
type UploadResult struct {
	Commit         string         `json:"commit"`
	CommitURL      string         `json:"commit_url"` // where a person reads it, or else the repo
	PullRequestURL string         `json:"pull_request_url,omitempty"`
	Unchanged      bool           `json:"unchanged"` // the revision held all this already: no commit was made
	Files          []UploadedFile `json:"files"`
	Total          int64          `json:"total"` // bytes of all files that are not ignored
	Sent           int64          `json:"sent"`  // bytes of content that crossed the wire
}

// UploadedFile is one file as it now stands in the repo.
type UploadedFile struct {
	Path    string `json:"path"`
	Size    int64  `json:"size"`
	LFS     bool   `json:"lfs"`
	OID     string `json:"oid"`     // sha256 of a large file ("" until it is known), git blob id of a small one
	Ignored bool   `json:"ignored"` // a .gitignore names it: the commit leaves it out
	Changed bool   `json:"changed"` // the revision held something else, or nothing
}

// Upload sends what the Hub does not hold and makes one commit of it, which
// either stands as a whole or not at all. After an interruption the same call
// sends only what is missing. The repo must exist.
func (c *Client) Upload(ctx context.Context, u Upload) (*UploadResult, error) {
	prep, err := c.PrepareUpload(ctx, u)
	if err != nil {
		return nil, err
	}
	return c.Send(ctx, prep)
}

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

// gitIgnore is the .gitignore that the commit brings, nil for none. The Hub goes
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
	ctx   context.Context //nolint:containedctx // an io.Reader has no place for it
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

// tell brings the meter to n bytes.
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

// Send transfers a prepared upload and commits it.
func (c *Client) Send(ctx context.Context, p *PreparedUpload) (*UploadResult, error) {
	res := &UploadResult{Commit: p.Parent}
	var large []int
	for i, f := range p.Files {
		if f.LFS && f.Changed && !f.Ignored && p.Upload.Files[i].Stored == nil {
			large = append(large, i)
		}
	}
	small := p.tell()
	defer small.Done()
	sent, err := c.sendLarge(ctx, p, large)
	res.Sent, res.Files = sent, p.Files
	if err != nil {
		return res, err
	}
	if p.Confirm != nil {
		if p.Details, err = p.Confirm(p.Files); err != nil {
			return res, err
		}
	}
	if err := c.addManifest(ctx, p); err != nil {
		return res, err
	}
	res.Files, res.Unchanged = p.Files, len(p.Delete) == 0
	for _, f := range p.Files {
		if f.Ignored {
			continue
		}
		res.Total += f.Size
		if f.Changed {
			res.Unchanged = false
			if !f.LFS {
				res.Sent += f.Size
			}
		}
	}
	if res.Unchanged {
		res.CommitURL = c.PageURL(p.Repo)
		return res, nil
	}
	answer, err := c.commit(ctx, p)
	if err != nil {
		return res, err
	}
	small.Add(p.inline())
	res.Commit, res.PullRequestURL = answer.CommitOID, answer.PullRequestURL
	res.CommitURL = cmp.Or(c.absolute(answer.CommitURL), c.PageURL(p.Repo))
	return res, nil
}

// addManifest makes the file that tells of the others, which goes into the
// commit itself.
func (c *Client) addManifest(ctx context.Context, p *PreparedUpload) error {
	if p.Manifest == nil {
		return nil
	}
	f, err := p.Manifest(p.Files)
	if err != nil {
		return err
	}
	with := p.Upload
	with.Files = append(slices.Clone(p.Upload.Files), f)
	if err := checkUpload(with); err != nil {
		return err
	}
	made := make([]UploadedFile, 1)
	if err := c.preupload(ctx, p.Upload, nil, []UploadFile{f}, made); err != nil {
		return err
	}
	if made[0].LFS {
		return fmt.Errorf("uploading %q to %q: the repo's .gitattributes keeps it out of the commit", f.Path, p.Repo)
	}
	if err := hashFile(ctx, f.Content, &made[0], nil); err != nil {
		return err
	}
	p.Upload, p.Files = with, append(p.Files, made[0])
	return nil
}

// tell says what there is to do, and what the repo holds already. The meter that
// it returns is for what goes into the commit itself.
func (p *PreparedUpload) tell() Meter {
	var all, have int64
	for _, f := range p.Files {
		if f.Ignored {
			continue
		}
		all += f.Size
		if !f.Changed {
			have += f.Size
		}
	}
	progress.Expect(p.Progress, "uploading", all)
	m := progress.Start(p.Progress, "uploading", "", have+p.inline())
	m.Found(have)
	return m
}

// inline is how many bytes the commit itself carries.
func (p *PreparedUpload) inline() (n int64) {
	for _, f := range p.Files {
		if f.Changed && !f.Ignored && !f.LFS {
			n += f.Size
		}
	}
	return n
}

// sendLarge transfers the large files among p.Files, as chunks where the Hub
// takes them.
func (c *Client) sendLarge(ctx context.Context, p *PreparedUpload, large []int) (sent int64, err error) {
	if len(large) == 0 {
		return 0, nil
	}
	if p.chunks != nil {
		sent, err := c.sendXet(ctx, p, large)
		var ne *NetworkError
		if !errors.As(err, &ne) || c.hasReached(ne.Host) {
			return sent, err
		}
		// The hub answers and its chunk store never did: some networks let only
		// the hub through. The hub takes large files as a whole, too.
		if c.cfg.Warn != nil {
			c.cfg.Warn("chunk store", ne.Error()+"; large files are sent as a whole")
		}
		if err := c.hashLarge(ctx, p, large); err != nil {
			return sent, err
		}
	}
	objects := make([]object, len(large))
	for i, k := range large {
		f := p.Files[k]
		objects[i] = object{oid: f.OID, size: f.Size, path: f.Path, content: p.Upload.Files[k].Content}
	}
	return c.sendLFS(ctx, p, unique(objects))
}

// hashLarge finds the sha256 of large files that is not known yet.
func (c *Client) hashLarge(ctx context.Context, p *PreparedUpload, large []int) error {
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for _, k := range large {
		if p.Files[k].OID == "" {
			g.Go(func() error { return hashFile(gctx, p.Upload.Files[k].Content, &p.Files[k], p.Progress) })
		}
	}
	return g.Wait()
}

// unique drops objects of the same content: one transfer serves all.
func unique(objects []object) []object {
	seen := map[string]bool{}
	var out []object
	for _, o := range objects {
		if !seen[o.oid] {
			seen[o.oid] = true
			out = append(out, o)
		}
	}
	return out
}

// absolute completes an address that came without a host.
func (c *Client) absolute(addr string) string {
	u, err := c.endpoint.Parse(addr)
	if err != nil || addr == "" {
		return addr
	}
	return u.String()
}
