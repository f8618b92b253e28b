// Package upload sends contents to a CAS server in the Xet protocol, and of
// them only the chunks that the server does not hold.
//
// Each content is read once from front to back for its sha256, its chunks and
// their hashes together. A chunk need not be sent if
//   - the caller knows that it stands in a file that the server holds ([Known]),
//   - the server says that it holds it (global deduplication), or
//   - it came up before in the same upload.
//
// Only what is left is read again, packed into xorbs and sent. Which chunks go
// into which xorb depends on the contents and on the server's answers alone,
// so that an upload that was killed makes the same xorbs when it is run again,
// and those that arrived are not sent twice. Memory grows by some fifty bytes
// for each new chunk (about 64 KiB), and not at all with what is known.
package upload

import (
	"context"
	"io"
	"slices"
	"sync/atomic"
	"time"

	"longcat/hub/xet"
	"longcat/hub/xet/merkle"
)

// A Content is one file to upload. It must not change meanwhile.
type Content struct {
	Name   string            // for errors
	Data   *io.SectionReader // read concurrently
	Known  []Known           // in ascending order of At, not overlapping; may be nil
	SHA256 *[32]byte         // of Data if that is known already; else it is computed
}

// Known says that bytes At to At+Size-1 of a Content are those from From on of
// a source.
type Known struct {
	At, Size int64
	Source   *Source
	From     int64
}

// A Source is a file that the server holds, perhaps in another repo. Where its
// chunks are is asked of the server; nothing wrong is uploaded if the answer
// does not fit the data, or if there is none.
type Source struct {
	Client *xet.Client       // may read the source's repo
	File   merkle.Hash       // the source's name there
	Data   *io.SectionReader // its content, of which little is read
}

// Options of Run. The zero value works.
type Options struct {
	TempDir string           // for xorbs on their way; the system's when empty
	Readers int              // contents read at a time; one per processor when 0
	Senders int              // xorbs packed and sent at a time; 4 when 0
	Now     func() time.Time // time.Now when nil
	Sent    func(n int)      // is told of n bytes of xorbs that were sent; may be nil

	// Found and Moved, which may be nil, are told of the contents' bytes: those
	// that the server has, and those that went to it. In the end they add up to
	// the contents' sizes.
	Found, Moved func(n int64)

	ask asking // whether the server is asked for chunks
}

// asking is when the server is asked for chunks.
type asking int

const (
	whereWorthIt asking = iota
	never
)

// A Result tells what Run did.
type Result struct {
	Files []File // in the order of the contents
	Stats Stats
}

// A File is an uploaded Content.
type File struct {
	Hash   merkle.Hash // the file's name on the server; zero if it is empty
	SHA256 [32]byte
	Size   int64 // bytes
}

// Stats says what became of the contents' bytes. Total is the sum of the four
// numbers after it.
type Stats struct {
	Total    int64 `json:"total"`
	Known    int64 `json:"known"`    // found by Known
	Dedup    int64 `json:"dedup"`    // found by asking the server
	Repeated int64 `json:"repeated"` // new, but seen before in this upload
	New      int64 `json:"new"`
	Sent     int64 `json:"sent"`   // bytes of xorbs and shards that crossed the wire
	Xorbs    int   `json:"xorbs"`  // that were sent
	Shards   int   `json:"shards"` // that were sent
}

// Run uploads contents through client, whose tokens must allow writing, and
// registers them as files. The files are known to the server by their Hash
// then; giving them a path in a repo is a commit, which names their SHA256.
//
// A shard that the server refuses although it has all xorbs of it is one that
// refers to chunks which are not ours. Then the contents go again without what
// the caller knew, and after that with all of their chunks.
func Run(ctx context.Context, client *xet.Client, contents []Content, o Options) (*Result, error) {
	var sent int64
	for {
		told := &tally{found: o.Found, moved: o.Moved}
		with := o
		with.Found, with.Moved = told.addFound, told.addMoved
		s := newSession(client, with)
		result, err := s.run(ctx, contents)
		if err == nil {
			result.Stats.Sent += sent
			return result, nil
		}
		switch {
		case ctx.Err() != nil || !xet.ShardRefused(err):
			return nil, err
		case s.stats.Known > 0:
			contents = withoutKnown(contents)
		case s.stats.Dedup > 0:
			o.ask = never
		default:
			return nil, err
		}
		told.takeBack()
		sent += s.sent.Load()
	}
}

func withoutKnown(contents []Content) []Content {
	contents = slices.Clone(contents)
	for i := range contents {
		contents[i].Known = nil
	}
	return contents
}

// tally remembers what was told, to take it back.
type tally struct {
	found, moved   func(int64)
	nFound, nMoved atomic.Int64
}

func (t *tally) addFound(n int64) {
	t.nFound.Add(n)
	if t.found != nil {
		t.found(n)
	}
}

func (t *tally) addMoved(n int64) {
	t.nMoved.Add(n)
	if t.moved != nil {
		t.moved(n)
	}
}

func (t *tally) takeBack() {
	t.addFound(-t.nFound.Load())
	t.addMoved(-t.nMoved.Load())
}
