package longcat

import (
	"context"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"

	"longcat/hub"
	"longcat/internal/limits"
	"longcat/merge"
	"longcat/modelcard"
)

// target is the repo as it is before the commit.
type target struct {
	repo    hub.Repo
	commit  string
	weights map[string]hub.Entry // files that hold weights, or an index of them
	card    []byte               // its README.md, nil when it has none
}

// lookAt looks at the commit that is to be built upon, "" for none.
func lookAt(ctx context.Context, c *hub.Client, repo hub.Repo, commit string) (*target, error) {
	t := &target{repo: repo, commit: commit, weights: map[string]hub.Entry{}}
	if commit == "" {
		return t, nil
	}
	for e, err := range c.Tree(ctx, repo, commit) {
		if err != nil {
			return nil, err
		}
		if merge.IsWeights(e.Path) {
			t.weights[e.Path] = e
		}
		if e.Path != modelcard.File || e.Size > limits.Card {
			continue
		}
		content, closer, err := c.Open(ctx, repo, commit, e.Path)
		if err != nil {
			return nil, err
		}
		t.card, err = io.ReadAll(content)
		if err := errors.Join(err, closer.Close()); err != nil {
			return nil, err
		}
	}
	return t, nil
}

// OtherWeightsError tells that a repo holds weights other than the result's.
type OtherWeightsError struct {
	Repo hub.Repo
	Path string // the first of them
}

func (e *OtherWeightsError) Error() string {
	return fmt.Sprintf("%q holds other weights: %s", e.Repo, e.Path)
}

// conflict finds, from names and sizes alone, that the repo holds weights other
// than the plan's.
func (t *target) conflict(plan *merge.Plan, repo hub.Repo) error {
	planned := map[string]int64{}
	for _, file := range plan.Files {
		planned[file.Path] = file.Size
	}
	for _, path := range slices.Sorted(maps.Keys(t.weights)) {
		if want, ok := planned[path]; !ok || want != t.weights[path].Size {
			return &OtherWeightsError{repo, path}
		}
	}
	return nil
}

// overwrites finds the same from the hashes, before anything is sent.
func (t *target) overwrites(ctx context.Context, c *hub.Client, prep *hub.PreparedUpload) error {
	for _, file := range prep.Files {
		listed, there := t.weights[file.Path]
		if !there || !file.Changed || listed.Hash() == file.OID {
			continue
		}
		if large, err := c.LargeHash(ctx, t.repo, t.commit, listed); err != nil || large != file.OID {
			return errors.Join(err, &OtherWeightsError{t.repo, file.Path})
		}
	}
	return nil
}

// replaced lists the weights that the result overwrites.
func (t *target) replaced(plan *merge.Plan) (paths []string) {
	for _, f := range plan.Files {
		if _, there := t.weights[f.Path]; there {
			paths = append(paths, f.Path)
		}
	}
	return paths
}

// stale lists the weights that the result does not overwrite: left there, a
// loader might mix them in.
func (t *target) stale(plan *merge.Plan) []string {
	stale := slices.Sorted(maps.Keys(t.weights))
	return slices.DeleteFunc(stale, func(path string) bool {
		return slices.ContainsFunc(plan.Files, func(f *merge.File) bool { return f.Path == path })
	})
}
