package localhub

import (
	"bufio"
	"bytes"
	"encoding/base64"
	"encoding/json"
	"errors"
	"io"
	"net/http"
	"regexp"

	"longcat/hub/localhub/store"
	"longcat/hub/wire"
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

var sha256ID = regexp.MustCompile(`^[0-9a-f]{64}$`)

// parseCommit reads the NDJSON body of a commit. It calls visit with each
// change in turn and keeps at most one line of at most maxLine bytes.
func parseCommit(body io.Reader, maxLine int, visit func(change) error) (wire.CommitHeader, error) {
	var header wire.CommitHeader
	lines := bufio.NewReaderSize(body, 64<<10)
	var buf []byte
	for n := 0; ; {
		line, err := readLine(lines, buf[:0], maxLine)
		if err != nil && !errors.Is(err, io.EOF) {
			return header, err
		}
		buf = line
		if line = bytes.TrimSpace(line); len(line) > 0 {
			if n++; n > maxChanges {
				return header, badRequest("A commit can not have more than %d lines", maxChanges)
			}
			if err := parseLine(line, n == 1, &header, visit); err != nil {
				return header, err
			}
		}
		if err != nil {
			if n == 0 {
				return header, badRequest("The commit is empty: the first line must be its header")
			}
			return header, nil
		}
	}
}

// readLine appends the next line to buf. At the end of the input it returns
// io.EOF with whatever there was.
func readLine(r *bufio.Reader, buf []byte, limit int) ([]byte, error) {
	for {
		part, err := r.ReadSlice('\n')
		if len(buf)+len(part) > limit {
			return nil, &apiError{Status: http.StatusRequestEntityTooLarge, Message: "A line of the commit is too long: send large files through LFS"}
		}
		buf = append(buf, part...)
		if !errors.Is(err, bufio.ErrBufferFull) {
			return buf, err
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
