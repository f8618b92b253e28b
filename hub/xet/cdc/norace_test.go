//go:build !race

package cdc

import "math"

const longestFile = math.MaxInt
