package longcat

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"strings"

	"longcat/hub"
	"longcat/internal/durable"
	"longcat/modelcard"
)

// CardUpdateOptions steer UpdateCard. The zero value works.
type CardUpdateOptions struct {
	Repo    string             // that a directory's card is for, "user/name"
	License *modelcard.License // to state; may be nil

	Revision string // branch of a repo to read and to commit to; "main" when empty
	Message  string // of the commit
	CreatePR bool   // open a pull request instead of writing to the branch
	DryRun   bool   // change nothing
}

// CardUpdate is what UpdateCard did, or would do.
type CardUpdate struct {
	Old, New []byte
	Changes  []string          // a line each; empty when there was nothing to renew
	Commit   *hub.UploadResult // nil for a directory, and where nothing was committed
	Repo     hub.Repo          // the zero Repo for a directory
}

// UpdateCard renews the generated parts of the card of a repo ("org/name") or a
// directory, and leaves everything else as it is, to the byte. A merge whose
// recipe can not be planned any more is gone by its card alone. Of o, which is
// as for OpenResult, Recipe is not looked at.
func UpdateCard(ctx context.Context, name string, o Options, u CardUpdateOptions) (*CardUpdate, error) {
	m, err := openModel(ctx, o.Hub, refOf(name, u.Revision))
	if err != nil {
		return nil, err
	}
	defer m.close()
	old, err := m.Card(ctx)
	if err != nil {
		return nil, err
	}
	facts := factsOfResult(ctx, name, m, old, o, u)
	updated, err := modelcard.Update(old, facts)
	if err != nil {
		return nil, err
	}
	done := &CardUpdate{Old: old, New: updated.README, Changes: updated.Changes, Repo: m.repo}
	if len(updated.Changes) == 0 || u.DryRun {
		return done, nil
	}
	if err := CheckCard(ctx, o.Hub, updated.README, o.Notify); err != nil {
		return nil, err
	}
	if m.Local() {
		return done, durable.WriteFile(filepath.Join(m.ref.Path, modelcard.File), updated.README)
	}
	done.Commit, err = o.Hub.Upload(ctx, hub.Upload{
		Repo: m.repo, Revision: u.Revision, Parent: m.commit, CreatePR: u.CreatePR,
		Message: cmp.Or(u.Message, "Renew the model card"),
		Files:   []hub.UploadFile{{Path: modelcard.File, Content: memory(updated.README)}},
	})
	return done, err
}

// factsOfResult plans the merge again, to know what its card should say; nil
// when its recipe or its models are not to be had.
func factsOfResult(ctx context.Context, name string, m *Model, card []byte, o Options, u CardUpdateOptions) *modelcard.Facts {
	facts, err := func() (*modelcard.Facts, error) {
		r, err := openResult(ctx, name, m, o)
		if err != nil {
			return nil, err
		}
		facts, err := r.facts(ctx, cmp.Or(m.repo.ID, u.Repo, toldRepo(card)), u.License)
		return &facts, errors.Join(err, r.Job.Close())
	}()
	if err != nil {
		o.notify(fmt.Sprintf("%s: going by the card alone: %s", name, err))
		return nil
	}
	if facts.Repo == "" {
		facts.Title = dirTitle(m.ref.Path)
	}
	return facts
}

// ExpandAuthors replaces "org/*" by the models of org.
func ExpandAuthors(ctx context.Context, c *hub.Client, names []string) ([]string, error) {
	var all []string
	for _, name := range names {
		author, ok := strings.CutSuffix(name, "/*")
		if !ok {
			all = append(all, name)
			continue
		}
		for repo, err := range c.Models(ctx, author) {
			if err != nil {
				return nil, err
			}
			all = append(all, repo.ID)
		}
	}
	if len(all) == 0 {
		return nil, errors.New("no model matches")
	}
	return all, nil
}
