package cas

import (
	"encoding/binary"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"regexp"

	"longcat/hub/xet/merkle"
)

// A File says what some content is made of.
type File struct {
	Known
	Terms []Term
	Marks []Mark

	generation int64 // when its xorbs were looked up
	marked     map[merkle.Hash]bool
}

// A Term is a range of chunks of a xorb.
type Term struct {
	Xorb       merkle.Hash
	First, End uint32 // chunks First to End-1
	Size       uint32 // bytes, unpacked
	Place
}

// A Place says where the data of a xorb, or of a term, is to be found without
// unpacking anything: Object from byte Offset on. If Object is empty it lies in
// the store, packed.
type Place struct {
	Object string // sha256 of an object
	Offset int64
}

// A Mark is a chunk by which others may find the file, and the term it is in.
type Mark struct {
	Chunk merkle.Hash
	Term  uint32
}

// A record is a file on disk: fileMagic, hash, size, the numbers of terms and of
// marks, then those, all little-endian and of fixed length.
const (
	fileMagic  = "xetfile\x01"
	fileHeader = 8 + 32 + 8 + 4 + 4
	termSize   = 32 + 3*4 + placeSize
	markSize   = 32 + 4
	placeSize  = 32 + 8
)

var (
	le       = binary.LittleEndian
	sha256ID = regexp.MustCompile(`^[0-9a-f]{64}$`)
)

var errDamaged = errors.New("it is damaged")

func (f *File) encode() []byte {
	b := make([]byte, 0, fileHeader+len(f.Terms)*termSize+len(f.Marks)*markSize)
	b = append(b, fileMagic...)
	b = append(b, f.Hash[:]...)
	b = le.AppendUint64(b, uint64(f.Size))
	b = le.AppendUint32(b, uint32(len(f.Terms)))
	b = le.AppendUint32(b, uint32(len(f.Marks)))
	for _, t := range f.Terms {
		b = append(b, t.Xorb[:]...)
		b = le.AppendUint32(b, t.First)
		b = le.AppendUint32(b, t.End)
		b = le.AppendUint32(b, t.Size)
		b = t.Place.append(b)
	}
	for _, m := range f.Marks {
		b = append(b, m.Chunk[:]...)
		b = le.AppendUint32(b, m.Term)
	}
	return b
}

func decodeFile(sha256 string, b []byte) (*File, error) {
	if len(b) < fileHeader || string(b[:8]) != fileMagic {
		return nil, errDamaged
	}
	f := &File{Known: Known{sha256, merkle.Hash(b[8:40]), int64(le.Uint64(b[40:]))}}
	terms, marks := int64(le.Uint32(b[48:])), int64(le.Uint32(b[52:]))
	if int64(len(b)) != fileHeader+terms*termSize+marks*markSize {
		return nil, errDamaged
	}
	b = b[fileHeader:]
	f.Terms = make([]Term, terms)
	var size int64
	for i := range f.Terms {
		f.Terms[i] = Term{merkle.Hash(b[:32]), le.Uint32(b[32:]), le.Uint32(b[36:]), le.Uint32(b[40:]), decodePlace(b[44:])}
		size += int64(f.Terms[i].Size)
		b = b[termSize:]
	}
	if size != f.Size {
		return nil, errDamaged
	}
	f.Marks = make([]Mark, marks)
	for i := range f.Marks {
		f.Marks[i] = Mark{merkle.Hash(b[:32]), le.Uint32(b[32:])}
		if f.Marks[i].Term >= uint32(terms) {
			return nil, errDamaged
		}
		b = b[markSize:]
	}
	return f, nil
}

func (p Place) append(b []byte) []byte {
	var sum [32]byte
	_, _ = hex.Decode(sum[:], []byte(p.Object)) // empty, or what sha256ID matches
	return le.AppendUint64(append(b, sum[:]...), uint64(p.Offset))
}

func decodePlace(b []byte) Place {
	p := Place{Offset: int64(le.Uint64(b[32:]))}
	if sum := [32]byte(b[:32]); sum != [32]byte{} {
		p.Object = hex.EncodeToString(sum[:])
	}
	return p
}

// File reads a file's record. An error that is fs.ErrNotExist means that there
// is none.
func (s *Store) File(sha256 string) (*File, error) {
	if !sha256ID.MatchString(sha256) {
		return nil, fmt.Errorf("reading what %.80q is made of: %w", sha256, fs.ErrNotExist)
	}
	b, err := os.ReadFile(s.filed("files", sha256))
	if err != nil {
		return nil, err
	}
	f, err := decodeFile(sha256, b)
	if err != nil {
		return nil, fmt.Errorf("reading what %s is made of: %w", sha256, err)
	}
	return f, nil
}

// ErrCollected says that xorbs were removed between the making of a file and its
// adding, so that it must be made again.
var ErrCollected = errors.New("content was removed from the store meanwhile: try again")

// Add keeps a file that Check or Convert made, and says whether it did: if there
// is one with this content already, that stays as it is.
func (s *Store) Add(f *File) (added bool, err error) {
	s.collecting.RLock()
	defer s.collecting.RUnlock()
	s.adding.Lock()
	defer s.adding.Unlock()
	if _, there := s.BySHA256(f.SHA256); there {
		return false, nil
	}
	if f.generation != s.generation.Load() {
		return false, ErrCollected
	}
	if err := s.write(s.filed("files", f.SHA256), f.encode()); err != nil {
		return false, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.catalog.add(f)
	return true, nil
}

// FindChunk is the term that an eligible chunk is in.
func (f *File) FindChunk(hash merkle.Hash) (term int, ok bool) {
	for _, m := range f.Marks {
		if m.Chunk == hash {
			return int(m.Term), true
		}
	}
	return 0, false
}
