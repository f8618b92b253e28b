package hub

import (
	"fmt"
	"net/url"
	"strings"

	"longcat/hub/internal/wire"
)

// Location is what people paste to name a repo, or something in it.
type Location struct {
	Repo     Repo
	Revision string // "" where none is named
	Path     string // file or directory in the repo; "" where none is named
	Host     string // of a URL, such as "huggingface.co"; "" where none is named
}

// LocationError says why a text names no repo.
type LocationError struct {
	Text   string
	Reason string // ends a sentence: "is not a repo id: …"
}

func (e *LocationError) Error() string { return fmt.Sprintf("%q %s", e.Text, e.Reason) }

// ParseRepo reads the name of a repo in any form that ParseLocation knows, but
// with nothing behind it.
func ParseRepo(s string) (Repo, error) {
	l, err := ParseLocation(s)
	switch {
	case err != nil:
		return l.Repo, err
	case l.Revision != "":
		return l.Repo, &LocationError{s, fmt.Sprintf("names the revision %q, and a repo alone is wanted: %s", l.Revision, l.Repo)}
	case l.Path != "":
		return l.Repo, &LocationError{s, fmt.Sprintf("names a file, and a repo alone is wanted: %s", l.Repo)}
	}
	return l.Repo, nil
}

// ParseLocation reads
//
//	name, org/name, datasets/org/name, spaces/org/name
//	org/name@revision, org/name/tree/revision
//	model:org/name, dataset:org/name, space:org/name, hf:org/name
//	hf://org/name@revision/path, hf://datasets/org/name
//	https://huggingface.co/org/name, …/tree/revision/path, …/blob/revision/path, …/resolve/revision/path
//	huggingface.co/org/name, hf.co/org/name, git@hf.co:org/name.git
func ParseLocation(s string) (Location, error) {
	if l, ok := plainLocation(s); ok {
		return l, nil
	}
	rest, host := s, ""
	isURL := false
	for _, scheme := range []string{"https://", "http://"} {
		if after, ok := cutPrefixFold(rest, scheme); ok {
			rest, _, _ = strings.Cut(after, "#")
			rest, _, _ = strings.Cut(rest, "?")
			host, rest, _ = strings.Cut(rest, "/")
			isURL = true
		}
	}
	if after, ok := strings.CutPrefix(rest, "git@"); ok && !isURL {
		host, rest, isURL = strings.Cut(after, ":")
	}
	if first, after, ok := strings.Cut(rest, "/"); ok && !isURL && isPublicHost(first) {
		host, rest, isURL = strings.ToLower(first), after, true
	}
	if isURL {
		rest = strings.TrimSuffix(strings.TrimSuffix(rest, "/"), ".git")
		if unescaped, err := url.PathUnescape(rest); err == nil {
			rest = unescaped
		}
	}
	kind := wire.Model
	if after, ok := strings.CutPrefix(rest, "hf://"); ok && !isURL {
		rest = after
	} else if word, after, ok := strings.Cut(rest, ":"); ok && !isURL && prefixes[word] != "" {
		kind, rest = prefixes[word], after
	}
	for t, prefix := range map[wire.RepoType]string{wire.Model: "models/", wire.Dataset: "datasets/", wire.Space: "spaces/"} {
		if after, ok := strings.CutPrefix(rest, prefix); ok && strings.Contains(after, "/") {
			kind, rest = t, after
		}
	}
	l, ok := split(rest, kind)
	if l.Host = host; !ok || wire.CheckRepoID(l.Repo.ID) != nil {
		return l, &LocationError{s, whyNoRepo(s)}
	}
	return l, nil
}

// prefixes are the words before a colon that say what an id is of.
var prefixes = map[string]wire.RepoType{
	"model": wire.Model, "models": wire.Model, "hf": wire.Model,
	"dataset": wire.Dataset, "datasets": wire.Dataset, "space": wire.Space, "spaces": wire.Space,
}

