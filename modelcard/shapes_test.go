package modelcard_test

import (
	"bytes"
	"errors"
	"flag"
	"fmt"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"
	"github.com/rogpeppe/go-internal/diff"

	"longcat/modelcard"
	"longcat/modelcard/cardtest"
)

var update = flag.Bool("update", false, "write the golden files anew; look at what changed")

// golden compares with a file that a person has looked at.
func golden(t *testing.T, path string, got []byte) {
	t.Helper()
	if *update {
		if err := os.WriteFile(path, got, 0o644); err != nil {
			t.Fatal(err)
		}
	}
	want, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	if diff := cmp.Diff(strings.Split(string(want), "\n"), strings.Split(string(got), "\n")); diff != "" {
		t.Errorf("%s (-want +got):\n%s", path, diff)
	}
}

// shapes are cards as they are found in the wild.
func shapes(t testing.TB) map[string][]byte {
	t.Helper()
	files, err := filepath.Glob("testdata/shapes/*.md")
	if err != nil || len(files) < 21 {
		t.Fatalf("%d shapes, %v", len(files), err)
	}
	out := map[string][]byte{}
	for _, file := range files {
		if out[strings.TrimSuffix(file, ".md")], err = os.ReadFile(file); err != nil {
			t.Fatal(err)
		}
	}
	return out
}

// TestShapes holds all that is found in a card, and what an update does to it,
// against what a person said is right.
func TestShapes(t *testing.T) {
	for path, readme := range shapes(t) {
		var b strings.Builder
		c := parse(t, readme)
		fmt.Fprintf(&b, "keys: %s\nlicense: %s\nbase_model: %q\n", strings.Join(c.Keys(), " "), c.License(), c.Strings("base_model"))
		for _, p := range modelcard.Check(readme) {
			fmt.Fprintf(&b, "%s\n", p)
		}
		r, err := modelcard.FindRecipe(nil, readme)
		if err == nil {
			fmt.Fprintf(&b, "recipe: %s:%d, %d bytes, models %q\n", r.Source, r.Line, len(r.Text), r.Models)
		} else if !errors.Is(err, modelcard.ErrNoRecipe) {
			t.Errorf("%s: %v", path, err)
		}
		u, err := modelcard.Update(readme, nil)
		if err != nil {
			t.Errorf("%s: %v", path, err)
		}
		fmt.Fprintf(&b, "changes: %q\n", u.Changes)
		b.WriteString(strings.ReplaceAll(string(diff.Diff("before", readme, "after", u.README)), "\r", "\\r"))
		golden(t, path+".want", []byte(b.String()))

		again, err := modelcard.Update(u.README, nil)
		if err != nil || len(again.Changes) > 0 || !bytes.Equal(again.README, u.README) {
			t.Errorf("%s: a second update changes something: %q, %v", path, again.Changes, err)
		}
	}
}

// generated are 200 cards that Generate wrote.
func generated(t testing.TB) map[string][]byte {
	r := rand.New(rand.NewPCG(10, 7))
	out := map[string][]byte{}
	for i := range 200 {
		f := cardtest.Facts(r)
		readme, err := modelcard.Generate(f)
		if err != nil {
			t.Fatalf("%d: %v", i, err)
		}
		out[fmt.Sprint("generated ", i)] = readme
	}
	return out
}

func TestRoundTrip(t *testing.T) {
	cards := generated(t)
	for name, readme := range shapes(t) {
		cards[name] = readme
	}
	huge := append([]byte("---\nlicense: mit\n---\n"), bytes.Repeat([]byte("A long cat walks.\n\n---\n"), 2<<20/23)...)
	cards["2 MB"] = huge
	for name, readme := range cards {
		c := parse(t, readme)
		if !bytes.Equal(c.Bytes(), readme) {
			t.Errorf("%s: parsing changed the bytes", name)
		}
		for _, key := range c.Keys() {
			if err := c.Set(key, c.Node(key)); err != nil || !bytes.Equal(c.Bytes(), readme) {
				t.Errorf("%s: setting %q to what it is changed the bytes (%v)", name, key, err)
			}
		}
		changesOneLine(t, name, readme)
	}
}

