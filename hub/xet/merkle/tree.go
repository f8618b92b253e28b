package merkle

import (
	"encoding/hex"
	"strconv"
)

// Leaf is a chunk as the trees see it.
type Leaf struct {
	Hash Hash
	Size uint64 // bytes
}

// How a level of the tree is cut into groups, each of which becomes one node
// of the next level: a group ends with its third to eighth node if that node's
// hash is divisible by cutModulus, else with its ninth or with the level.
// Source: the behaviour of xet-core.
const (
	cutModulus = 4
	minGroup   = 3
	maxGroup   = 9
)

// Tree computes the root over a sequence of chunks as they come, keeping at
// most one unfinished group of each level. The zero Tree is empty and ready.
type Tree struct {
	levels []level
}

type level struct {
	open  [maxGroup]Leaf // the nodes since the last cut
	n     int            // how many of open are set
	total int            // nodes that this level has had
}

// Add appends a chunk.
func (t *Tree) Add(leaf Leaf) { t.add(0, leaf) }

func (t *Tree) add(depth int, node Leaf) {
	if depth == len(t.levels) {
		t.levels = append(t.levels, level{})
	}
	l := &t.levels[depth]
	l.open[l.n] = node
	l.n++
	l.total++
	if l.n == maxGroup || l.n >= minGroup && node.Hash.mod(cutModulus) == 0 {
		parent := merge(l.open[:l.n])
		l.n = 0
		t.add(depth+1, parent)
	}
}

// Root is the tree's root: the hash of a xorb of these chunks. It is the zero
// Hash if there are none, and their hash if there is one. Afterwards the Tree
// is empty again.
func (t *Tree) Root() Hash {
	var root Hash
	for depth := 0; depth < len(t.levels); depth++ {
		l := &t.levels[depth]
		if l.total == 1 {
			root = l.open[0].Hash
			break
		}
		if l.n > 0 {
			parent := merge(l.open[:l.n])
			t.add(depth+1, parent)
		}
	}
	t.levels = t.levels[:0]
	return root
}

// File is the hash of a file of these chunks: the root, hashed once more. It
// is the zero Hash if there are none. Afterwards the Tree is empty again.
func (t *Tree) File() Hash {
	if len(t.levels) == 0 {
		return Hash{}
	}
	return t.Root().Keyed(fileKey)
}

// Xorb is the hash of a xorb of these chunks.
func Xorb(chunks []Leaf) Hash { return treeOf(chunks).Root() }

// File is the hash of a file of these chunks.
func File(chunks []Leaf) Hash { return treeOf(chunks).File() }

func treeOf(chunks []Leaf) *Tree {
	t := new(Tree)
	for _, c := range chunks {
		t.Add(c)
	}
	return t
}

// merge makes one node of a group: the hash of a line "{hash} : {size}" for
// each of its members, and their sizes' sum.
func merge(group []Leaf) Leaf {
	var text [maxGroup * (2*Size + len(" : \n") + 20)]byte
	var size uint64
	b := text[:0]
	for _, node := range group {
		for i := 0; i < Size; i += 8 {
			word := node.Hash[i : i+8]
			b = hex.AppendEncode(b, []byte{
				word[7], word[6], word[5], word[4], word[3], word[2], word[1], word[0],
			})
		}
		b = append(b, " : "...)
		b = strconv.AppendUint(b, node.Size, 10)
		b = append(b, '\n')
		size += node.Size
	}
	return Leaf{Hash: pooled(&nodeHashers, b), Size: size}
}
