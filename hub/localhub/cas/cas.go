// Package cas keeps large files as the Xet protocol sees them: made of chunks,
// which are kept in xorbs, each of which many files may share.
//
// Content lies on disk once, in one of two forms. An object is a plain file,
// named by its sha256, that belongs to the caller ([Options].Object). Convert
// finds its chunks and says that the object is so and so many xorbs one after
// the other; those xorbs are nowhere but in the object, and are put together
// when they are asked for. What is uploaded chunk by chunk is kept as the
// xorbs that come (PutXorb), and a file is then only a list of terms, ranges of
// xorbs of either kind (Check, Add). Open reads such a file as if it were
// plain.
//
// # On disk
//
//	DIR/
//	  files/ab/ab12…         what the content with this sha256 is made of
//	  xorbs/ef/ef56….index   a xorb's chunks, and of which object it is a range, if it is
//	  xorbs/ef/ef56…         the xorb as it was sent, if it is none
//	  sent/ef56…--user       until when user may use a xorb that they sent
//	  generation             how often xorbs were removed
//	  tmp/                   whatever is not finished; emptied by Open
//
// All of that is written under tmp, synced and renamed. A xorb's data is there
// before its index, and its index before a file that uses it.
//
// Nothing here is about who may do what, except that callers are told enough to
// decide: which files have a chunk, which files use a xorb, who sent one.
package cas

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"sync"
	"sync/atomic"

	"longcat/hub/xet/merkle"
)

// Options say where a Store keeps its things. All functions are needed.
type Options struct {
	ReadOnly  bool                                  // nothing is written; what would be fails
	Dir       string                                // for the store alone; made if need be
	Publish   func(f *os.File, final string) error  // gives a temp file its final name, durably, and closes it
	EmptyTemp func(dir string) error                // removes what a Store left in its directory of unfinished files
	Object    func(sha256 string) (*os.File, error) // opens an object; an error that is fs.ErrNotExist if there is none
}

// A Store keeps files and xorbs. Its methods may be called concurrently.
type Store struct {
	o          Options
	temps      atomic.Uint64
	generation atomic.Int64
	indexes    indexCache

	collecting sync.RWMutex // locked while xorbs are removed, read-locked while something is added
	adding     sync.Mutex   // held while a file's record is written
	mu         sync.RWMutex
	catalog    catalog // guarded by mu
}

// Open reads what is in the folder. Nobody else may have it open.
func Open(o Options) (*Store, error) {
	s := &Store{o: o, catalog: newCatalog()}
	if !o.ReadOnly {
		if err := o.EmptyTemp(s.path("tmp")); err != nil {
			return nil, err
		}
		for _, sub := range []string{"tmp", "files", "xorbs", "sent"} {
			if err := os.MkdirAll(s.path(sub), 0o755); err != nil {
				return nil, err
			}
		}
	}
	if err := s.readGeneration(); err != nil {
		return nil, err
	}
	if o.ReadOnly && !s.used() {
		return s, nil
	}
	err := s.walk("files", func(name string) error {
		f, err := s.File(name)
		if err != nil {
			return err
		}
		s.catalog.add(f)
		return nil
	})
	if err != nil {
		return nil, err
	}
	return s, nil
}

// used reports whether there are files.
func (s *Store) used() bool {
	_, err := os.Stat(s.path("files"))
	return err == nil
}

func (s *Store) path(elem ...string) string {
	return filepath.Join(append([]string{s.o.Dir}, elem...)...)
}

// filed is the path of something whose name is a hash.
func (s *Store) filed(folder, name string) string { return s.path(folder, name[:2], name) }

// walk visits the names of all that is filed in a folder.
func (s *Store) walk(folder string, visit func(name string) error) error {
	subs, err := os.ReadDir(s.path(folder))
	if err != nil {
		return err
	}
	for _, sub := range subs {
		entries, err := os.ReadDir(s.path(folder, sub.Name()))
		if err != nil {
			return err
		}
		for _, e := range entries {
			if err := visit(e.Name()); err != nil {
				return err
			}
		}
	}
	return nil
}

// temp makes a file to be filled and then published or dropped.
func (s *Store) temp() (*os.File, error) {
	return os.OpenFile(s.path("tmp", strconv.FormatUint(s.temps.Add(1), 10)), os.O_CREATE|os.O_EXCL|os.O_RDWR, 0o644)
}

func drop(f *os.File) {
	f.Close()
	os.Remove(f.Name())
}

// write publishes data under final.
func (s *Store) write(final string, data []byte) error {
	f, err := s.temp()
	if err != nil {
		return err
	}
	if _, err := f.Write(data); err != nil {
		drop(f)
		return err
	}
	return s.o.Publish(f, final)
}

// Generation changes whenever xorbs are removed. What a client remembers of
// xorbs from before may be wrong then.
func (s *Store) Generation() int64 {
	s.collecting.RLock()
	defer s.collecting.RUnlock()
	return s.generation.Load()
}

func (s *Store) readGeneration() error {
	text, err := os.ReadFile(s.path("generation"))
	if errors.Is(err, fs.ErrNotExist) {
		return nil
	}
	if err != nil {
		return err
	}
	n, err := strconv.ParseInt(string(text), 10, 64)
	if err != nil {
		return fmt.Errorf("reading generation of xorbs: %w", err)
	}
	s.generation.Store(n)
	return nil
}

// Known is what the store knows of a file without reading its record.
type Known struct {
	SHA256 string // of the content, 64 hex digits
	Hash   merkle.Hash
	Size   int64 // bytes
}

// BySHA256 finds a file by its content's sha256.
func (s *Store) BySHA256(sha256 string) (Known, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.catalog.bySHA256(sha256)
}

// ByHash finds a file by its Xet hash.
func (s *Store) ByHash(hash merkle.Hash) (Known, bool) {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.catalog.byHash(hash)
}

// WithChunk lists the files in which a chunk stands, oldest first, if it is one
// that may be asked for: the first of a file or an eligible one. A file may be
// named that has another chunk of a similar hash; FindChunk tells.
func (s *Store) WithChunk(hash merkle.Hash) []Known {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.catalog.list(s.catalog.chunks[short(hash)])
}

// WithXorb lists the files that use a xorb, oldest first, and perhaps others.
func (s *Store) WithXorb(hash merkle.Hash) []Known {
	s.mu.RLock()
	defer s.mu.RUnlock()
	return s.catalog.list(s.catalog.xorbs[short(hash)])
}
