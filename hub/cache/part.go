package cache

import (
	"cmp"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io/fs"
	"os"
	"path/filepath"
	"sync"
	"time"

	"longcat/internal/durable"
)

// Content identifies the bytes that a part is to become.
type Content struct {
	Etag string // the part belongs to this etag alone
	Size int64  // bytes

	// NewHash starts the hash whose hex sum the Etag is; nil where the etag is
	// no hash, so that only the size can be checked.
	NewHash func() hash.Hash
}

// HashError tells that content arrived whole and is not what was promised.
type HashError struct {
	Want, Got string
}

func (e *HashError) Error() string {
	return fmt.Sprintf("the content's hash is %s, the hub promised %s", e.Got, e.Want)
}

// Part is content that is arriving: written in place, in any order, by
// concurrent callers, and hashed on the way. What is written survives the
// death of the process at any moment; [OpenPart] goes on from there. The
// caller holds the lock of the content while a Part is open.
//
// Each byte is written once. Bytes that come for a place that has its bytes are
// dropped: those there may be hashed already, and the hash would not see others.
type Part struct {
	content Content
	path    string
	f       *os.File

	local bool   // on a disk of this machine: nobody writes past the lock
	slow  output // takes bytes that come slowly, which whoever reads them next finds in the page cache
	fast  output // takes bytes that come fast; the same file

	writing sync.Mutex // held from finding what is missing until what was written is recorded

	mu        sync.Mutex // guards the fields down to failed, and those of hash
	changed   *sync.Cond // one of them, or of hash
	journal   *journal
	have      extents
	unwritten int   // blocks that were received and are not written
	unsynced  int64 // bytes written since the last sync
	lastSync  time.Time
	syncing   bool
	failed    error // of the writer, the hasher or the syncer; ends the part

	queue      chan queued // to the writer
	hash       *frontierHash
	background sync.WaitGroup // the writer, the hasher, the syncer
}

// While bytes arrive they are synced after so many bytes, or so much time: that
// is what a crash of the machine can cost, and what the final sync has left to
// do. A fast download does without: syncing in small steps takes the processor
// from it.
const (
	syncBytes = 1 << 30
	syncTime  = 10 * time.Second
)

// OpenPart opens base.longcat.incomplete with its journal, anew or where an
// earlier process left it. An abandoned part of other content is overwritten.
func OpenPart(base string, c Content) (*Part, error) {
	if err := durable.MkdirAll(filepath.Dir(base)); err != nil {
		return nil, err
	}
	p := &Part{content: c, path: base + partSuffix, lastSync: time.Now()}
	p.changed = sync.NewCond(&p.mu)
	head := journalHead{Etag: c.Etag, Size: c.Size, Boot: bootID()}
	prior, err := readJournal(p.journalPath(), head)
	if err != nil {
		return nil, err
	}
	if p.f, err = openOrCreate(p.path); err != nil {
		return nil, err
	}
	st, err := p.f.Stat()
	if err == nil && !(durable.IsOwn(st) && ownJournal(p.journalPath())) {
		prior.hashed, prior.state = 0, nil // what another user says was hashed is hashed again
	}
	fresh := err == nil && st.Size() != c.Size
	if fresh {
		// The journal goes first: it speaks of bytes that this file does not
		// have, and must not outlive us beside one of the right size.
		prior = progress{}
		if err = errors.Join(removeIfThere(p.journalPath()), p.f.Truncate(0)); err == nil {
			err = allocate(p.f, c.Size)
		}
	}
	if err == nil {
		p.have = prior.have
		p.hash = newFrontierHash(p, c.NewHash, prior)
		p.journal, err = startJournal(p.journalPath(), head, prior)
	}
	if err != nil {
		err = errors.Join(err, p.f.Close())
		if fresh { // the room that it takes is of no use
			err = errors.Join(err, os.Remove(p.path))
		}
		return nil, err
	}
	p.slow = buffered{p.f}
	p.fast = p.slow
	if p.local = onThisMachine(p.f); p.local {
		p.fast = newDirect(p.f)
	}
	openParts.Add(1)
	p.hash.start()
	p.queue = make(chan queued)
	p.background.Go(p.writer)
	return p, nil
}

func ownJournal(path string) bool {
	st, err := os.Lstat(path)
	return err == nil && durable.IsOwn(st)
}

