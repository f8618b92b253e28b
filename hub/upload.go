package hub

import (
	"context"
	"io"
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

// Origin means that a run of a file's bytes is also in a file that the Hub has,
// so that its chunks need not be sent.
type Origin struct {
	At, Size int64             // the run in the file
	Repo     Repo              // where the bytes are
	Commit   string            // at this commit
	Path     string            // in this file
	From     int64             // from this offset on
	Content  *io.SectionReader // that file's content, as far as it is read
}
