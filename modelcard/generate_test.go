package modelcard_test

import (
	"slices"
	"testing"

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
	golden(t, "testdata/golden/seed.md", readme)
	golden(t, "testdata/golden/seed.svg", modelcard.LayerMapSVG(seed().Parents, seed().Layers))
}

func parse(t *testing.T, readme []byte) *modelcard.Card {
	t.Helper()
	c, err := modelcard.Parse(readme)
	if err != nil {
		t.Fatalf("%v in\n%s", err, readme)
	}
	return c
}
