package main

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"io/fs"
	"regexp"
	"runtime"
	"strings"

	"github.com/spf13/cobra"
	"golang.org/x/sync/errgroup"

	"longcat/hub"
	"longcat/hub/wire"
	"longcat/internal/limits"
	"longcat/internal/units"
	"longcat/merge"
	"longcat/modelcard"
)

func (a *app) verifyCmd() *cobra.Command {
	var f recipeFlags
	cmd := &cobra.Command{
		Use:   "verify REPO|DIR",
		Short: "Tell whether a merge really follows its recipe",
		Long: `Make a published merge again, from its recipe and the commits that its card
names, and hold every file's hash against what the hub lists. The models that
it was made from are fetched, the merge itself is not; nothing is written but
the cache. For a folder, its own files are compared.`,
		Example: commandExample(
			"longcat verify me/LongCAT-10.7B",
			"longcat verify ./LongCAT-10.7B --shard-size 2GB"),
		Args: exactly(1, "a repo or a folder"),
		RunE: func(cmd *cobra.Command, args []string) error { return a.verify(cmd.Context(), f, args[0]) },
	}
	f.add(cmd)
	return cmd
}

// Verdicts of verify on one file.
const (
	verdictSame    = "same"
	verdictDiffers = "differs"
	verdictMissing = "missing"
)

type verdict struct {
	Path    string `json:"path"`
	Verdict string `json:"verdict"`
	Size    int64  `json:"size"`
	Want    string `json:"want"` // sha256 or git blob id of what the recipe makes
	Got     string `json:"got,omitempty"`
}

func (a *app) verify(ctx context.Context, f recipeFlags, name string) error {
	c, err := a.client()
	if err != nil {
		return err
	}
	merged, err := openModel(ctx, c, refOf(name))
	if err != nil {
		return err
	}
	defer merged.close()
	p, err := planOf(ctx, c, merged, f)
	if err != nil {
		return err
	}
	defer p.models.Close()
	listed, err := merged.listed(ctx, c)
	if err != nil {
		return err
	}
	if err := a.fetch(ctx, p, 0); err != nil {
		return err
	}
	verdicts, err := a.compare(ctx, p, listed)
	if err != nil {
		return err
	}
	return a.printVerdicts(name, verdicts)
}

// planOf plans the recipe that a merge was published with, its parents at the
// commits and with the flags that the card names.
func planOf(ctx context.Context, c *hub.Client, merged *model, f recipeFlags) (*planned, error) {
	config, err := readSmall(ctx, merged, modelcard.RecipeConfigFile, limits.Recipe)
	if err != nil {
		return nil, err
	}
	card, err := readSmall(ctx, merged, modelcard.File, limits.Card)
	if err != nil {
		return nil, err
	}
	found, err := modelcard.FindRecipe(config, card)
	if err != nil {
		return nil, fmt.Errorf("looking for the recipe of %q: %w", merged.ref.Name, err)
	}
	p, err := planText(ctx, c, found.Text, found.Source, f.orTold(card), pinsIn(card))
	var bad *merge.RecipeError
	if errors.As(err, &bad) && bad.Line > 0 {
		bad.Line += found.Line - 1 // in the file that the recipe stands in
	}
	return p, err
}

var pinned = regexp.MustCompile(`([A-Za-z0-9_][\w.-]*/[\w.-]+)@([0-9a-f]{40}(?:[0-9a-f]{24})?)\b`)

// pinsIn finds the commits that a card names as "user/model@commit".
func pinsIn(card []byte) map[string]string {
	pins := map[string]string{}
	for _, m := range pinned.FindAllSubmatch(card, -1) {
		pins[string(m[1])] = string(m[2])
	}
	return pins
}

// listed gives the hash that each file of the merge has: the hub's word for a
// repo, the content's own for a folder.
func (m *model) listed(ctx context.Context, c *hub.Client) (func(path string) (hash string, err error), error) {
	if m.local {
		return func(path string) (string, error) {
			content, err := m.Open(ctx, path)
			if err != nil {
				return "", err
			}
			return contentSHA256(ctx, content, nil)
		}, nil
	}
	hashes := map[string]string{}
	for e, err := range c.Tree(ctx, m.repo, m.commit) {
		if err != nil {
			return nil, err
		}
		hashes[e.Path] = e.OID
		if e.LFS == nil && !strings.HasSuffix(e.Path, ".safetensors") {
			continue
		}
		large, err := c.LargeHash(ctx, m.repo, m.commit, e)
		if err != nil {
			return nil, err
		}
		hashes[e.Path] = cmp.Or(large, e.OID)
	}
	return func(path string) (string, error) {
		hash, ok := hashes[path]
		if !ok {
			return "", fs.ErrNotExist
		}
		return hash, nil
	}, nil
}

// compare makes each file of the plan again, several at a time, and holds its
// hash against what is listed.
func (a *app) compare(ctx context.Context, p *planned, listed func(string) (string, error)) ([]verdict, error) {
	progress, done := a.bars("verify", p.plan.Size)
	defer done()
	verdicts := make([]verdict, len(p.plan.Files))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(runtime.GOMAXPROCS(0))
	for i, f := range p.plan.Files {
		g.Go(func() (err error) {
			verdicts[i], err = p.compareFile(gctx, f, listed, progress)
			return err
		})
	}
	return verdicts, g.Wait()
}

func (p *planned) compareFile(ctx context.Context, f *merge.File, listed func(string) (string, error), progress hub.Progress) (verdict, error) {
	v := verdict{Path: f.Path, Size: f.Size}
	got, err := listed(f.Path)
	if errors.Is(err, fs.ErrNotExist) {
		v.Verdict = verdictMissing
		return v, nil
	}
	if err != nil {
		return v, err
	}
	content, err := f.Content(ctx, p.models.open)
	if err != nil {
		return v, err
	}
	const gitIDLength = 40
	if len(got) == gitIDLength {
		v.Want, err = wire.BlobID(content, f.Size)
	} else {
		var meter hub.Meter
		if progress != nil {
			meter = progress.Start("verify", f.Path, f.Size)
			defer meter.Done()
		}
		v.Want, err = contentSHA256(ctx, content, meter)
	}
	v.Got, v.Verdict = got, verdictSame
	if v.Want != got {
		v.Verdict = verdictDiffers
	}
	return v, err
}

func contentSHA256(ctx context.Context, content *io.SectionReader, meter hub.Meter) (string, error) {
	h := sha256.New()
	buf := make([]byte, 1<<20)
	r := io.NewSectionReader(content, 0, content.Size())
	for {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		n, err := r.Read(buf)
		h.Write(buf[:n])
		if meter != nil {
			meter.Add(int64(n))
		}
		if err == io.EOF {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}

func (a *app) printVerdicts(name string, verdicts []verdict) error {
	wrong := 0
	for _, v := range verdicts {
		if v.Verdict != verdictSame {
			wrong++
		}
	}
	if a.json {
		if err := a.printJSON(map[string]any{"files": verdicts, "verified": wrong == 0}); err != nil {
			return err
		}
	} else {
		w := table(a.out)
		for _, v := range verdicts {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", v.Verdict, units.Size(v.Size), v.Path, v.Want)
		}
		if err := w.Flush(); err != nil {
			return err
		}
	}
	if wrong > 0 {
		return &hintedError{
			fmt.Errorf("%d of %d files of %q are not what its recipe makes", wrong, len(verdicts), name),
			"a merge made by another tool, or with a --shard-size that its card does not tell, or from another commit of a model, has other files",
		}
	}
	a.say("%s is what its recipe makes, to the last byte of %d files", name, len(verdicts))
	return nil
}
