package longcat

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path/filepath"

	"longcat/hub/cache"
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
}

// Card writes the card of the result. Parents whose licences differ, where none
// is given, are a *modelcard.LicenseError.
func (j *Job) Card(ctx context.Context, o CardOptions) (Card, error) {
	facts, err := j.facts(ctx, o.Repo, o.License)
	if err != nil {
		return Card{}, err
	}
	facts.Title = o.Title
	card := Card{Picture: modelcard.LayerMapSVG(facts.Parents, facts.Layers)}
	if len(bytes.TrimSpace(o.Existing)) > 0 {
		updated, err := modelcard.Update(o.Existing, &facts)
		card.README = updated.README
		return card, err
	}
	card.README, err = modelcard.Generate(facts)
	return card, err
}

// CardError says that a hub would refuse a card.
type CardError struct{ Problem modelcard.Problem }

func (e *CardError) Error() string {
	return fmt.Sprintf("the hub would refuse %s:%d:%d: %s", modelcard.File, e.Problem.Line, e.Problem.Column, e.Problem.Message)
}

// CheckCard fails with a *CardError when a hub would refuse the card that is
// about to be uploaded: better now than after hours of upload. notify, which may
// be nil, hears the warnings.
func CheckCard(readme []byte, notify func(text string)) error {
	for _, p := range modelcard.Check(readme) {
		if p.Severity == modelcard.Error {
			return &CardError{p}
		}
		if notify != nil {
			notify(fmt.Sprintf("longcat: warning: %s:%d:%d: %s", modelcard.File, p.Line, p.Column, p.Message))
		}
	}
	return nil
}

// WriteDir writes the card and its picture into a directory.
func (c Card) WriteDir(dir string) error {
	if err := cache.WriteFile(filepath.Join(dir, modelcard.LayerMapFile), c.Picture); err != nil {
		return err
	}
	return cache.WriteFile(filepath.Join(dir, modelcard.File), c.README)
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
