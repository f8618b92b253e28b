package hub

import (
	"fmt"
	"io"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"strings"

	"longcat/internal/gitmatch"
)

// maxGitIgnore bounds a .gitignore file.
const maxGitIgnore = 1 << 20

// Why a file or directory of a Folder is left out.
const (
	LeftOutByGitIgnore = "a .gitignore names it"
	LeftOutAsCache     = "the Hub takes no .cache directories"
	LeftOutAsLoop      = "it is a link to a directory that it is in"
	LeftOutAsSpecial   = "it is not a regular file"
)

// LeftOut is a file or directory that an upload does not take.
type LeftOut struct {
	Path   string `json:"path"` // relative to the folder; a directory ends in a slash
	Reason string `json:"reason"`
}

// Folder is what an upload takes of a local directory.
type Folder struct {
	Files   []UploadFile // sorted; content is opened when it is read
	LeftOut []LeftOut    // what a person may miss; tools' own .git and .cache/huggingface are not told of

	open openFiles
}

// Close closes the files. Their content can not be read then.
func (f *Folder) Close() error { return f.open.close() }

// OpenFolder lists the files of a local directory, to stand below target in a
// repo ("" is its root). As with hf, what a .gitignore names stays behind, and
// so does .cache/huggingface at any depth; the .gitignore of each directory
// counts, as in git, unless sel excludes it. Links to files and to directories
// are followed.
func OpenFolder(dir, target string, sel Selection) (*Folder, error) {
	st, err := os.Stat(dir)
	if err != nil {
		return nil, err
	}
	f := &Folder{}
	w := folderWalk{
		folder: f, root: dir, target: target, selected: sel.Matcher(),
		rules: Selection{Exclude: sel.Exclude}.Matcher(),
	}
	return f, w.dir("", gitmatch.Ignore{}, []fs.FileInfo{st})
}

// OpenFile is a Folder of one file, to stand at target in a repo.
func OpenFile(name, target string) (*Folder, error) {
	st, err := os.Stat(name)
	if err != nil {
		return nil, err
	}
	if !st.Mode().IsRegular() {
		return nil, fmt.Errorf("%q: %s", name, strings.TrimPrefix(LeftOutAsSpecial, "it "))
	}
	f := &Folder{}
	content := &localFile{path: name, listed: st, open: &f.open}
	f.Files = []UploadFile{{Path: target, Content: io.NewSectionReader(content, 0, st.Size())}}
	return f, nil
}

// folderWalk goes through a directory.
type folderWalk struct {
	folder       *Folder
	root, target string
	selected     func(path string) bool
	rules        func(path string) bool // tells of each .gitignore whether it counts
}

// dir lists one directory. above are the directories that it is in, itself last.
func (w *folderWalk) dir(rel string, ignore gitmatch.Ignore, above []fs.FileInfo) error {
	entries, err := os.ReadDir(w.local(rel))
	if err != nil {
		return err
	}
	if ignore, err = w.gitIgnore(rel, ignore); err != nil {
		return err
	}
	for _, e := range entries {
		name := path.Join(rel, e.Name())
		if e.Name() == ".git" {
			continue
		}
		st, err := os.Stat(w.local(name))
		isDir := err == nil && st.IsDir()
		switch {
		case isDir && e.Name() == ".cache":
			if !onlyHuggingFace(w.local(name)) {
				w.leaveOut(name+"/", LeftOutAsCache)
			}
			continue
		case !isDir && !w.selected(name):
			continue
		case ignore.Match(name, isDir):
			if isDir {
				name += "/"
			}
			w.leaveOut(name, LeftOutByGitIgnore)
			continue
		case err != nil: // a link that leads nowhere
			return err
		case isDir && contains(above, st):
			w.leaveOut(name+"/", LeftOutAsLoop)
		case isDir:
			if err := w.dir(name, ignore, append(above[:len(above):len(above)], st)); err != nil {
				return err
			}
		case !st.Mode().IsRegular():
			w.leaveOut(name, LeftOutAsSpecial)
		default:
			content := &localFile{path: w.local(name), listed: st, open: &w.folder.open}
			w.folder.Files = append(w.folder.Files, UploadFile{Path: path.Join(w.target, name), Content: io.NewSectionReader(content, 0, st.Size())})
		}
	}
	return nil
}

func (w *folderWalk) local(rel string) string { return filepath.Join(w.root, filepath.FromSlash(rel)) }

func (w *folderWalk) leaveOut(name, reason string) {
	w.folder.LeftOut = append(w.folder.LeftOut, LeftOut{name, reason})
}

// gitIgnore adds a directory's .gitignore, if there is one, to those above.
func (w *folderWalk) gitIgnore(dir string, above gitmatch.Ignore) (gitmatch.Ignore, error) {
	name := path.Join(dir, ".gitignore")
	if st, err := os.Stat(w.local(name)); err != nil || !st.Mode().IsRegular() || !w.rules(name) {
		return above, nil
	}
	f, err := os.Open(w.local(name))
	if err != nil {
		return above, err
	}
	defer f.Close()
	text, err := readGitIgnore(w.local(name), f)
	if err != nil {
		return above, err
	}
	return above.With(dir, text), nil
}

func readGitIgnore(name string, r io.Reader) ([]byte, error) {
	text, err := io.ReadAll(io.LimitReader(r, maxGitIgnore+1))
	if err != nil {
		return nil, fmt.Errorf("reading %q: %w", name, err)
	}
	if len(text) > maxGitIgnore {
		return nil, fmt.Errorf("reading %q: it is larger than %d bytes", name, maxGitIgnore)
	}
	return text, nil
}

// onlyHuggingFace tells whether a .cache directory is the Python tools' alone.
func onlyHuggingFace(dir string) bool {
	entries, err := os.ReadDir(dir)
	if err != nil {
		return false
	}
	for _, e := range entries {
		if e.Name() != "huggingface" {
			return false
		}
	}
	return true
}

func contains(dirs []fs.FileInfo, dir fs.FileInfo) bool {
	for _, d := range dirs {
		if os.SameFile(d, dir) {
			return true
		}
	}
	return false
}
