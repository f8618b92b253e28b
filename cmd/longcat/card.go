package main

import (
	"cmp"
	"context"
	"fmt"
	"io"
	"os"

	"github.com/spf13/cobra"
	"golang.org/x/term"

	"longcat"
	"longcat/modelcard"
)

func (a *app) cardCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "card",
		Short: "Write, show, check or renew model cards",
		Example: commandExample(
			"longcat card show me/my-model",
			"longcat card check ./my-model"),
	}
	group(cmd)
	cmd.AddCommand(a.cardNewCmd(), a.cardShowCmd(), a.cardCheckCmd(), a.cardUpdateCmd())
	return cmd
}

type cardNewFlags struct {
	recipeFlags
	from string
	to   string
	licenseFlags
	out string
}

func (a *app) cardNewCmd() *cobra.Command {
	var f cardNewFlags
	cmd := &cobra.Command{
		Use:   "new RECIPE",
		Short: "Write the card that a merge of this recipe gets",
		Long: `Write the card that a merge of this recipe gets, on standard output or with
--out into a folder, where the picture of the layer map joins it. With --from
the recipe is that of a published merge: write the card it should have.`,
		Example: commandExample(
			"longcat card new examples/longcat-10.7b.yaml --to me/LongCAT-10.7B",
			"longcat card new --from someone/merge-without-a-card"),
		Args: between(0, 1, "a recipe, or --from REPO"),
		RunE: func(cmd *cobra.Command, args []string) error {
			if (len(args) == 1) == (f.from != "") {
				return usagef("card new wants either a recipe or --from REPO")
			}
			return a.cardNew(cmd.Context(), f, args)
		},
	}
	f.recipeFlags.add(cmd)
	fl := cmd.Flags()
	fl.StringVar(&f.from, "from", "", "published merge, or folder, whose recipe is taken")
	fl.StringVar(&f.to, "to", "", "repo that the card is for, USER/REPO")
	f.licenseFlags.add(cmd)
	fl.StringVarP(&f.out, "out", "o", "", "folder to write README.md and the picture into")
	return cmd
}

func (a *app) cardNew(ctx context.Context, f cardNewFlags, args []string) error {
	license, err := f.license()
	if err != nil {
		return err
	}
	job, err := a.cardJob(ctx, &f, args)
	if err != nil {
		return err
	}
	defer job.Close()
	o := longcat.CardOptions{Repo: f.to, License: license}
	if f.out != "" {
		if o.Existing, err = longcat.DirCard(f.out); err != nil {
			return err
		}
	}
	card, err := job.Card(ctx, o)
	if err != nil {
		return err
	}
	if f.out != "" {
		return card.WriteDir(f.out)
	}
	if a.json {
		return a.printJSON(cardDocument{string(card.README)})
	}
	_, err = a.out.Write(card.README)
	return err
}

// cardJob is a recipe or a published merge.
type cardJob interface {
	Card(ctx context.Context, o longcat.CardOptions) (longcat.Card, error)
	Close() error
}

func (a *app) cardJob(ctx context.Context, f *cardNewFlags, args []string) (cardJob, error) {
	if f.from == "" {
		return a.openJob(ctx, args[0], f.recipeFlags, 0)
	}
	o, err := a.jobOptions(f.recipeFlags)
	if err != nil {
		return nil, err
	}
	r, err := longcat.OpenResult(ctx, f.from, "", o)
	if err != nil {
		return nil, err
	}
	f.to = cmp.Or(f.to, r.Repo().ID)
	return r, nil
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
			if a.json {
				return a.printJSON(cardDocument{string(card)})
			}
			return a.showCard(card)
		},
	}
	cmd.Flags().StringVar(&revision, "revision", "", "branch, tag or commit (default main)")
	return cmd
}

// findCard reads the card of a file, a folder or a repo.
func (a *app) findCard(ctx context.Context, where, revision string) ([]byte, error) {
	if st, err := os.Stat(where); err == nil && !st.IsDir() {
		return os.ReadFile(where)
	}
	if err := wantExisting(where); err != nil {
		return nil, err
	}
	c, err := a.client()
	if err != nil {
		return nil, err
	}
	m, err := longcat.OpenModel(ctx, c, where, revision)
	if err != nil {
		return nil, err
	}
	defer m.Close()
	return cardOf(ctx, m, where)
}

// cardOf is a model's README.md, which it must have.
func cardOf(ctx context.Context, m *longcat.Model, name string) ([]byte, error) {
	card, err := m.Card(ctx)
	if err == nil && card == nil {
		err = fmt.Errorf("%q has no card: it holds no %s", name, modelcard.File)
	}
	return card, err
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
