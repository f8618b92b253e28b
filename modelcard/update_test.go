package modelcard_test

import (
	"errors"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"longcat/modelcard"
)

// TestUpdateKeepsThePerson edits a generated card as people do and renews it
// from other facts.
func TestUpdateKeepsThePerson(t *testing.T) {
	for _, nl := range []string{"\n", "\r\n"} {
		f := seed()
		readme, err := modelcard.Generate(f)
		if err != nil {
			t.Fatal(err)
		}
		edited := string(readme)
		for _, change := range [][2]string{
			{"license: apache-2.0\n", "license: apache-2.0 # asked the author\n"},
			{"---\n\n# LongCAT-10.7B\n", "x_mine: [1,  2]\nnew_version: rishiraj/LongCAT-2\n---\n\n# My cat 🐈\n\nA word before.\n"},
			{"\n<!-- longcat:begin parents", "\n## My own part\n\n```\n<!-- longcat:begin recipe -->\n```\n\n<!-- longcat:begin parents"},
		} {
			edited = strings.Replace(edited, change[0], change[1], 1)
		}
		// The person does not want to explain the use.
		from, to := strings.Index(edited, "<!-- longcat:begin use"), strings.Index(edited, "<!-- longcat:begin layers")
		edited = edited[:from] + "Use it well.\n\n" + edited[to:] + "\nThe last word.\n"
		edited = strings.ReplaceAll(edited, "\n", nl)

		same, err := modelcard.Update([]byte(edited), &f)
		if err != nil || string(same.README) != edited || len(same.Changes) > 0 {
			t.Errorf("the same facts change %q, %v:\n%s", same.Changes, err, cmp.Diff(edited, string(same.README)))
		}

		f.MadeWith = "longcat 2.0.0"
		f.Params++
		renewed, err := modelcard.Update([]byte(edited), &f)
		if err != nil {
			t.Fatal(err)
		}
		want := strings.Replace(strings.Replace(edited, "longcat) 1.0.0", "longcat) 2.0.0", 1), "10731524096", "10731524097", 1)
		if d := cmp.Diff(want, string(renewed.README)); d != "" {
			t.Errorf("(-want +got):\n%s", d)
		}
		if want := []string{`part "summary" written anew`, `part "made" written anew`}; !slices.Equal(renewed.Changes, want) {
			t.Errorf("changes %q", renewed.Changes)
		}
	}
}

func TestUpdateFollowsFacts(t *testing.T) {
	readme, err := modelcard.Generate(seed())
	if err != nil {
		t.Fatal(err)
	}
	f := two()
	f.License = &modelcard.License{ID: "other", Name: "cat-1.0", Link: "LICENSE"}
	u, err := modelcard.Update(readme, &f)
	if err != nil {
		t.Fatal(err)
	}
	c := parse(t, u.README)
	if got := c.Strings("base_model"); !slices.Equal(got, []string{"rishiraj/CatPPT-base", "another/Mistral-7B"}) {
		t.Errorf("base_model %q", got)
	}
	if got := c.License(); got != *f.License {
		t.Errorf("license %+v", got)
	}
	if !strings.Contains(string(u.README), "16–31 ← another/Mistral-7B 8–23") {
		t.Error("the layer map is the old one")
	}
	f.License = &modelcard.License{ID: "mit"}
	if u, err = modelcard.Update(u.README, &f); err != nil || parse(t, u.README).License() != *f.License {
		t.Errorf("license %+v, %v", parse(t, u.README).License(), err)
	}
}

func TestUpdateHalfMarkers(t *testing.T) {
	const readme = "---\ntags: [merge]\n---\n<!-- longcat:begin summary -->\nkept\n<!-- longcat:begin made -->\nkept too\n<!-- longcat:end summary -->\n"
	f := seed()
	u, err := modelcard.Update([]byte(readme), &f)
	if err != nil || !strings.HasSuffix(string(u.README), readme[strings.Index(readme, "<!--"):]) {
		t.Errorf("%v:\n%s", err, u.README)
	}
}

func TestUpdateFails(t *testing.T) {
	if _, err := modelcard.Update([]byte("---\na: [\n---\n"), nil); !isSyntax(err) {
		t.Errorf("broken front matter: %v", err)
	}
	f := differing()
	if _, err := modelcard.Update([]byte("# Cat\n"), &f); !isLicense(err) {
		t.Errorf("no licence and parents that differ: %v", err)
	}
	for card, good := range map[string]bool{
		"---\nlicense: llama2\n---\n# Cat\n":                       true,  // one parent's
		"---\nlicense: mit\n---\n# Cat\n":                          false, // no parent's
		"---\nlicense: mit\nbase_model: a/b\n---\n# Cat\n":         false, // there is no text that anybody wrote
		"---\nlicense: mit\n---\n# Cat\nA cat.\n":                  true,
		"---\nlicense: mit\nbase_model: a/b\n---\n# Cat\nA cat.\n": true, // its author knows
	} {
		u, err := modelcard.Update([]byte(card), &f)
		if good && (err != nil || parse(t, u.README).License() != parse(t, []byte(card)).License()) {
			t.Errorf("%q: %v\n%s", card, err, u.README)
		}
		if refused, is := errors.AsType[*modelcard.LicenseError](err); !good && (!is || refused.Stated.ID != "mit" ||
			!strings.Contains(err.Error(), "mit") || !strings.Contains(err.Error(), "llama2")) {
			t.Errorf("%q: %v", card, err)
		}
	}
}

func isSyntax(err error) bool {
	_, ok := errors.AsType[*modelcard.SyntaxError](err)
	return ok
}

func isLicense(err error) bool {
	_, ok := errors.AsType[*modelcard.LicenseError](err)
	return ok
}

// differing has parents whose licences differ.
func differing() modelcard.Facts {
	f := two()
	f.Parents[1].Card = []byte("---\nlicense: llama2\n---\n")
	return f
}
