package longcat

import (
	"bytes"
	"cmp"
	"context"
	"errors"
	"fmt"
	"io"
	"slices"

	"longcat/hub"
	"longcat/internal/progress"
	"longcat/internal/units"
	"longcat/merge"
	"longcat/modelcard"
)

// PublishOptions say where a result is published. Repo is required.
type PublishOptions struct {
	Repo     hub.Repo // one without a namespace belongs to the token's owner
	Revision string   // branch, made when it is not there; "main" when empty

	// Visibility is what the repo must have, and gets if it is made. When empty,
	// the namespace's own holds.
	Visibility hub.Visibility

	License *modelcard.License // overrides what the parents' cards say; may be nil
	Replace bool               // replace the weights that the repo holds
	Message string             // of the commit

	// NoDisk makes the result out of what streams from the hub: no source is
	// copied to disk. It wants the forward layout (Options.Merge.Layout). A
	// publish whose sources do not fit on the disk goes this way by itself.
	NoDisk bool
	// Task of Tasks, from 1, makes only its share of the files and leaves them on
	// the staging branch, for the task that finds all of them there to finish.
	// Only with NoDisk; not shared when Tasks is 0.
	Task, Tasks int
	// Finish makes nothing, and finishes what tasks have made.
	Finish bool

	CreatePR bool // open a pull request instead of writing to the branch
	DryRun   bool // check everything, fetch and write nothing
}

// Published tells what a publish did.
type Published struct {
	*hub.UploadResult
	Repo hub.Repo
	Lock *Lock

	Card    Card
	Before  *hub.TargetState // what stood there
	Replace []string         // weights of these names stood there, and are the result's now
	Staged  *Staging         // not nil where other tasks' files are still missing: nothing was published
	Delete  []string         // weights that the commit removes
}

// Publish brings the result into a repo, in one commit that stands as a whole or
// not at all. The merged files are made while they are sent and are never
// written to disk. After any interruption the same call goes on where it stopped,
// and a publish that is done already changes nothing.
//
// A repo that holds other weights is an *OtherWeightsError unless they are to be
// replaced; a token that may not write, a *hub.PermissionError; a repo of another
// visibility, a *hub.VisibilityError.
func (j *Job) Publish(ctx context.Context, o PublishOptions) (_ *Published, err error) {
	if !o.NoDisk && !o.DryRun {
		if o.NoDisk, err = j.streamWhereDiskIsShort(ctx); err != nil {
			return nil, err
		}
	}
	p := &publication{Job: j, o: o}
	done := func() *Published {
		return &Published{
			UploadResult: p.sent, Repo: p.o.Repo, Lock: p.lock,
			Card: p.card, Before: p.before, Replace: p.target.replaced(p.plan), Delete: p.target.stale(p.plan),
		}
	}
	defer func() { err = errors.Join(err, p.closePasses()) }()
	for _, step := range p.steps() {
		if err := step.do(ctx); err != nil {
			return nil, err
		}
		if o.DryRun && step.name == lastOfDryRun {
			return done(), nil
		}
		if p.staging != nil && len(p.staging.Missing) > 0 {
			unfinished := done()
			unfinished.Staged = p.staging
			return unfinished, nil
		}
	}
	return done(), nil
}

// publication is the state of one Publish.
type publication struct {
	*Job
	o PublishOptions

	passes   []*pass                   // sources that are read while their files are sent
	stored   map[string]hub.StoredFile // weights that the repo holds already
	staging  *Staging                  // nil when nothing is staged
	before   *hub.TargetState
	target   *target
	card     Card
	upload   hub.Upload
	prepared *hub.PreparedUpload
	sent     *hub.UploadResult
	lock     *Lock
}

// step is a part of a publish.
type step struct {
	name string
	do   func(context.Context) error
}

const lastOfDryRun = "check the card"

// steps is the order of a publish: whatever can go wrong for a reason that is
// known beforehand comes before the first weight is fetched. So the repo is
// created first: not every hub tells who may, but by letting it.
func (p *publication) steps() []step {
	if p.o.NoDisk {
		return p.stepsWithoutDisk()
	}
	return []step{
		{"name the owner", p.nameOwner},
		{"check the permission", p.mayWrite},
		{"look at the target", p.lookAtTarget},
		{"refuse other weights", p.refuseOtherNames},
		{"write the card", p.writeCard},
		{lastOfDryRun, p.checkCard},
		{"create the repo", p.createRepo},
		{"fetch the sources", p.fetch},
		{"list the files", p.listFiles},
		{"hash the files", p.hash},
		{"refuse ignored files", p.refuseIgnored},
		{"refuse other content", p.refuseOtherContent},
		{"send and commit", p.send},
		{"verify the listing", p.verify},
	}
}

func (p *publication) nameOwner(ctx context.Context) (err error) {
	p.o.Repo, err = Owned(ctx, p.opts.Hub, p.o.Repo)
	return err
}

// where is where the commit is to go.
func (p *publication) where() hub.Target {
	return hub.Target{Repo: p.o.Repo, Branch: p.o.Revision, PullRequest: p.o.CreatePR, Visibility: p.o.Visibility}
}

func (p *publication) mayWrite(ctx context.Context) (err error) {
	p.before, err = MayWrite(ctx, p.opts.Hub, p.where(), p.o.DryRun, p.opts.notify)
	return err
}

func (p *publication) lookAtTarget(ctx context.Context) (err error) {
	p.target, err = lookAt(ctx, p.opts.Hub, p.o.Repo, p.before.Commit)
	return err
}

