package wire

import (
	"crypto/sha1" // git's blob id is a sha1
	"encoding/hex"
	"fmt"
	"io"
	"path"
	"regexp"
	"strings"
)

// RepoType is the kind of a repo: model, dataset or space.
type RepoType string

// The kinds of repos. The zero value means Model.
const (
	Model   RepoType = "model"
	Dataset RepoType = "dataset"
	Space   RepoType = "space"
)

// Plural is the kind as API paths and cache folders spell it: "models", ….
func (t RepoType) Plural() string {
	if t == "" {
		t = Model
	}
	return string(t) + "s"
}

// URLPrefix is what stands before a repo's id in a page address: "" for
// models, else "datasets/" or "spaces/".
func (t RepoType) URLPrefix() string {
	if t == "" || t == Model {
		return ""
	}
	return t.Plural() + "/"
}

var repoPart = regexp.MustCompile(`^[A-Za-z0-9_][A-Za-z0-9._-]{0,95}$`)

// CheckRepoID says why id can not name a repo: it must be "name" or
// "namespace/name" of letters, digits, "-", "_" and ".", 96 at most in each,
// without "--" or "..", and must not start with "-" or "." or end with ".git".
// Source: the Hub's rule as huggingface_hub's validate_repo_id states it.
func CheckRepoID(id string) error {
	parts := strings.Split(id, "/")
	bad := len(parts) > 2 || len(id) > 193 ||
		strings.Contains(id, "--") || strings.Contains(id, "..") || strings.HasSuffix(id, ".git")
	for _, p := range parts {
		bad = bad || !repoPart.MatchString(p) || strings.HasSuffix(p, "-") || strings.HasSuffix(p, ".")
	}
	if bad {
		return fmt.Errorf("%q is not a repo id: want \"name\" or \"namespace/name\" of letters, digits, '-', '_' and '.'", id)
	}
	return nil
}

// CheckPath says why p can not be the path of a file in a repo: it is where path
// traversal out of a directory ends. A good path is
// relative, slash-separated and clean; no component is "..", ".git" or empty,
// none holds a backslash, a NUL or a control character, so that p is safe to
// join to a folder on any system.
func CheckPath(p string) error {
	bad := p == "" || len(p) > 4096 || path.Clean(p) != p || path.IsAbs(p) || p == "." ||
		strings.ContainsAny(p, "\\\x00") || (len(p) > 1 && p[1] == ':')
	for part := range strings.SplitSeq(p, "/") {
		bad = bad || part == ".." || strings.EqualFold(part, ".git") || len(part) > 255
	}
	for _, r := range p {
		bad = bad || r < 0x20 || r == 0x7f
	}
	if bad {
		return fmt.Errorf("%q is not a path inside a repo", p)
	}
	return nil
}

// BlobID is git's id of a file's content: the sha1 of "blob <size>\0" and the
// size bytes that r must give.
func BlobID(r io.Reader, size int64) (string, error) {
	h := sha1.New()
	fmt.Fprintf(h, "blob %d\x00", size)
	n, err := io.Copy(h, r)
	if err != nil {
		return "", err
	}
	if n != size {
		return "", fmt.Errorf("hashing blob: got %d bytes, want %d", n, size)
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// LFSPointer is the text that git stores in place of a large file.
// Source: git-lfs docs/spec.md.
func LFSPointer(sha256 string, size int64) string {
	return fmt.Sprintf("version https://git-lfs.github.com/spec/v1\noid sha256:%s\nsize %d\n", sha256, size)
}
