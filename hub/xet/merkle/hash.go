// Package merkle computes the hashes that name Xet content: of a chunk, of a
// xorb, of a file, and of a range of chunks.
//
// All of them are BLAKE3 under a fixed key each. Xorbs and files are named by
// the root of a Merkle tree over their chunks whose branches are cut by the
// hashes themselves. Source: huggingface/hub-docs, docs/xet/hashing.md; where
// it is silent (how the tree is cut) the behaviour of huggingface/xet-core.
package merkle

import (
	"encoding/binary"
	"encoding/hex"
	"fmt"

	"github.com/zeebo/blake3"
)

// Size is the length of a Hash in bytes.
const Size = 32

// Hash names a piece of Xet content. The zero Hash is the hash of an empty
// file and of an empty xorb.
type Hash [Size]byte

// dedupModulus makes one chunk in 1024 eligible for global deduplication.
const dedupModulus = 1024

// String gives h as the protocol spells it: four groups of eight bytes, each
// as one little-endian number in 16 lower-case hex digits. It is not the hex
// form of the bytes in order.
func (h Hash) String() string {
	var swapped [Size]byte
	for i := 0; i < Size; i += 8 {
		binary.BigEndian.PutUint64(swapped[i:], binary.LittleEndian.Uint64(h[i:]))
	}
	return hex.EncodeToString(swapped[:])
}

// Parse reads the form that String gives; upper-case digits are taken too.
func Parse(s string) (Hash, error) {
	var swapped, h Hash
	if len(s) != 2*Size {
		return Hash{}, fmt.Errorf("%.80q is not a xet hash: want %d hex digits", s, 2*Size)
	}
	if _, err := hex.Decode(swapped[:], []byte(s)); err != nil {
		return Hash{}, fmt.Errorf("%q is not a xet hash: %w", s, err)
	}
	for i := 0; i < Size; i += 8 {
		binary.LittleEndian.PutUint64(h[i:], binary.BigEndian.Uint64(swapped[i:]))
	}
	return h, nil
}

// MarshalText gives the protocol's spelling, so that a Hash can stand in JSON,
// also as the key of an object.
func (h Hash) MarshalText() ([]byte, error) { return []byte(h.String()), nil }

// UnmarshalText reads what MarshalText gives.
func (h *Hash) UnmarshalText(text []byte) error {
	parsed, err := Parse(string(text))
	if err != nil {
		return err
	}
	*h = parsed
	return nil
}

// DedupEligible says whether a chunk of this hash may be asked for in a global
// deduplication query wherever in a file it stands. (The first chunk of a file
// may be asked for always.) Source: docs/xet/deduplication.md.
func (h Hash) DedupEligible() bool { return h.mod(dedupModulus) == 0 }

// mod is the number in the last eight bytes modulo n.
func (h Hash) mod(n uint64) uint64 { return binary.LittleEndian.Uint64(h[24:]) % n }

// Keyed hides h under a key, as the chunk hashes of a deduplication answer
// are: only who knows h can recognise it.
func (h Hash) Keyed(key Hash) Hash {
	hasher := newKeyed(&key)
	_, _ = hasher.Write(h[:]) // never fails
	return sum(hasher)
}

// newKeyed never fails: the only error of NewKeyed is a key of a wrong length.
func newKeyed(key *Hash) *blake3.Hasher {
	hasher, err := blake3.NewKeyed(key[:])
	if err != nil {
		panic(err)
	}
	return hasher
}

func sum(hasher *blake3.Hasher) (h Hash) {
	hasher.Sum(h[:0])
	return h
}
