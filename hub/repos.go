package hub

import (
	"context"
	"errors"
	"fmt"
	"iter"
	"net/http"
	"regexp"
	"slices"
	"strings"

	"longcat/hub/wire"
)

// WhoAmI tells whom the token belongs to; ErrUnauthorized without a good one.
// The answer is kept: hubs let nobody ask often.
func (c *Client) WhoAmI(ctx context.Context) (*wire.WhoAmI, error) {
	if who := c.who.Load(); who != nil {
		return who, nil
	}
	var who wire.WhoAmI
	_, err := c.call(ctx, request{op: "asking who the token belongs to", method: http.MethodGet, url: "/api/whoami-v2", write: true}, &who)
	if err != nil {
		return nil, err
	}
	c.who.Store(&who)
	return &who, nil
}

// RepoInfo describes the repo at a revision ("" is "main"). The answer's SHA is
// the commit that the revision stands for now.
func (c *Client) RepoInfo(ctx context.Context, repo Repo, rev string) (*wire.RepoInfo, error) {
	if err := wire.CheckRepoID(repo.ID); err != nil {
		return nil, err
	}
	var info wire.RepoInfo
	_, err := c.call(ctx, request{op: "looking up revision " + revOr(rev) + " of", repo: repo, method: http.MethodGet, url: repo.apiPath("revision", revOr(rev))}, &info)
	if err != nil {
		return nil, err
	}
	if info.SHA == "" { // what some servers answer for a branch without a commit
		return nil, &Error{
			Op: "looking up revision " + revOr(rev) + " of", Repo: repo.String(), Host: c.cfg.Endpoint, Status: http.StatusNotFound,
			Code: wire.CodeRevisionNotFound, Message: "it has no commit", HadToken: c.HasToken(),
		}
	}
	if !commitID.MatchString(info.SHA) {
		return nil, fmt.Errorf("looking up %q: %q is no commit id", repo, c.clean(info.SHA, 80))
	}
	return &info, nil
}

var commitID = regexp.MustCompile(`^[0-9a-f]{40}([0-9a-f]{24})?$`)

func revOr(rev string) string {
	if rev == "" {
		return "main"
	}
	return rev
}

// Tree lists every file of a revision, page by page. Paths that could leave a
// folder are an error: everything listed is safe to join. A server that lists
// one folder at a time is asked for each.
func (c *Client) Tree(ctx context.Context, repo Repo, rev string) iter.Seq2[wire.TreeEntry, error] {
	return func(yield func(wire.TreeEntry, error) bool) {
		if err := wire.CheckRepoID(repo.ID); err != nil {
			yield(wire.TreeEntry{}, err)
			return
		}
		root := listing{}
		for e, err := range c.folder(ctx, repo, rev, "", &root) {
			if !yield(e, err) || err != nil {
				return
			}
		}
		if root.deep {
			return
		}
		for i := 0; i < len(root.folders); i++ {
			below := listing{}
			var entries []wire.TreeEntry
			for e, err := range c.folder(ctx, repo, rev, root.folders[i], &below) {
				if err != nil && !errors.Is(err, ErrNotFound) { // another repo's folder can not be listed
					yield(e, err)
					return
				}
				if err == nil {
					entries = append(entries, e)
				}
			}
			if slices.Equal(below.raw, root.raw) {
				return // the server knows no folders at all
			}
			for _, e := range entries {
				if !yield(e, nil) {
					return
				}
			}
			if !below.deep {
				root.folders = append(root.folders, below.folders...)
			}
			if len(root.folders) > maxPages {
				yield(wire.TreeEntry{}, fmt.Errorf("listing files of %q: more than %d folders, one by one", repo, maxPages))
				return
			}
		}
	}
}

// listing is what an answer says of folders.
type listing struct {
	folders []string // that are named, at most maxPages and one
	deep    bool     // what is in them was listed too
	raw     []string // the first paths, as they came
}

// folder yields the files that the listing of a folder names.
func (c *Client) folder(ctx context.Context, repo Repo, rev, dir string, l *listing) iter.Seq2[wire.TreeEntry, error] {
	r := request{op: "listing files of", repo: repo, url: repo.apiPath("tree", revOr(rev))}
	if dir != "" {
		r.url += "/" + escapePath(dir)
	}
	r.url += "?recursive=true&expand=false"
	return func(yield func(wire.TreeEntry, error) bool) {
		for e, err := range pages[wire.TreeEntry](ctx, c, r) {
			if err == nil && e == (wire.TreeEntry{}) { // some servers send blank ones
				continue
			}
			if len(l.raw) < 100 {
				l.raw = append(l.raw, e.Path)
			}
			if err == nil && dir != "" && !strings.HasPrefix(e.Path, dir+"/") {
				e.Path = dir + "/" + e.Path // some servers count from the folder
			}
			if err == nil {
				err = checkEntry(repo, &e)
			}
			l.deep = l.deep || strings.Contains(strings.TrimPrefix(e.Path, dir+"/"), "/")
			switch {
			case err == nil && e.Type == "directory":
				if len(l.folders) <= maxPages {
					l.folders = append(l.folders, e.Path)
				}
			case !yield(e, err) || err != nil:
				return
			}
		}
	}
}

