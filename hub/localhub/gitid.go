package localhub

import (
	"crypto/sha1" //nolint:gosec // git's ids are sha1
	"encoding/hex"
	"fmt"
	"slices"
	"strings"
)

// The formats are those of git's object database: gitformat-pack and the
// "Git Objects" chapter of the Pro Git book.

func gitID(kind string, body []byte) string {
	h := sha1.New() //nolint:gosec // see above
	fmt.Fprintf(h, "%s %d\x00", kind, len(body))
	h.Write(body)
	return hex.EncodeToString(h.Sum(nil))
}

func gitBlobID(content []byte) string { return gitID("blob", content) }

// gitTreeIDs returns the tree id of every folder; the root's key is "". The
// files must be sorted by path.
func gitTreeIDs(files []file) map[string]string {
	ids := map[string]string{}
	gitTree("", files, ids)
	return ids
}

// gitTree notes the id of dir, whose files these are, and of all below it.
func gitTree(dir string, files []file, ids map[string]string) string {
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
		entries = append(entries, entry{name + "/", "40000", name, gitTree(sub, files[i:i+n], ids)})
		i += n
	}
	slices.SortFunc(entries, func(a, b entry) int { return strings.Compare(a.sortKey, b.sortKey) })
	var body []byte
	for _, e := range entries {
		body = fmt.Appendf(body, "%s %s\x00", e.mode, e.name)
		body, _ = hex.AppendDecode(body, []byte(e.id))
	}
	ids[dir] = gitID("tree", body)
	return ids[dir]
}

// gitCommitID is the id of c with this root tree.
func gitCommitID(c *commit, tree string) string {
	body := fmt.Appendf(nil, "tree %s\n", tree)
	if c.Parent != "" {
		body = fmt.Appendf(body, "parent %s\n", c.Parent)
	}
	who := fmt.Sprintf("%[1]s <%[1]s@users.noreply.localhub> %[2]d +0000", c.Author, c.Date.Unix())
	body = fmt.Appendf(body, "author %s\ncommitter %s\n\n%s\n", who, who, c.Title)
	if c.Message != "" {
		body = fmt.Appendf(body, "\n%s\n", c.Message)
	}
	return gitID("commit", body)
}
