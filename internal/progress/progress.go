// Package progress is how long work tells how far it is: one interface for all
// packages, and a tally for those who show it.
package progress

// Progress hears of work that takes long. Implementations must be safe for
// concurrent use.
type Progress interface {
	// Expect says that all work of one kind takes so many bytes at least, before
	// its parts start. kind is what is being done: "downloading", "hashing",
	// "uploading", "merging" or "verifying".
	Expect(kind string, bytes int64)
	// Start announces a part of the work: name is a file's, size the bytes that
	// it takes.
	Start(kind, name string, size int64) Meter
}

// Meter counts the bytes of one part.
type Meter interface {
	Add(bytes int64)   // done now; negative when they have to be done again
	Found(bytes int64) // nothing had to be done for: they were there already
	Done()             // the part has ended, whole or not
}

// Unacknowledged is how many bytes of one connection that were written may not
// have arrived: they wait in the sockets' buffers (Linux' tcp_wmem is 4 MiB at
// most). Who counts what is sent stays so far behind until the answer comes.
const Unacknowledged = 4 << 20

// Expect is p.Expect, but that p may be nil.
func Expect(p Progress, kind string, bytes int64) {
	if p != nil {
		p.Expect(kind, bytes)
	}
}

// Start is p.Start, but that p may be nil.
func Start(p Progress, kind, name string, size int64) Meter {
	if p == nil {
		return silent{}
	}
	return p.Start(kind, name, size)
}

type silent struct{}

func (silent) Add(int64)   {}
func (silent) Found(int64) {}
func (silent) Done()       {}
