package cache

import (
	"crypto/rand"
	"errors"
	"os"
	"path/filepath"
)

// WriteFile gives path this content in one step: a reader sees the old file or
// the new one. Missing folders are made.
func WriteFile(path string, content []byte) error {
	return writeVia(tempName(path), path, func(f *os.File) error {
		_, err := f.Write(content)
		return err
	})
}

// Keep gives content that was fetched into memory its final name, by way of a
// part's name, where a killed process leaves nothing that another would take
// for a file. Content that is not as promised is a *HashError.
func Keep(part, final string, b []byte, c Content) error {
	if err := c.Check(b); err != nil {
		return err
	}
	return writeVia(part+partSuffix, final, func(f *os.File) error {
		_, err := f.Write(b)
		return err
	})
}

// writeVia fills a file beside, syncs it, gives it its name and syncs the
// folder.
func writeVia(tmp, path string, fill func(*os.File) error) (err error) {
	for _, p := range []string{tmp, path} {
		if err := os.MkdirAll(filepath.Dir(p), 0o755); err != nil {
			return err
		}
	}
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_TRUNC, 0o644)
	if err != nil {
		return err
	}
	defer func() {
		if err != nil {
			err = errors.Join(err, os.Remove(tmp))
		}
	}()
	if err := fill(f); err != nil {
		return errors.Join(err, f.Close())
	}
	if err := errors.Join(f.Sync(), f.Close()); err != nil {
		return err
	}
	return rename(tmp, path)
}

// rename moves a synced file to its final name, durably.
func rename(from, to string) error {
	if err := os.Rename(from, to); err != nil {
		return err
	}
	return syncDir(filepath.Dir(to))
}

// syncDir makes renames in a folder durable, where the system lets folders be
// synced: some answer EINVAL, and Windows that access is denied.
func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, os.ErrInvalid) && !errors.Is(err, errors.ErrUnsupported) && !errors.Is(err, os.ErrPermission) {
		return err
	}
	return nil
}

// tempName is a name beside path that nobody else uses. It is short, whatever
// the length of path's own name, and never reaches a final name.
func tempName(path string) string {
	return filepath.Join(filepath.Dir(path), ".longcat-"+rand.Text()+".tmp")
}
