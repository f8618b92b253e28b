package localhub

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"
	"slices"
	"strconv"
	"strings"
)

// The kinds of refs, named as git and the folders on disk name them.
const (
	heads = "heads"
	tags  = "tags"
	pulls = "pr"
)

const defaultBranch = "main"

// ref is a name for a commit.
type ref struct {
	Kind, Name, Commit string
}

// full is the name that git gives the ref.
func (f ref) full() string { return "refs/" + f.Kind + "/" + f.Name }

var badRefName = regexp.MustCompile(`[\x00-\x20\x7f~^:?*\[\\]|\.\.|@\{|//|/\.|\.lock(/|$)|^[./]|[./]$`)

// checkRefName says why name can not be a branch or a tag, by git's rules
// (git-check-ref-format).
func checkRefName(name string) error {
	if name == "" || name == "@" || name == "HEAD" || len(name) > 200 || badRefName.MatchString(name) {
		return badRequest("Invalid ref name: %q", name)
	}
	return nil
}

// refFile is where a ref lies. The name is one path element, whatever is in it.
func (r *repo) refFile(kind, name string) string {
	return r.path("refs", kind, strings.ReplaceAll(strings.ReplaceAll(name, "%", "%25"), "/", "%2F"))
}

// ref reads a ref, or reports that it is not there.
func (r *repo) ref(kind, name string) (commit string, ok bool) {
	if checkRefName(name) != nil {
		return "", false
	}
	data, err := os.ReadFile(r.refFile(kind, name))
	return strings.TrimSpace(string(data)), err == nil
}

// setRef makes or moves a ref: the one step by which commits become visible.
func (r *repo) setRef(kind, name, commit string) error {
	return r.store.write(r.refFile(kind, name), []byte(commit+"\n"))
}

// moveRef writes a commit and makes a ref name it.
func (r *repo) moveRef(target ref, c *commit) error {
	if err := r.saveCommit(c); err != nil {
		return err
	}
	return r.setRef(target.Kind, target.Name, c.ID)
}

func (r *repo) deleteRef(kind, name string) error {
	if err := os.Remove(r.refFile(kind, name)); err != nil {
		return err
	}
	return syncDir(r.path("refs", kind))
}

// refs lists the refs of one kind by name.
func (r *repo) refs(kind string) ([]ref, error) {
	entries, err := os.ReadDir(r.path("refs", kind))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, err
	}
	list := []ref{}
	for _, e := range entries {
		name := strings.ReplaceAll(strings.ReplaceAll(e.Name(), "%2F", "/"), "%25", "%")
		if commit, ok := r.ref(kind, name); ok {
			list = append(list, ref{kind, name, commit})
		}
	}
	return list, nil
}

var (
	commitID    = regexp.MustCompile(`^[0-9a-f]{40}$`)
	shortCommit = regexp.MustCompile(`^[0-9a-f]{7,39}$`)
)

// resolve finds the commit that rev names: a commit id, a branch, a tag, a
// full ref name, HEAD, or the first seven or more digits of a commit id.
func (r *repo) resolve(rev string) (*commit, error) {
	id, ok := "", false
	if rev == "HEAD" {
		rev = defaultBranch
	}
	if kind, name, full := splitRef(rev); full {
		id, ok = r.ref(kind, name)
	} else if commitID.MatchString(rev) && exists(r.commitPath(rev)) {
		id, ok = rev, true
	} else if id, ok = r.ref(heads, rev); !ok {
		id, ok = r.ref(tags, rev)
	}
	if !ok && shortCommit.MatchString(rev) {
		id, ok = r.expand(rev)
	}
	if !ok {
		return nil, noRevision(rev)
	}
	c, err := r.commit(id)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, noRevision(rev)
	}
	return c, err
}

// splitRef takes "refs/heads/x" apart.
func splitRef(rev string) (kind, name string, ok bool) {
	rest, ok := strings.CutPrefix(rev, "refs/")
	if !ok {
		return "", "", false
	}
	kind, name, ok = strings.Cut(rest, "/")
	return kind, name, ok && slices.Contains([]string{heads, tags, pulls}, kind)
}

// expand finds the one commit whose id starts so.
func (r *repo) expand(prefix string) (string, bool) {
	entries, err := os.ReadDir(r.path("commits", prefix[:2]))
	if err != nil {
		return "", false
	}
	found := ""
	for _, e := range entries {
		if strings.HasPrefix(e.Name(), prefix) {
			if found != "" {
				return "", false
			}
			found = e.Name()
		}
	}
	return found, found != ""
}

// writable finds the ref that a commit to rev moves.
func (r *repo) writable(rev string) (ref, error) {
	kind, name, full := splitRef(rev)
	if !full {
		kind, name = heads, rev
	}
	id, ok := r.ref(kind, name)
	if !ok || kind == tags {
		return ref{}, noRevision(rev)
	}
	return ref{kind, name, id}, nil
}

// nextPull is the number of the next pull request.
func (r *repo) nextPull() (string, error) {
	list, err := r.refs(pulls)
	if err != nil {
		return "", err
	}
	last := 0
	for _, f := range list {
		n, err := strconv.Atoi(f.Name)
		if err != nil {
			return "", fmt.Errorf("reading refs: %q is not the number of a pull request", f.Name)
		}
		last = max(last, n)
	}
	return strconv.Itoa(last + 1), nil
}
