package hub

import (
	"context"
	"encoding/base64"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"

	"longcat/hub/internal/wire"
)

// commit makes the commit of a prepared upload whose large files are there. It
// names its parent, so that the hub makes it once at most, however often it is
// sent. An answer that is lost leaves open whether that was done: the branch
// tells. If it was not, the commit is sent again. A branch that moved on since
// the parent is no obstacle where the commits in between left our paths alone.
func (c *Client) commit(ctx context.Context, p *PreparedUpload) (*wire.CommitResponse, error) {
	for failures, moves := 0, 0; ; {
		answer, err := c.commitOnce(ctx, p)
		var he *Error
		refused := errors.As(err, &he) && he.Status < http.StatusInternalServerError
		conflict := refused && errors.Is(err, ErrConflict)
		switch {
		case err == nil, p.CreatePR, ctx.Err() != nil, refused && !conflict:
			return answer, err
		}
		head, done, herr := c.headAfter(ctx, p)
		switch {
		case herr != nil:
			return nil, errors.Join(err, herr)
		case done:
			return &wire.CommitResponse{Success: true, CommitOID: head, CommitURL: c.PageURL(p.Repo) + "/commit/" + head}, nil
		case head != p.Parent:
			if p.OnParent {
				return nil, err
			}
			if other, cerr := c.changedBetween(ctx, p, head); cerr != nil || other || moves == maxMoves {
				return nil, errors.Join(err, cerr)
			}
			p.Parent = head
			moves++
		default:
			hopeless := he != nil && !conflict && !unavailable(he.Status) && !passing(he.Status)
			if failures++; hopeless || failures == answerTries || c.cfg.RetryFor < 0 {
				return nil, err
			}
		}
		if err := pause(ctx, backoff(c.cfg.RetryWaitMin, c.cfg.RetryWaitMax, failures, nil)); err != nil {
			return nil, err
		}
	}
}

// maxMoves is how often others may be faster.
const maxMoves = 50

func (c *Client) commitOnce(ctx context.Context, p *PreparedUpload) (*wire.CommitResponse, error) {
	r := request{op: "committing to", repo: p.Repo, method: http.MethodPost, url: p.Repo.apiPath("commit", revOr(p.Revision)), once: true, write: true, slow: true}
	if p.CreatePR {
		r.url += "?create_pr=1"
	}
	body := *p // connections may still read it when the next one is prepared
	var size counter
	if err := body.writeCommit(&size); err != nil {
		return nil, err
	}
	r.size = int64(size)
	r.setHeader("Content-Type", "application/x-ndjson")
	r.body = func() (io.ReadCloser, error) {
		pr, pw := io.Pipe()
		go func() { pw.CloseWithError(body.writeCommit(pw)) }()
		return pr, nil
	}
	var answer wire.CommitResponse
	_, err := c.call(ctx, r, &answer)
	switch {
	case err != nil:
		return nil, err
	case p.CreatePR && answer.PullRequestURL == "":
		return nil, fmt.Errorf("opening a pull request on %q: the hub made none; the changes may be on %q, as commit %q",
			p.Repo, revOr(p.Revision), c.clean(answer.CommitOID, 64))
	case !commitID.MatchString(answer.CommitOID):
		return nil, fmt.Errorf("committing to %q: the hub answers no commit id", p.Repo)
	}
	return &answer, nil
}

// headAfter finds the branch's head after a commit of which it is not known
// whether it was made: done tells that the head lists what was meant.
func (c *Client) headAfter(ctx context.Context, p *PreparedUpload) (head string, done bool, err error) {
	info, err := c.RepoInfo(ctx, p.Repo, p.Revision)
	switch {
	case errors.Is(err, ErrRevisionNotFound) && p.Parent == "": // still empty
		return "", false, nil
	case err != nil:
		return "", false, err
	case info.SHA == p.Parent:
		return info.SHA, false, nil
	}
	err = c.CheckTree(ctx, p.Repo, info.SHA, p.Files, p.Delete)
	if errors.As(err, new(*MismatchError)) {
		return info.SHA, false, nil
	}
	return info.SHA, err == nil, err
}

// changedBetween tells whether the commits between the parent and a later head
// touch a path of the upload.
func (c *Client) changedBetween(ctx context.Context, p *PreparedUpload, head string) (bool, error) {
	before, err := c.listed(ctx, p.Repo, p.Parent)
	if err != nil {
		return false, err
	}
	after, err := c.listed(ctx, p.Repo, head)
	if err != nil {
		return false, err
	}
	for _, f := range p.Files {
		if before[f.Path] != after[f.Path] {
			return true, nil
		}
	}
	for _, path := range p.Delete {
		if before[path] != after[path] {
			return true, nil
		}
	}
	return false, nil
}

