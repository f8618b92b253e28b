package hub

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
)

// TokenPath is the file where the token is looked for when no variable holds
// it; the Python tools use the same one. lookup is as for ConfigFromEnv.
func TokenPath(lookup func(string) (string, bool)) (string, error) {
	get := firstSet(lookup)
	home, err := huggingFaceHome(get)
	return tokenPath(home, get), err
}

// SaveToken writes a token file that only its owner may read.
func SaveToken(path, token string) error {
	dir := filepath.Dir(path)
	if err := os.MkdirAll(dir, 0o700); err != nil {
		return err
	}
	tmp, err := os.CreateTemp(dir, ".token-*") // its mode is 0600
	if err != nil {
		return err
	}
	_, err = tmp.WriteString(token)
	err = errors.Join(err, tmp.Sync(), tmp.Close())
	if err == nil {
		err = os.Rename(tmp.Name(), path)
	}
	if err != nil {
		return errors.Join(err, os.Remove(tmp.Name()))
	}
	return nil
}

// RemoveToken removes a token file, and tells whether there was one.
func RemoveToken(path string) (bool, error) {
	err := os.Remove(path)
	if errors.Is(err, fs.ErrNotExist) {
		return false, nil
	}
	return err == nil, err
}
