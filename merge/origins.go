package merge

// Origin says that a run of a file's bytes stands, as it is, in a file of a
// source model.
type Origin struct {
	At, Size int64
	Model    string // as the recipe names it
	File     string
	From     int64 // offset in File
}

// Origins lists the runs of the file that are copied, in order. Whoever holds
// the sources already, such as the Hub that they came from, need not be sent
// those bytes.
func (f *File) Origins() []Origin {
	var origins []Origin
	at := int64(0)
	for _, p := range f.pieces {
		if _, step := f.steps[p.Model]; p.copied() && !step {
			origins = append(origins, Origin{At: at, Size: p.Size, Model: p.Model, File: p.File, From: p.Offset})
		}
		at += p.Size
	}
	return origins
}
