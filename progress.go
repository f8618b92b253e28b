package longcat

import (
	"context"

	"longcat/internal/units"
)

// Stager is what Options.Progress may be as well: it hears when a stage of the
// work begins and how many bytes it has in all, so that one display can show
// the whole. The function that it returns ends the stage.
type Stager interface {
	Stage(verb string, total int64) (end func())
}

// stage tells of a stage, where somebody listens.
func (o Options) stage(verb string, total int64) (end func()) {
	if s, ok := o.Progress.(Stager); ok {
		return s.Stage(verb, total)
	}
	return func() {}
}

// fetchMissing fetches what is not on this machine, and says so.
func (j *Job) fetchMissing(ctx context.Context) error {
	need, err := j.Missing(ctx)
	if err != nil {
		return err
	}
	if need > 0 {
		j.opts.notify("fetching " + units.Size(need))
		defer j.opts.stage("download", need)()
	}
	return j.Fetch(ctx) // what is there may be there under another name
}
