package cdc

// advance is advanceGo by hand: it needs a quarter less time, since no
// instruction in it is there for anything but the hash.
//
//go:noescape
func advance(b *[group]byte, table *[256]uint64, lanes *[4]uint64, i int) int
