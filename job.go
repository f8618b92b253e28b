package longcat

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"longcat/hub"
	"longcat/merge"
	"longcat/merge/recipe"
	"longcat/modelcard"
)

// Job is a recipe that was planned, with its models open. Its methods may be
// called one after the other, each as often as wanted.
type Job struct {
	opts   Options
	recipe *recipe.Recipe
	models models
	plan   *merge.Plan
	read   map[string][]string // by model's name: the files of repos that planning read
}

// Open reads the recipe, resolves the models that it names to commits or
// directories, and plans the merge. Only headers and small files are read, and
// nothing is written but the cache's own notes. The caller closes the job.
//
// Errors of the recipe are a *recipe.Error with the line, those of models a
// *merge.ModelError, those of the hub a *hub.Error.
func Open(ctx context.Context, o Options) (*Job, error) {
	o.Creator = cmp.Or(o.Creator, "longcat")
	o.check = max(o.check, hub.CheckOnce)
	r, err := recipe.Parse(o.Recipe, cmp.Or(o.RecipeName, "recipe"))
	if err != nil {
		return nil, err
	}
	refs := r.Models()
	for i, ref := range refs {
		if commit := o.commits[ref.Name]; commit != "" {
			refs[i].Revision = commit
		} else if ref.Revision == "" {
			refs[i].Revision = o.commits[ref.Path]
		}
	}
	opened, err := openModels(ctx, o.Hub, refs)
	if err != nil {
		return nil, err
	}
	if err := opened.repair(ctx, o); err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	plan, err := merge.NewPlan(ctx, r, opened.open, o.Merge)
	if err != nil {
		return nil, errors.Join(err, opened.Close())
	}
	j := &Job{opts: o, recipe: r, models: opened, plan: plan, read: map[string][]string{}}
	for name, m := range opened {
		if !m.Local() {
			j.read[name] = m.remote.opened()
		}
	}
	return j, nil
}

// Close closes the models' files.
func (j *Job) Close() error { return j.models.Close() }

// Plan is the merge, worked out to the last byte.
func (j *Job) Plan() *merge.Plan { return j.plan }

// Recipe is the recipe as it was read.
func (j *Job) Recipe() *recipe.Recipe { return j.recipe }

// LayerMap says in a card's terms where each layer of the result comes from.
func (j *Job) LayerMap() ([]modelcard.Parent, []modelcard.Layer) {
	var parents []modelcard.Parent
	index := map[string]int{}
	add := func(name string, layers int) int {
		i, ok := index[name]
		if !ok {
			i = len(parents)
			index[name] = i
			parents = append(parents, parentOf(j.models[name], name, layers))
		}
		return i
	}
	for _, src := range j.plan.Reads() {
		add(src.Name, src.Layers)
	}
	var layers []modelcard.Layer
	unadapted := func(name string) string { // the adapter is a parent by itself
		if j.plan.Steps[name] != nil {
			name, _, _ = strings.Cut(name, "+")
		}
		return name
	}
	for _, l := range j.plan.Layers {
		layer := modelcard.Layer{{Parent: add(unadapted(l.Model), 0), Layer: l.Layer}}
		for _, w := range l.With {
			layer = append(layer, modelcard.Source{Parent: add(unadapted(w.Model), 0), Layer: w.Layer})
		}
		layers = append(layers, layer)
	}
	if j.plan.Method != passthrough {
		tellParams(parents, j.plan, j.recipe, index)
	}
	return parents, layers
}

func parentOf(m *Model, name string, layers int) modelcard.Parent {
	if m == nil || m.Local() {
		return modelcard.Parent{Model: name, Local: true, Layers: layers}
	}
	return modelcard.Parent{Model: m.repo.ID, Commit: m.commit, Layers: layers}
}

// Missing is how many bytes that the merge reads are not on this machine yet.
func (j *Job) Missing(ctx context.Context) (bytes int64, err error) {
	bytes, _, err = j.missing(ctx)
	return bytes, err
}

// missing is Missing; all is the size of all that is read of the repos of which
// something is missing.
func (j *Job) missing(ctx context.Context) (need, all int64, err error) {
	for _, src := range j.repoReads() {
		have, err := j.opts.Hub.PlanDownload(ctx, hub.DownloadOptions{Repo: src.model.repo, Revision: src.model.commit})
		if err != nil {
			return 0, 0, err
		}
		var missing, here int64
		for _, f := range have.Files {
			switch {
			case !slices.Contains(src.files, f.Path):
			case f.Local == "":
				missing += f.Size
			default:
				here += f.Size
			}
		}
		if missing > 0 {
			need, all = need+missing, all+missing+here
		}
	}
	return need, all, nil
}

// Fetch downloads what the merge reads into the hub client's cache. Files that
// are there are not fetched again, and interrupted ones go on where they were.
func (j *Job) Fetch(ctx context.Context) error {
	for _, src := range j.repoReads() {
		if err := src.model.remote.fetch(ctx, src.files, j.opts); err != nil {
			return err
		}
		j.opts.Hub.Remember(src.model.repo, src.model.ref.Revision, src.model.commit)
		if err := src.model.close(); err != nil {
			return err
		}
	}
	return nil
}

// repoRead is what the merge reads of one repo.
type repoRead struct {
	model *Model
	files []string
}

// repoReads lists the repos whose bytes the merge needs.
func (j *Job) repoReads() []repoRead {
	var reads []repoRead
	for _, src := range j.plan.Reads() {
		m := j.models[src.Name]
		if m == nil || m.Local() {
			continue
		}
		r := repoRead{model: m}
		for _, f := range src.Files {
			r.files = append(r.files, f.Path)
		}
		reads = append(reads, r)
	}
	return reads
}

// warn tells of what the plan found doubtful.
func (j *Job) warn() {
	for _, w := range j.plan.Warnings {
		j.opts.notify("longcat: warning: " + w.String())
	}
}

// recipeHash is the recipe's sha256.
func (j *Job) recipeHash() string {
	sum := sha256.Sum256(j.recipe.Text)
	return hex.EncodeToString(sum[:])
}

func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}
