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
	"sync"

	"longcat/hub/internal/wire"
)

// Entry is a file as a commit lists it. What the listing says of a file's content
// decides what is taken for it.
type Entry struct {
	Path   string
	Size   int64  // bytes
	SHA256 string // of a large file's content; "" for a small one, and from a server that does not say
	BlobID string // git's id of a small file's content (of a large one's pointer); "" from a server that has none

	xet string // name in the chunk store, "" for none
	odd bool   // Path is none that a file may be given
}

// Hash is what the content is checked against: the sha256 of a large file, git's
// blob id of a small one, "" where the hub says neither.
func (e Entry) Hash() string {
	if e.SHA256 != "" {
		return e.SHA256
	}
	return e.BlobID
}

func entryOf(raw wire.TreeEntry) Entry {
	e := Entry{Path: raw.Path, Size: raw.Size, BlobID: trimEtag(raw.OID)}
	if strings.Trim(e.BlobID, "0") == "" { // some servers have no better
		e.BlobID = ""
	}
	if raw.LFS != nil {
		e.SHA256, e.Size = strings.TrimPrefix(raw.LFS.OID, "sha256:"), raw.LFS.Size
		if e.SHA256 == "" {
			e.Size = -1 // no listing of ours
		}
	}
	if sha256Hex.MatchString(raw.XetHash) {
		e.xet = raw.XetHash
	}
	return e
}

// check refuses what could leave a folder, or can not be.
func (e Entry) check(repo Repo) error {
	if err := wire.CheckPath(e.Path); err != nil {
		return fmt.Errorf("listing files of %q: %w", repo, err)
	}
	if e.Size < 0 || e.SHA256 != "" && !sha256Hex.MatchString(e.SHA256) {
		return fmt.Errorf("listing files of %q: %q has an impossible size or hash", repo, e.Path)
	}
	return nil
}

var sha256Hex = regexp.MustCompile(`^[0-9a-f]{64}$`)

// Tree lists every file of a revision. Everything listed is safe to join: files
// with other names, such as those that could leave a directory, are told of and
// left out. What a commit lists does not change, so it is asked for once.
func (c *Client) Tree(ctx context.Context, repo Repo, rev string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		told := false
		for e, err := range c.tree(ctx, repo, rev) {
			if e.odd && err == nil {
				if !told {
					c.notify("%q has a file %q, which is no name to give a file here: it is left out", repo, c.clean(e.Path, 200))
				}
				told = true
				continue
			}
			if !yield(e, err) {
				return
			}
		}
	}
}

// tree is Tree with the files whose names are odd.
func (c *Client) tree(ctx context.Context, repo Repo, rev string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
		if err := wire.CheckRepoID(repo.ID); err != nil {
			yield(Entry{}, err)
			return
		}
		key := repo.String() + "@" + rev
		if known, ok := c.listings.get(key); ok {
			for _, e := range known {
				if !yield(e, nil) {
					return
				}
			}
			return
		}
		var all []Entry
		for e, err := range c.list(ctx, repo, rev) {
			if !yield(e, err) || err != nil {
				return
			}
			all = append(all, e)
		}
		if commitID.MatchString(rev) {
			c.listings.put(key, all)
		}
	}
}

// entry finds a file in what is known of a commit.
func (c *Client) entry(repo Repo, commit, path string) (Entry, bool) {
	known, _ := c.listings.get(repo.String() + "@" + commit)
	i := slices.IndexFunc(known, func(e Entry) bool { return e.Path == path && !e.odd })
	if i < 0 {
		return Entry{}, false
	}
	return known[i], true
}

