package longcat

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"

	"longcat/internal/durable"
	"longcat/internal/progress"
	"longcat/internal/singlepass"
	"longcat/internal/units"
	"longcat/merge"
)

// NoDiskError tells that a result can not be made without a copy of its sources
// on disk.
type NoDiskError struct{ Reason string }

func (e *NoDiskError) Error() string { return "publishing without a disk: " + e.Reason }

// streamWhereDiskIsShort plans the merge anew, to be made without a copy of its
// sources, when these do not fit into the cache. What can not be made so is left
// to fail for want of space.
func (j *Job) streamWhereDiskIsShort(ctx context.Context) (bool, error) {
	if j.opts.Hub == nil || j.opts.Merge.Layout == merge.SharedBlocks {
		return false, nil
	}
	need, err := j.Missing(ctx)
	if err != nil || need == 0 {
		return false, err
	}
	free, err := durable.Free(j.opts.Hub.CacheDir())
	if err != nil || need <= free {
		return false, nil // the free space is not known: try
	}
	with := j.opts.Merge
	with.Layout = merge.Forward
	plan, err := merge.NewPlan(ctx, j.recipe, j.models.open, with)
	if err != nil {
		return false, err
	}
	streamed := *j
	streamed.plan = plan
	if _, err := streamed.sourceGroups(); err != nil {
		return false, nil // a computed merge
	}
	j.plan, j.opts.Merge = plan, with
	j.opts.notify(fmt.Sprintf("%s are to be fetched and the disk has room for %s: no source is copied to it", units.Size(need), units.Size(free)))
	return true, nil
}

// sourceGroup is the output files that are made from one source file: they are
// sent together, while the source is read once.
type sourceGroup struct {
	source merge.SourceRange // From and To are not set
	files  []*merge.File
}

func (g *sourceGroup) size() (n int64) {
	for _, f := range g.files {
		n += f.Size
	}
	return n
}

// sourceGroups lists the weights by the source file that they are made from.
func (j *Job) sourceGroups() ([]*sourceGroup, error) {
	var groups []*sourceGroup
	for _, f := range j.plan.Files {
		if f.Tensors == nil {
			continue
		}
		r, ok := f.ReadsForward()
		if !ok {
			return nil, &NoDiskError{fmt.Sprintf("%s is not made from one file that is read from front to back; the forward layout, and a recipe that copies tensors, make such files", f.Path)}
		}
		r.From, r.To = 0, 0
		i := slices.IndexFunc(groups, func(g *sourceGroup) bool { return g.source == r })
		if i < 0 {
			i = len(groups)
			groups = append(groups, &sourceGroup{source: r})
		}
		groups[i].files = append(groups[i].files, f)
	}
	return groups, nil
}

// pass is a source group while its source is read.
type pass struct {
	job    *Job
	group  *sourceGroup
	source *singlepass.Source // nil: a file on disk
	meter  progress.Meter
}

// openPass begins to read the group's source: the hub's by ranges, those that
// are on disk as they are.
func (j *Job) openPass(ctx context.Context, g *sourceGroup) (*pass, error) {
	p := &pass{job: j, group: g}
	m := j.models[g.source.Model]
	content, err := m.Open(ctx, g.source.File)
	if err != nil {
		return nil, err
	}
	if outer, _, _ := content.Outer(); isFile(outer) {
		if m.Local() {
			return p, nil
		}
		return p, m.remote.check(ctx, g.source.File, j.opts)
	}
	p.meter = progress.Start(j.opts.Progress, "downloading", g.source.File, content.Size())
	o := singlepass.Options{Fetch: min(cmp.Or(j.opts.Workers, 4), 8), Read: p.meter.Add}
	if listed, ok := m.remote.planned(g.source.File); ok && sha256Text.MatchString(listed.Hash) {
		o.Hash = sha256.New
		if o.Sum, err = hex.DecodeString(listed.Hash); err != nil {
			return nil, err
		}
	}
	p.source = singlepass.New(ctx, content, o)
	return p, nil
}

// opener finds the models of an output file, whose source comes from the pass.
func (p *pass) opener(f *merge.File) merge.Opener {
	r, _ := f.ReadsForward()
	return func(name string) (merge.Model, error) {
		m, err := p.job.models.open(name)
		if err != nil || p.source == nil {
			return m, err
		}
		return passingModel{m, p, r}, nil
	}
}

// passingModel is a model of which one file comes from the pass.
type passingModel struct {
	merge.Model
	pass *pass
	r    merge.SourceRange
}

// Open implements merge.Model.
func (m passingModel) Open(ctx context.Context, name string) (*io.SectionReader, error) {
	if name == m.r.File {
		return m.pass.source.NewReader(m.r.From, m.r.To), nil
	}
	return m.Model.Open(ctx, name)
}

// finish reads what is left of the source, and fails when it is not the file
// that the hub lists: nothing made from it may be committed then.
func (p *pass) finish() error {
	if p.source == nil {
		return nil
	}
	if err := p.source.Finish(); err != nil {
		return fmt.Errorf("reading %s of %q: %w", p.group.source.File, p.group.source.Model, err)
	}
	return nil
}

func (p *pass) close() error {
	if p.source == nil {
		return nil
	}
	p.meter.Done()
	return p.source.Close()
}

// readers is how many files must be read at a time so that each source passes
// once; 0 where none does.
func (p *publication) readers() (n int) {
	for _, pass := range p.passes {
		n += len(pass.group.files)
	}
	return n
}
