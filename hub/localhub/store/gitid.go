package store

import (
	"crypto/sha1" // git's ids are sha1
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// The formats are those of git's object database: gitformat-pack and the
// "Git Objects" chapter of the Pro Git book.

func hashGit(kind string, body []byte) string {
	h := sha1.New()
	fmt.Fprintf(h, "%s %d\x00", kind, len(body))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

// BlobID is the git id of a small file.
func BlobID(content []byte) string { return hashGit("blob", content) }

// treeIDs returns the tree id of every folder; the root's key is "". The
// files must be sorted by path.
func treeIDs(files []File) map[string]string {
	ids := map[string]string{}
	treeID("", files, ids)
	return ids
}

// treeID notes the id of dir, whose files these are, and of all below it.
func treeID(dir string, files []File, ids map[string]string) string {
	type entry struct{ sortKey, mode, name, id string }
	var entries []entry
	prefix := dir
	if dir != "" {
		prefix += "/"
	}
	for i := 0; i < len(files); {
		name, _, isDir := strings.Cut(files[i].Path[len(prefix):], "/")
		if !isDir {
			entries = append(entries, entry{name, "100644", name, files[i].OID})
			i++
			continue
		}
		sub := prefix + name
		n, _ := slices.BinarySearchFunc(files[i:], sub+"0", byPath)
		entries = append(entries, entry{name + "/", "40000", name, treeID(sub, files[i:i+n], ids)})
		i += n
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.sortKey, b.sortKey) })
	var body []byte
	for _, e := range entries {
		body = fmt.Appendf(body, "%s %s\x00", e.mode, e.name)
		body, _ = hex.AppendDecode(body, []byte(e.id))
	}
	ids[dir] = hashGit("tree", body)
	return ids[dir]
}

// commitID is the id of c with this root tree.
func commitID(c *Commit, tree string) string {
	body := fmt.Appendf(nil, "tree %s\n", tree)
	if c.Parent != "" {
		body = fmt.Appendf(body, "parent %s\n", c.Parent)
	}
	who := fmt.Sprintf("%[1]s <%[1]s@users.noreply.localhub> %[2]d +0000", c.Author, c.Date.Unix())
	body = fmt.Appendf(body, "author %s\ncommitter %s\n\n%s\n", who, who, c.Title)
	if c.Message != "" {
		body = fmt.Appendf(body, "\n%s\n", c.Message)
	}
	return hashGit("commit", body)
}
