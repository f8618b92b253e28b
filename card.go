package longcat

import (
	"context"
	"errors"
	"io/fs"
	"os"
	"path/filepath"

	"longcat/internal/durable"
	"longcat/modelcard"
)

// CardOptions say what a card is for. The zero value works.
type CardOptions struct {
	Repo     string             // where the result is published, "user/name"
	Title    string             // the heading; Repo's name when empty
	License  *modelcard.License // overrides what the parents' cards say; may be nil
	Existing []byte             // a card that is there: only its generated parts are renewed
}

// Card is a model card with the picture that it shows.
type Card struct {
	README  []byte // modelcard.File
	Picture []byte // modelcard.LayerMapFile, an SVG

	parents []modelcard.ParentLicense
}

// Card writes the card of the result. Parents whose licences differ, where none
// is given, are a *modelcard.LicenseError.
func (j *Job) Card(ctx context.Context, o CardOptions) (Card, error) {
	facts, err := j.facts(ctx, o.Repo, o.License)
	if err != nil {
		return Card{}, err
	}
	facts.Title = o.Title
	updated, err := modelcard.Update(o.Existing, &facts)
	return Card{
		README:  updated.README,
		Picture: modelcard.LayerMapSVG(facts.Parents, facts.Layers),
		parents: modelcard.Licenses(facts.Parents),
	}, err
}

// License is the licence that the card states: the zero License for none.
func (c Card) License() modelcard.License {
	parsed, err := modelcard.Parse(c.README)
	if err != nil {
		return modelcard.License{}
	}
	return parsed.License()
}

// WriteDir writes the card and its picture into a directory.
func (c Card) WriteDir(dir string) error {
	if err := durable.WriteFile(filepath.Join(dir, modelcard.LayerMapFile), c.Picture); err != nil {
		return err
	}
	return durable.WriteFile(filepath.Join(dir, modelcard.File), c.README)
}

// DirCard is the card that a directory has, nil for none.
func DirCard(dir string) ([]byte, error) {
	card, err := os.ReadFile(filepath.Join(dir, modelcard.File))
	if errors.Is(err, fs.ErrNotExist) {
		return nil, nil
	}
	return card, err
}

// dirTitle is what the card of a merge in a directory calls the model.
func dirTitle(dir string) string {
	if abs, err := filepath.Abs(dir); err == nil {
		dir = abs // "." has a name too
	}
	return filepath.Base(dir)
}
