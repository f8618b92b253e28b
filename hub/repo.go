package hub

import (
	"net/url"
	"strings"

	"longcat/hub/internal/wire"
)

// Repo names a repo on a Hub. The zero Type is a model.
type Repo struct {
	Type wire.RepoType
	ID   string // "name" or "namespace/name"
}

// String is the repo as ParseRepo reads it.
func (r Repo) String() string { return r.Type.URLPrefix() + r.ID }

// split returns the namespace ("" for none) and the bare name.
func (r Repo) split() (namespace, name string) {
	if i := strings.IndexByte(r.ID, '/'); i >= 0 {
		return r.ID[:i], r.ID[i+1:]
	}
	return "", r.ID
}

func (r Repo) apiPath(parts ...string) string {
	return "/api/" + r.Type.Plural() + "/" + r.ID + joinEscaped(parts)
}

func (r Repo) resolvePath(rev, path string) string {
	return "/" + r.Type.URLPrefix() + r.ID + "/resolve" + joinEscaped([]string{rev}) + "/" + escapePath(path)
}

func (r Repo) lfsBatchPath() string {
	return "/" + r.Type.URLPrefix() + r.ID + ".git/info/lfs/objects/batch"
}

// joinEscaped writes each part as one path segment: a revision such as
// "refs/pr/1" keeps its slashes as %2F, which is how the Hub wants it.
func joinEscaped(parts []string) string {
	var b strings.Builder
	for _, p := range parts {
		b.WriteByte('/')
		b.WriteString(url.PathEscape(p))
	}
	return b.String()
}

// escapePath escapes the segments of a file's path and keeps the slashes.
func escapePath(p string) string {
	segments := strings.Split(p, "/")
	for i, s := range segments {
		segments[i] = url.PathEscape(s)
	}
	return strings.Join(segments, "/")
}
