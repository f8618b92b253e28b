package merkle

import "github.com/zeebo/blake3"

// A Keyer hides many hashes under one key, as Keyed does one, without setting
// up a hasher for each. It is for one goroutine.
type Keyer struct {
	hasher *blake3.Hasher
}

// NewKeyer starts to hide hashes under key.
func NewKeyer(key Hash) *Keyer { return &Keyer{newKeyed(&key)} }

// Keyed is h.Keyed(key).
func (k *Keyer) Keyed(h Hash) Hash {
	k.hasher.Reset()
	_, _ = k.hasher.Write(h[:]) // never fails
	return sum(k.hasher)
}
