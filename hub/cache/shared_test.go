package cache

import (
	"bytes"
	"os"
	"path/filepath"
	"runtime"
	"testing"
)

// Whoever may write to a shared cache can plant a link under the name that a
// part will have. Nothing is written to where it leads.
func TestPlantedLinks(t *testing.T) {
	content, id := sample(3_000_000)
	for _, suffix := range []string{partSuffix, partSuffix + ".journal", partSuffix + ".journal.tmp"} {
		for kind, plant := range map[string]func(old, new string) error{"symlink": os.Symlink, "hard link": os.Link} {
			t.Run(kind+suffix, func(t *testing.T) {
				if kind == "hard link" && runtime.GOOS == "windows" {
					t.Skip("the number of links is not known here")
				}
				dir := t.TempDir()
				victim := filepath.Join(dir, "victim")
				precious := bytes.Repeat([]byte("p"), len(content)) // as large as the part is to be
				if err := os.WriteFile(victim, precious, 0o666); err != nil {
					t.Fatal(err)
				}
				base := filepath.Join(dir, "blobs", id.Etag)
				if err := os.MkdirAll(filepath.Dir(base), 0o777); err != nil {
					t.Fatal(err)
				}
				if err := plant(victim, base+suffix); err != nil {
					t.Skip(err)
				}
				p := openPart(t, base, id)
				fill(t, p, content, 1<<30)
				if err := p.Finish(base); err != nil {
					t.Fatal(err)
				}
				if got, err := os.ReadFile(victim); err != nil || !bytes.Equal(got, precious) {
					t.Errorf("the file behind the link was written to (%v)", err)
				}
				if got, err := os.ReadFile(base); err != nil || !bytes.Equal(got, content) {
					t.Errorf("the content differs (%v)", err)
				}
				if st, err := os.Lstat(base); err != nil || !st.Mode().IsRegular() {
					t.Errorf("%v, %v", st, err)
				}
			})
		}
	}
}
