package main

import (
	"cmp"
	"errors"
	"fmt"
	"io"
	"slices"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"longcat/hub"
	"longcat/internal/suggest"
	"longcat/internal/units"
)

// counted is "1 file" or "2 files".
func counted(n int, what string) string {
	if n != 1 {
		what += "s"
	}
	return fmt.Sprintf("%d %s", n, what)
}

func sizeOrUnknown(n int64) string {
	if n < 0 {
		return "?"
	}
	return units.Size(n)
}

// parseSize reads "5GB", "500MB", "4GiB" or a plain number of bytes; "" is 0.
func parseSize(flag, s string) (int64, error) {
	if s == "" {
		return 0, nil
	}
	n, err := units.ParseSize(s)
	if err != nil {
		return 0, usagef("%s wants a size such as 500MB or 5GB, got %q", flag, s)
	}
	return n, nil
}

// byteRate is the value of --limit-rate.
type byteRate struct{ n *int64 }

// addRate limits the rate of all connections of the command's client.
func (a *app) addRate(cmd *cobra.Command) {
	cmd.Flags().Var(byteRate{&a.rate}, "limit-rate", "bytes per second of all connections, both ways together, such as 10MB")
}

func (b byteRate) String() string { return "" }
func (b byteRate) Type() string   { return "size" }

func (b byteRate) Set(s string) (err error) {
	if *b.n, err = units.ParseSize(s); err != nil {
		return errors.New("a size such as 10MB or 500KB is wanted")
	}
	return nil
}

// workers is the value of a flag that says how many things run at a time.
type workers struct{ n *int }

func addWorkers(cmd *cobra.Command, n *int, usual int, usage string) {
	*n = usual
	cmd.Flags().Var(workers{n}, "workers", usage)
}

func (w workers) String() string {
	if w.n == nil { // pflag asks the zero value
		return "0"
	}
	return strconv.Itoa(*w.n)
}

func (w workers) Type() string { return "int" }

func (w workers) saysWhy() {} // its errors say what is wanted

func (w workers) Set(s string) error {
	n, err := strconv.Atoi(s)
	if err != nil || n < 1 || n > 64 {
		return errors.New("want a number from 1 to 64")
	}
	*w.n = n
	return nil
}

// table aligns columns that are separated by tabs.
func table(w io.Writer) *tabwriter.Writer { return tabwriter.NewWriter(w, 0, 4, 2, ' ', 0) }

// locate parses the name of a repo, in any form that people paste one, and what
// may follow it: a revision and a path.
func (a *app) locate(s, repoType string) (hub.Location, error) {
	c, err := a.client()
	if err != nil {
		return hub.Location{}, err
	}
	l, err := c.Locate(s)
	if err != nil {
		return l, &usageError{err}
	}
	switch t := hub.RepoType(repoType); t {
	case "":
	case hub.Model, hub.Dataset, hub.Space:
		l.Repo.Type = t
	default:
		return l, oneOf("--repo-type", repoType, "model", "dataset", "space")
	}
	return l, nil
}

// sameRevision is the revision of a flag or of a location; both may say it.
func sameRevision(flag, located string) (string, error) {
	if flag != "" && located != "" && flag != located {
		return "", usagef("--revision says %q, the repo's name %q", flag, located)
	}
	return cmp.Or(flag, located), nil
}

// oneOf says that a flag's value is none of those that it may have.
func oneOf(flag, got string, known ...string) error {
	return usagef("%s: %s", flag, wantOneOf(got, known))
}

func wantOneOf(got string, known []string) string {
	msg := fmt.Sprintf("want %s or %s, got %q", strings.Join(known[:len(known)-1], ", "), known[len(known)-1], got)
	if near := suggest.Nearest(got, known); near != "" {
		msg += fmt.Sprintf(", did you mean %q?", near)
	}
	return msg
}

// envTrue tells whether a variable is set to what the Python tools take as true.
func envTrue(lookup func(string) (string, bool), name string) bool {
	v, _ := lookup(name)
	switch strings.ToUpper(v) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

// choice is the value of a flag that may have a few words.
type choice struct {
	value *string
	known []string // the first one is the default
}

func (c choice) String() string {
	if c.value == nil { // pflag asks the zero value
		return ""
	}
	return cmp.Or(*c.value, c.known[0])
}

func (c choice) Type() string { return "string" }

func (c choice) Set(s string) error {
	if !slices.Contains(c.known, s) {
		return errors.New(wantOneOf(s, c.known))
	}
	*c.value = s
	return nil
}

func addRepoType(cmd *cobra.Command, repoType *string) {
	cmd.Flags().StringVar(repoType, "repo-type", "", "model, dataset or space")
}
