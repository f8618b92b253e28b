package cache

import (
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"hash"
	"io"
	"io/fs"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"sync"

	"longcat/internal/durable"
)

// CorruptError tells that a file on disk does not have the content that it
// should: bits rotted, another tool wrote to it, or a disk was full.
type CorruptError struct {
	Path      string
	Want, Got string // hashes
}

func (e *CorruptError) Error() string {
	return fmt.Sprintf("%s has other content than it should: its hash is %s instead of %s", e.Path, e.Got, e.Want)
}

// Verified remembers which files had the content that they should when it was
// hashed, so that each is hashed once and not by every command. A file is the
// one that was hashed as long as its device, inode, size and times are the same.
//
// The list is a file of the user's own, and none of the cache's: those who share
// a cache may replace its files, and must not be able to say that these were
// found right. Where it can not be kept it lasts as long as the process.
type Verified struct {
	path string // of the list; "" for none

	mu    sync.Mutex
	known map[string]bool // lines of the list; nil before it was read
}

// maxVerified bounds the list, which begins anew then.
const maxVerified = 8 << 20

// NewVerified is the list in a directory that is the user's own; with dir "" none
// is kept.
func NewVerified(dir string) *Verified {
	v := &Verified{}
	if dir != "" {
		v.path = filepath.Join(dir, "verified."+strconv.Itoa(os.Getuid()))
	}
	return v
}

// Check compares a file with the contents that it may have; with none of them
// every file is right. It hashes unless the file is remembered and again is
// false. note, which may be nil, hears of bytes that were hashed. A file with
// other content is a *CorruptError.
func (v *Verified) Check(ctx context.Context, path string, may []Content, again bool, note func(int64)) error {
	if len(may) == 0 {
		return nil
	}
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer f.Close()
	before, err := f.Stat()
	if err != nil {
		return err
	}
	if !again && v.knows(before, may) {
		return nil
	}
	sums, err := hashAll(ctx, f, may, note)
	if err != nil {
		return err
	}
	after, err := f.Stat()
	if err != nil {
		return err
	}
	if identity(before) != identity(after) {
		return fmt.Errorf("%s was written to while it was read", path)
	}
	for i, c := range may {
		if sums[i] == c.Etag {
			v.add(after, c.Etag)
			return nil
		}
	}
	return &CorruptError{Path: path, Want: may[0].Etag, Got: sums[0]}
}

// Note remembers a file that was just written, and hashed on the way.
func (v *Verified) Note(path, etag string) {
	if st, err := os.Stat(path); err == nil {
		v.add(st, etag)
	}
}

// hashAll gives the sum of a file by each of the hashes.
func hashAll(ctx context.Context, f *os.File, may []Content, note func(int64)) ([]string, error) {
	hashes := make([]hash.Hash, len(may))
	for i, c := range may {
		hashes[i] = c.NewHash()
	}
	buf := make([]byte, blockSize)
	for {
		if ctx.Err() != nil {
			return nil, context.Cause(ctx)
		}
		n, err := f.Read(buf)
		for _, h := range hashes {
			h.Write(buf[:n])
		}
		if note != nil && n > 0 {
			note(int64(n))
		}
		if err == io.EOF {
			break
		}
		if err != nil {
			return nil, err
		}
	}
	sums := make([]string, len(hashes))
	for i, h := range hashes {
		sums[i] = hex.EncodeToString(h.Sum(nil))
	}
	return sums, nil
}

func (v *Verified) knows(st fs.FileInfo, may []Content) bool {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.load()
	for _, c := range may {
		if v.known[line(st, c.Etag)] {
			return true
		}
	}
	return false
}

// add notes a line. That it can not be kept is no error.
func (v *Verified) add(st fs.FileInfo, etag string) {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.load()
	l := line(st, etag)
	if v.known[l] {
		return
	}
	v.known[l] = true
	if v.path == "" || durable.MkdirAll(filepath.Dir(v.path)) != nil {
		return
	}
	f, err := durable.OpenRegular(v.path, os.O_WRONLY|os.O_APPEND)
	if errors.Is(err, fs.ErrNotExist) {
		f, err = os.OpenFile(v.path, os.O_WRONLY|os.O_APPEND|os.O_CREATE|os.O_EXCL, 0o600)
	}
	if err != nil {
		return
	}
	_, _ = f.WriteString(l + "\n") // torn lines match no file
	_ = f.Close()
}

// load reads the list, if it is this user's own.
func (v *Verified) load() {
	if v.known != nil {
		return
	}
	v.known = map[string]bool{}
	f, err := durable.OpenRegular(v.path, os.O_RDONLY)
	if err != nil {
		return
	}
	defer f.Close()
	st, err := f.Stat()
	if err != nil || !durable.IsOwn(st) || st.Mode().Perm()&0o022 != 0 && !isWindows {
		return
	}
	if st.Size() > maxVerified {
		_ = os.Remove(v.path)
		return
	}
	b, err := io.ReadAll(io.LimitReader(f, maxVerified))
	if err != nil {
		return
	}
	for l := range strings.Lines(string(b)) {
		v.known[strings.TrimSuffix(l, "\n")] = true
	}
}

// line says that a file with this identity has the content of this etag.
func line(st fs.FileInfo, etag string) string { return etag + " " + identity(st) }
