package main

import (
	"errors"
	"fmt"
	"io"
	"strconv"
	"strings"
	"text/tabwriter"

	"github.com/spf13/cobra"

	"longcat/hub"
	"longcat/hub/wire"
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

func parseRepo(s, repoType string) (hub.Repo, error) {
	r, err := hub.ParseRepo(s)
	if err != nil {
		return r, &usageError{err}
	}
	switch wire.RepoType(repoType) {
	case "":
	case wire.Model, wire.Dataset, wire.Space:
		r.Type = wire.RepoType(repoType)
	default:
		return r, usagef("--repo-type wants model, dataset or space, got %q", repoType)
	}
	return r, nil
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
