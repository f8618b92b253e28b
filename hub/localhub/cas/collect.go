package cas

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"slices"
	"strconv"
	"strings"
	"time"

	"longcat/hub/xet/merkle"
)

// Sent says whether user sent a xorb that no file of theirs uses yet.
func (s *Store) Sent(hash merkle.Hash, user string) bool {
	_, err := os.Stat(s.sentPath(hash, user))
	return err == nil
}

// Used ends what PutXorb promised user for the xorbs of a file that was added.
func (s *Store) Used(f *File, user string) error {
	for _, t := range f.Terms {
		err := os.Remove(s.sentPath(t.Xorb, user))
		if err != nil && !errors.Is(err, fs.ErrNotExist) {
			return err
		}
	}
	return nil
}

func (s *Store) sentPath(hash merkle.Hash, user string) string {
	return s.filed("sent", hash.String()) + "--" + user
}

// Collect removes the files that alive does not name, and the xorbs that are
// of no use then. The objects in kept are none of that: they hold xorbs that
// other files use, and must stay.
func (s *Store) Collect(alive map[string]bool, now time.Time) (kept map[string]bool, err error) {
	s.collecting.Lock()
	defer s.collecting.Unlock()
	m := marking{store: s, files: map[string]bool{}, xorbs: map[string]bool{}, objects: map[string]bool{}}
	for sha256 := range alive {
		if err := m.file(sha256); err != nil {
			return nil, err
		}
	}
	if err := m.sent(now); err != nil {
		return nil, err
	}
	if err := s.removeFiles(m.files); err != nil { // first: what is listed must be whole
		return nil, err
	}
	return m.objects, s.removeXorbs(m.xorbs)
}

// A marking finds what is of use, starting at the files that are.
type marking struct {
	store   *Store
	files   map[string]bool // by sha256
	xorbs   map[string]bool // by hash
	objects map[string]bool // by sha256
}

// file marks a file, if there is one, its xorbs, and the objects that they lie
// in, which are files themselves: all of such a file is kept, because that
// takes no more room than the object alone.
func (m *marking) file(sha256 string) error {
	if m.files[sha256] {
		return nil
	}
	m.files[sha256] = true
	f, err := m.store.File(sha256)
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	for _, t := range f.Terms {
		m.xorbs[t.Xorb.String()] = true
		if err := m.object(t.Object); err != nil {
			return err
		}
	}
	return nil
}

func (m *marking) object(sha256 string) error {
	if sha256 == "" || m.objects[sha256] {
		return nil
	}
	m.objects[sha256] = true
	return m.file(sha256)
}

// sent marks the xorbs that were promised to somebody, and ends the promises
// that are over.
func (m *marking) sent(now time.Time) error {
	return m.store.walk("sent", func(name string) error {
		text, err := os.ReadFile(m.store.filed("sent", name))
		if err != nil {
			return err
		}
		until, err := strconv.ParseInt(string(text), 10, 64)
		if err != nil {
			return fmt.Errorf("reading who sent xorb %s: %w", name, err)
		}
		if until < now.Unix() {
			return os.Remove(m.store.filed("sent", name))
		}
		hex, _, _ := strings.Cut(name, "--")
		hash, err := merkle.Parse(hex)
		if err != nil {
			return nil // not ours
		}
		m.xorbs[hex] = true
		x, err := m.store.Xorb(hash)
		if errors.Is(err, fs.ErrNotExist) { // its sending was cut short
			return nil
		}
		if err != nil {
			return err
		}
		return m.object(x.Object)
	})
}

// removeFiles forgets the files that are not to be kept.
func (s *Store) removeFiles(keep map[string]bool) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	var errs []error
	for _, known := range s.catalog.files {
		if known.SHA256 == "" || keep[known.SHA256] {
			continue
		}
		f, err := s.File(known.SHA256)
		if err == nil {
			s.catalog.remove(f)
			err = os.Remove(s.filed("files", known.SHA256))
		}
		errs = append(errs, err)
	}
	return errors.Join(errs...)
}

// removeXorbs removes the xorbs that are not to be kept. The generation changes
// before: a file that was made of them can not be added any more.
func (s *Store) removeXorbs(keep map[string]bool) error {
	var dead []string
	err := s.walk("xorbs", func(name string) error {
		if !keep[strings.TrimSuffix(name, ".index")] {
			dead = append(dead, name)
		}
		return nil
	})
	if err != nil || len(dead) == 0 {
		return err
	}
	next := s.generation.Load() + 1
	if err := s.write(s.path("generation"), strconv.AppendInt(nil, next, 10)); err != nil {
		return err
	}
	s.generation.Store(next)
	var errs []error
	for _, name := range slices.Backward(dead) { // an index before the data
		errs = append(errs, os.Remove(s.filed("xorbs", name)))
	}
	s.indexes.clear()
	return errors.Join(errs...)
}
