// Package wire holds what travels between a Hub and its clients: the JSON
// bodies, the header names and the naming rules both sides must agree on.
//
// It is shared by the client (package hub) and the embedded server (package
// hub/localhub) and imports neither. The shapes were read off recorded answers
// of huggingface.co and off the Python client's requests.
package wire

import (
	"encoding/json"
	"time"
)

// Header names of the Hub's answers, in canonical form.
const (
	HeaderErrorCode    = "X-Error-Code"
	HeaderErrorMessage = "X-Error-Message"
	HeaderRequestID    = "X-Request-Id"
	HeaderRepoCommit   = "X-Repo-Commit"
	HeaderLinkedEtag   = "X-Linked-Etag" // sha256 of a large file, quoted
	HeaderLinkedSize   = "X-Linked-Size"
	HeaderXetHash      = "X-Xet-Hash"
	HeaderWarning      = "X-Hf-Warning" // "topic; text"
)

// Values of HeaderErrorCode.
const (
	CodeEntryNotFound    = "EntryNotFound"
	CodeRevisionNotFound = "RevisionNotFound"
	CodeRepoNotFound     = "RepoNotFound"
	CodeGatedRepo        = "GatedRepo"
)

// LFSMediaType is the content type of the LFS batch API.
const LFSMediaType = "application/vnd.git-lfs+json"

// Error is the JSON body of a failed request.
type Error struct {
	Error string `json:"error"`
}

// RepoInfo is the answer of GET /api/models/{repo}/revision/{rev}.
type RepoInfo struct {
	ID           string          `json:"id"`
	SHA          string          `json:"sha"` // commit id: 40 hex digits, 64 on some look-alikes
	Private      bool            `json:"private"`
	Disabled     bool            `json:"disabled,omitempty"`
	Gated        Gated           `json:"gated"`
	LastModified time.Time       `json:"lastModified,omitzero"`
	Tags         []string        `json:"tags"`
	Siblings     []Sibling       `json:"siblings"`
	CardData     json.RawMessage `json:"cardData,omitempty"`
	Config       json.RawMessage `json:"config,omitempty"`
	UsedStorage  int64           `json:"usedStorage,omitempty"` // bytes
}

// Sibling is one file of a repo as RepoInfo lists it: by name only.
type Sibling struct {
	RFilename string `json:"rfilename"`
}

// Gated says whether access must be asked for: "" (no), "auto" or "manual".
// On the wire "no" is the JSON value false.
type Gated string

// MarshalJSON writes false for an ungated repo.
func (g Gated) MarshalJSON() ([]byte, error) {
	if g == "" {
		return []byte("false"), nil
	}
	return json.Marshal(string(g))
}

// UnmarshalJSON reads false, true, or the name of a mode.
func (g *Gated) UnmarshalJSON(b []byte) error {
	switch string(b) {
	case "false", "null":
		*g = ""
		return nil
	case "true":
		*g = "auto"
		return nil
	}
	return json.Unmarshal(b, (*string)(g))
}

// TreeEntry is one element of GET /api/models/{repo}/tree/{rev}.
type TreeEntry struct {
	Type    string   `json:"type"` // "file" or "directory"
	OID     string   `json:"oid"`  // git id: of the blob (for LFS, of the pointer) or of the tree
	Size    int64    `json:"size"` // bytes of the content; 0 for a directory
	Path    string   `json:"path"`
	LFS     *LFSInfo `json:"lfs,omitempty"`
	XetHash string   `json:"xetHash,omitempty"`
}

// LFSInfo marks a large file and names its content.
type LFSInfo struct {
	OID         string `json:"oid"` // sha256 of the content, 64 hex digits
	Size        int64  `json:"size"`
	PointerSize int64  `json:"pointerSize"`
}

// CreateRepo is the body of POST /api/repos/create.
type CreateRepo struct {
	Name         string `json:"name"`
	Organization string `json:"organization,omitempty"`
	Type         string `json:"type,omitempty"`       // "model" when empty
	Visibility   string `json:"visibility,omitempty"` // "public" or "private"
	Private      *bool  `json:"private,omitempty"`    // older clients
}

// DeleteRepo is the body of DELETE /api/repos/delete.
type DeleteRepo struct {
	Name         string `json:"name"`
	Organization string `json:"organization,omitempty"`
	Type         string `json:"type,omitempty"`
}

// RepoURL is the answer of a create request, and of its 409.
type RepoURL struct {
	URL   string `json:"url"`
	Name  string `json:"name,omitempty"`
	ID    string `json:"id,omitempty"`
	Error string `json:"error,omitempty"`
}

// YAMLVerdict is the answer of POST /api/validate-yaml: what the Hub thinks of
// a card's front matter.
type YAMLVerdict struct {
	Errors   []YAMLMessage `json:"errors"`
	Warnings []YAMLMessage `json:"warnings"`
}

// YAMLMessage is one finding, in the Hub's words.
type YAMLMessage struct {
	Message string `json:"message"`
}
