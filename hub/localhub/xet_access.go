package localhub

import (
	"cmp"
	"slices"
	"strings"

	"longcat/hub/localhub/cas"
	"longcat/hub/xet/merkle"
)

// xetAccess finds out which chunks the caller may build upon: those of xorbs
// that they sent, and those of files in repos that they may read. Of all others
// they do not even learn that they are here. It is for one request, because it
// remembers what it found.
type xetAccess struct {
	h       *Hub
	c       *call
	read    map[string]bool // files by sha256: may they be read?
	covered map[merkle.Hash][]chunkRange
}

// chunkRange is the chunks first to end-1 of a xorb.
type chunkRange struct{ first, end uint32 }

func (h *Hub) xetAccess(c *call) *xetAccess {
	return &xetAccess{h, c, map[string]bool{}, map[merkle.Hash][]chunkRange{}}
}

// mayRead says whether the caller may read a repo that has the file.
func (a *xetAccess) mayRead(sha256 string) bool {
	may, asked := a.read[sha256]
	if !asked {
		may = a.h.knows(a.c.token, a.c.repo, sha256)
		a.read[sha256] = may
	}
	return may
}

// mayUse says whether the caller may use chunks first to end-1 of a xorb.
func (a *xetAccess) mayUse(x *cas.Xorb, first, end uint32) bool {
	if covers(a.covered[x.Hash], first, end) {
		return true
	}
	if a.c.token != nil && a.h.xet.Sent(x.Hash, a.c.token.User) {
		a.covered[x.Hash] = []chunkRange{{0, uint32(len(x.Index))}}
		return covers(a.covered[x.Hash], first, end)
	}
	for _, known := range a.h.xet.WithXorb(x.Hash) {
		if _, asked := a.read[known.SHA256]; asked || !a.mayRead(known.SHA256) {
			continue // its chunks are in covered already, or must not be
		}
		f, err := a.h.xet.File(known.SHA256)
		if err != nil { // it was removed just now
			continue
		}
		for hash, ranges := range rangesOf(f) {
			a.covered[hash] = join(append(a.covered[hash], ranges...))
		}
		if covers(a.covered[x.Hash], first, end) {
			return true
		}
	}
	return false
}

// rangesOf lists which chunks of which xorbs a file is made of.
func rangesOf(f *cas.File) map[merkle.Hash][]chunkRange {
	all := map[merkle.Hash][]chunkRange{}
	for _, t := range f.Terms {
		all[t.Xorb] = append(all[t.Xorb], chunkRange{t.First, t.End})
	}
	for hash, ranges := range all {
		all[hash] = join(ranges)
	}
	return all
}

// join sorts ranges and makes one of those that touch.
func join(ranges []chunkRange) []chunkRange {
	slices.SortFunc(ranges, func(a, b chunkRange) int { return cmp.Compare(a.first, b.first) })
	joined := ranges[:0]
	for _, r := range ranges {
		if n := len(joined); n > 0 && r.first <= joined[n-1].end {
			joined[n-1].end = max(joined[n-1].end, r.end)
		} else {
			joined = append(joined, r)
		}
	}
	return joined
}

// covers says whether one of the ranges, which were joined, has all of first to
// end-1.
func covers(ranges []chunkRange, first, end uint32) bool {
	i, found := slices.BinarySearchFunc(ranges, first, func(r chunkRange, first uint32) int { return cmp.Compare(r.first, first) })
	if !found {
		i--
	}
	return i >= 0 && end <= ranges[i].end
}

// hash reads the hash that the path is, behind one of some prefixes and "/"; a
// hash alone if there are none.
func (c *call) hash(prefixes ...string) (merkle.Hash, error) {
	text := c.path
	if len(prefixes) > 0 {
		prefix, rest, _ := strings.Cut(c.path, "/")
		for _, p := range prefixes {
			if p == prefix {
				text = rest
			}
		}
	}
	hash, err := merkle.Parse(text)
	if err != nil {
		return hash, badRequest("%v", err)
	}
	return hash, nil
}