// plainLocation reads an id and nothing else.
func plainLocation(s string) (Location, bool) {
	r := Repo{Type: wire.Model, ID: s}
	for _, t := range []wire.RepoType{wire.Dataset, wire.Space} {
		if id, ok := strings.CutPrefix(s, t.URLPrefix()); ok && strings.Contains(id, "/") {
			r = Repo{Type: t, ID: id}
		}
	}
	return Location{Repo: r}, wire.CheckRepoID(r.ID) == nil
}

// split reads the id, and the revision and path behind it.
func split(s string, kind wire.RepoType) (Location, bool) {
	l := Location{Repo: Repo{Type: kind}}
	if before, after, ok := strings.Cut(s, "@"); ok { // org/name@revision/path
		l.Repo.ID = before
		l.Revision, l.Path, _ = strings.Cut(after, "/")
		if rest, isPR := strings.CutPrefix(after, "refs/pr/"); isPR {
			number, path, _ := strings.Cut(rest, "/")
			l.Revision, l.Path = "refs/pr/"+number, path
		}
		return l, l.Revision != ""
	}
	parts := strings.Split(s, "/")
	for i, verb := range parts {
		if i == 0 || i > 2 {
			continue
		}
		l.Repo.ID = strings.Join(parts[:i], "/")
		behind := parts[i+1:]
		switch verb {
		case "tree", "blob", "resolve", "raw", "blame":
			if len(behind) == 0 {
				return l, i > 1
			}
			l.Revision, l.Path = behind[0], strings.Join(behind[1:], "/")
			if len(behind) > 2 && behind[0] == "refs" {
				l.Revision, l.Path = strings.Join(behind[:3], "/"), strings.Join(behind[3:], "/")
			}
			return l, true
		case "commit", "commits":
			if len(behind) > 0 {
				l.Revision = strings.Join(behind, "/")
				return l, true
			}
		case "discussions", "settings", "edit", "upload":
			if i == 2 {
				return l, true
			}
		}
	}
	l.Repo.ID = s
	return l, len(parts) <= 2
}

func isPublicHost(s string) bool {
	s = strings.ToLower(s)
	return s == "huggingface.co" || s == "hf.co" || s == "www.huggingface.co"
}

func cutPrefixFold(s, prefix string) (string, bool) {
	if len(s) >= len(prefix) && strings.EqualFold(s[:len(prefix)], prefix) {
		return s[len(prefix):], true
	}
	return s, false
}

// whyNoRepo says what a text is taken for.
func whyNoRepo(s string) string {
	const want = `"name" or "namespace/name" of letters, digits, '-', '_' and '.'`
	switch {
	case strings.HasPrefix(s, "./"), strings.HasPrefix(s, "../"), strings.HasPrefix(s, "/"), strings.HasPrefix(s, "~"), strings.Contains(s, `\`):
		return "is a path, not a repo id: want " + want
	case strings.Count(s, ":") == 1 && wire.CheckRepoID(before(s, ":")) == nil:
		return fmt.Sprintf("is not a repo id, did you mean %q?", strings.Replace(s, ":", "@", 1))
	case strings.Count(s, "/") > 1 && !strings.Contains(s, "://") && wire.CheckRepoID(firstTwo(s)) == nil:
		return fmt.Sprintf("is not a repo id; %q would be one", firstTwo(s))
	case strings.Contains(s, "://"):
		return "is not the address of a repo: want https://huggingface.co/namespace/name"
	}
	return "is not a repo id: want " + want
}

func before(s, separator string) string {
	s, _, _ = strings.Cut(s, separator)
	return s
}

// firstTwo are the first two elements of a path.
func firstTwo(s string) string { return strings.Join(strings.SplitN(s, "/", 3)[:2], "/") }

// Locate is ParseLocation for this client's Hub: the address of another one is
// refused. The public Hub's addresses are taken everywhere, for mirrors have
// its repos.
func (c *Client) Locate(s string) (Location, error) {
	l, err := ParseLocation(s)
	if err == nil && l.Host != "" && !isPublicHost(l.Host) && !strings.EqualFold(l.Host, c.endpoint.Host) {
		err = &LocationError{s, "is an address of another hub than " + c.cfg.Endpoint}
	}
	return l, err
}