// listed are a commit's files by path; none for no commit.
func (c *Client) listed(ctx context.Context, repo Repo, commit string) (map[string]Entry, error) {
	all := map[string]Entry{}
	if commit == "" {
		return all, nil
	}
	for e, err := range c.Tree(ctx, repo, commit) {
		if err != nil {
			return nil, err
		}
		all[e.Path] = e
	}
	return all, nil
}

// writeCommit writes the NDJSON body. Small files go in as they are read.
func (p *PreparedUpload) writeCommit(w io.Writer) error {
	if err := writeLine(w, "header", wire.CommitHeader{Summary: p.Message, Description: p.Details, ParentCommit: p.Parent}); err != nil {
		return err
	}
	for i, f := range p.Files {
		var err error
		switch {
		case f.Ignored || !f.Changed:
		case f.LFS:
			err = writeLine(w, "lfsFile", wire.CommitLFSFile{Path: f.Path, Algo: "sha256", OID: f.OID, Size: f.Size})
		default:
			err = writeInline(w, f.Path, p.Upload.Files[i].Content)
		}
		if err != nil {
			return err
		}
	}
	for _, path := range p.Delete {
		if err := writeLine(w, "deletedFile", wire.CommitDeleted{Path: path}); err != nil {
			return err
		}
	}
	return nil
}

func writeLine(w io.Writer, key string, value any) error {
	v, err := json.Marshal(value)
	if err != nil {
		return err
	}
	return json.NewEncoder(w).Encode(wire.CommitLine{Key: key, Value: v}) // ends the line
}

// writeInline writes a "file" line without holding the content in memory.
func writeInline(w io.Writer, path string, content *io.SectionReader) error {
	name, err := json.Marshal(path)
	if err != nil {
		return err
	}
	if _, err := fmt.Fprintf(w, `{"key":"file","value":{"path":%s,"encoding":"base64","content":"`, name); err != nil {
		return err
	}
	enc := base64.NewEncoder(base64.StdEncoding, w)
	if _, err := io.Copy(enc, io.NewSectionReader(content, 0, content.Size())); err != nil {
		return fmt.Errorf("reading %q: %w", path, err)
	}
	if err := enc.Close(); err != nil {
		return err
	}
	_, err = io.WriteString(w, "\"}}\n")
	return err
}

// counter counts what is written to it.
type counter int64

func (c *counter) Write(p []byte) (int, error) {
	*c += counter(len(p))
	return len(p), nil
}

// MismatchError tells that a revision does not list what it should.
type MismatchError struct {
	Repo, Commit, Path string
	Want, Got          string // "" for a file that should not be, or is not, there
}

func (e *MismatchError) Error() string {
	switch {
	case e.Got == "":
		return fmt.Sprintf("%q at %s does not list file %q", e.Repo, e.Commit, e.Path)
	case e.Want == "":
		return fmt.Sprintf("%q at %s still lists file %q", e.Repo, e.Commit, e.Path)
	}
	return fmt.Sprintf("%q at %s lists file %q as %s, want %s", e.Repo, e.Commit, e.Path, e.Got, e.Want)
}

// CheckTree compares what a commit lists with what was meant: every file there
// with its size and hash, none of the removed ones. The first difference is a
// *MismatchError.
func (c *Client) CheckTree(ctx context.Context, repo Repo, commit string, want []UploadedFile, removed []string) error {
	listed, err := c.listed(ctx, repo, commit)
	if err != nil {
		return err
	}
	for _, f := range want {
		if f.Ignored {
			continue
		}
		e, ok := listed[f.Path]
		m := &MismatchError{Repo: repo.String(), Commit: commit, Path: f.Path, Want: describe(f.Size, f.OID)}
		if !ok {
			return m
		}
		if !lists(e, f) {
			m.Got = describe(e.Size, e.Hash())
			return m
		}
	}
	for _, path := range removed {
		if e, ok := listed[path]; ok {
			return &MismatchError{Repo: repo.String(), Commit: commit, Path: path, Got: describe(e.Size, e.Hash())}
		}
	}
	return nil
}

// lists tells whether an entry is the file. Some servers list large files
// without their sha256, with the size of the content or of git's pointer to
// it; where git counts in sha256, blob ids are not ours. What can not be
// compared is taken as right.
func lists(e Entry, f UploadedFile) bool {
	switch {
	case f.Size == 0 && e.Size == 0: // whatever it is called: there is one empty file
		return true
	case e.SHA256 != "":
		return f.LFS && e.SHA256 == f.OID && e.Size == f.Size
	case f.LFS:
		return e.Size == f.Size || e.Size == int64(len(wire.LFSPointer(f.OID, f.Size)))
	case len(e.BlobID) != len(f.OID):
		return e.Size == f.Size
	}
	return e.Size == f.Size && e.BlobID == f.OID
}

func describe(size int64, oid string) string { return fmt.Sprintf("%s (%d bytes)", oid, size) }
