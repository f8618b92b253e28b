// Package examples holds recipes that work, for the program to carry along.
package examples

import _ "embed"

// LongCAT is the recipe of LongCAT-10.7B: CatPPT's layers 8 to 23 each twice.
//
//go:embed longcat-10.7b.yaml
var LongCAT []byte
