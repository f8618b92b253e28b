//go:build race

package cdc

// The race detector makes hashing fifteen times slower and finds no more in a
// long file than in a short one.
const longestFile = 50_000_000
