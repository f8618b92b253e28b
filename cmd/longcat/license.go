package main

import (
	"github.com/spf13/cobra"

	"longcat/modelcard"
)

// licenseFlags state the licence of a result.
type licenseFlags struct{ id, name, link string }

func (f *licenseFlags) add(cmd *cobra.Command) {
	fl := cmd.Flags()
	fl.StringVar(&f.id, "license", "", "licence of the result, where the parents' differ: an id, or other")
	fl.StringVar(&f.name, "license-name", "", "with --license other: its name, such as my-license-1.0")
	fl.StringVar(&f.link, "license-link", "", "with --license other: its text, an address or a file of the repo")
}

// license is the one that the flags state, nil when none is given.
func (f licenseFlags) license() (*modelcard.License, error) {
	switch {
	case f.id == "" && f.name+f.link != "":
		return nil, usagef("--license-name and --license-link want --license other")
	case f.id == "":
		return nil, nil
	case f.id != "other" && f.name+f.link != "":
		return nil, usagef("--license %s has a name and a text that everybody knows: --license-name and --license-link are for --license other", f.id)
	}
	return &modelcard.License{ID: f.id, Name: f.name, Link: f.link}, nil
}
