package localhub

import (
	"crypto/rand"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync/atomic"

	"longcat/hub/localhub/cas"
	"longcat/hub/localhub/store"
)

// folder is the folder on disk: the one place that makes files durable.
type folder struct {
	dir     string
	temps   atomic.Uint64
	commits commitCache
	xet     *cas.Store // what is made of chunks
}

// openFolder prepares dir. Nobody else has it open, so what a hub left in tmp is
// of a process that is gone.
func openFolder(dir string) (*folder, error) {
	s := &folder{dir: dir}
	if err := store.EmptyTemp(s.path("tmp")); err != nil {
		return nil, err
	}
	for _, sub := range []string{"tmp", "objects", "repos"} {
		if err := makeDir(s.path(sub)); err != nil {
			return nil, err
		}
	}
	return s, s.openXet()
}

func (s *folder) path(elem ...string) string {
	return filepath.Join(append([]string{s.dir}, elem...)...)
}

// objectPath is where the content with this sha256 lies, if it is kept as a
// whole.
func (s *folder) objectPath(sha256 string) string {
	return s.path("objects", sha256[:2], sha256)
}

// objectSize is the size of an object in bytes, or false if it is not there.
func (s *folder) objectSize(sha256 string) (int64, bool) {
	if fi, err := os.Stat(s.objectPath(sha256)); err == nil {
		return fi.Size(), true
	}
	known, ok := s.xet.BySHA256(sha256)
	return known.Size, ok
}

// openObject opens the content with this sha256, in whatever form it is kept.
func (s *folder) openObject(sha256 string) (io.ReadSeekCloser, error) {
	f, err := os.Open(s.objectPath(sha256))
	if !errors.Is(err, fs.ErrNotExist) {
		return f, err
	}
	made, err := s.xet.File(sha256)
	if err != nil {
		return nil, err
	}
	return s.xet.Open(made), nil
}

// eachObject visits the objects that are kept as a whole.
func (s *folder) eachObject(visit func(sha256 string) error) error {
	folders, err := os.ReadDir(s.path("objects"))
	if err != nil {
		return err
	}
	for _, folder := range folders {
		entries, err := os.ReadDir(s.path("objects", folder.Name()))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if !sha256ID.MatchString(e.Name()) {
				continue // not ours
			}
			if err := visit(e.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// temp makes a file to be filled and then published or dropped.
func (s *folder) temp(perm fs.FileMode) (*os.File, error) {
	return os.OpenFile(s.tempName(), os.O_CREATE|os.O_EXCL|os.O_RDWR, perm)
}

// tempName is a name under tmp that was not used since Open.
func (s *folder) tempName() string {
	return s.path("tmp", strconv.FormatUint(s.temps.Add(1), 10))
}

// drop removes a temp file that will not be published.
func drop(f *os.File) {
	f.Close()
	os.Remove(f.Name())
}

// publish gives a temp file its final name, durably, and closes it. Whatever
// stood under the name is replaced in one step.
func publish(f *os.File, final string) error {
	err := errors.Join(f.Sync(), f.Close())
	if err == nil {
		err = makeDir(filepath.Dir(final))
	}
	if err == nil {
		err = os.Rename(f.Name(), final)
	}
	if err != nil {
		os.Remove(f.Name())
		return err
	}
	return syncDir(filepath.Dir(final))
}

// write publishes data under final.
func (s *folder) write(final string, data []byte) error {
	return s.writePerm(final, data, 0o644)
}

func (s *folder) writePerm(final string, data []byte, perm fs.FileMode) error {
	f, err := s.temp(perm)
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		drop(f)
		return err
	}
	return publish(f, final)
}

// mark makes an empty file whose name says it all.
func mark(final string) error {
	if err := makeDir(filepath.Dir(final)); err != nil {
		return err
	}
	f, err := os.OpenFile(final, os.O_CREATE|os.O_EXCL, 0o644)
	if errors.Is(err, fs.ErrExist) {
		return nil
	}
	if err != nil {
		return err
	}
	if err := f.Close(); err != nil {
		return err
	}
	return syncDir(filepath.Dir(final))
}

func exists(path string) bool {
	_, err := os.Lstat(path)
	return err == nil
}

// makeDir makes a folder and its parents, durably.
func makeDir(dir string) error {
	err := os.Mkdir(dir, 0o755)
	switch {
	case errors.Is(err, fs.ErrExist):
		return nil
	case errors.Is(err, fs.ErrNotExist):
		if err := makeDir(filepath.Dir(dir)); err != nil {
			return err
		}
		return makeDir(dir)
	case err != nil:
		return err
	}
	return syncDir(filepath.Dir(dir))
}

// key is the secret that signs addresses. It is kept, so that addresses given
// out before a restart still work after it.
func (s *folder) key() ([]byte, error) {
	key, err := os.ReadFile(s.path("key"))
	if err == nil && len(key) != 32 {
		return nil, errors.New("the file \"key\" is no key that this hub made: it must have 32 bytes")
	}
	if err == nil {
		return key, nil
	}
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return nil, fmt.Errorf("reading signing key: %w", err)
	}
	key = make([]byte, 32)
	rand.Read(key)
	return key, s.writePerm(s.path("key"), key, 0o600)
}
