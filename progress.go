package longcat

import (
	"context"

	"longcat/internal/progress"
	"longcat/internal/units"
)

// Progress hears of work that takes long, of all kinds: "downloading",
// "hashing", "uploading", "merging" and "verifying". One display can show a
// whole publish: what is known of later work is said before it starts.
type Progress = progress.Progress

// Meter counts one part of the work.
type Meter = progress.Meter

// fetchMissing fetches what is not on this machine, and says so.
func (j *Job) fetchMissing(ctx context.Context) error {
	need, all, err := j.missing(ctx)
	if err != nil {
		return err
	}
	if need > 0 {
		j.opts.notify("fetching " + units.Size(need))
		progress.Expect(j.opts.Progress, "downloading", all)
	}
	return j.Fetch(ctx) // what is there may be there under another name
}