// changesOneLine sets license, in any card, and counts the lines that differ.
func changesOneLine(t *testing.T, name string, readme []byte) {
	t.Helper()
	c := parse(t, readme)
	gone, come := 0, 1
	switch {
	case c.Has("license"), name == "testdata/shapes/template": // its "{}" makes way
		gone = 1
	case !c.HasFrontMatter():
		come = 3 // and two fences
	}
	if err := c.Set("license", "gpl-3.0"); err != nil {
		t.Errorf("%s: %v", name, err)
		return
	}
	if got := parse(t, c.Bytes()).Text("license"); got != "gpl-3.0" {
		t.Errorf("%s: license reads back as %q", name, got)
	}
	lines := func(b []byte) []byte { return bytes.ReplaceAll(b, []byte("\r"), []byte("\r\n")) }
	changes := "\n" + string(diff.Diff("before", lines(readme), "after", lines(c.Bytes())))
	changes = changes[strings.Index(changes, "\n@@"):]
	if strings.Count(changes, "\n-") != gone || strings.Count(changes, "\n+") != come {
		t.Errorf("%s: want %d lines to go and %d to come:%s", name, gone, come, changes)
	}
}

// TestSetKeeps edits one key beside others that are written in every way.
func TestSetKeeps(t *testing.T) {
	const doc = "---\n# head\nlicense: 'mit'  # why\n\n# about tags\ntags:   [a, \"b\"] # t\nlanguage:\n  - en # e\n  - fr\ntext: |\n  # no comment\n\n  end\n\nlast: {a: 1}\n---\nbody\n"
	for _, tc := range []struct {
		key, old, new string
		value         any
	}{
		{"license", "'mit'", "'apache-2.0'", "apache-2.0"},
		{"tags", "[a, \"b\"]", `[a, "b", merge]`, []string{"a", "b", "merge"}},
		{"language", "  - fr\n", "  - fr\n  - \"no\"\n", []string{"en", "fr", "no"}},
		{"language", "  - en # e\n", "", []string{"fr"}},
		{"language", "  - fr\n", "", []string{"en"}},
		{"text", "text: |\n  # no comment\n\n  end\n", "text: short\n", "short"},
		{"last", "{a: 1}", "2", 2},
		{"fresh", "last: {a: 1}\n", "last: {a: 1}\nfresh:\n- x\n- \"1\"\n", []string{"x", "1"}},
	} {
		c := parse(t, []byte(doc))
		if err := c.Set(tc.key, tc.value); err != nil {
			t.Errorf("%s: %v", tc.key, err)
		}
		want := strings.Replace(doc, tc.old, tc.new, 1)
		if d := cmp.Diff(want, string(c.Bytes())); d != "" {
			t.Errorf("%s (-want +got):\n%s", tc.key, d)
		}
	}
}

func TestSetRefuses(t *testing.T) {
	c := parse(t, []byte("---\nlanguage: &l [en]\nother: *l\n---\n"))
	err := c.Set("language", "fr")
	if e, ok := errors.AsType[*modelcard.EditError](err); !ok || e.Key != "language" {
		t.Errorf("changing an anchored value: %v", err)
	}
	if !slices.Equal(c.Strings("other"), []string{"en"}) {
		t.Error("a failed Set changed the card")
	}
}

func TestDelete(t *testing.T) {
	c := parse(t, []byte("---\r\na: 1\r\n# of b\r\nb:\r\n- x\r\nc: 2\r\nb: 3\r\n---\r\n"))
	if err := c.Delete("b"); err != nil {
		t.Fatal(err)
	}
	if got, want := string(c.Bytes()), "---\r\na: 1\r\n# of b\r\nc: 2\r\n---\r\n"; got != want {
		t.Errorf("%q, want %q", got, want)
	}
}