func (p *publication) refuseOtherNames(context.Context) error {
	err := p.target.conflict(p.plan, p.o.Repo)
	if err != nil && p.o.Replace {
		return nil
	}
	if err == nil && p.o.DryRun && len(p.target.weights) > 0 && !p.o.Replace {
		p.opts.notify(fmt.Sprintf("%s holds weights of these names and sizes: if they are others, nothing will be sent unless they are to be replaced", p.o.Repo))
	}
	return err
}

func (p *publication) writeCard(ctx context.Context) (err error) {
	p.card, err = p.Card(ctx, CardOptions{Repo: p.o.Repo.ID, License: p.o.License, Existing: p.target.card})
	return err
}

func (p *publication) checkCard(ctx context.Context) error { return p.card.check(ctx, p.opts) }

func (p *publication) fetch(ctx context.Context) error {
	p.warn()
	p.opts.notify(fmt.Sprintf("%s: %d layers, %s parameters, %s", p.o.Repo, len(p.plan.Layers), units.Count(p.plan.Params), units.Size(p.plan.Size)))
	progress.Expect(p.opts.Progress, "uploading", p.plan.Size)
	return p.fetchMissing(ctx)
}

func (p *publication) createRepo(ctx context.Context) error {
	return p.opts.Hub.MakeTarget(ctx, p.where(), p.before)
}

// listFiles lists what the commit adds and removes; nothing is read yet.
func (p *publication) listFiles(ctx context.Context) error {
	p.upload = hub.Upload{
		Repo: p.o.Repo, Revision: p.o.Revision, CreatePR: p.o.CreatePR,
		Message: cmp.Or(p.o.Message, "Publish a merge"),
		Files: []hub.UploadFile{
			{Path: modelcard.File, Content: memory(p.card.README)},
			{Path: modelcard.LayerMapFile, Content: memory(p.card.Picture)},
		},
		Delete: p.target.stale(p.plan),
		Parent: p.before.Commit, OnParent: true, // weights that others add would be mixed in
		Manifest: func(sent []hub.UploadedFile) (hub.UploadFile, error) { return p.lockFile(ctx, sent) },
		Workers:  p.opts.Workers,
		Readers:  p.readers(),
		Progress: p.opts.Progress,
	}
	for _, f := range p.plan.Files {
		file, err := p.uploadFile(ctx, f)
		if err != nil {
			return err
		}
		p.upload.Files = append(p.upload.Files, file)
	}
	return nil
}

// uploadFile is an output file as content that is made while it is read, or as
// one that the repo holds already.
func (p *publication) uploadFile(ctx context.Context, f *merge.File) (hub.UploadFile, error) {
	if s, ok := p.stored[f.Path]; ok {
		return hub.UploadFile{Path: f.Path, Stored: &s}, nil
	}
	open := p.models.open
	for _, pass := range p.passes {
		if slices.Contains(pass.group.files, f) {
			open = pass.opener(f)
		}
	}
	content, err := f.Content(ctx, open)
	if err != nil {
		return hub.UploadFile{}, err
	}
	origins, err := p.origins(ctx, f)
	return hub.UploadFile{Path: f.Path, Content: content, Origins: origins}, err
}

// origins says which bytes of a file the hub holds, because they came from it.
func (p *publication) origins(ctx context.Context, f *merge.File) ([]hub.Origin, error) {
	var origins []hub.Origin
	for _, o := range f.Origins() {
		m := p.models[o.Model]
		if m == nil || m.Local() {
			continue
		}
		content, err := m.Open(ctx, o.File)
		if err != nil {
			return nil, err
		}
		origins = append(origins, hub.Origin{
			At: o.At, Size: o.Size, From: o.From,
			Repo: m.repo, Commit: m.commit, Path: o.File, Content: content,
		})
	}
	return origins, nil
}

func (p *publication) hash(ctx context.Context) (err error) {
	p.prepared, err = p.opts.Hub.PrepareUpload(ctx, p.upload)
	return err
}

// refuseIgnored finds files that the repo's .gitignore keeps out of commits.
func (p *publication) refuseIgnored(context.Context) error {
	for _, file := range p.prepared.Files {
		if file.Ignored {
			return fmt.Errorf("the .gitignore of %q names %s, which would be left out", p.o.Repo, file.Path)
		}
	}
	return nil
}

func (p *publication) refuseOtherContent(ctx context.Context) error {
	if p.o.Replace {
		return nil
	}
	return p.target.overwrites(ctx, p.opts.Hub, p.prepared)
}

func (p *publication) send(ctx context.Context) (err error) {
	p.sent, err = p.opts.Hub.Send(ctx, p.prepared)
	return err
}

// lockFile writes the lock with the hashes of what was sent.
func (p *publication) lockFile(ctx context.Context, sent []hub.UploadedFile) (hub.UploadFile, error) {
	hashes := map[string]string{}
	for _, f := range sent {
		if f.LFS {
			hashes[f.Path] = f.OID
		}
	}
	var err error
	if p.lock, err = p.Job.lock(ctx, hashes); err != nil {
		return hub.UploadFile{}, err
	}
	return hub.UploadFile{Path: LockFile, Content: memory(p.lock.Encode())}, nil
}

// verify holds what the hub lists against what was meant. A pull request's
// files are not on the branch yet.
func (p *publication) verify(ctx context.Context) error {
	if p.o.CreatePR {
		return nil
	}
	if err := p.opts.Hub.CheckTree(ctx, p.o.Repo, p.sent.Commit, p.sent.Files, p.upload.Delete); err != nil {
		return err
	}
	p.opts.notify(fmt.Sprintf("verified: the hub lists all %s with the right sizes and hashes", counted(len(p.sent.Files), "file")))
	return nil
}

func memory(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}
