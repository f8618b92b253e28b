package store

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"slices"
	"strings"
)

// stored is the first line of a commit's file: the commit, and how the second
// line tells its files. That is the list of them, or, so that a long history
// takes no more room than its changes, how it differs from another commit's.
type stored struct {
	*Commit
	Base   string `json:"base,omitempty"`   // the commit that the second line differs from
	Chain  int    `json:"chain,omitempty"`  // differences from here to a whole list
	Bytes  int64  `json:"bytes,omitempty"`  // of those differences
	Absent bool   `json:"absent,omitempty"` // the files are not known: there is no second line
}

// difference is the second line of a commit that has a base.
type difference struct {
	Put  []File   `json:"put"`
	Gone []string `json:"gone,omitempty"`
}

// maxChain bounds how many files have to be read for one commit.
const maxChain = 256

func (r *Repo) commitPath(id string) string { return r.Path("commits", id[:2], id) }

// SaveCommit writes a commit. It is seen by whoever asks for its id, and by
// others when a ref names it.
func (r *Repo) SaveCommit(c *Commit) error {
	head := stored{Commit: c}
	whole, err := json.Marshal(c.files)
	if err != nil {
		return err
	}
	files := whole
	if base, diff := r.difference(c, int64(len(whole))); base != nil {
		head.Base, head.Chain, head.Bytes = base.ID, base.Chain+1, base.Bytes+int64(len(diff))
		files = diff
	}
	if err := r.writeCommit(head, files); err != nil {
		return err
	}
	r.store.commits.put(r, c)
	return nil
}

// SaveHeader writes a commit whose files are not known, unless it is there. It
// is part of the history, but can not be resolved.
func (r *Repo) SaveHeader(c Commit) error {
	if exists(r.commitPath(c.ID)) {
		return nil
	}
	return r.writeCommit(stored{Commit: NewCommit(c, nil), Absent: true}, nil)
}

func (r *Repo) writeCommit(head stored, files []byte) error {
	first, err := json.Marshal(head)
	if err != nil {
		return err
	}
	return r.store.Write(r.commitPath(head.ID), slices.Concat(first, []byte("\n"), files, []byte("\n")), 0o644)
}

// difference tells how c differs from its parent; nothing if a list of all
// files is the better choice: because it is no longer than the differences
// since the last one, or because reading those would take long.
func (r *Repo) difference(c *Commit, whole int64) (base *stored, line []byte) {
	if c.Parent == "" {
		return nil, nil
	}
	base, f, err := r.openCommit(c.Parent)
	if err != nil {
		return nil, nil
	}
	f.Close()
	parent, err := r.Commit(c.Parent)
	if err != nil || base.Chain+1 > maxChain {
		return nil, nil
	}
	line, err = json.Marshal(differ(parent.files, c.files))
	if err != nil || base.Bytes+int64(len(line)) > whole {
		return nil, nil
	}
	return base, line
}

// differ compares two sorted lists.
func differ(from, to []File) difference {
	d := difference{Put: []File{}}
	for len(from) > 0 || len(to) > 0 {
		switch {
		case len(to) == 0 || len(from) > 0 && from[0].Path < to[0].Path:
			d.Gone = append(d.Gone, from[0].Path)
			from = from[1:]
		case len(from) == 0 || to[0].Path < from[0].Path:
			d.Put = append(d.Put, to[0])
			to = to[1:]
		default:
			if from[0] != to[0] {
				d.Put = append(d.Put, to[0])
			}
			from, to = from[1:], to[1:]
		}
	}
	return d
}

// openCommit reads the first line of a commit; the second is left in rest.
func (r *Repo) openCommit(id string) (*stored, io.ReadCloser, error) {
	f, err := os.Open(r.commitPath(id))
	if err != nil {
		return nil, nil, err
	}
	dec := json.NewDecoder(f)
	head := &stored{Commit: &Commit{}}
	if err := dec.Decode(head); err != nil {
		f.Close()
		return nil, nil, fmt.Errorf("reading commit %s: %w", id, err)
	}
	return head, struct {
		io.Reader
		io.Closer
	}{io.MultiReader(dec.Buffered(), f), f}, nil
}

// Commit reads a commit with its files. The error is fs.ErrNotExist if it, or
// its files, are not there.
func (r *Repo) Commit(id string) (*Commit, error) {
	if !IsCommitID(id) {
		return nil, fs.ErrNotExist
	}
	if c := r.store.commits.get(r, id); c != nil {
		return c, nil
	}
	c, err := r.readCommit(id)
	if err != nil {
		return nil, err
	}
	r.store.commits.put(r, c)
	return c, nil
}

// readCommit follows the differences to a whole list, and applies them, the
// latest change of each file first.
func (r *Repo) readCommit(id string) (*Commit, error) {
	var commit *Commit
	changed := map[string]*File{} // nil: gone
	for next := id; ; {
		head, rest, err := r.openCommit(next)
		if err != nil {
			return nil, err
		}
		if commit == nil {
			commit = head.Commit
		}
		if head.Absent {
			rest.Close()
			return nil, fmt.Errorf("files of commit %s are not known: %w", id, fs.ErrNotExist)
		}
		var diff difference
		var whole []File
		if head.Base != "" {
			err = json.NewDecoder(rest).Decode(&diff)
		} else {
			err = json.NewDecoder(rest).Decode(&whole)
		}
		if err = errors.Join(err, rest.Close()); err != nil {
			return nil, fmt.Errorf("reading files of commit %s: %w", next, err)
		}
		if head.Base == "" {
			commit.setFiles(overlay(whole, changed))
			return commit, nil
		}
		for i := range diff.Put {
			if _, later := changed[diff.Put[i].Path]; !later {
				changed[diff.Put[i].Path] = &diff.Put[i]
			}
		}
		for _, path := range diff.Gone {
			if _, later := changed[path]; !later {
				changed[path] = nil
			}
		}
		next = head.Base
	}
}

// overlay applies changes to a sorted list.
func overlay(files []File, changed map[string]*File) []File {
	if len(changed) == 0 {
		return files
	}
	files = slices.DeleteFunc(files, func(f File) bool { _, ok := changed[f.Path]; return ok })
	for _, f := range changed {
		if f != nil {
			files = append(files, *f)
		}
	}
	slices.SortFunc(files, func(a, b File) int { return strings.Compare(a.Path, b.Path) })
	return files
}

// Header reads what a commit says about itself, without its files. The error is
// fs.ErrNotExist if there is no such commit.
func (r *Repo) Header(id string) (*Commit, error) {
	if !IsCommitID(id) {
		return nil, fs.ErrNotExist
	}
	if c := r.store.commits.get(r, id); c != nil {
		return c, nil
	}
	head, rest, err := r.openCommit(id)
	if err != nil {
		return nil, err
	}
	return head.Commit, rest.Close()
}

// MoveRef writes a commit and makes a ref name it. The caller holds the lock.
func (r *Repo) MoveRef(target Ref, c *Commit) error {
	if err := r.SaveCommit(c); err != nil {
		return err
	}
	return r.SetRef(target.Kind, target.Name, c.ID)
}
