package main

import (
	"errors"
	"fmt"
	"io/fs"
	"os"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"github.com/spf13/cobra"
	"github.com/spf13/pflag"

	"longcat/hub"
	"longcat/internal/suggest"
	"longcat/merge"
)

// What people type by mistake, named as what it is.

// flagMistake is an error of the flags; an unknown one may be another's typo.
func flagMistake(cmd *cobra.Command, err error) error {
	var unknown *pflag.NotExistError
	var invalid *pflag.InvalidValueError
	if errors.As(err, &invalid) {
		want := map[string]string{"bool": "want no value, or true or false", "duration": "want a time such as 90s or 5m", "int": "want a number"}[invalid.GetFlag().Value.Type()]
		if _, own := invalid.GetFlag().Value.(interface{ saysWhy() }); want != "" && !own {
			return usagef("--%s got %q: %s", invalid.GetFlag().Name, invalid.GetValue(), want)
		}
	}
	if !errors.As(err, &unknown) {
		return &usageError{err}
	}
	var known []string
	cmd.Flags().VisitAll(func(f *pflag.Flag) { known = append(known, f.Name) })
	name := strings.TrimLeft(unknown.GetSpecifiedName(), "-")
	if near := suggest.Nearest(name, known); near != "" {
		return usagef("unknown flag --%s, did you mean --%s?", name, near)
	}
	return &usageError{err}
}

// noSuchRecipe says what a recipe's name may be in place of one.
func noSuchRecipe(name string, err error) error {
	st, statErr := os.Stat(name)
	switch {
	case statErr == nil && st.IsDir():
		for _, inside := range []string{"mergekit_config.yml", "recipe.yaml"} {
			if _, err := os.Stat(filepath.Join(name, inside)); err == nil {
				return usagef("%q is a directory, and a recipe is a file, did you mean %q?", name, filepath.Join(name, inside))
			}
		}
		return usagef("%q is a directory, and a recipe is a file", name)
	case statErr == nil && (merge.IsWeights(filepath.Base(name)) || strings.HasSuffix(name, ".gguf")):
		return usagef("%q is a weights file, and a recipe is a text", name)
	case !errors.Is(err, fs.ErrNotExist):
		return fmt.Errorf("reading the recipe: %w", err)
	}
	gone := missing("there is no file %q", name)
	if near := nearestFile(name, ".yaml", ".yml"); near != "" {
		return &hintedError{gone, fmt.Sprintf("did you mean %q?", near)}
	}
	if l, err := hub.ParseLocation(name); err == nil && !isFileName(name) {
		return &hintedError{
			usagef("there is no file %q: it looks like a repo, and a recipe is a file", name),
			"longcat upscale " + l.Repo.ID + " prints a recipe to begin with",
		}
	}
	return gone
}

// nearestFile is the file in the directory of name that is called most like it.
func nearestFile(name string, extensions ...string) string {
	entries, _ := os.ReadDir(filepath.Dir(name))
	var known []string
	for _, e := range entries {
		if slices.Contains(extensions, strings.ToLower(filepath.Ext(e.Name()))) {
			known = append(known, e.Name())
		}
	}
	near := suggest.Nearest(filepath.Base(name), known)
	if near == "" {
		return ""
	}
	return filepath.Join(filepath.Dir(name), near)
}

// isFileName tells names that a person gives to files and nobody to repos.
func isFileName(name string) bool {
	return slices.Contains([]string{".md", ".yaml", ".yml", ".json", ".txt", ".safetensors"}, strings.ToLower(path.Ext(name)))
}

// wantModel refuses what can not be a model's name: a file, or the name of one
// that is not there. what is the command's word for what it wants.
func wantModel(name, command, what string) error {
	st, err := os.Stat(name)
	switch {
	case err == nil && !st.IsDir() && isRecipeName(name):
		return usagef("%q is a file, a recipe by its name: longcat %s wants %s", name, command, what)
	case err == nil && !st.IsDir():
		return usagef("%q is a file: longcat %s wants %s", name, command, what)
	case err != nil && isPath(name):
		return missing("there is no directory %q", name)
	case err != nil && isFileName(name):
		return usagef("there is no file %q, and longcat %s wants %s", name, command, what)
	}
	return nil
}

// wantExisting refuses the name of a file or directory that is not there.
func wantExisting(name string) error {
	if _, err := os.Stat(name); err == nil || !isPath(name) && !isFileName(name) {
		return nil
	}
	gone := missing("there is no file or directory %q", name)
	if near := nearestFile(name, ".md"); near != "" {
		return &hintedError{gone, fmt.Sprintf("did you mean %q?", near)}
	}
	return gone
}

func isRecipeName(name string) bool {
	return slices.Contains([]string{".yaml", ".yml"}, strings.ToLower(path.Ext(name)))
}

// isPath tells names that can only be paths of this machine.
func isPath(name string) bool {
	return strings.HasPrefix(name, "./") || strings.HasPrefix(name, "../") || filepath.IsAbs(name) || strings.HasPrefix(name, "~")
}

// noRepoFirst is the mistake of naming only what is to be uploaded.
func noRepoFirst(source string) error {
	if _, err := os.Stat(source); err != nil {
		return nil
	}
	return usagef("upload wants a repo before %q: longcat upload USER/NAME %s", source, source)
}

// swapped tells that upload's first two arguments are the wrong way round.
func swapped(repo, source string) error {
	_, atRepo := os.Stat(repo)
	_, atSource := os.Stat(source)
	if l, err := hub.ParseLocation(source); atRepo == nil && atSource != nil && err == nil && !isPath(source) {
		return usagef("%q is here on this machine, and %q is not: the repo comes first, longcat upload %s %s", repo, source, l.Repo, repo)
	}
	return nil
}

// noSuchSource says that there is nothing to upload under a name.
func noSuchSource(name string, err error) error {
	if !errors.Is(err, fs.ErrNotExist) {
		return err
	}
	return missing("there is no file or directory %q to upload", name)
}

// missing is an error of a file or directory that is not there.
func missing(format string, name string) error { return &missingError{fmt.Sprintf(format, name)} }

type missingError struct{ text string }

func (e *missingError) Error() string        { return e.text }
func (e *missingError) Is(target error) bool { return target == fs.ErrNotExist }
