package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"os"
	"path/filepath"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"longcat/hub"
	"longcat/modelcard"
)

func (a *app) cardCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "card",
		Short: "Write or show a model card",
		Args:  cobra.ArbitraryArgs,
		RunE: func(cmd *cobra.Command, args []string) error {
			if len(args) > 0 {
				return unknownCommand(cmd, args[0])
			}
			return cmd.Help()
		},
	}
	cmd.AddCommand(a.cardNewCmd(), a.cardShowCmd())
	return cmd
}

func (a *app) cardNewCmd() *cobra.Command {
	var f recipeFlags
	var to, license, out string
	cmd := &cobra.Command{
		Use:   "new RECIPE",
		Short: "Write the card that a merge of this recipe gets",
		Long: `Write the card that a merge of this recipe gets, on standard output or with
--out into a folder, where the picture of the layer map joins it.`,
		Example: commandExample("longcat card new examples/longcat-10.7b.yaml --to me/LongCAT-10.7B"),
		Args:    exactly(1, "a recipe"),
		RunE: func(cmd *cobra.Command, args []string) error {
			c, err := a.client()
			if err != nil {
				return err
			}
			p, err := a.planRecipe(cmd.Context(), c, args[0], f)
			if err != nil {
				return err
			}
			defer p.models.Close()
			card, picture, err := p.card(to, license, nil)
			if err != nil {
				return err
			}
			if out != "" {
				return writeCard(out, card, picture)
			}
			_, err = a.out.Write(card)
			return err
		},
	}
	f.add(cmd)
	cmd.Flags().StringVar(&to, "to", "", "repo that the card is for, USER/REPO")
	cmd.Flags().StringVar(&license, "license", "", "licence of the result, where the parents' differ")
	cmd.Flags().StringVarP(&out, "out", "o", "", "folder to write README.md and the picture into")
	return cmd
}

func (a *app) cardShowCmd() *cobra.Command {
	var revision string
	cmd := &cobra.Command{
		Use:     "show REPO|DIR|FILE",
		Short:   "Show a card in the terminal",
		Example: commandExample("longcat card show gpt2", "longcat card show ./README.md"),
		Args:    exactly(1, "a repo, a folder or a file"),
		RunE: func(cmd *cobra.Command, args []string) error {
			card, err := a.findCard(cmd.Context(), args[0], revision)
			if err != nil {
				return err
			}
			return a.showCard(card)
		},
	}
	cmd.Flags().StringVar(&revision, "revision", "", "branch, tag or commit (default main)")
	return cmd
}

// findCard reads the card of a file, a folder or a repo.
func (a *app) findCard(ctx context.Context, where, revision string) ([]byte, error) {
	if st, err := os.Stat(where); err == nil {
		if st.IsDir() {
			where = filepath.Join(where, modelcard.File)
		}
		return os.ReadFile(where)
	}
	repo, err := parseRepo(where, "")
	if err != nil {
		return nil, err
	}
	c, err := a.client()
	if err != nil {
		return nil, err
	}
	content, closer, err := c.Open(ctx, repo, revision, modelcard.File)
	if errors.Is(err, hub.ErrEntryNotFound) {
		return nil, fmt.Errorf("%q has no card: %w", repo, err)
	}
	if err != nil {
		return nil, err
	}
	defer closer.Close()
	if content.Size() > maxCard {
		return nil, fmt.Errorf("the card of %q has %d bytes, more than %d", repo, content.Size(), maxCard)
	}
	return io.ReadAll(content)
}

func (a *app) showCard(card []byte) error {
	o := modelcard.TextOptions{}
	if f, ok := a.out.(*os.File); ok && term.IsTerminal(int(f.Fd())) {
		o.ANSI = true
		if w, _, err := term.GetSize(int(f.Fd())); err == nil {
			o.Width = min(w, 100)
		}
	}
	text, err := modelcard.RenderText(card, o)
	if err != nil {
		return err
	}
	_, err = io.WriteString(a.out, text)
	return err
}
