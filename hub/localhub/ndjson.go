package localhub

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// kind is what a line of a commit does.
type kind string

// The kinds, as the lines' keys spell them.
const (
	putFile      kind = "file"
	putLFS       kind = "lfsFile"
	copyFile     kind = "copyFile"
	deleteFile   kind = "deletedFile"
	deleteFolder kind = "deletedFolder"
)

// change is one line of a commit after the header.
type change struct {
	kind    kind
	path    string
	content []byte // of a putFile, until it is stored

	lfs  string // sha256 of a putLFS
	size int64  // of a putLFS; 0 if the line does not say
	oid  string // git blob id, once known

	fromPath, fromRev string // of a copyFile; no revision means the commit's parent
}

// maxChanges bounds one commit.
const maxChanges = 25_000

// Bounds of a commit's body.
const (
	maxCommit  = 1 << 30  // bytes; the Hub's own clients send 100 MB
	maxMessage = 64 << 10 // bytes of its first line, which has the message
)

// parseCommit reads the NDJSON body of a commit. It calls visit with each
// change in turn and keeps at most one line of at most maxLine bytes. For a
// long line it asks for memory, and gives it back when the line was visited.
func parseCommit(body io.Reader, maxLine int, memory func() (release func(), err error), visit func(change) error) (wire.CommitHeader, error) {
	var header wire.CommitHeader
	lines := bufio.NewReaderSize(body, smallBody)
	seen := 0
	for n := 0; n <= maxChanges+1; n++ { // the header, the changes, the end
		limit := maxLine
		if seen == 0 {
			limit = min(limit, maxMessage)
		}
		last, err := visitLine(lines, limit, memory, func(line []byte) error {
			seen++
			return parseLine(line, seen == 1, &header, visit)
		})
		switch {
		case err != nil:
			return header, err
		case last && seen == 0:
			return header, badRequest("The commit is empty: the first line must be its header")
		case last:
			return header, nil
		}
	}
	return header, badRequest("A commit can not have more than %d lines", maxChanges)
}

// visitLine reads one line and visits it, unless it is blank. It reports
// whether it was the last.
func visitLine(lines *bufio.Reader, limit int, memory func() (release func(), err error), visit func([]byte) error) (last bool, err error) {
	line, err := lines.ReadSlice('\n')
	if errors.Is(err, bufio.ErrBufferFull) {
		release, noMemory := memory()
		if noMemory != nil {
			return false, noMemory
		}
		defer release()
		line, err = longLine(lines, bytes.Clone(line), limit)
	}
	if last = errors.Is(err, io.EOF); err != nil && !last {
		return false, err
	}
	if len(line) > limit {
		return false, errLongLine
	}
	if line = bytes.TrimSpace(line); len(line) > 0 {
		return last, visit(line)
	}
	return last, nil
}

var errLongLine = &apiError{Status: http.StatusRequestEntityTooLarge, Message: "A line of the commit is too long: send large files through LFS"}

// longLine reads what is left of a line.
func longLine(r *bufio.Reader, line []byte, limit int) ([]byte, error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(line)+len(part) > limit {
			return nil, errLongLine
		}
		line = append(line, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return line, err
		}
	}
}

// parseLine reads one line. All kinds share one shape, so that the content of
// a file is not copied an extra time.
func parseLine(line []byte, first bool, header *wire.CommitHeader, visit func(change) error) error {
	var msg struct {
		Key   kind `json:"key"`
		Value struct {
			wire.CommitHeader
			wire.CommitLFSFile
			Content     string `json:"content"`
			Encoding    string `json:"encoding"`
			SrcPath     string `json:"srcPath"`
			SrcRevision string `json:"srcRevision"`
		} `json:"value"`
	}
	if err := json.Unmarshal(line, &msg); err != nil {
		return badRequest("Invalid line in commit: %v", err)
	}
	v := &msg.Value
	if first != (msg.Key == "header") {
		return badRequest("The first line of a commit, and only that, must be its header")
	}
	if first {
		*header = v.CommitHeader
		return nil
	}
	c := change{kind: msg.Key, path: v.Path}
	var err error
	switch c.kind {
	case putFile:
		c.content, err = decodeContent(v.Content, v.Encoding)
	case putLFS:
		c.lfs, c.size = v.OID, v.Size
		if (v.Algo != "" && v.Algo != "sha256") || !store.IsSHA256(v.OID) || v.Size < 0 {
			err = badRequest("%q: an lfsFile needs \"algo\": \"sha256\" and an \"oid\" of 64 hex digits", v.Path)
		}
	case copyFile:
		c.fromPath, c.fromRev = v.SrcPath, v.SrcRevision
	case deleteFile, deleteFolder:
	default:
		err = badRequest("Unknown key %q in commit", msg.Key)
	}
	if err != nil {
		return err
	}
	if c.kind == deleteFolder && len(c.path) > 1 && c.path[len(c.path)-1] == '/' {
		c.path = c.path[:len(c.path)-1]
	}
	if wire.CheckPath(c.path) != nil {
		return badRequest("Invalid path: %q", c.path)
	}
	return visit(c)
}

// decodeContent decodes the content of a small file.
func decodeContent(content, encoding string) ([]byte, error) {
	if encoding == "" || encoding == "utf-8" {
		return []byte(content), nil
	}
	if encoding != "base64" {
		return nil, badRequest("Unknown encoding %q", encoding)
	}
	data, err := base64.StdEncoding.DecodeString(content)
	if err != nil {
		return nil, badRequest("Invalid base64 content: %v", err)
	}
	return data, nil
}
