package cardcheck

import (
	"net/url"
	"slices"
	"strings"
)

// ModelID is the Hub id that a name means: an id with or without a
// revision or an adapter ("org/model@v1", "org/model+adapter"), or the address
// of a model's page; false for a directory and anything else.
func ModelID(name string) (string, bool) {
	name = strings.TrimSpace(name)
	if path, ok := hubPath(name); ok {
		parts := strings.Split(strings.Trim(path, "/"), "/")
		if len(parts) > 1 && parts[0] == "models" {
			parts = parts[1:]
		}
		if len(parts) < 2 || slices.Contains([]string{"datasets", "spaces", "api", "docs", "collections", "papers", "blog"}, parts[0]) ||
			len(parts) > 2 && !slices.Contains([]string{"tree", "blob", "resolve", "commit", "commits", "discussions", "edit", "raw"}, parts[2]) {
			return "", false
		}
		name = parts[0] + "/" + parts[1]
	}
	name, _, _ = strings.Cut(name, "+")
	name, _, _ = strings.Cut(name, "@")
	return name, IsRepoID(name)
}

// hubPath is what follows the host in a Hub's address, with or without a
// scheme; false when name is no such address.
func hubPath(name string) (string, bool) {
	if rest, ok := strings.CutPrefix(name, "hf://"); ok {
		return rest, true
	}
	u, err := url.Parse(name)
	if err == nil && u.Host == "" && u.Scheme == "" {
		u, err = url.Parse("https://" + name)
	}
	if err != nil || u.Scheme != "https" && u.Scheme != "http" {
		return "", false
	}
	host := strings.TrimPrefix(strings.ToLower(u.Host), "www.")
	return u.Path, slices.Contains([]string{"huggingface.co", "hf.co", "hf-mirror.com"}, host)
}
