package durable

import (
	"context"
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"syscall"
	"testing"
)

func TestLockExcludes(t *testing.T) {
	path := filepath.Join(t.TempDir(), "x.lock")
	first, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := TryLock(path); !errors.Is(err, ErrLocked) {
		t.Fatalf("a second lock: %v", err)
	}
	waits := make(chan struct{})
	got := make(chan error, 1)
	go func() {
		l, err := AcquireLock(context.Background(), path, func() { close(waits) })
		if err == nil {
			err = l.Release()
		}
		got <- err
	}()
	<-waits
	if err := first.Release(); err != nil {
		t.Fatal(err)
	}
	if err := <-got; err != nil {
		t.Fatal(err)
	}
	held, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer held.Release()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := AcquireLock(ctx, path, nil); !errors.Is(err, context.Canceled) {
		t.Errorf("a cancelled wait ends with %v", err)
	}
}

func TestWriteFileLeavesNothingBeside(t *testing.T) {
	dir := t.TempDir()
	if err := os.Mkdir(filepath.Join(dir, "taken"), 0o755); err != nil {
		t.Fatal(err)
	}
	if err := WriteFile(filepath.Join(dir, "taken"), []byte("x")); err == nil {
		t.Fatal("a folder was overwritten")
	}
	entries, err := os.ReadDir(dir)
	if err != nil || len(entries) != 1 {
		t.Errorf("left behind: %v, %v", entries, err)
	}
}

func TestCreateAndOpenFollowNoLink(t *testing.T) {
	dir := t.TempDir()
	victim := filepath.Join(dir, "victim")
	if err := os.WriteFile(victim, []byte("precious"), 0o666); err != nil {
		t.Fatal(err)
	}
	for name, plant := range map[string]func(path string) error{
		"symlink":          func(p string) error { return os.Symlink(victim, p) },
		"hard link":        func(p string) error { return os.Link(victim, p) },
		"dangling symlink": func(p string) error { return os.Symlink(filepath.Join(dir, "elsewhere"), p) },
		"directory":        func(p string) error { return os.Mkdir(p, 0o777) },
	} {
		t.Run(name, func(t *testing.T) {
			if name == "hard link" && runtime.GOOS == "windows" {
				t.Skip("the number of links is not known here")
			}
			p := filepath.Join(dir, name)
			if err := plant(p); err != nil {
				t.Skip(err)
			}
			if f, err := OpenRegular(p, os.O_RDWR); !errors.Is(err, ErrNotRegular) {
				t.Errorf("OpenRegular: %v, %v", f, err)
			}
			f, err := Create(p)
			if err != nil {
				t.Fatal(err)
			}
			defer f.Close()
			if _, err := f.WriteString("new content"); err != nil {
				t.Fatal(err)
			}
			if err := Write(p+".tmp", p, func(f *os.File) error { _, err := f.WriteString("x"); return err }); err != nil {
				t.Error(err)
			}
			if b, err := os.ReadFile(victim); string(b) != "precious" {
				t.Errorf("the file behind the link is %q, %v", b, err)
			}
			if _, err := os.Lstat(filepath.Join(dir, "elsewhere")); err == nil {
				t.Error("a file was made behind a dangling link")
			}
		})
	}
}

func TestLockThatIsALink(t *testing.T) {
	dir := t.TempDir()
	if err := os.Symlink(filepath.Join(dir, "made"), filepath.Join(dir, "lock")); err != nil {
		t.Skip(err)
	}
	if l, err := TryLock(filepath.Join(dir, "lock")); err == nil && runtime.GOOS != "windows" {
		t.Error(l, "a link was followed")
	}
	if _, err := os.Lstat(filepath.Join(dir, "made")); err == nil && runtime.GOOS != "windows" {
		t.Error("a file was made behind a dangling link")
	}
}

// Tools that remove their lock files leave a waiting process with a lock on a
// file that has no name.
func TestLockFileThatWasRemoved(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("a file that is open can not be removed here")
	}
	path := filepath.Join(t.TempDir(), "x.lock")
	first, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer first.Release()
	if err := os.Remove(path); err != nil {
		t.Fatal(err)
	}
	second, err := TryLock(path)
	if err != nil {
		t.Fatal(err)
	}
	defer second.Release()
	if _, err := TryLock(path); !errors.Is(err, ErrLocked) {
		t.Errorf("a third lock: %v", err)
	}
}

func TestTolerate(t *testing.T) {
	for _, err := range []error{syscall.EINVAL, syscall.ENOTSUP, syscall.ENOSYS, syscall.EACCES, errors.ErrUnsupported} {
		if err := tolerate(&os.PathError{Op: "sync", Err: err}); err != nil {
			t.Errorf("%v: the filesystem can not fsync, and that is an error", err)
		}
	}
	for _, err := range []error{syscall.EIO, syscall.ENOSPC, fmt.Errorf("other")} {
		if tolerate(err) == nil {
			t.Errorf("%v was dropped", err)
		}
	}
}

func TestFree(t *testing.T) {
	free, err := Free(filepath.Join(t.TempDir(), "not", "there", "yet"))
	if errors.Is(err, errors.ErrUnsupported) {
		t.Skip(err)
	}
	if err != nil || free <= 0 {
		t.Errorf("%d bytes free, %v", free, err)
	}
}
