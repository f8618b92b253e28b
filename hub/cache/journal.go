package cache

import (
	"encoding/binary"
	"encoding/json"
	"errors"
	"hash/crc32"
	"io/fs"
	"os"

	"longcat/internal/durable"
)

// A journal tells which bytes of a part are there, so that a killed download
// goes on. It is a list of records that only grows; a torn or foreign record
// ends it. Each record is
//
//	kind (1 byte) | payload length (2, little endian) | payload | crc32c of all before (4)
//
// with the kinds and payloads
//
//	P  JSON of journalHead: which content this is, and in which boot it was begun
//	W  offset, length: these bytes were handed to the kernel
//	H  offset, state: the hash over the bytes before offset
//	S  offset in the journal: the W and H records before it are on the disk
//
// Bytes handed to the kernel survive the death of the process, not that of the
// machine: after another boot only what an S covers is believed.
type journal struct {
	f    *os.File
	size int64
}

type journalHead struct {
	Etag string `json:"etag"`
	Size int64  `json:"size"`
	Boot string `json:"boot"`
}

// progress is what a journal proves.
type progress struct {
	have   extents
	synced extents // what of it would survive the machine as well
	hashed int64   // bytes under state
	state  []byte  // marshalled hash after them; nil at the start
}

const (
	recordHead  = 'P'
	recordWrote = 'W'
	recordHash  = 'H'
	recordSync  = 'S'

	maxJournal       = 256 << 20
	maxRecordPayload = 4096
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

// readJournal returns what the journal at path proves about this content:
// nothing when there is none, when it speaks of other content, or when it is
// not understood.
func readJournal(path string, want journalHead) (progress, error) {
	st, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) || (err == nil && st.Size() > maxJournal) {
		return progress{}, nil
	}
	if err != nil {
		return progress{}, err
	}
	b, err := os.ReadFile(path)
	if err != nil {
		return progress{}, err
	}
	return replay(b, want), nil
}

func replay(b []byte, want journalHead) progress {
	kind, payload, n := nextRecord(b)
	var head journalHead
	if kind != recordHead || json.Unmarshal(payload, &head) != nil || head.Etag != want.Etag || head.Size != want.Size {
		return progress{}
	}
	p := proven(b, n, syncedUpTo(b), want.Size)
	synced := p.have
	if head.Boot != "" && head.Boot == want.Boot {
		p = proven(b, n, int64(len(b)), want.Size)
	}
	p.synced = synced
	return p
}

// proven is what the records from offset at on say that end at upTo or before.
func proven(b []byte, at int, upTo, size int64) (p progress) {
	for {
		kind, payload, n := nextRecord(b[at:])
		if at += n; n == 0 || int64(at) > upTo {
			break
		}
		p.apply(kind, payload, size)
	}
	if p.hashed > p.have.frontier() {
		p.hashed, p.state = 0, nil
	}
	return p
}

func (p *progress) apply(kind byte, payload []byte, size int64) {
	if len(payload) < 8 {
		return
	}
	off, rest := int64(binary.LittleEndian.Uint64(payload)), payload[8:]
	switch {
	case kind == recordWrote && len(rest) == 8:
		n := int64(binary.LittleEndian.Uint64(rest))
		if off >= 0 && n > 0 && n <= size && off <= size-n {
			p.have = p.have.add(Extent{off, off + n})
		}
	case kind == recordHash && len(rest) > 0:
		if off >= p.hashed && off <= size {
			p.hashed, p.state = off, rest
		}
	}
}

// syncedUpTo is the journal offset that the last S record vouches for.
func syncedUpTo(b []byte) (upTo int64) {
	for at := 0; ; {
		kind, payload, n := nextRecord(b[at:])
		if n == 0 {
			return upTo
		}
		if kind == recordSync && len(payload) == 8 {
			if v := int64(binary.LittleEndian.Uint64(payload)); v <= int64(at) {
				upTo = max(upTo, v)
			}
		}
		at += n
	}
}

// nextRecord reads the record that b starts with; n is 0 when there is none.
func nextRecord(b []byte) (kind byte, payload []byte, n int) {
	if len(b) < 7 {
		return 0, nil, 0
	}
	size := int(binary.LittleEndian.Uint16(b[1:]))
	n = 3 + size + 4
	if size > maxRecordPayload || len(b) < n {
		return 0, nil, 0
	}
	if crc32.Checksum(b[:3+size], castagnoli) != binary.LittleEndian.Uint32(b[3+size:]) {
		return 0, nil, 0
	}
	return b[0], b[3 : 3+size], n
}

func appendRecord(b []byte, kind byte, payload []byte) []byte {
	start := len(b)
	b = append(b, kind)
	b = binary.LittleEndian.AppendUint16(b, uint16(len(payload)))
	b = append(b, payload...)
	return binary.LittleEndian.AppendUint32(b, crc32.Checksum(b[start:], castagnoli))
}

func wrotePayload(e Extent) []byte {
	b := binary.LittleEndian.AppendUint64(nil, uint64(e.Start))
	return binary.LittleEndian.AppendUint64(b, uint64(e.Len()))
}

func hashPayload(off int64, state []byte) []byte {
	return append(binary.LittleEndian.AppendUint64(nil, uint64(off)), state...)
}

// startJournal writes a new journal that says p, and opens it for more.
func startJournal(path string, head journalHead, p progress) (*journal, error) {
	h, err := json.Marshal(head)
	if err != nil {
		return nil, err
	}
	b := appendRecord(nil, recordHead, h)
	for _, e := range p.synced {
		b = appendRecord(b, recordWrote, wrotePayload(e))
	}
	hash := func() {
		if p.state != nil {
			b = appendRecord(b, recordHash, hashPayload(p.hashed, p.state))
		}
	}
	onDisk := p.hashed <= p.synced.frontier()
	if onDisk {
		hash()
	}
	b = appendRecord(b, recordSync, binary.LittleEndian.AppendUint64(nil, uint64(len(b))))
	for _, e := range p.have {
		b = appendRecord(b, recordWrote, wrotePayload(e))
	}
	if !onDisk {
		hash()
	}
	write := func(f *os.File) error {
		_, err := f.Write(b)
		return err
	}
	if err := durable.Write(path+".tmp", path, write); err != nil { // the lock keeps others away
		return nil, err
	}
	f, err := durable.OpenRegular(path, os.O_WRONLY|os.O_APPEND)
	if err != nil {
		return nil, err
	}
	return &journal{f: f, size: int64(len(b))}, nil
}

// append adds a record. The caller serialises.
func (j *journal) append(kind byte, payload []byte) error {
	b := appendRecord(nil, kind, payload)
	n, err := j.f.Write(b)
	j.size += int64(n)
	return err
}

// markSynced records that all before upTo is on the disk, and puts the record
// there as well.
func (j *journal) markSynced(upTo int64) error {
	if err := j.append(recordSync, binary.LittleEndian.AppendUint64(nil, uint64(upTo))); err != nil {
		return err
	}
	return durable.Sync(j.f)
}

// bootID tells one run of the machine from the next; "" where the system does
// not say, so that only synced bytes are believed there.
func bootID() string {
	b, err := os.ReadFile("/proc/sys/kernel/random/boot_id")
	if err != nil || len(b) > 64 {
		return ""
	}
	return string(b)
}
