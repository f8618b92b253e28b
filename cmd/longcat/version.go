package main

import (
	"fmt"
	"runtime"
	"runtime/debug"

	"github.com/spf13/cobra"
)

// release is the newest version of CHANGELOG.md, to which a test holds it.
const release = "0.1.0"

// version is the release, and in a checkout which commit after it: 0.1.0+daa44f9,
// 0.1.0+daa44f9.dirty where files were changed. A build of a tag, or of a tarball
// that has no history, is the release itself.
func version() string {
	info, ok := debug.ReadBuildInfo()
	if !ok {
		return release
	}
	var commit, dirty string
	for _, s := range info.Settings {
		switch {
		case s.Key == "vcs.revision":
			commit = s.Value
		case s.Key == "vcs.modified" && s.Value == "true":
			dirty = ".dirty"
		}
	}
	if commit == "" || info.Main.Version == "v"+release {
		return release
	}
	return release + "+" + commit[:min(len(commit), 7)] + dirty
}

func (a *app) versionCmd() *cobra.Command {
	return &cobra.Command{
		Use:     "version",
		Short:   "Print the version",
		Example: commandExample("longcat version", "longcat version --json"),
		Args:    exactly(0, "no arguments"),
		RunE: func(*cobra.Command, []string) error {
			if a.json {
				return a.printJSON(versionDocument{version(), runtime.Version(), runtime.GOOS + "/" + runtime.GOARCH})
			}
			_, err := fmt.Fprintf(a.out, "longcat %s (%s, %s/%s)\n", version(), runtime.Version(), runtime.GOOS, runtime.GOARCH)
			return err
		},
	}
}

// versionDocument is the JSON of version.
type versionDocument struct {
	Version  string `json:"version"`
	Go       string `json:"go"`
	Platform string `json:"platform"`
}
