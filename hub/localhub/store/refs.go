package store

import (
	"bytes"
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The kinds of refs, named as git names them.
const (
	Heads = "heads"
	Tags  = "tags"
	Pulls = "pr"
)

// DefaultBranch is the branch that every repo has.
const DefaultBranch = "main"

// Ref is a name for a commit.
type Ref struct {
	Kind, Name, Commit string
}

// Full is the name that git gives the ref.
func (f Ref) Full() string { return "refs/" + f.Kind + "/" + f.Name }

var badRefName = regexp.MustCompile(`[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|^[./]|[./]$`)

// CheckRefName returns a *RefNameError if name can not be a branch or a tag, by
// git's rules (git-check-ref-format).
func CheckRefName(name string) error {
	if name == "" || name == "@" || name == "HEAD" || len(name) > 200 || badRefName.MatchString(name) {
		return &RefNameError{name}
	}
	return nil
}

// SplitRef takes "refs/heads/x" apart.
func SplitRef(rev string) (kind, name string, ok bool) {
	rest, ok := strings.CutPrefix(rev, "refs/")
	if !ok {
		return "", "", false
	}
	kind, name, ok = strings.Cut(rest, "/")
	return kind, name, ok && slices.Contains([]string{Heads, Tags, Pulls}, kind)
}

// refs reads all refs, by full name.
func (r *Repo) refs() (map[string]string, error) {
	data, err := os.ReadFile(r.Path("refs.list"))
	if errors.Is(err, fs.ErrNotExist) {
		return r.looseRefs()
	}
	if err != nil {
		return nil, err
	}
	refs := map[string]string{}
	for line := range bytes.Lines(data) {
		commit, name, ok := strings.Cut(strings.TrimSuffix(string(line), "\n"), " ")
		if !ok {
			return nil, fmt.Errorf("reading refs of %q: %q is not a ref", r.ID, line)
		}
		refs[name] = commit
	}
	return refs, nil
}

// looseRefs reads what versions before refs.list wrote: a file for each ref,
// whose name is one path element.
func (r *Repo) looseRefs() (map[string]string, error) {
	refs := map[string]string{}
	for _, kind := range []string{Heads, Tags, Pulls} {
		entries, err := os.ReadDir(r.Path("refs", kind))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return nil, err
		}
		for _, e := range entries {
			name := strings.ReplaceAll(strings.ReplaceAll(e.Name(), "%2F", "/"), "%25", "%")
			commit, err := os.ReadFile(r.Path("refs", kind, e.Name()))
			if err != nil {
				return nil, err
			}
			refs["refs/"+kind+"/"+name] = strings.TrimSpace(string(commit))
		}
	}
	return refs, nil
}

// UpdateRefs changes any number of refs in one step: change gets all of them,
// full name to commit, to add, move and delete. The caller holds the lock, or
// has a draft.
func (r *Repo) UpdateRefs(change func(refs map[string]string)) error {
	refs, err := r.refs()
	if err != nil {
		return err
	}
	change(refs)
	var list []byte
	for _, name := range slices.Sorted(maps.Keys(refs)) {
		list = fmt.Appendf(list, "%s %s\n", refs[name], name)
	}
	return r.store.Write(r.Path("refs.list"), list, 0o644)
}

// SetRef makes or moves a ref: the one step by which a commit becomes visible.
func (r *Repo) SetRef(kind, name, commit string) error {
	return r.UpdateRefs(func(refs map[string]string) { refs[Ref{Kind: kind, Name: name}.Full()] = commit })
}

// DeleteRef removes a ref.
func (r *Repo) DeleteRef(kind, name string) error {
	return r.UpdateRefs(func(refs map[string]string) { delete(refs, Ref{Kind: kind, Name: name}.Full()) })
}

// Ref reads a ref, or reports that it is not there.
func (r *Repo) Ref(kind, name string) (commit string, ok bool) {
	refs, err := r.refs()
	if err != nil {
		return "", false
	}
	commit, ok = refs[Ref{Kind: kind, Name: name}.Full()]
	return commit, ok
}

// Refs lists the refs of one kind by name.
func (r *Repo) Refs(kind string) ([]Ref, error) {
	refs, err := r.refs()
	if err != nil {
		return nil, err
	}
	list := []Ref{}
	for full, commit := range refs {
		if k, name, ok := SplitRef(full); ok && k == kind {
			list = append(list, Ref{kind, name, commit})
		}
	}
	slices.SortFunc(list, func(a, b Ref) int { return strings.Compare(a.Name, b.Name) })
	return list, nil
}

var (
	gitID       = regexp.MustCompile(`^[0-9a-f]{40}$`)
	shortCommit = regexp.MustCompile(`^[0-9a-f]{7,39}$`)
)

// IsCommitID reports whether s looks like the full id of a commit.
func IsCommitID(s string) bool { return gitID.MatchString(s) }

// Resolve finds the commit that rev names: a commit id, a branch, a tag, a full
// ref name, HEAD, or the first seven or more digits of a commit id. It fails
// with a *RevisionError.
func (r *Repo) Resolve(rev string) (*Commit, error) {
	if rev == "HEAD" {
		rev = DefaultBranch
	}
	refs, err := r.refs()
	if err != nil {
		return nil, err
	}
	var id string
	if _, _, full := SplitRef(rev); full {
		id = refs[rev]
	} else if IsCommitID(rev) && exists(r.commitPath(rev)) {
		id = rev
	} else {
		id = cmp.Or(refs["refs/"+Heads+"/"+rev], refs["refs/"+Tags+"/"+rev])
	}
	if id == "" && shortCommit.MatchString(rev) {
		id = r.expand(rev)
	}
	if id == "" {
		return nil, &RevisionError{rev}
	}
	c, err := r.Commit(id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, &RevisionError{rev}
	}
	return c, err
}

// expand finds the one commit whose id starts so; "" if there is not one.
func (r *Repo) expand(prefix string) string {
	entries, err := os.ReadDir(r.Path("commits", prefix[:2]))
	if err != nil {
		return ""
	}
	found := ""
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			if found != "" {
				return ""
			}
			found = e.Name()
		}
	}
	return found
}

// Writable finds the ref that a commit to rev moves: a branch or a pull
// request. It fails with a *RevisionError.
func (r *Repo) Writable(rev string) (Ref, error) {
	kind, name, full := SplitRef(rev)
	if !full {
		kind, name = Heads, rev
	}
	id, ok := r.Ref(kind, name)
	if !ok || kind == Tags {
		return Ref{}, &RevisionError{rev}
	}
	return Ref{kind, name, id}, nil
}

// NextPull is the number of the next pull request.
func (r *Repo) NextPull() (int, error) {
	list, err := r.Refs(Pulls)
	if err != nil {
		return 0, err
	}
	last := 0
	for _, f := range list {
		n, err := strconv.Atoi(f.Name)
		if err != nil {
			return 0, fmt.Errorf("reading refs: %q is not the number of a pull request", f.Name)
		}
		last = max(last, n)
	}
	return last + 1, nil
}
