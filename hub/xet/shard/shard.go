// Package shard reads and writes shards, in which the Xet protocol says what
// files are made of (terms: ranges of chunks in xorbs) and which chunks xorbs
// hold. A client uploads one to register files; a server answers a
// deduplication query with one.
//
// Source: huggingface/hub-docs, docs/xet/shard.md. That the sha256 of a file
// stands with the bytes of each group of eight turned round is the behaviour
// of huggingface/xet-core.
package shard

import (
	"fmt"

	"longcat/hub/xet/merkle"
)

// MaxBytes is the longest shard that a server takes or gives.
const MaxBytes = 64 << 20

// MaxTerms is the most terms that a file may have: enough for 8 TB in whole
// xorbs, or for 64 GB in runs of eight chunks.
const MaxTerms = 1 << 17

// RecordSize is how many bytes most things take in a shard: a file, a term, a
// term's verification hash, a sha256, a xorb, a chunk.
const RecordSize = 48

// The layout: a header, the files, the xorbs, and for a shard that is not for
// upload a footer, perhaps behind lookup tables. All but the footer is made of
// records; each of the two lists ends with a bookend,
// whose first 32 bytes are 0xff.
const (
	footerSize    = 200
	headerVersion = 2
	footerVersion = 1
)

var headerTag = [32]byte{
	'H', 'F', 'R', 'e', 'p', 'o', 'M', 'e', 't', 'a', 'D', 'a', 't', 'a', 0, 85,
	105, 103, 69, 106, 123, 129, 87, 131, 165, 189, 217, 92, 205, 209, 74, 169,
}

var bookend = merkle.Hash{
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
	0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff,
}

// Flags of a file: what follows its terms.
const (
	withVerification = 1 << 31
	withSHA256       = 1 << 30
)

// A Shard is the whole of one in memory.
type Shard struct {
	Files []File
	Xorbs []Xorb
}

// A File says how to put a file together: its terms, one behind the other.
type File struct {
	Hash   merkle.Hash
	Terms  []Term
	SHA256 *[32]byte // of the content, the usual digest; nil if not known
	// Verified says that the terms carry verification hashes, without which a
	// server takes no file. In a shard they all do or none does.
	Verified bool
}

// Size is the length of the file in bytes.
func (f *File) Size() (n int64) {
	for _, t := range f.Terms {
		n += int64(t.Size)
	}
	return n
}

// A Term is a range of chunks of a xorb.
type Term struct {
	Xorb         merkle.Hash
	First, End   uint32      // chunks First to End-1
	Size         uint32      // bytes, unpacked
	Verification merkle.Hash // see merkle.Range
}

// A Xorb lists the chunks of one.
type Xorb struct {
	Hash   merkle.Hash
	Packed uint32 // bytes of the serialized xorb; 0 if not known
	Chunks []Chunk
}

// Size is the length of all the xorb's data, unpacked, in bytes.
func (x *Xorb) Size() (n int64) {
	for _, c := range x.Chunks {
		n += int64(c.Size)
	}
	return n
}

// A Chunk is a chunk of a xorb. In an answer to a deduplication query its hash
// may be keyed: see Footer.
type Chunk struct {
	Hash merkle.Hash
	Size uint32 // bytes, unpacked
}

// A Footer ends a shard that is not for upload.
type Footer struct {
	// Key, unless zero, is under which the chunks' hashes are hidden: in place
	// of a hash stands hash.Keyed(Key), so that only who has a chunk can find it.
	Key     merkle.Hash
	Created uint64 // Unix seconds; 0 if not told
	Expires uint64 // Unix seconds after which the shard must not be used; 0 for never
}

// A FormatError says what is wrong with a shard, and where.
type FormatError struct {
	Offset int64  // of the record, in bytes
	Reason string // what is wrong
	Err    error  // the cause, if there is one
}

func (e *FormatError) Error() string {
	text := fmt.Sprintf("malformed shard: byte %d: %s", e.Offset, e.Reason)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *FormatError) Unwrap() error { return e.Err }

// turn reverses each group of eight bytes.
func turn(b [32]byte) (turned [32]byte) {
	for i := range b {
		turned[i] = b[i^7]
	}
	return turned
}
