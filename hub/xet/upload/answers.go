package upload

import (
	"cmp"
	"context"
	"encoding/binary"
	"slices"
	"time"

	"longcat/hub/xet"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
)

// answers is what the server said when it was asked for chunks: shards, of
// which only what is needed to find a chunk is kept.
type answers struct {
	now   func() time.Time
	asked map[merkle.Hash]bool
	all   []*answer // the newest last
	total int       // chunks in all of them
	last  *answer   // in which a chunk was found last, …
	next  int       // … and the chunk behind that one
}

// An answer is one shard.
type answer struct {
	key    merkle.Hash // under which hashes are hidden, or zero
	chunks []hidden    // in the order of the xorbs
	order  []uint32    // indexes of chunks in the order of their hashes
}

// hidden is a chunk whose hash may be hidden. Half of the hash is enough to
// find it: nobody can make two that agree in 128 bits.
type hidden struct {
	half  [16]byte
	place place
}

// maxKnownChunks bounds the chunks that are kept: 64 GB of content, 40 MB of
// memory. Of more, the answers that came first are forgotten.
const maxKnownChunks = 1 << 20

// ask asks the server for a chunk, once. A server that fails to answer knows
// nothing: then there is more to send, but nothing is wrong.
func (a *answers) ask(ctx context.Context, client *xet.Client, hash merkle.Hash) {
	if a.asked[hash] {
		return
	}
	a.asked[hash] = true
	got := new(answer)
	seen := map[merkle.Hash]bool{}
	footer, found, err := client.Dedup(ctx, hash, func(x shard.Xorb) error {
		if !seen[x.Hash] {
			seen[x.Hash] = true
			got.add(x)
		}
		return nil
	})
	if err != nil || !found {
		return
	}
	if footer != nil {
		if footer.Expires != 0 && a.now().Unix() >= int64(footer.Expires) {
			return
		}
		got.key = footer.Key
	}
	got.sort()
	a.all = append(a.all, got)
	for a.total += len(got.chunks); a.total > maxKnownChunks && len(a.all) > 1; a.all = a.all[1:] {
		a.total -= len(a.all[0].chunks)
	}
}

func (a *answer) add(x shard.Xorb) {
	if len(a.chunks)+len(x.Chunks) > maxKnownChunks {
		return
	}
	ref := &xorbRef{x.Hash}
	for i, c := range x.Chunks {
		a.chunks = append(a.chunks, hidden{[16]byte(c.Hash[:16]), place{ref, uint32(i)}})
	}
}

func (a *answer) sort() {
	a.order = make([]uint32, len(a.chunks))
	for i := range a.order {
		a.order[i] = uint32(i)
	}
	slices.SortFunc(a.order, func(i, j uint32) int {
		if c := compare(a.chunks[i].half, a.chunks[j].half); c != 0 {
			return c
		}
		return cmp.Compare(i, j)
	})
}

func compare(x, y [16]byte) int {
	if c := cmp.Compare(binary.BigEndian.Uint64(x[:8]), binary.BigEndian.Uint64(y[:8])); c != 0 {
		return c
	}
	return cmp.Compare(binary.BigEndian.Uint64(x[8:]), binary.BigEndian.Uint64(y[8:]))
}

// hide is hash as the answer spells it.
func (a *answer) hide(hash merkle.Hash) [16]byte {
	if a.key != (merkle.Hash{}) {
		hash = hash.Keyed(a.key)
	}
	return [16]byte(hash[:16])
}

// find looks for a chunk, first where the chunk found last is followed by
// another: a long run in one xorb is better than many short ones.
func (a *answers) find(hash merkle.Hash) (place, bool) {
	if a.last != nil && a.next < len(a.last.chunks) && a.last.chunks[a.next].half == a.last.hide(hash) {
		a.next++
		return a.last.chunks[a.next-1].place, true
	}
	for _, one := range slices.Backward(a.all) {
		half := one.hide(hash)
		i, found := slices.BinarySearchFunc(one.order, half, func(i uint32, half [16]byte) int {
			return compare(one.chunks[i].half, half)
		})
		if found {
			a.last, a.next = one, int(one.order[i])+1
			return one.chunks[a.next-1].place, true
		}
	}
	return place{}, false
}