// entries asks for some files of a commit. Those that the answer leaves out, and
// all of them where the server has no such question, are not in it.
func (c *Client) entries(ctx context.Context, repo Repo, commit string, paths []string) (map[string]Entry, error) {
	found := map[string]Entry{}
	for batch := range slices.Chunk(paths, maxPathsAtOnce) {
		r := request{op: "looking up files of", repo: repo, method: http.MethodPost, url: repo.apiPath("paths-info", commit)}
		if err := r.jsonBody(map[string]any{"paths": batch, "expand": false}); err != nil {
			return nil, err
		}
		answer := page[wire.TreeEntry]{most: 2 * maxPathsAtOnce}
		_, err := c.call(ctx, r, &answer)
		var he *Error
		if errors.As(err, &he) && (he.Status/100 == 3 || he.Status/100 == 4) && he.Code == "" && he.Status != http.StatusUnauthorized && he.Status != http.StatusForbidden && he.Status != http.StatusTooManyRequests {
			return found, nil // another kind of hub
		}
		if err != nil {
			return nil, err
		}
		for _, raw := range answer.all {
			if e := entryOf(raw); raw.Type != "directory" && e.check(repo) == nil && slices.Contains(batch, e.Path) {
				found[e.Path] = e
			}
		}
	}
	return found, nil
}

// maxPathsAtOnce is how many files one question names.
const maxPathsAtOnce = 500

// listings are what commits were found to list.
type listings struct {
	mu    sync.Mutex
	of    map[string][]Entry // by repo and commit
	total int                // entries
}

// maxListed bounds the entries that are remembered.
const maxListed = 200_000

func (l *listings) get(key string) ([]Entry, bool) {
	l.mu.Lock()
	defer l.mu.Unlock()
	known, ok := l.of[key]
	return known, ok
}

func (l *listings) put(key string, all []Entry) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if len(all) > maxListed {
		return
	}
	if l.total += len(all); l.of == nil || l.total > maxListed {
		l.of, l.total = map[string][]Entry{}, len(all)
	}
	l.of[key] = all
}

// LargeHash is the sha256 of a large file that a listing names. A server that
// lists it without is asked for the file's own headers; "" is the answer of one
// that does not tell there either.
func (c *Client) LargeHash(ctx context.Context, repo Repo, commit string, e Entry) (string, error) {
	if e.SHA256 != "" {
		return e.SHA256, nil
	}
	f, err := c.Resolve(ctx, repo, commit, e.Path)
	if err != nil || f.opaque || !sha256Hex.MatchString(f.Etag) {
		return "", err
	}
	return f.Etag, nil
}

// list asks for every file of a revision, page by page. A server that lists one
// folder at a time is asked for each.
func (c *Client) list(ctx context.Context, repo Repo, rev string) iter.Seq2[Entry, error] {
	return func(yield func(Entry, error) bool) {
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
			var entries []Entry
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
				yield(Entry{}, fmt.Errorf("listing files of %q: more than %d folders, one by one", repo, maxPages))
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
func (c *Client) folder(ctx context.Context, repo Repo, rev, dir string, l *listing) iter.Seq2[Entry, error] {
	r := request{op: "listing files of", repo: repo, url: repo.apiPath("tree", revOr(rev))}
	if dir != "" {
		r.url += "/" + escapePath(dir)
	}
	r.url += "?recursive=true&expand=false"
	return func(yield func(Entry, error) bool) {
		for raw, err := range pages[wire.TreeEntry](ctx, c, r) {
			if err == nil && raw == (wire.TreeEntry{}) { // some servers send blank ones
				continue
			}
			e := entryOf(raw)
			if len(l.raw) < 100 {
				l.raw = append(l.raw, e.Path)
			}
			if err == nil && dir != "" && !strings.HasPrefix(e.Path, dir+"/") {
				e.Path = dir + "/" + e.Path // some servers count from the folder
			}
			e.odd = wire.CheckPath(e.Path) != nil
			if err == nil && !e.odd {
				err = e.check(repo)
			}
			l.deep = l.deep || strings.Contains(strings.TrimPrefix(e.Path, dir+"/"), "/")
			switch {
			case err == nil && raw.Type == "directory":
				if len(l.folders) <= maxPages {
					l.folders = append(l.folders, e.Path)
				}
			case !yield(e, err) || err != nil:
				return
			}
		}
	}
}

// trimEtag strips the quotes and the weak mark. An etag that is no plain word
// can not name a file in a cache, and is treated as absent.
func trimEtag(s string) string {
	s = strings.Trim(strings.TrimPrefix(strings.TrimSpace(s), "W/"), `"`)
	if !plainEtag.MatchString(s) {
		return ""
	}
	return s
}
