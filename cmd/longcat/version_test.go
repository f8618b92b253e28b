package main

import (
	"os"
	"regexp"
	"testing"
)

// TestRelease holds the version to the newest one that CHANGELOG.md names.
func TestRelease(t *testing.T) {
	changes, err := os.ReadFile("../../CHANGELOG.md")
	if err != nil {
		t.Fatal(err)
	}
	newest := regexp.MustCompile(`(?m)^## \[(\d+\.\d+\.\d+)\]`).FindSubmatch(changes)
	if newest == nil || string(newest[1]) != release {
		t.Errorf("the release is %s, CHANGELOG.md begins with %q", release, newest)
	}
}
