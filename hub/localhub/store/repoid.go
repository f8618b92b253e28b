package store

import (
	"strings"

	"longcat/hub/internal/wire"
)

// RepoID names a repo.
type RepoID struct {
	Type wire.RepoType
	Name string // "namespace/name"
}

// String is the repo's page path without the leading slash.
func (id RepoID) String() string { return id.Type.URLPrefix() + id.Name }

// Namespace is the user or organisation that owns the repo; "" for a name
// without one.
func (id RepoID) Namespace() string {
	ns, _, ok := strings.Cut(id.Name, "/")
	if !ok {
		return ""
	}
	return ns
}

// Directory is the name of the repo's directory. "--" can not occur in an id.
func (id RepoID) Directory() string {
	return id.Type.Plural() + "--" + strings.ReplaceAll(id.Name, "/", "--")
}

// ParseDirectory is the opposite of [RepoID.Directory].
func ParseDirectory(name string) (RepoID, bool) {
	plural, rest, ok := strings.Cut(name, "--")
	t, known := RepoTypes[plural]
	id := RepoID{t, strings.ReplaceAll(rest, "--", "/")}
	return id, ok && known && wire.CheckRepoID(id.Name) == nil
}

// RepoTypes are the types by the plural that addresses and directories have.
var RepoTypes = map[string]wire.RepoType{
	wire.Model.Plural():   wire.Model,
	wire.Dataset.Plural(): wire.Dataset,
	wire.Space.Plural():   wire.Space,
}
