package hub

import (
	"io"
	"time"

	"longcat/hub/internal/wire"
)

// RepoType is the kind of a repo. The zero value means Model.
type RepoType = wire.RepoType

// The kinds of repos.
const (
	Model   = wire.Model
	Dataset = wire.Dataset
	Space   = wire.Space
)

// Values of Error.Code that hubs give.
const (
	CodeEntryNotFound    = wire.CodeEntryNotFound
	CodeRevisionNotFound = wire.CodeRevisionNotFound
	CodeRepoNotFound     = wire.CodeRepoNotFound
	CodeGatedRepo        = wire.CodeGatedRepo
)

// CheckPath says why p can not be the path of a file in a repo.
func CheckPath(p string) error { return wire.CheckPath(p) }

// BlobID is git's id of a file's content, of which there are size bytes: what a
// listing says of a small file.
func BlobID(content io.Reader, size int64) (string, error) { return wire.BlobID(content, size) }

// User is whom a token belongs to, and what the token may do.
type User = wire.WhoAmI

// RepoInfo describes a repo at a revision.
type RepoInfo struct {
	ID           string
	SHA          string // the commit that the revision stands for; "" for an empty repo
	Private      bool
	Disabled     bool
	Gated        string // "" for a repo that needs no permission to read, else "auto" or "manual"
	LastModified time.Time
	Tags         []string
	UsedStorage  int64 // bytes, 0 when not told
}

func repoInfo(w *wire.RepoInfo) *RepoInfo {
	return &RepoInfo{
		ID: w.ID, SHA: w.SHA, Private: w.Private, Disabled: w.Disabled, Gated: string(w.Gated),
		LastModified: w.LastModified, Tags: w.Tags, UsedStorage: w.UsedStorage,
	}
}

// CardVerdict is what a hub thinks of a card's front matter, in its own words.
type CardVerdict struct {
	Errors   []string // for which it would refuse a commit
	Warnings []string
}
