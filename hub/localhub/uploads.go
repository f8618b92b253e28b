package localhub

import (
	"crypto/sha256"
	"hash"
	"os"
	"sync"
	"time"

	"longcat/hub/localhub/store"
)

// uploads are the multipart uploads under way. They do not outlive the
// process: a client that comes back asks for new addresses.
type uploads struct {
	mu   sync.Mutex
	live map[string]*upload // by the ticket's id and oid
}

// upload is one object that comes in parts, into one file, in any order.
type upload struct {
	file    *os.File
	expires time.Time

	mu       sync.Mutex
	parts    []part
	hashing  bool // somebody advances the frontier
	frontier int  // parts that sum covers
	sum      hash.Hash
	changed  *sync.Cond
}

// part is one slot of an upload.
type part struct {
	etag   string      // set when it is complete, and then for good
	writer *partWriter // whose bytes count: the latest PUT's
}

// find returns the upload that a ticket is for, made anew if need be.
func (us *uploads) find(s *store.Store, t ticket, now time.Time) (*upload, error) {
	us.mu.Lock()
	defer us.mu.Unlock()
	key := t.id + " " + t.oid
	if u := us.live[key]; u != nil {
		return u, nil
	}
	f, err := s.Temp(0o644)
	if err != nil {
		return nil, err
	}
	if err := f.Truncate(t.size); err != nil {
		store.Drop(f)
		return nil, err
	}
	u := &upload{file: f, expires: now.Add(uploadTTL), sum: sha256.New()}
	u.parts = make([]part, (t.size+t.partSize-1)/t.partSize)
	u.changed = sync.NewCond(&u.mu)
	if us.live == nil {
		us.live = map[string]*upload{}
	}
	us.live[key] = u
	return u, nil
}

// expire drops the uploads that took too long.
func (us *uploads) expire(now time.Time) {
	us.mu.Lock()
	defer us.mu.Unlock()
	for key, u := range us.live {
		if now.After(u.expires) {
			store.Drop(u.file)
			delete(us.live, key)
		}
	}
}

// take removes an upload from the list, for the caller to finish or drop.
func (us *uploads) take(t ticket) *upload {
	us.mu.Lock()
	defer us.mu.Unlock()
	key := t.id + " " + t.oid
	u := us.live[key]
	delete(us.live, key)
	return u
}

func (us *uploads) dropAll() {
	us.mu.Lock()
	defer us.mu.Unlock()
	for _, u := range us.live {
		store.Drop(u.file)
	}
	us.live = nil
}

// ticket is what the address of an upload says.
type ticket struct {
	oid      string
	size     int64
	repo     *store.Repo
	user     string
	partSize int64
	id       string
}

// partWriter writes to a part as long as it is the part's writer.
type partWriter struct {
	upload *upload
	part   int
	at     int64
}

func (w *partWriter) Write(p []byte) (int, error) {
	w.upload.mu.Lock()
	defer w.upload.mu.Unlock()
	if w.upload.parts[w.part].writer != w {
		return len(p), nil // complete, or somebody else's: compare only
	}
	n, err := w.upload.file.WriteAt(p, w.at)
	w.at += int64(n)
	return n, err
}
