package modelcard_test

import (
	"bytes"
	"fmt"
	"regexp"
	"strings"
	"testing"

	"longcat/modelcard"
	"longcat/modelcard/cardtest"
)

// aliasBomb means billions of values in a few hundred bytes.
var aliasBomb = func() string {
	s := "---\na0: &a0 [{type: x, value: 1}]\n"
	for i := range 9 {
		s += fmt.Sprintf("a%d: &a%d [%s]\n", i+1, i+1, strings.TrimSuffix(strings.Repeat(fmt.Sprintf("*a%d, ", i), 20), ", "))
	}
	return s + "language: [en]\n---\n"
}()

func seeds(f *testing.F) {
	for _, readme := range shapes(f) {
		f.Add(readme)
	}
	for _, text := range cardtest.Nasty {
		f.Add([]byte("---\ntags: [" + text + "]\nx: " + text + "\n---\n" + text))
	}
	f.Add([]byte(aliasBomb))
	f.Add([]byte("---\na: &a [*a]\nb: *a\n---\n"))
	f.Add([]byte(strings.Repeat("> ", 200) + "x"))
}

// hubPattern is the Hub's own, with JavaScript's white space.
var hubPattern = regexp.MustCompile(
	`^([\s\v\x{a0}\x{1680}\x{2000}-\x{200a}\x{2028}\x{2029}\x{202f}\x{205f}\x{3000}\x{feff}]*---(?:\r\n|\r|\n))` +
		`([\S\s]*?)((?:\r\n|\r|\n)---[ \t]*(\r\n|\n|$))`)

// FuzzLocate: the front matter is where the Hub's pattern finds it.
func FuzzLocate(f *testing.F) {
	seeds(f)
	for _, text := range []string{
		"---\r\n---\r\n", "---\n---", "---\n\n---", "---\r\r---\n", "\ufeff \t\n---\r\na: 1\r\n--- \t", "---\na: 1\n----\n---x\n---\rb\n---\n",
		"---\r\n\r\n---", "---\r\n\n---\n", "---\ra\r---", "---\r\n---\r\na\r\n---\r\n", "---\r\n---\r",
	} {
		f.Add([]byte(text))
	}
	f.Fuzz(func(t *testing.T, readme []byte) {
		c, err := modelcard.Parse(readme)
		m := hubPattern.FindSubmatchIndex(readme)
		switch {
		case err != nil:
			if m == nil {
				t.Fatalf("%v, but the Hub finds nothing in %q", err, readme)
			}
		case c.HasFrontMatter() != (m != nil):
			t.Fatalf("found is %v in %q", c.HasFrontMatter(), readme)
		case m != nil && len(c.Body()) != len(readme)-m[1]:
			t.Fatalf("body is %q in %q", c.Body(), readme)
		}
	})
}

// FuzzEdit: a card that parses survives edits of one key: it reads back, the
// others stay, the body stays to the byte.
func FuzzEdit(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, readme []byte) {
		modelcard.Check(readme)
		modelcard.CheckEvalResults(readme)
		c, err := modelcard.Parse(readme)
		if err != nil {
			return
		}
		if !bytes.Equal(c.Bytes(), readme) {
			t.Fatal("parsing changed the bytes")
		}
		body := bytes.Clone(c.Body())
		for _, edit := range []func() error{
			func() error { return c.Set("license", "no") },
			func() error { return c.Set("tags", []string{"merge", "a: b"}) },
			func() error { return c.Delete("language") },
		} {
			before := bytes.Clone(c.Bytes())
			if err := edit(); err != nil && !bytes.Equal(before, c.Bytes()) {
				t.Fatalf("a failed edit changed the card: %v", err)
			}
		}
		again, err := modelcard.Parse(c.Bytes())
		if err != nil {
			t.Fatalf("%v in %q", err, c.Bytes())
		}
		if c.Text("license") != again.Text("license") || again.HasFrontMatter() && !bytes.HasSuffix(again.Body(), bytes.TrimPrefix(body, []byte("\ufeff"))) {
			t.Fatalf("%q became %q", readme, c.Bytes())
		}
	})
}

// FuzzUpdate: renewing twice is renewing once, with facts and without.
func FuzzUpdate(f *testing.F) {
	seeds(f)
	generated, err := modelcard.Generate(seed())
	if err != nil {
		f.Fatal(err)
	}
	f.Add(generated)
	facts := seed()
	f.Fuzz(func(t *testing.T, readme []byte) {
		for _, with := range []*modelcard.Facts{nil, &facts} {
			once, err := modelcard.Update(readme, with)
			if err != nil {
				continue
			}
			twice, err := modelcard.Update(once.README, with)
			if err != nil || !bytes.Equal(once.README, twice.README) {
				t.Fatalf("%q, then %q (%v %v)", once.README, twice.README, twice.Changes, err)
			}
		}
	})
}

// FuzzRecipe: what is found is YAML of the text.
func FuzzRecipe(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, readme []byte) {
		r, err := modelcard.FindRecipe(nil, readme)
		if err == nil && (len(r.Text) == 0 || r.Line < 1 || len(r.Text) > len(readme)+1) {
			t.Fatalf("%+v", r)
		}
	})
}

// FuzzRender: nothing that runs reaches the page, nothing that steers the
// terminal.
func FuzzRender(f *testing.F) {
	seeds(f)
	f.Fuzz(func(t *testing.T, readme []byte) {
		page, err := modelcard.RenderHTML(readme, "/a/b/resolve/main/")
		if err != nil {
			t.Fatal(err)
		}
		if bad := unsafeHTML(page); bad != "" {
			t.Fatalf("%s in %q", bad, page)
		}
		text, err := modelcard.RenderText(readme, modelcard.TextOptions{Width: 60})
		if err != nil {
			t.Fatal(err)
		}
		if strings.ContainsFunc(text, func(r rune) bool { return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0 }) {
			t.Fatalf("control characters in %q", text)
		}
	})
}
