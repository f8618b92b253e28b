package hub

// Progress is told of work that takes long. Implementations must be safe for
// concurrent use; a nil Progress is silence.
type Progress interface {
	// Start announces work on one file: verb is "download", "hash" or
	// "upload", size the bytes to move.
	Start(verb, name string, size int64) Meter
}

// Meter counts one piece of work.
type Meter interface {
	Add(bytes int64) // may be negative when bytes have to be moved again
	Done()
}

func start(p Progress, verb, name string, size int64) Meter {
	if p == nil {
		return silent{}
	}
	return p.Start(verb, name, size)
}

type silent struct{}

func (silent) Add(int64) {}
func (silent) Done()     {}
