package modelcard_test

import (
	"errors"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"longcat/modelcard"
)

func TestGenerateSeed(t *testing.T) {
	readme, err := modelcard.Generate(seed())
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, readme)
	if got := c.Text("license"); got != "apache-2.0" {
		t.Errorf("license is %q", got)
	}
	if got := c.Text("base_model"); got != "rishiraj/CatPPT-base" {
		t.Errorf("base_model is %q", got)
	}
	if got := c.Strings("language"); !slices.Equal(got, []string{"en"}) {
		t.Errorf("language is %q", got)
	}
	if got := c.Strings("tags"); !slices.Equal(got, []string{"merge", "chat"}) {
		t.Errorf("tags are %q", got)
	}
	golden(t, "seed.md", readme)
	golden(t, "seed.svg", modelcard.LayerMapSVG(seed().Parents, seed().Layers))
}

func parse(t *testing.T, readme []byte) *modelcard.Card {
	t.Helper()
	c, err := modelcard.Parse(readme)
	if err != nil {
		t.Fatalf("%v in\n%s", err, readme)
	}
	return c
}

// golden compares with a file that a person has looked at. To make it anew,
// delete it and run the test twice.
func golden(t *testing.T, name string, got []byte) {
	t.Helper()
	want, err := os.ReadFile("testdata/golden/" + name)
	if errors.Is(err, os.ErrNotExist) {
		if err := os.WriteFile("testdata/golden/"+name, got, 0o644); err != nil {
			t.Fatal(err)
		}
		t.Fatalf("%s was missing; it is written now: look at it", name)
	}
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", name, diff)
	}
}
