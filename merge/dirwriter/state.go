package dirwriter

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"sync"

	"longcat/internal/durable"
)

// StateDir is the directory inside the output's directory that holds unfinished files
// and the list of finished ones while it is being written. Where it stays, the
// merge was interrupted.
const StateDir = ".longcat-merge"

// state remembers the files that are finished, so that an interrupted merge
// goes on. Its list is trusted only together with the file's size.
type state struct {
	dir    string // the output's
	own    string // where this process keeps what is unfinished
	lock   *durable.Lock
	mu     sync.Mutex
	Finish map[string]finished `json:"finished"`
}

// finished is a file under its final name.
type finished struct {
	Size int64  `json:"size"`
	Plan string `json:"plan"` // job.identity
}

// openState takes the directory for this process and reads what an earlier one
// left. The recipe stays there, to tell whose it is.
func openState(dir string, out Output, opts Options) (*state, error) {
	s := &state{dir: dir, own: filepath.Join(dir, StateDir), Finish: map[string]finished{}}
	if opts.Tasks > 0 {
		s.own = filepath.Join(s.own, fmt.Sprintf("task-%d-of-%d", opts.Task, opts.Tasks))
	}
	own := s.own
	if err := os.MkdirAll(own, 0o777); err != nil {
		return nil, fmt.Errorf("making directory for unfinished files: %w", err)
	}
	var err error
	s.lock, err = durable.TryLock(filepath.Join(own, "lock"))
	if errors.Is(err, durable.ErrLocked) {
		return nil, &DirError{Dir: dir, Files: []string{StateDir}, Msg: "is being written by another merge"}
	}
	if err != nil {
		return nil, fmt.Errorf("locking directory for merge: %w", err)
	}
	if err := durable.WriteFile(filepath.Join(dir, StateDir, out.Recipe), out.Content); err != nil {
		s.lock.Release()
		return nil, fmt.Errorf("noting the recipe: %w", err)
	}
	data, err := os.ReadFile(s.file())
	if err == nil && json.Unmarshal(data, s) != nil || s.Finish == nil {
		s.Finish = map[string]finished{} // unreadable: begin anew
	}
	if err := s.readTasks(); err != nil {
		s.close()
		return nil, err
	}
	parts, err := filepath.Glob(filepath.Join(own, "*.part"))
	for _, p := range parts {
		err = errors.Join(err, os.Remove(p))
	}
	if err != nil {
		s.close()
		return nil, fmt.Errorf("removing unfinished files: %w", err)
	}
	return s, nil
}

// readTasks adds what tasks have finished that write the same directory.
func (s *state) readTasks() error {
	lists, err := filepath.Glob(filepath.Join(s.dir, StateDir, "task-*", finishedFile))
	if err != nil {
		return err
	}
	for _, name := range lists {
		var task state
		data, err := os.ReadFile(name)
		if err == nil && json.Unmarshal(data, &task) == nil { // unreadable: those files are written again
			for path, f := range task.Finish {
				s.Finish[path] = f
			}
		}
	}
	return nil
}

// finishedFile lists the files that are finished.
const finishedFile = "finished.json"

func (s *state) file() string { return filepath.Join(s.own, finishedFile) }

// part is where a file stands while it is being written.
func (s *state) part(name string) string {
	return filepath.Join(s.own, strings.ReplaceAll(name, "/", "_")+".part")
}

// has reports whether the file stands finished under its name.
func (s *state) has(j job) bool {
	s.mu.Lock()
	defer s.mu.Unlock()
	info, err := os.Stat(filepath.Join(s.dir, filepath.FromSlash(j.Path)))
	return err == nil && info.Mode().IsRegular() && info.Size() == j.Size && s.Finish[j.Path] == finished{j.Size, j.id}
}

// add notes a finished file. Its name is made durable first.
func (s *state) add(j job) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	s.Finish[j.Path] = finished{j.Size, j.id}
	data, err := json.Marshal(s)
	if err != nil {
		return err
	}
	if err := durable.SyncDir(s.dir); err != nil {
		return err
	}
	if err := durable.WriteFile(s.file(), data); err != nil {
		return fmt.Errorf("noting %q as finished: %w", j.Path, err)
	}
	return nil
}

// close releases the directory; a merge that finished nothing leaves no state.
func (s *state) close() {
	if len(s.Finish) == 0 {
		os.RemoveAll(s.own) // what stays is written over next time
	}
	s.lock.Release()
}

// remove ends a merge that is whole.
func (s *state) remove() error {
	if err := os.RemoveAll(filepath.Join(s.dir, StateDir)); err != nil {
		return fmt.Errorf("removing the merge's state: %w", err)
	}
	return nil
}

// identity names the file's content: what it is made of, and the source files
// that it is taken from by their sizes and when they were changed.
func (j job) identity() (string, error) {
	h := sha256.New()
	io.WriteString(h, j.ID)
	for _, src := range j.sources {
		info, err := src.Stat()
		if err != nil {
			return "", err
		}
		fmt.Fprintln(h, info.Size(), info.ModTime().UnixNano())
	}
	return hex.EncodeToString(h.Sum(nil)), nil
}

// unchanged wants the sources to be as they were before the file was written.
func (j job) unchanged() error {
	id, err := j.identity()
	if err == nil && id != j.id {
		err = errors.New("a source was changed while it was read")
	}
	return err
}
