//go:build !amd64

package cdc

func advance(b *[group]byte, table *[256]uint64, lanes *[4]uint64, i int) int {
	return advanceGo(b, table, lanes, i)
}
