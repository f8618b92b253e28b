package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"

	"longcat/internal/durable"
)

// markName is the file that says that a directory is a hub's. It is the first
// file that a hub writes and the one that makes everything else there ours.
const markName = "hub.json"

// mark is what the file says.
type mark struct {
	Format  string `json:"format"`
	Version int    `json:"version"`
}

const (
	markFormat  = "longcat hub"
	markVersion = 1
)

// NotHubError reports a directory that holds something else than a hub. Nothing
// in it was changed.
type NotHubError struct {
	Dir   string
	Found string // what it holds, such as "a Hugging Face cache"
}

func (e *NotHubError) Error() string {
	return fmt.Sprintf("%q is no hub's directory: it holds %s", e.Dir, e.Found)
}

// Claim makes sure that dir is a hub's: marked as one, recognisably one that a
// version without marks made, or empty or missing, in which case it becomes
// one. It returns a *NotHubError, and has touched nothing, if dir holds
// anything else.
func Claim(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	entries = slices.DeleteFunc(entries, ignorable)
	marked, err := readMark(dir)
	if err != nil || marked {
		return err
	}
	if len(entries) > 0 && !unmarkedHub(dir, entries) {
		return &NotHubError{dir, describe(dir, entries)}
	}
	if err := os.MkdirAll(dir, 0o755); err != nil {
		return err
	}
	return writeMark(dir)
}

// ignorable are entries that the system puts into directories by itself, and
// our own mark if a crash kept it from its final name.
func ignorable(e fs.DirEntry) bool {
	return slices.Contains([]string{"lost+found", ".DS_Store", markName + ".new"}, e.Name())
}

// readMark reports whether dir has our mark. A later version's is an error.
func readMark(dir string) (bool, error) {
	f, err := os.Open(filepath.Join(dir, markName))
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	if err != nil {
		return false, err
	}
	defer f.Close()
	data, err := io.ReadAll(io.LimitReader(f, 4<<10))
	if err != nil {
		return false, err
	}
	var m mark
	if json.Unmarshal(data, &m) != nil || m.Format != markFormat {
		return false, nil // somebody else's file of that name
	}
	if m.Version > markVersion {
		return false, fmt.Errorf("%q was made by a later version of longcat (format %d, this one knows %d)", dir, m.Version, markVersion)
	}
	return true, nil
}

func writeMark(dir string) error {
	data, err := json.Marshal(mark{markFormat, markVersion})
	if err != nil {
		return err
	}
	temp := filepath.Join(dir, markName+".new")
	f, err := os.Create(temp)
	if err != nil {
		return err
	}
	_, err = f.Write(append(data, '\n'))
	if err = errors.Join(err, durable.Sync(f), f.Close()); err != nil {
		return err
	}
	return os.Rename(temp, filepath.Join(dir, markName))
}

// unmarkedHub recognises the directory of a hub from before there were marks:
// an empty lock, a key of 32 bytes and the directories that it used, or, where
// its making was cut short, nothing but some of those and no file in them.
func unmarkedHub(dir string, entries []fs.DirEntry) bool {
	files := map[string]int64{"lock": 0, "key": 32}
	ours, others := map[string]bool{}, 0
	for _, e := range entries {
		size, isFile := files[e.Name()]
		isDir := slices.Contains([]string{"objects", "repos", "tmp", "xet"}, e.Name())
		fi, err := os.Stat(filepath.Join(dir, e.Name()))
		switch {
		case !isFile && !isDir:
			others++
			continue
		case err != nil, isFile && (!fi.Mode().IsRegular() || fi.Size() != size), isDir && !fi.IsDir():
			return false
		}
		ours[e.Name()] = true
	}
	if ours["lock"] && ours["key"] && ours["objects"] && ours["repos"] && ours["tmp"] {
		return true
	}
	return ours["lock"] && others == 0 && !holdsFiles(dir, entries)
}

// holdsFiles reports whether there is a file, or anything that can not be read,
// below one of the directories.
func holdsFiles(dir string, entries []fs.DirEntry) bool {
	for _, e := range entries {
		if e.Name() == "lock" || e.Name() == "key" {
			continue
		}
		err := filepath.WalkDir(filepath.Join(dir, e.Name()), func(_ string, d fs.DirEntry, err error) error {
			if err == nil && !d.IsDir() {
				err = fs.ErrExist
			}
			return err
		})
		if err != nil {
			return true
		}
	}
	return false
}

var (
	cachedRepo = regexp.MustCompile(`^(models|datasets|spaces)--`)
	weightFile = regexp.MustCompile(`\.(safetensors|gguf|bin|pt|pth|ckpt|onnx)$`)
)

// describe says in a few words what a directory holds that is no hub's.
func describe(dir string, entries []fs.DirEntry) string {
	has := func(names ...string) bool {
		for _, name := range names {
			if _, err := os.Lstat(filepath.Join(dir, name)); err != nil {
				return false
			}
		}
		return true
	}
	is := func(match *regexp.Regexp) bool {
		return slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return match.MatchString(e.Name()) })
	}
	switch {
	case is(cachedRepo):
		return "a Hugging Face cache"
	case cachesBelow(dir):
		return "a Hugging Face home directory, with a cache in it"
	case has("HEAD", "objects", "refs"):
		return "a bare git repository"
	case has(".git"):
		return "a git repository"
	case has("config.json") || is(weightFile):
		return "a model"
	}
	if models := modelsBelow(dir, entries); len(models) > 0 {
		return "models: " + list(models)
	}
	var names []string
	for _, e := range entries {
		names = append(names, e.Name())
	}
	return "other files: " + list(names)
}

func cachesBelow(dir string) bool {
	entries, err := os.ReadDir(filepath.Join(dir, "hub"))
	return err == nil && slices.ContainsFunc(entries, func(e fs.DirEntry) bool { return cachedRepo.MatchString(e.Name()) })
}

// modelsBelow are the directories that hold a model each.
func modelsBelow(dir string, entries []fs.DirEntry) (models []string) {
	for _, e := range entries {
		if _, err := os.Stat(filepath.Join(dir, e.Name(), "config.json")); err == nil {
			models = append(models, e.Name())
		}
	}
	return models
}

// list quotes the first names.
func list(names []string) string {
	const most = 4
	var b strings.Builder
	for i, name := range names {
		if i == most {
			fmt.Fprintf(&b, " and %d more", len(names)-most)
			break
		}
		if i > 0 {
			b.WriteString(", ")
		}
		fmt.Fprintf(&b, "%q", name)
	}
	return b.String()
}
