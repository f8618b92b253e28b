package longcat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"runtime"
	"strings"

	"golang.org/x/sync/errgroup"

	"longcat/hub"
	"longcat/internal/progress"
	"longcat/merge"
)

// Verdict is what Verify finds of one file.
type Verdict string

// Verdicts.
const (
	Same    Verdict = "same"    // the file is what the recipe makes
	Differs Verdict = "differs" // it has other bytes
	Absent  Verdict = "missing" // it is not there
)

// VerifiedFile is one file that the recipe makes, held against the one that
// stands in the result.
type VerifiedFile struct {
	Path    string  `json:"path"`
	Verdict Verdict `json:"verdict"`
	Size    int64   `json:"size"`          // bytes that the recipe makes
	Want    string  `json:"want"`          // sha256 or git blob id of what the recipe makes
	Got     string  `json:"got,omitempty"` // of what is there
}

// Verification is the outcome of Verify.
type Verification struct {
	Files    []VerifiedFile `json:"files"`
	Locked   bool           `json:"locked"`   // whether the result has a lock; else its card was gone by
	Verified bool           `json:"verified"` // whether every file is the same
}

// Verify makes a merge again that stands in a repo or a directory, and compares
// every file's hash with what the hub lists, or with the directory's own file.
// The models that it was made from are fetched; the merge itself is not, and
// nothing is written but the cache. Options are those of OpenResult.
//
// An error means that nothing could be compared: what differs is in the
// Verification.
func Verify(ctx context.Context, name, revision string, o Options) (*Verification, error) {
	r, err := OpenResult(ctx, name, revision, o)
	if err != nil {
		return nil, err
	}
	defer r.Close()
	return r.Verify(ctx)
}

// Verify is what the function Verify does for a result that is open.
func (r *Result) Verify(ctx context.Context) (*Verification, error) {
	listed, err := r.listedHashes(ctx)
	if err != nil {
		return nil, err
	}
	r.opts.check = hub.CheckAlways
	if err := r.fetchMissing(ctx); err != nil {
		return nil, err
	}
	progress.Expect(r.opts.Progress, "verifying", r.plan.Size)
	v := &Verification{Files: make([]VerifiedFile, len(r.plan.Files)), Locked: r.Lock != nil, Verified: true}
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range r.plan.Files {
		g.Go(func() (err error) {
			v.Files[i], err = r.compareFile(gctx, f, listed)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	for _, f := range v.Files {
		v.Verified = v.Verified && f.Verdict == Same
	}
	r.warnOfOtherWeights()
	return v, nil
}

// hashOf gives the hash that a file of the result has: git's blob id of a small
// file in a repo, else the sha256.
type hashOf func(ctx context.Context, path string) (string, error)

// listedHashes is the hub's word for a repo, the content's own for a directory.
func (r *Result) listedHashes(ctx context.Context) (hashOf, error) {
	m := r.merged
	if m.Local() {
		return func(ctx context.Context, path string) (string, error) {
			content, err := m.Open(ctx, path)
			if err != nil {
				return "", err
			}
			return contentSHA256(ctx, content, progress.Start(nil, "", "", 0))
		}, nil
	}
	hashes := map[string]string{}
	for e, err := range r.opts.Hub.Tree(ctx, m.repo, m.commit) {
		if err != nil {
			return nil, err
		}
		hashes[e.Path] = e.Hash()
		if e.SHA256 == "" && !strings.HasSuffix(e.Path, ".safetensors") {
			continue
		}
		large, err := r.opts.Hub.LargeHash(ctx, m.repo, m.commit, e)
		if err != nil {
			return nil, err
		}
		hashes[e.Path] = cmp.Or(large, e.Hash())
	}
	return func(_ context.Context, path string) (string, error) {
		hash, ok := hashes[path]
		if !ok {
			return "", fs.ErrNotExist
		}
		return hash, nil
	}, nil
}

// compareFile makes a file again and holds its hash against what is there.
func (r *Result) compareFile(ctx context.Context, f *merge.File, listed hashOf) (VerifiedFile, error) {
	v := VerifiedFile{Path: f.Path, Size: f.Size}
	got, err := listed(ctx, f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		v.Verdict = Absent
		return v, nil
	}
	if err != nil {
		return v, err
	}
	content, err := f.Content(ctx, r.models.open)
	if err != nil {
		return v, err
	}
	const gitIDLength = 40
	if len(got) == gitIDLength {
		v.Want, err = hub.BlobID(content, f.Size)
	} else {
		meter := progress.Start(r.opts.Progress, "verifying", f.Path, f.Size)
		defer meter.Done()
		v.Want, err = contentSHA256(ctx, content, meter)
	}
	v.Got, v.Verdict = got, Same
	if v.Want != got {
		v.Verdict = Differs
	}
	return v, err
}

// warnOfOtherWeights names safetensors beside those that the recipe makes: they
// were not compared with anything.
func (r *Result) warnOfOtherWeights() {
	for _, name := range r.merged.Files() {
		_, made := r.made(name)
		if !made && merge.IsWeights(name) && strings.Contains(name, ".safetensors") {
			r.opts.notify(fmt.Sprintf("longcat: warning: %s stands beside the merge; the recipe does not make it, so it was not compared", name))
		}
	}
}

// made finds an output file.
func (j *Job) made(path string) (*merge.File, bool) {
	for _, f := range j.plan.Files {
		if f.Path == path {
			return f, true
		}
	}
	return nil, false
}
