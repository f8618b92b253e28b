package main

import (
	"context"
	"errors"
	"fmt"

	"github.com/spf13/cobra"

	"longcat"
	"longcat/internal/units"
)

func (a *app) verifyCmd() *cobra.Command {
	var f recipeFlags
	var revision string
	cmd := &cobra.Command{
		Use:   "verify REPO|DIR",
		Short: "Tell whether a merge really follows its recipe",
		Long: `Make a published merge again, from its recipe and the commits that its lock
names, and hold every file's hash against what the hub lists. The models that
it was made from are fetched, the merge itself is not; nothing is written but
the cache. For a directory, its own files are compared. A merge without a lock
is gone by what its card tells.

Ends with code 1 when files differ, and with 3 when they could not be compared.`,
		Example: commandExample(
			"longcat verify me/LongCAT-10.7B",
			"longcat verify me/LongCAT-10.7B --revision v1",
			"longcat verify ./LongCAT-10.7B"),
		Args: exactly(1, "a repo or a directory"),
		RunE: func(cmd *cobra.Command, args []string) error {
			err := a.verify(cmd.Context(), f, args[0], revision)
			var usage *usageError
			if err == nil || errors.As(err, &usage) || errors.Is(err, errDiffers) {
				return err
			}
			return &codedError{err, exitNotCompared}
		},
	}
	f.add(cmd)
	addRepair(cmd, &f.repair)
	cmd.Flags().StringVar(&revision, "revision", "", "branch, tag or commit (default main)")
	a.addRate(cmd)
	return cmd
}

var errDiffers = errors.New("files differ")

func (a *app) verify(ctx context.Context, f recipeFlags, name, revision string) error {
	if err := wantModel(name, "verify", "the repo or directory of a merge"); err != nil {
		return err
	}
	o, err := a.jobOptions(f)
	if err != nil {
		return err
	}
	v, err := longcat.Verify(ctx, name, revision, o)
	a.endProgress()
	if err != nil {
		return err
	}
	if a.json {
		err = a.printJSON(v)
	} else {
		w := table(a.out)
		for _, file := range v.Files {
			fmt.Fprintf(w, "%s\t%s\t%s\t%s\n", file.Verdict, units.Size(file.Size), file.Path, file.Want)
		}
		err = w.Flush()
	}
	if err != nil {
		return err
	}
	if !v.Verified {
		return differences(name, v, f)
	}
	a.say("%s is what its recipe makes, to the last byte of %s", name, counted(len(v.Files), "file"))
	return nil
}

// differences says how many files differ, and what that may come from.
func differences(name string, v *longcat.Verification, f recipeFlags) error {
	wrong := 0
	for _, file := range v.Files {
		if file.Verdict != longcat.Same {
			wrong++
		}
	}
	msg := fmt.Sprintf("%d of %s of %q are not what its recipe makes", wrong, counted(len(v.Files), "file"), name)
	f.flags, f.repair = nil, false
	if v.Locked && f == (recipeFlags{}) {
		return &hintedError{&differError{msg}, "the files were changed after the merge, or the merge was made by other means"}
	}
	return &hintedError{
		&differError{msg},
		"a merge made by another tool, with another --shard-size, or from another commit of a model, has other files",
	}
}

// differError is a verification's outcome.
type differError struct{ msg string }

func (e *differError) Error() string        { return e.msg }
func (e *differError) Is(target error) bool { return target == errDiffers }
