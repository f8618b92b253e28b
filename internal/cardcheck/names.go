package cardcheck

import (
	"net/url"
	"regexp"
	"strings"
)

var repoID = regexp.MustCompile(`^([A-Za-z0-9_][A-Za-z0-9._-]{0,95}/)?[A-Za-z0-9_][A-Za-z0-9._-]{0,95}$`)

// IsRepoID says whether a Hub could have a repo of that id. A folder such as
// "./model" or "/data/model" is none.
// Source: huggingface_hub's validate_repo_id.
func IsRepoID(id string) bool {
	if !repoID.MatchString(id) || strings.Contains(id, "--") || strings.Contains(id, "..") || strings.HasSuffix(id, ".git") {
		return false
	}
	for part := range strings.SplitSeq(id, "/") {
		if strings.HasSuffix(part, "-") || strings.HasSuffix(part, ".") {
			return false
		}
	}
	return true
}

// SafeLink is the link when it is a web address or a file of the repo; another
// scheme, from someone else's card, is not passed on.
func SafeLink(link string) string {
	link = strings.TrimSpace(link)
	u, err := url.Parse(link)
	if err != nil || link == "" || strings.ContainsFunc(link, func(r rune) bool { return r <= ' ' || r == 0x7f }) {
		return ""
	}
	if u.Scheme == "https" || u.Scheme == "http" {
		return link
	}
	if u.Scheme == "" && u.Host == "" && RepoFile(link) != "" {
		return link
	}
	return ""
}

// RepoFile is the file of the repo that a link names, "" when it leads
// elsewhere.
func RepoFile(link string) string {
	name := strings.TrimPrefix(link, "./")
	if strings.ContainsAny(name, ":/\\") || name == "" || strings.HasPrefix(name, ".") {
		return ""
	}
	return name
}
