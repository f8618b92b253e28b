package xet

// SetWindow changes how much of a file is asked for at once, and returns what
// undoes that.
func SetWindow(n int64) (undo func()) {
	before := window
	window = n
	return func() { window = before }
}
