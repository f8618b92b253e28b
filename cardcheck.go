package longcat

import (
	"context"
	"errors"
	"fmt"
	"net/http"
	"strings"

	"longcat/hub"
	"longcat/modelcard"
)

// CardError says that a hub would refuse a card.
type CardError struct {
	Problem modelcard.Problem
	From    []string // the parents whose cards brought it in
}

func (e *CardError) Error() string {
	return fmt.Sprintf("the hub would refuse %s:%d:%d: %s", modelcard.File, e.Problem.Line, e.Problem.Column, e.Problem.Message)
}

// CheckCard fails with a *CardError when a hub would refuse the card that is
// about to be uploaded: better now than after hours of upload. Lists of ids
// grow, so about one that is in none the hub itself is asked. notify, which may
// be nil, hears the warnings.
func CheckCard(ctx context.Context, c *hub.Client, readme []byte, notify func(text string)) error {
	warn := func(p modelcard.Problem) {
		if notify != nil {
			notify(fmt.Sprintf("longcat: warning: %s:%d:%d: %s", modelcard.File, p.Line, p.Column, p.Message))
		}
	}
	var unlisted []modelcard.Problem
	for _, p := range modelcard.Check(readme) {
		switch {
		case p.Unlisted:
			unlisted = append(unlisted, p)
		case p.Severity == modelcard.Error:
			return &CardError{Problem: p}
		default:
			warn(p)
		}
	}
	if len(unlisted) > 0 && hubRefuses(ctx, c, readme) {
		return &CardError{Problem: unlisted[0]}
	}
	for _, p := range unlisted {
		warn(p)
	}
	return nil
}

// hubRefuses says whether the hub itself finds an error in the card. One that
// can not be asked will judge the commit.
func hubRefuses(ctx context.Context, c *hub.Client, readme []byte) bool {
	if c == nil {
		return false
	}
	verdict, err := c.ValidateCard(ctx, hub.Repo{}, string(readme))
	if refusal, ok := errors.AsType[*hub.Error](err); ok {
		return refusal.Status == http.StatusBadRequest
	}
	return err == nil && len(verdict.Errors) > 0
}

// check is CheckCard, and reports which parents an error comes from.
func (c Card) check(ctx context.Context, o Options) error {
	err := CheckCard(ctx, o.Hub, c.README, o.Notify)
	refused, ok := errors.AsType[*CardError](err)
	if !ok || !strings.HasPrefix(refused.Problem.Key, "license") {
		return err
	}
	card, parseErr := modelcard.Parse(c.README)
	if parseErr != nil {
		return err
	}
	for _, p := range c.parents {
		if p.License == card.License() {
			refused.From = append(refused.From, p.Parent)
		}
	}
	return refused
}
