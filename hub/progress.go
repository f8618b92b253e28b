package hub

import "longcat/internal/progress"

// Progress hears of work that takes long; a nil Progress is silence. The kinds
// of work here are "downloading", "hashing" and "uploading".
type Progress = progress.Progress

// Meter counts one piece of work.
type Meter = progress.Meter