// openOrCreate opens a part that an earlier process left. Anything else under
// its name, such as a link or what another user does not let others write, makes
// place for a new file.
func openOrCreate(path string) (*os.File, error) {
	f, err := durable.OpenRegular(path, os.O_RDWR)
	if errors.Is(err, fs.ErrNotExist) || errors.Is(err, fs.ErrPermission) || errors.Is(err, durable.ErrNotRegular) {
		return durable.Create(path)
	}
	return f, err
}

// partSuffix marks what is not finished.
const partSuffix = ".longcat.incomplete"

func (p *Part) journalPath() string { return p.path + ".journal" }

func removeIfThere(path string) error {
	if err := os.Remove(path); !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return nil
}

// Missing lists what has not arrived, in order.
func (p *Part) Missing() []Extent {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flush()
	return p.have.missing(p.content.Size)
}

// Arrived is the number of bytes that are there.
func (p *Part) Arrived() int64 {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.flush()
	return p.have.bytes()
}

// record notes in the journal that bytes were written. They may be in a block
// that becomes the hash's.
func (p *Part) record(e Extent, block []byte) error {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.failed != nil {
		return p.failed
	}
	if err := p.journal.append(recordWrote, wrotePayload(e)); err != nil {
		return err
	}
	p.have = p.have.add(e)
	p.hash.arrived(e, block)
	if p.unsynced += e.Len(); p.unsynced >= syncBytes || time.Since(p.lastSync) >= syncTime {
		p.unsynced, p.lastSync = 0, time.Now()
		if !p.syncing { // else the disk is behind, and the next one covers this too
			p.syncing = true
			p.background.Go(p.sync)
		}
	}
	return nil
}

// sync puts on the disk what was written so far, and says so in the journal.
func (p *Part) sync() {
	p.mu.Lock()
	upTo := p.journal.size
	p.mu.Unlock()
	err := p.fast.Sync()
	p.mu.Lock()
	defer p.mu.Unlock()
	if err == nil {
		err = p.journal.markSynced(upTo)
	}
	p.synced(err)
}

// lastly puts all on the disk, after a sync that is under way. The journal is not
// needed any more.
func (p *Part) lastly() {
	p.mu.Lock()
	for p.syncing {
		p.changed.Wait()
	}
	p.syncing = true
	p.mu.Unlock()
	err := p.fast.Sync()
	p.mu.Lock()
	defer p.mu.Unlock()
	p.synced(err)
}

// synced ends a sync. The caller holds the lock.
func (p *Part) synced(err error) {
	p.syncing = false
	if err != nil && p.failed == nil {
		p.failed = err
	}
	p.changed.Broadcast()
}

// Finish checks the whole content and gives it its final name. A *HashError
// means that the bytes were wrong; they are gone then. The Part is closed in
// any case.
func (p *Part) Finish(final string) error {
	if missing := p.content.Size - p.Arrived(); missing > 0 {
		return cmp.Or(p.Close(), fmt.Errorf("%d bytes of %d have not arrived", missing, p.content.Size))
	}
	p.background.Go(p.lastly) // while the last bytes are hashed
	sum := p.hash.sum()
	if err := p.Close(); err != nil {
		return err
	}
	if sum != "" && sum != p.content.Etag {
		return errors.Join(&HashError{Want: p.content.Etag, Got: sum}, os.Remove(p.path), os.Remove(p.journalPath()))
	}
	if err := durable.MkdirAll(filepath.Dir(final)); err != nil {
		return err
	}
	if err := durable.Rename(p.path, final); err != nil {
		return err
	}
	return os.Remove(p.journalPath())
}

// Close leaves the part for a later process. It returns the first failure of
// the work in the background.
func (p *Part) Close() error {
	close(p.queue)
	p.mu.Lock()
	p.flush()
	p.mu.Unlock()
	p.hash.stop()
	p.background.Wait()
	openParts.Add(-1)
	p.mu.Lock()
	defer p.mu.Unlock()
	return errors.Join(p.failed, p.fast.Close(), p.journal.f.Close())
}

// Discard closes the part and forgets what arrived.
func (p *Part) Discard() error {
	return errors.Join(p.Close(), os.Remove(p.path), os.Remove(p.journalPath()))
}

// Check compares content that is in memory with what was promised.
func (c Content) Check(b []byte) error {
	if int64(len(b)) != c.Size {
		return fmt.Errorf("got %d bytes, the hub promised %d", len(b), c.Size)
	}
	if c.NewHash == nil {
		return nil
	}
	h := c.NewHash()
	h.Write(b)
	if sum := hex.EncodeToString(h.Sum(nil)); sum != c.Etag {
		return &HashError{Want: c.Etag, Got: sum}
	}
	return nil
}
