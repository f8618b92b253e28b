package store

import (
	"testing"
	"time"
)

// The ids were printed by git 2 for the same files, author and message.
func TestGitIDs(t *testing.T) {
	var files []File
	for _, f := range [][2]string{{"a-b", "x\n"}, {"a.b", "a.b\n"}, {"a/b/d", "z\n"}, {"a/c", "y\n"}} {
		files = append(files, File{Path: f[0], OID: BlobID([]byte(f[1]))})
	}
	c := NewCommit(Commit{Author: "ann", Title: "a change", Message: "with a body", Date: time.Unix(1790096400, 0)}, files)
	got := map[string]string{"blob a/c": files[3].OID, "tree a/b": c.TreeID("a/b"), "tree a": c.TreeID("a"), "tree": c.TreeID(""), "commit": c.ID}
	for what, want := range map[string]string{
		"blob a/c": "975fbec8256d3e8a3797e7a3611380f27c49f4ac",
		"tree a/b": "8c54a2e32f94876b1f99d2f856edce2128a84e0a",
		"tree a":   "74e70f62f539c7fa57dbb1f8eb7ea4d0f8f2216a",
		"tree":     "9ff5e98fd5037ba8c804c939be670e730472d075",
		"commit":   "6a8530f43fefe2b766aadef1f995f5abb594ff61",
	} {
		if got[what] != want {
			t.Errorf("%s is %s, git says %s", what, got[what], want)
		}
	}
}
