package longcat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"longcat/hub"
	"longcat/internal/limits"
	"longcat/internal/progress"
	"longcat/internal/units"
	"longcat/merge"
)

// stageFrom is the size from which weights are staged: what is smaller is sent
// anew after an interruption.
const stageFrom = 2_000_000_000 // bytes

// stepsWithoutDisk is the order of a publish that copies no source to disk:
// files are sent while their source passes, a source file at a time, to a
// staging branch; one commit out of them, which moves no bytes, is the result.
func (p *publication) stepsWithoutDisk() []step {
	return []step{
		{"name the owner", p.nameOwner},
		{"check the permission", p.mayWrite},
		{"look at the target", p.lookAtTarget},
		{"find what is there", p.findStored},
		{"refuse other weights", p.refuseUnknownWeights},
		{"write the card", p.writeCard},
		{lastOfDryRun, p.checkCard},
		{"create the repo", p.createRepo},
		{"stage the weights", p.stage},
		{"list the files", p.listFiles},
		{"hash the files", p.hash},
		{"refuse ignored files", p.refuseIgnored},
		{"send and commit", p.sendPassing},
		{"verify the listing", p.verify},
		{"remove the staging branch", p.unstage},
	}
}

// findStored recognizes the weights of this plan by the target's lock, if the
// target holds all of them: a publish that is done already is not done again.
func (p *publication) findStored(ctx context.Context) error {
	p.stored = map[string]hub.StoredFile{}
	if p.before.Commit == "" || len(p.target.weights) == 0 {
		return nil
	}
	content, closer, err := p.opts.Hub.Open(ctx, p.o.Repo, p.before.Commit, LockFile)
	if errors.Is(err, hub.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	text, err := io.ReadAll(io.LimitReader(content, limits.Lock+1)) // what is longer is no lock
	if err := errors.Join(err, closer.Close()); err != nil {
		return err
	}
	theirs, err := ParseLock(text)
	if err != nil {
		return nil // not a lock that says anything about this plan
	}
	ours, err := p.Lock(ctx)
	if err != nil {
		return err
	}
	if !ours.sameInputs(theirs) {
		return nil
	}
	found := map[string]hub.StoredFile{}
	for _, f := range theirs.Files {
		if made, ok := p.made(f.Path); !ok || made.Tensors == nil {
			continue
		}
		e, ok := p.target.weights[f.Path]
		if !ok || f.SHA256 == "" || e.SHA256 != f.SHA256 || e.Size != f.Size {
			return nil
		}
		found[f.Path] = hub.StoredFile{SHA256: f.SHA256, Size: f.Size}
	}
	p.stored = found
	return nil
}

// refuseUnknownWeights wants weights that are not known to be the result's to be
// replaced on purpose.
func (p *publication) refuseUnknownWeights(context.Context) error {
	if p.o.Replace {
		return nil
	}
	for _, path := range slices.Sorted(maps.Keys(p.target.weights)) {
		e := p.target.weights[path]
		f, ok := p.made(path)
		if _, known := p.stored[path]; !known && (!ok || f.Tensors != nil || f.Size != e.Size) {
			return &OtherWeightsError{p.o.Repo, path}
		}
	}
	return nil
}

// stage makes this task's share of the weights. Small ones are sent with the
// last commit.
func (p *publication) stage(ctx context.Context) (err error) {
	p.warn()
	groups, err := p.sourceGroups()
	if err != nil {
		return err
	}
	if err := p.planPasses(groups); err != nil {
		return err
	}
	small := p.plan.TensorBytes <= stageFrom && p.o.Tasks == 0 && !p.o.Finish
	if len(p.stored) > 0 || small {
		p.passes, err = p.openPasses(ctx, slices.DeleteFunc(groups, p.isStored))
		return err
	}
	if p.staging, err = p.Staging(ctx, p.o.Repo); err != nil {
		return err
	}
	for _, other := range p.staging.Other {
		p.opts.notify(fmt.Sprintf("longcat: warning: the branch %s of %s holds another publish that did not finish", other, p.o.Repo))
	}
	if !p.staging.Exists && !p.o.Finish {
		if err := p.opts.Hub.CreateBranch(ctx, p.o.Repo, p.staging.Branch, p.before.Commit); err != nil {
			return err
		}
	}
	if done := len(p.staging.Done); done > 0 {
		p.opts.notify(fmt.Sprintf("going on: %s of %d stand on the branch %s", counted(done, "file"), done+len(p.staging.Missing), p.staging.Branch))
	}
	p.remember(p.staging)
	if !p.o.Finish {
		for _, g := range p.share(groups) {
			if !p.isStored(g) {
				if err := p.stageGroup(ctx, g); err != nil {
					return err
				}
			}
		}
	}
	if p.staging, err = p.Staging(ctx, p.o.Repo); err != nil {
		return err
	}
	if n := len(p.staging.Missing); n > 0 && p.o.Finish {
		return &StagingError{p.o.Repo, p.staging.Branch, fmt.Sprintf("lacks %s: not all tasks have ended", counted(n, "file"))}
	}
	p.remember(p.staging)
	return nil
}

// planPasses says what is to come, for those who show it.
func (p *publication) planPasses(groups []*sourceGroup) error {
	var down, up int64
	for _, g := range p.share(groups) {
		if m := p.models[g.source.Model]; m != nil && m.remote != nil && !p.isStored(g) {
			listed, _ := m.remote.planned(g.source.File)
			down += listed.Size
		}
		up += g.size()
	}
	progress.Expect(p.opts.Progress, "downloading", down)
	progress.Expect(p.opts.Progress, "uploading", up)
	p.opts.notify(fmt.Sprintf("%s: %d layers, %s parameters, %s; %s pass through from the hub, and none is kept on disk",
		p.o.Repo, len(p.plan.Layers), units.Count(p.plan.Params), units.Size(p.plan.Size), units.Size(down)))
	return nil
}

func (p *publication) openPasses(ctx context.Context, groups []*sourceGroup) ([]*pass, error) {
	var passes []*pass
	for _, g := range groups {
		one, err := p.openPass(ctx, g)
		if err != nil {
			return passes, err
		}
		passes = append(passes, one)
	}
	return passes, nil
}

// remember notes what the staging branch holds.
func (p *publication) remember(s *Staging) {
	for _, f := range s.Done {
		p.stored[f.Path] = hub.StoredFile{SHA256: f.SHA256, Size: f.Size}
	}
}

// isStored tells whether the repo holds all files of a group.
func (p *publication) isStored(g *sourceGroup) bool {
	return !slices.ContainsFunc(g.files, func(f *merge.File) bool {
		_, ok := p.stored[f.Path]
		return !ok
	})
}

// share is this task's part of the groups: each goes to the task that has the
// fewest bytes so far, the largest first, so that every task comes to the same
// shares by itself.
func (p *publication) share(groups []*sourceGroup) []*sourceGroup {
	if p.o.Tasks <= 1 {
		return groups
	}
	sorted := slices.Clone(groups)
	slices.SortStableFunc(sorted, func(a, b *sourceGroup) int { return cmp.Compare(b.size(), a.size()) })
	load := make([]int64, p.o.Tasks)
	var mine []*sourceGroup
	for _, g := range sorted {
		least := slices.Index(load, slices.Min(load))
		load[least] += g.size()
		if least == p.o.Task-1 {
			mine = append(mine, g)
		}
	}
	return mine
}

// stageGroup makes and sends the files of one group, in a commit on the staging
// branch that names their hashes.
func (p *publication) stageGroup(ctx context.Context, g *sourceGroup) (err error) {
	passes, err := p.openPasses(ctx, []*sourceGroup{g})
	p.passes = passes
	defer func() { err = errors.Join(err, p.closePasses()) }()
	if err != nil {
		return err
	}
	p.opts.notify(fmt.Sprintf("sending %s made from %s, %s", counted(len(g.files), "file"), g.source.File, units.Size(g.size())))
	u := hub.Upload{
		Repo: p.o.Repo, Revision: p.staging.Branch,
		Message: fmt.Sprintf("Stage %s of %d", counted(len(g.files), "file"), len(p.staging.Done)+len(p.staging.Missing)),
		Workers: p.opts.Workers, Readers: len(g.files), Progress: p.opts.Progress,
	}
	var stored []hub.UploadFile
	u.Confirm = func(sent []hub.UploadedFile) (string, error) {
		stored = nil
		for _, f := range sent {
			stored = append(stored, hub.UploadFile{Path: f.Path, Stored: &hub.StoredFile{SHA256: f.OID, Size: f.Size}})
		}
		return describeStaged(sent), p.finishPasses()
	}
	for _, f := range g.files {
		file, err := p.uploadFile(ctx, f)
		if err != nil {
			return err
		}
		u.Files = append(u.Files, file)
	}
	_, err = p.opts.Hub.Upload(ctx, u)
	for try := 0; errors.Is(err, hub.ErrConflict) && stored != nil && try < 20; try++ {
		u.Files = stored // another task was faster to commit; the content is there
		_, err = p.opts.Hub.Upload(ctx, u)
	}
	return err
}

func (p *publication) finishPasses() error {
	for _, pass := range p.passes {
		if err := pass.finish(); err != nil {
			return err
		}
	}
	return nil
}

func (p *publication) closePasses() error {
	var errs []error
	for _, pass := range p.passes {
		errs = append(errs, pass.close())
	}
	p.passes = nil
	return errors.Join(errs...)
}

// sendPassing makes the commit; what was not staged is sent with it.
func (p *publication) sendPassing(ctx context.Context) error {
	p.prepared.Confirm = func([]hub.UploadedFile) (string, error) { return "", p.finishPasses() }
	return p.send(ctx)
}

// unstage removes the staging branch of what is published now, also one that an
// earlier run left when it was killed right after its commit.
func (p *publication) unstage(ctx context.Context) error {
	if len(p.stored) == 0 || p.o.CreatePR {
		return nil // nothing was staged; a pull request's files are held by that branch
	}
	branch, err := p.stagingBranch(ctx)
	if err != nil {
		return err
	}
	if err := p.opts.Hub.DeleteBranch(ctx, p.o.Repo, branch); err != nil && !errors.Is(err, hub.ErrNotFound) {
		return err
	}
	return nil
}
