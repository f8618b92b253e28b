package hub

import (
	"fmt"
	"io/fs"
	"os"
	"sync"
)

// localFile is a file's content that is opened only while it is read, so that a
// folder may have more files than a process may open. A file that changed since
// it was listed is an error.
type localFile struct {
	path   string
	listed fs.FileInfo
	open   *openFiles
}

func (f *localFile) ReadAt(p []byte, off int64) (int, error) {
	file, err := f.open.get(f)
	if err != nil {
		return 0, err
	}
	n, err := file.ReadAt(p, off)
	f.open.put(f, file)
	return n, err
}

// maxIdleFiles is how many files stay open though nobody reads them.
const maxIdleFiles = 16

// openFiles are files that are open and not being read, those used last at the
// end.
type openFiles struct {
	mu     sync.Mutex
	idle   []idleFile
	closed bool
}

type idleFile struct {
	of   *localFile
	file *os.File
}

func (o *openFiles) get(f *localFile) (*os.File, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		return nil, fmt.Errorf("reading %q: %w", f.path, os.ErrClosed)
	}
	for i, idle := range o.idle {
		if idle.of == f {
			o.idle = append(o.idle[:i], o.idle[i+1:]...)
			return idle.file, nil
		}
	}
	return f.openUnchanged()
}

func (f *localFile) openUnchanged() (*os.File, error) {
	file, err := os.Open(f.path)
	if err != nil {
		return nil, err
	}
	st, err := file.Stat()
	if err == nil && (!os.SameFile(st, f.listed) || st.Size() != f.listed.Size() || !st.ModTime().Equal(f.listed.ModTime())) {
		err = fmt.Errorf("reading %q: %w", f.path, ErrChanged)
	}
	if err != nil {
		file.Close()
		return nil, err
	}
	return file, nil
}

// put takes a file back, and closes the one that was idle for longest if they
// are too many.
func (o *openFiles) put(f *localFile, file *os.File) {
	o.mu.Lock()
	defer o.mu.Unlock()
	if o.closed {
		file.Close()
		return
	}
	o.idle = append(o.idle, idleFile{f, file})
	if len(o.idle) > maxIdleFiles {
		o.idle[0].file.Close()
		o.idle = o.idle[1:]
	}
}

func (o *openFiles) close() error {
	o.mu.Lock()
	defer o.mu.Unlock()
	for _, idle := range o.idle {
		idle.file.Close()
	}
	o.idle, o.closed = nil, true
	return nil
}
