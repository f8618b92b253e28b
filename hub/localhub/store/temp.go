package store

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
)

// tempName is what unfinished files, and repos that are being deleted, are
// called.
var tempName = regexp.MustCompile(`^([0-9]+|deleted-.+)$`)

// EmptyTemp removes what a hub that is gone left in its directory of unfinished
// files. Files of other names are somebody else's and stay.
func EmptyTemp(dir string) error {
	entries, err := os.ReadDir(dir)
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	var errs []error
	for _, e := range entries {
		if tempName.MatchString(e.Name()) {
			errs = append(errs, os.RemoveAll(filepath.Join(dir, e.Name())))
		}
	}
	return errors.Join(errs...)
}
