package cache

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"longcat/internal/durable"
)

// LocalDir is a plain folder that files are downloaded into. Beside them,
// .cache/huggingface/download/{path}.metadata remembers where each came from:
// three lines, the commit id, the etag and the time of the download in seconds.
type LocalDir struct {
	Dir string
}

// Metadata is what is remembered of one downloaded file.
type Metadata struct {
	Commit string
	Etag   string
	Saved  time.Time
}

// Path is where the file of this name stands.
func (l LocalDir) Path(path string) string {
	return filepath.Join(l.Dir, filepath.FromSlash(path))
}

func (l LocalDir) private() string { return filepath.Join(l.Dir, ".cache", "huggingface") }

// metadataPath is where the Python tools look as well, unless the file's name is
// so long that it can have no suffix.
func (l LocalDir) metadataPath(path string) string {
	const suffix, longest = ".metadata", 255
	p := filepath.Join(l.private(), "download", filepath.FromSlash(path)+suffix)
	if len(filepath.Base(p)) <= longest {
		return p
	}
	name := sha256.Sum256([]byte(path))
	return filepath.Join(filepath.Dir(p), fmt.Sprintf("%x", name[:16])+suffix)
}

// LockPath guards the file's download; the Python tools' own lock.
func (l LocalDir) LockPath(path string) string {
	return strings.TrimSuffix(l.metadataPath(path), ".metadata") + ".lock"
}

// PartPath is where content arrives before it gets its final name. It is on
// the folder's own filesystem; its length does not depend on the file's name.
func (l LocalDir) PartPath(path, etag string) string {
	return l.beside(path, etag)
}

// beside is a name next to the file's metadata for what belongs to it.
func (l LocalDir) beside(path, what string) string {
	name := sha256.Sum256([]byte(path))
	return filepath.Join(filepath.Dir(l.metadataPath(path)), fmt.Sprintf("%x.%s", name[:8], what))
}

// Metadata returns what is remembered of a file, if it is still true: the file
// is there and was not written to since.
func (l LocalDir) Metadata(path string) (Metadata, bool) {
	b, err := os.ReadFile(l.metadataPath(path))
	if err != nil || len(b) > 4096 {
		return Metadata{}, false
	}
	lines := strings.Split(string(b), "\n")
	if len(lines) < 3 {
		return Metadata{}, false
	}
	sec, err := strconv.ParseFloat(strings.TrimSpace(lines[2]), 64)
	if err != nil {
		return Metadata{}, false
	}
	m := Metadata{Commit: strings.TrimSpace(lines[0]), Etag: strings.TrimSpace(lines[1]), Saved: time.UnixMilli(int64(sec * 1000))}
	st, err := os.Stat(l.Path(path))
	const clockGrain = time.Second // filesystems round times
	if err != nil || st.ModTime().Add(-clockGrain).After(m.Saved) {
		return Metadata{}, false
	}
	return m, true
}

// Each calls visit with every file that metadata is true of, in lexical order.
func (l LocalDir) Each(visit func(path string, m Metadata)) error {
	dir := filepath.Join(l.private(), "download")
	return filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, err := filepath.Rel(dir, p)
		if err != nil {
			return err
		}
		path, ok := strings.CutSuffix(filepath.ToSlash(rel), ".metadata")
		if !ok {
			return nil
		}
		if m, ok := l.Metadata(path); ok {
			visit(path, m)
		}
		return nil
	})
}

// Files lists the files of a commit that are there.
func (l LocalDir) Files(commit string) ([]string, error) {
	var files []string
	err := l.Each(func(path string, m Metadata) {
		if m.Commit == commit {
			files = append(files, path)
		}
	})
	return files, err
}

// LastCommit is the commit of which a file was fetched last; fs.ErrNotExist when
// none was.
func (l LocalDir) LastCommit() (string, error) {
	var last Metadata
	err := l.Each(func(_ string, m Metadata) {
		if m.Saved.After(last.Saved) {
			last = m
		}
	})
	if err == nil && last.Commit == "" {
		err = fs.ErrNotExist
	}
	return last.Commit, err
}

// SetMetadata remembers where a file came from, once it is there. The caller
// holds the file's lock.
func (l LocalDir) SetMetadata(path string, m Metadata) error {
	if err := l.prepare(); err != nil {
		return err
	}
	sec := float64(m.Saved.UnixMilli()) / 1000
	text := fmt.Sprintf("%s\n%s\n%s\n", m.Commit, m.Etag, strconv.FormatFloat(sec, 'f', -1, 64))
	return durable.Write(l.beside(path, "metadata.tmp"), l.metadataPath(path), func(f *os.File) error {
		_, err := f.WriteString(text)
		return err
	})
}

// prepare keeps the private folder out of git and of backups.
func (l LocalDir) prepare() error {
	for name, text := range map[string]string{
		".gitignore":   "*",
		"CACHEDIR.TAG": "Signature: 8a477f597d28d172789f06886806bc55\n",
	} {
		p := filepath.Join(l.private(), name)
		if _, err := os.Stat(p); errors.Is(err, os.ErrNotExist) {
			if err := durable.WriteFile(p, []byte(text)); err != nil {
				return err
			}
		}
	}
	return nil
}
