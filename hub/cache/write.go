package cache

import (
	"crypto/rand"
	"encoding/hex"
	"errors"
	"os"
	"path/filepath"
)

// WriteFile gives path this content in one step: a reader sees the old file or
// the new one. Missing folders are made.
func WriteFile(path string, content []byte) error {
	return writeFile(path, func(f *os.File) error {
		_, err := f.Write(content)
		return err
	})
}

// writeFile writes beside, syncs, renames, and syncs the folder.
func writeFile(path string, fill func(*os.File) error) (err error) {
	if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
		return err
	}
	tmp := tempName(path)
	f, err := os.OpenFile(tmp, os.O_WRONLY|os.O_CREATE|os.O_EXCL, 0o644)
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

func syncDir(dir string) error {
	d, err := os.Open(dir)
	if err != nil {
		return err
	}
	defer d.Close()
	if err := d.Sync(); err != nil && !errors.Is(err, os.ErrInvalid) && !errors.Is(err, errors.ErrUnsupported) {
		return err
	}
	return nil
}

// tempName is a name beside path that nobody else uses. The random part keeps
// writers apart; it never reaches a final name.
func tempName(path string) string {
	var b [4]byte
	_, _ = rand.Read(b[:]) // never fails
	dir, base := filepath.Split(path)
	return filepath.Join(dir, "."+base+"."+hex.EncodeToString(b[:])+".tmp")
}