// LargeHash is the sha256 of a large file that a listing names. A server that
// lists it without is asked for the file's own headers; "" is the answer of one
// that does not tell there either.
func (c *Client) LargeHash(ctx context.Context, repo Repo, commit string, e wire.TreeEntry) (string, error) {
	if e.LFS != nil {
		return e.LFS.OID, nil
	}
	f, err := c.Resolve(ctx, repo, commit, e.Path)
	if err != nil || f.opaque || !sha256Hex.MatchString(f.Etag) {
		return "", err
	}
	return f.Etag, nil
}

func checkEntry(repo Repo, e *wire.TreeEntry) error {
	if e.LFS != nil {
		e.LFS.OID = strings.TrimPrefix(e.LFS.OID, "sha256:")
	}
	if err := wire.CheckPath(e.Path); err != nil {
		return fmt.Errorf("listing files of %q: %w", repo, err)
	}
	if e.Size < 0 || (e.LFS != nil && (e.LFS.Size < 0 || !sha256Hex.MatchString(e.LFS.OID))) {
		return fmt.Errorf("listing files of %q: %q has an impossible size or hash", repo, e.Path)
	}
	return nil
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// CreateRepo makes a repo. One that exists already is no error (existed tells);
// its visibility then stays as it is. A 409 says 'exists' or 'somebody is at
// it': it is the former only if the repo is then found.
func (c *Client) CreateRepo(ctx context.Context, repo Repo, v Visibility) (existed bool, err error) {
	if err := wire.CheckRepoID(repo.ID); err != nil {
		return false, err
	}
	ns, name := repo.split()
	body := wire.CreateRepo{Name: name, Organization: ns, Type: string(repo.Type), Visibility: string(v)}
	if v != "" { // for older servers
		private := v == Private
		body.Private = &private
	}
	r := request{op: "creating repo", repo: repo, method: http.MethodPost, url: "/api/repos/create", write: true}
	if err := r.jsonBody(body); err != nil {
		return false, err
	}
	p := patience{c: c}
	for {
		_, err := c.call(ctx, r, nil) // a repeated create answers 409, so repeating is safe
		var he *Error
		if !errors.As(err, &he) || he.Status != http.StatusConflict {
			return false, err
		}
		if _, lookErr := c.describe(ctx, repo); lookErr == nil {
			return true, nil
		}
		if err := p.after(ctx, err); err != nil {
			return false, err
		}
	}
}

// DeleteRepo removes a repo with everything in it.
func (c *Client) DeleteRepo(ctx context.Context, repo Repo) error {
	if err := wire.CheckRepoID(repo.ID); err != nil {
		return err
	}
	ns, name := repo.split()
	r := request{op: "deleting repo", repo: repo, method: http.MethodDelete, url: "/api/repos/delete", write: true, once: true}
	if err := r.jsonBody(wire.DeleteRepo{Name: name, Organization: ns, Type: string(repo.Type)}); err != nil {
		return err
	}
	_, err := c.call(ctx, r, nil)
	return err
}

// CreateBranch makes a branch from a revision ("" is the head of main); one
// that exists already is no error.
func (c *Client) CreateBranch(ctx context.Context, repo Repo, branch, from string) error {
	if err := wire.CheckRepoID(repo.ID); err != nil {
		return err
	}
	r := request{op: "creating branch " + branch + " of", repo: repo, method: http.MethodPost, url: repo.apiPath("branch", branch), write: true}
	body := map[string]string{}
	if from != "" {
		body["startingPoint"] = from
	}
	if err := r.jsonBody(body); err != nil {
		return err
	}
	_, err := c.call(ctx, r, nil)
	var he *Error
	if errors.As(err, &he) && he.Status == http.StatusConflict {
		return nil
	}
	return err
}

// ValidateCard asks the Hub's judgement of a model card's text: the problems
// it would refuse a commit for, and its warnings. Of repo only the type counts;
// the ID, which may be empty, is for errors.
func (c *Client) ValidateCard(ctx context.Context, repo Repo, card string) (*wire.YAMLVerdict, error) {
	r := request{op: "validating the card of", repo: repo, method: http.MethodPost, url: "/api/validate-yaml"}
	if err := r.jsonBody(map[string]string{"repoType": strings.TrimSuffix(repo.Type.Plural(), "s"), "content": card}); err != nil {
		return nil, err
	}
	var v wire.YAMLVerdict
	_, err := c.call(ctx, r, &v)
	return &v, err
}
