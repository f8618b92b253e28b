package main

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io"
	"path/filepath"

	"github.com/spf13/cobra"

	"longcat/hub"
	"longcat/internal/units"
	"longcat/merge"
	"longcat/modelcard"
)

type publishFlags struct {
	recipeFlags
	hub.Upload
	to      string
	license string
	replace bool
	private bool
	dryRun  bool
}

func (a *app) publishCmd() *cobra.Command {
	var f publishFlags
	cmd := &cobra.Command{
		Use:   "publish RECIPE --to USER/REPO",
		Short: "The whole way: plan, fetch, merge, card, upload, verify",
		Long: `The whole way from a recipe to a published model: plan the merge from headers,
fetch the models' weights, write the card, create the repo, upload in one
commit, and hold what the hub then lists against what was meant. The merged
files are never written to disk. After any interruption run it again: it goes
on. RECIPE is a file, or - for standard input.`,
		Example: commandExample(
			"longcat publish examples/longcat-10.7b.yaml --to me/LongCAT-10.7B",
			"longcat publish recipe.yaml --to me/merged --private --dry-run"),
		Args: exactly(1, "a recipe"),
		RunE: func(cmd *cobra.Command, args []string) (err error) {
			if f.to == "" {
				return usagef("publish wants --to USER/REPO")
			}
			if f.Repo, err = parseRepo(f.to, ""); err != nil {
				return err
			}
			return a.publish(cmd.Context(), f, args[0])
		},
	}
	f.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.to, "to", "", "repo to publish to, USER/REPO")
	fl.StringVar(&f.license, "license", "", "licence of the result, where the parents' differ")
	fl.BoolVar(&f.replace, "replace", false, "replace the weights that the repo holds, removing those that do not belong to the result")
	addWorkers(cmd, &f.Workers, 8, "connections at a time")
	addCommitFlags(cmd, &f.Upload, &f.private, &f.dryRun)
	return cmd
}

func (a *app) publish(ctx context.Context, f publishFlags, recipe string) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	if f.Repo, err = owned(ctx, c, f.Repo); err != nil {
		return err
	}
	p, err := a.planRecipe(ctx, c, recipe, f.recipeFlags)
	if err != nil {
		return err
	}
	defer p.models.Close()
	target, err := inspect(ctx, c, f)
	if err != nil {
		return err
	}
	if err := target.conflict(p.plan, f); err != nil {
		return err
	}
	card, picture, err := p.card(ctx, f.Repo.ID, f.license, target.card)
	if err != nil {
		return err
	}
	if err := a.refuseBadCard(card); err != nil {
		return err
	}
	if f.dryRun {
		if len(target.weights) > 0 && !f.replace {
			a.say("%s holds weights of these names and sizes: if they are others, nothing will be sent without --replace", f.Repo)
		}
		return a.printPlan(ctx, p)
	}
	if err := mayWrite(ctx, c, f.Repo); err != nil {
		return err
	}
	a.warnings(p.plan)
	a.say("%s: %d layers, %s parameters, %s", f.Repo, len(p.plan.Layers), units.Count(p.plan.Params), units.Size(p.plan.Size))
	if err := a.fetch(ctx, p, f.Workers); err != nil {
		return err
	}
	if err := prepareRepo(ctx, c, f.Repo, f.Revision, f.private); err != nil {
		return err
	}
	if f.Files, err = p.uploads(ctx, card, picture); err != nil {
		return err
	}
	f.Delete = target.stale(p.plan)
	if f.Message == "" {
		f.Message = "Publish a merge"
		if recipe != "-" {
			f.Message = "Publish the merge of " + filepath.Base(recipe)
		}
	}
	res, err := a.send(ctx, c, f.Upload, func(prep *hub.PreparedUpload) error { return target.overwrites(ctx, c, prep, f) })
	if err != nil {
		return err
	}
	if !f.CreatePR {
		a.say("verified: the hub lists all %s with the right sizes and hashes", counted(len(res.Files), "file"))
	}
	return a.printUpload(c, f.Repo, res)
}

// fetch brings what the plan reads from hubs to this machine, over so many
// connections at a time (0: as many as hub takes by itself).
func (a *app) fetch(ctx context.Context, p *planned, workers int) error {
	need, err := p.models.toFetch(ctx, p.plan)
	if err != nil {
		return err
	}
	if need == 0 { // it may be there under another name
		return p.models.fetch(ctx, p.plan, workers, nil)
	}
	a.say("fetching %s", units.Size(need))
	bars, done := a.bars("download", need)
	defer done()
	return p.models.fetch(ctx, p.plan, workers, bars)
}

// mayWrite finds out before the long work whether the token can write at all.
// Servers that do not say are tried.
func mayWrite(ctx context.Context, c *hub.Client, repo hub.Repo) error {
	if !c.HasToken() {
		return &hintedError{fmt.Errorf("publishing to %q needs a token", repo), "set HF_TOKEN, or give --token"}
	}
	who, err := c.WhoAmI(ctx)
	if errors.Is(err, hub.ErrNotFound) {
		return nil
	}
	if err != nil {
		return err
	}
	if who.Auth.AccessToken.Role == "read" {
		return &hintedError{fmt.Errorf("publishing to %q: the token of %q may only read", repo, who.Name), "make a token with the write role on the hub's settings page"}
	}
	return nil
}

// card writes the result's card. One that the repo has keeps what a person
// wrote: only its generated parts are renewed.
func (p *planned) card(ctx context.Context, repo, license string, existing []byte) (card, picture []byte, err error) {
	facts, err := p.facts(ctx, repo, license)
	if err != nil {
		return nil, nil, err
	}
	return cardOf(facts, existing)
}

func cardOf(facts modelcard.Facts, existing []byte) (card, picture []byte, err error) {
	picture = modelcard.LayerMapSVG(facts.Parents, facts.Layers)
	if len(bytes.TrimSpace(existing)) > 0 {
		updated, err := modelcard.Update(existing, &facts)
		return updated.README, picture, err
	}
	card, err = modelcard.Generate(facts)
	return card, picture, err
}

// uploads lists the result's files as content that is made while it is read.
func (p *planned) uploads(ctx context.Context, card, picture []byte) ([]hub.UploadFile, error) {
	files := []hub.UploadFile{
		{Path: modelcard.File, Content: memory(card)},
		{Path: modelcard.LayerMapFile, Content: memory(picture)},
	}
	for _, f := range p.plan.Files {
		content, err := f.Content(ctx, p.models.open)
		if err != nil {
			return nil, err
		}
		origins, err := p.origins(ctx, f)
		if err != nil {
			return nil, err
		}
		files = append(files, hub.UploadFile{Path: f.Path, Content: content, Origins: origins})
	}
	return files, nil
}

// origins says which bytes of a file the hub holds, because they came from it.
func (p *planned) origins(ctx context.Context, f *merge.File) ([]hub.Origin, error) {
	var origins []hub.Origin
	for _, o := range f.Origins() {
		m := p.models.byName[o.Model]
		if m == nil || m.local {
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

func memory(b []byte) *io.SectionReader {
	return io.NewSectionReader(bytes.NewReader(b), 0, int64(len(b)))
}
