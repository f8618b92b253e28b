package wire

import "encoding/json"

// MaxPreuploadFiles is the most files one preupload request may name.
const MaxPreuploadFiles = 256

// SampleSize is how many leading bytes of a file preupload looks at.
const SampleSize = 512

// Upload modes of a file, chosen by the Hub.
const (
	UploadRegular = "regular" // content inline in the commit
	UploadLFS     = "lfs"     // content sent ahead, the commit names its sha256
)

// PreuploadRequest is the body of POST /api/models/{repo}/preupload/{rev}.
type PreuploadRequest struct {
	Files     []PreuploadFile `json:"files"`
	GitIgnore *string         `json:"gitIgnore,omitempty"`
}

// PreuploadFile describes one file that the client means to commit.
type PreuploadFile struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`
	Sample []byte `json:"sample"` // first SampleSize bytes; base64 on the wire
}

// PreuploadResponse tells how each file is to be sent.
type PreuploadResponse struct {
	CommitOID string            `json:"commitOid,omitempty"` // head of the revision
	Files     []PreuploadAnswer `json:"files"`
}

// PreuploadAnswer is the Hub's choice for one file.
type PreuploadAnswer struct {
	Path         string `json:"path"`
	UploadMode   string `json:"uploadMode"`
	ShouldIgnore bool   `json:"shouldIgnore"`
	OID          string `json:"oid,omitempty"` // what stands at Path now: git blob id, or sha256 of an LFS file
}

// LFSBatchRequest is the body of POST /{repo}.git/info/lfs/objects/batch.
// Source: git-lfs docs/api/batch.md.
type LFSBatchRequest struct {
	Operation string      `json:"operation"` // "upload" or "download"
	Transfers []string    `json:"transfers,omitempty"`
	Objects   []LFSObject `json:"objects"`
	HashAlgo  string      `json:"hash_algo,omitempty"` // "sha256"
	Ref       *LFSRef     `json:"ref,omitempty"`
}

// LFSRef names the revision that a batch is for.
type LFSRef struct {
	Name string `json:"name"`
}

// LFSObject names content by its sha256 and size.
type LFSObject struct {
	OID  string `json:"oid"`
	Size int64  `json:"size"`
}

// LFSBatchResponse answers a batch: per object what to do next.
type LFSBatchResponse struct {
	Transfer string           `json:"transfer,omitempty"` // "basic", "multipart" or "xet"; "basic" when empty
	Objects  []LFSBatchObject `json:"objects"`
}

// LFSBatchObject is one object's answer. For an upload, no Actions and no
// Error means that the Hub holds the object already.
type LFSBatchObject struct {
	OID           string                `json:"oid"`
	Size          int64                 `json:"size"`
	Authenticated bool                  `json:"authenticated,omitempty"`
	Actions       map[string]*LFSAction `json:"actions,omitempty"` // "upload", "verify", "download"
	Error         *LFSError             `json:"error,omitempty"`
}

// LFSAction is a request that the client is to make. For a multipart upload
// Header holds "chunk_size" and the signed part addresses under "1", "2", … or
// zero-padded numbers; the values may be JSON strings or numbers.
type LFSAction struct {
	Href      string               `json:"href"`
	Header    map[string]LFSString `json:"header,omitempty"`
	ExpiresIn int                  `json:"expires_in,omitempty"` // seconds
	ExpiresAt string               `json:"expires_at,omitempty"` // RFC 3339
}

// LFSString is a string that some servers send as a JSON number.
type LFSString string

// UnmarshalJSON takes a string or any other scalar as it is written.
func (s *LFSString) UnmarshalJSON(b []byte) error {
	if len(b) > 0 && b[0] == '"' {
		return json.Unmarshal(b, (*string)(s))
	}
	*s = LFSString(b)
	return nil
}

// LFSError says why one object of a batch was refused.
type LFSError struct {
	Code    int    `json:"code"`
	Message string `json:"message"`
}

// LFSComplete is POSTed to the upload address when all parts are there.
type LFSComplete struct {
	OID   string    `json:"oid"`
	Parts []LFSPart `json:"parts"`
}

// LFSPart names one uploaded part.
type LFSPart struct {
	PartNumber int    `json:"partNumber"` // from 1
	ETag       string `json:"etag"`
}

// CommitLine is one line of the NDJSON body of POST
// /api/models/{repo}/commit/{rev}: exactly one of the Commit* types, by Key.
type CommitLine struct {
	Key   string          `json:"key"` // "header", "file", "lfsFile", "deletedFile", "deletedFolder"
	Value json.RawMessage `json:"value"`
}

// CommitHeader is the value of the "header" line, the first one.
type CommitHeader struct {
	Summary      string `json:"summary"`
	Description  string `json:"description"`
	ParentCommit string `json:"parentCommit,omitempty"`
}

// CommitFile is the value of a "file" line: a small file, inline.
type CommitFile struct {
	Path     string `json:"path"`
	Content  string `json:"content"`
	Encoding string `json:"encoding"` // "base64"; some clients send "utf-8"
}

// CommitLFSFile is the value of an "lfsFile" line: content the Hub holds.
type CommitLFSFile struct {
	Path string `json:"path"`
	Algo string `json:"algo"` // "sha256"
	OID  string `json:"oid"`
	Size int64  `json:"size"`
}

// CommitDeleted is the value of a "deletedFile" or "deletedFolder" line.
type CommitDeleted struct {
	Path string `json:"path"`
}

// CommitResponse is the answer of a commit.
type CommitResponse struct {
	Success        bool   `json:"success"`
	CommitOID      string `json:"commitOid"`
	CommitURL      string `json:"commitUrl"`
	HookOutput     string `json:"hookOutput"`
	PullRequestURL string `json:"pullRequestUrl,omitempty"`
}
