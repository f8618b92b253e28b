package longcat

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"slices"

	"longcat/internal/limits"
	"longcat/merge"
)

// LockFile is the name of the lock in a result's root.
const LockFile = "longcat.lock.json"

const (
	lockVersion = 1 // of the lock's format
	// plannerVersion counts the changes of how output files are laid out. One
	// that would give an older recipe other bytes needs a new number, and the
	// planner must go on making the older layout when a lock asks for it.
	plannerVersion = 1
)

// Lock is everything that decides a result's bytes, and their hashes: programs
// read it where people read the card. The same inputs give the same lock, so it
// holds no times and no names of machines.
type Lock struct {
	Version int           `json:"lock_version"` // of this format
	Planner int           `json:"planner"`      // of the rules that lay out the files
	Recipe  LockedRecipe  `json:"recipe"`
	Options LockedOptions `json:"options"`
	Models  []LockedModel `json:"models"` // in the order in which the recipe names them
	Files   []LockedFile  `json:"files"`  // that the recipe makes; the card is a person's to change
}

// LockedRecipe names the recipe.
type LockedRecipe struct {
	File   string `json:"file"`   // where the result keeps it
	SHA256 string `json:"sha256"` // of its bytes
}

// LockedOptions are the options that change bytes.
type LockedOptions struct {
	ShardSize  int64        `json:"shard_size"` // bytes
	LayerStack string       `json:"layer_stack,omitempty"`
	Layout     merge.Layout `json:"layout"`
	RandomSeed *int64       `json:"random_seed,omitempty"` // where the method draws random numbers
	Precise    bool         `json:"precise,omitempty"`     // computed in float64 and rounded once
}

// LockedModel is one model that the recipe names: a repo at a commit, or a
// directory.
type LockedModel struct {
	Name   string       `json:"name"`             // as the recipe writes it
	Repo   string       `json:"repo,omitempty"`   // "org/name"
	Commit string       `json:"commit,omitempty"` // of Repo
	Path   string       `json:"path,omitempty"`   // of a directory, as it was written
	Files  []LockedFile `json:"files"`            // that were read, by path
}

// LockedFile is a file with its content's hash.
type LockedFile struct {
	Path   string `json:"path"`
	Size   int64  `json:"size"`             // bytes
	SHA256 string `json:"sha256,omitempty"` // "" where it would have cost another pass over the weights
}

// LockError says why a lock can not be used.
type LockError struct{ Msg string }

func (e *LockError) Error() string { return LockFile + ": " + e.Msg }

// Encode writes the lock as the file's bytes.
func (l *Lock) Encode() []byte {
	var b bytes.Buffer
	e := json.NewEncoder(&b)
	e.SetIndent("", "  ")
	e.SetEscapeHTML(false)
	if err := e.Encode(l); err != nil {
		panic(err) // strings and numbers can always be written
	}
	return b.Bytes()
}

// ParseLock reads a lock, which may be anybody's: what it says is checked as far
// as that goes without its models. Errors are a *LockError.
func ParseLock(text []byte) (*Lock, error) {
	if len(text) > limits.Lock {
		return nil, &LockError{fmt.Sprintf("%d bytes are more than %d", len(text), limits.Lock)}
	}
	var l Lock
	if err := json.Unmarshal(text, &l); err != nil {
		return nil, &LockError{"not a lock: " + err.Error()}
	}
	switch {
	case l.Version > lockVersion, l.Planner > plannerVersion:
		return nil, &LockError{fmt.Sprintf("written by a later longcat (format %d, planner %d): this one knows format %d and planner %d, and can not make the same files",
			l.Version, l.Planner, lockVersion, plannerVersion)}
	case l.Version < 1 || l.Planner < 1 || (l.Options.Layout != merge.SharedBlocks && l.Options.Layout != merge.Forward):
		return nil, &LockError{fmt.Sprintf("format %d, planner %d and layout %q are not known", l.Version, l.Planner, l.Options.Layout)}
	case !sha256Text.MatchString(l.Recipe.SHA256):
		return nil, &LockError{"the recipe has no sha256"}
	case l.Options.ShardSize <= 0:
		return nil, &LockError{"the shard size is not a number of bytes"}
	}
	for _, m := range l.Models {
		if m.Repo != "" && !commitText.MatchString(m.Commit) {
			return nil, &LockError{fmt.Sprintf("model %q has no commit", m.Name)}
		}
		if err := checkLocked(m.Files); err != nil {
			return nil, err
		}
	}
	return &l, checkLocked(l.Files)
}

var (
	sha256Text = regexp.MustCompile(`^[0-9a-f]{64}$`)
	commitText = regexp.MustCompile(`^([0-9a-f]{40}|[0-9a-f]{64})$`)
)

func checkLocked(files []LockedFile) error {
	for _, f := range files {
		if !fs.ValidPath(f.Path) || f.Size < 0 || (f.SHA256 != "" && !sha256Text.MatchString(f.SHA256)) {
			return &LockError{fmt.Sprintf("file %q: not a path with its size and sha256", f.Path)}
		}
	}
	return nil
}

// sameInputs tells whether two locks are of the same recipe, models, options and
// files, whatever is known of their hashes.
func (l *Lock) sameInputs(other *Lock) bool {
	a, b := *l, *other
	a.Files, b.Files = unhashed(a.Files), unhashed(b.Files)
	return bytes.Equal(a.Encode(), b.Encode())
}

func unhashed(files []LockedFile) []LockedFile {
	bare := slices.Clone(files)
	for i := range bare {
		bare[i].SHA256 = ""
	}
	return bare
}

// file finds a file that the recipe makes.
func (l *Lock) file(path string) (LockedFile, bool) {
	for _, f := range l.Files {
		if f.Path == path {
			return f, true
		}
	}
	return LockedFile{}, false
}

// commits are the models' commits by the names that the recipe gives them.
func (l *Lock) commits() map[string]string {
	pins := map[string]string{}
	for _, m := range l.Models {
		if m.Commit != "" {
			pins[m.Name] = m.Commit
		}
	}
	return pins
}

// errNoLock tells that a result has none.
var errNoLock = errors.New("no " + LockFile)
