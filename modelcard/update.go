package modelcard

import (
	"bytes"
	"fmt"
	"slices"
	"strings"

	"longcat/internal/cardcheck"
)

// Updated is a renewed card.
type Updated struct {
	README  []byte
	Changes []string // what was done, a line each; empty when no byte changed
}

// Update renews a card. What Generate wrote, between its comments, is written
// anew from the facts; all else is the person's and stays to the byte. A card
// without text, such as a Hub makes with a new repo, gets all of it.
//
// In the front matter it only does what it is sure of. Keys that are missing
// are added; base_model becomes ids where it names models in other ways, and
// loses directories and what is there twice; the tag merge is added. A card with
// generated parts gets the facts' base_model, and any card the licence that
// Facts.License names.
//
// Facts may be nil: then the card itself has to show that it is of a merge, by
// generated parts, by a recipe whose models are its base_model, or by the tag
// and several of these, or nothing is added. A card that says it is of a
// conversion, such as GGUF, quotes its original's recipe and tags: it only gets
// its base_model repaired, whatever the facts.
//
// Broken front matter is a *SyntaxError. A *LicenseError are parents whose
// licences differ where the card states none, and a licence that none of them
// has on a card without text.
func Update(readme []byte, f *Facts) (Updated, error) {
	if f != nil && len(bytes.TrimSpace(readme)) == 0 {
		card, err := Generate(*f)
		return Updated{README: card, Changes: []string{"written: there was none"}}, err
	}
	card, err := Parse(readme)
	if err != nil {
		return Updated{}, err
	}
	u := &updater{card: card, ours: card.HasGenerated()}
	u.stub = !u.ours && isStub(card.Body())
	bases, isMerge := u.proven()
	switch {
	case !u.ours && card.isConversion():
		err = u.baseModel(nil)
	case f != nil:
		facts := *f
		if facts.License == nil {
			if facts.License, err = u.stated(facts.Parents); err != nil {
				return Updated{}, err
			}
		}
		err = u.fromFacts(facts, f.License != nil)
	case isMerge || u.ours:
		err = u.mergeKeys(bases)
	default:
		err = u.baseModel(nil)
	}
	if err != nil {
		return Updated{}, err
	}
	return Updated{README: u.card.Bytes(), Changes: u.changes}, nil
}

// updater is a card on its way.
type updater struct {
	card    *Card
	ours    bool // whether it has generated parts
	stub    bool // whether it has no text
	changes []string
}

// proven are the Hub's models that the card's own recipe names, and whether the
// card shows that it is of a merge: of that recipe's, or, being tagged so, of
// several models or one several times.
func (u *updater) proven() ([]string, bool) {
	have := u.card.Strings("base_model")
	tagged := len(have) > 1 && slices.Contains(u.card.Strings("tags"), "merge")
	recipe, err := FindRecipe(nil, u.card.Bytes())
	if err != nil {
		return nil, tagged
	}
	bases := recipe.hubModels()
	for _, name := range have {
		if id, ok := cardcheck.ModelID(name); ok && !slices.Contains(bases, id) {
			return nil, tagged
		}
	}
	return bases, true
}

func (u *updater) fromFacts(f Facts, decided bool) error {
	known, err := f.frontMatter()
	if err != nil {
		return err
	}
	body, changed := replaceGenerated(u.card.Body(), f.sections())
	if u.stub {
		u.ours = true
		body = slices.Concat(u.card.Body(), []byte(f.text(u.card.Body())))
		u.note("text written: there was none")
	}
	if u.card, err = Parse(slices.Concat(u.card.Head(), body)); err != nil {
		return err
	}
	for _, name := range changed {
		u.note("part %q written anew", name)
	}
	if decided {
		if err := u.license(*f.License); err != nil {
			return err
		}
	}
	stated := u.card.Has("license")
	for _, e := range known {
		switch {
		case e.key == "base_model" || e.key == "base_model_relation" || e.key == "tags":
		case strings.HasPrefix(e.key, "license_") && stated:
			// They belong to the license that is there.
		default:
			if err := u.add(e.key, e.value); err != nil {
				return err
			}
		}
	}
	if u.stub {
		tags := u.card.Strings("tags")
		for _, tag := range f.tags() {
			tags = appendNew(tags, tag)
		}
		if err := u.set("tags", tags, "tags added"); err != nil {
			return err
		}
	}
	bases := f.baseModels()
	if u.ours && len(bases) > 0 && !slices.Equal(u.card.Strings("base_model"), bases) {
		if err := u.set("base_model", oneOrList(bases), "base_model follows the recipe"); err != nil {
			return err
		}
	}
	return u.mergeKeys(bases)
}

// stated is the licence that the card states, which its author has decided on;
// nil when it states none. One that none of the parents has is refused where the
// card has no text: nobody thought of the parents there.
func (u *updater) stated(parents []Parent) (*License, error) {
	license := u.card.License()
	if license.ID == "" {
		return nil, nil
	}
	if !u.stub {
		return &license, nil
	}
	all := Licenses(parents)
	known := func(p ParentLicense) bool { return p.License.ID != "" }
	same := func(p ParentLicense) bool { return p.License.ID == license.ID && p.License.Name == license.Name }
	if slices.ContainsFunc(all, known) && !slices.ContainsFunc(all, same) {
		return nil, &LicenseError{Stated: license, Parents: all}
	}
	return &license, nil
}

// license replaces a licence with another, its name and link included.
func (u *updater) license(l License) error {
	for _, e := range []struct{ key, value string }{{"license", l.ID}, {"license_name", l.Name}, {"license_link", l.Link}} {
		switch {
		case e.value != "":
			var value any = e.value
			if e.key == "license" {
				value = l.value()
			}
			if err := u.set(e.key, value, e.key+" is "+e.value); err != nil {
				return err
			}
		case u.card.Has(e.key):
			if err := u.card.Delete(e.key); err != nil {
				return err
			}
			u.note("%s removed", e.key)
		}
	}
	return nil
}

// mergeKeys makes the card say that it is a merge, and of what. bases may be
// nil.
func (u *updater) mergeKeys(bases []string) error {
	if err := u.baseModel(bases); err != nil {
		return err
	}
	if len(u.card.Strings("base_model")) > 0 {
		if err := u.add("base_model_relation", "merge"); err != nil {
			return err
		}
	}
	return u.mergeTag()
}

// baseModel repairs the list and fills it in where it says nothing. bases may
// be nil.
func (u *updater) baseModel(bases []string) error {
	have := u.card.Strings("base_model")
	var keep []string
	for _, name := range have {
		if id, ok := cardcheck.ModelID(name); ok {
			keep = appendNew(keep, id)
		}
	}
	switch {
	case slices.Equal(keep, have) && len(have) > 0:
		return nil
	case len(keep) == 0 && len(bases) > 0:
		return u.set("base_model", oneOrList(bases), "base_model filled in")
	case len(have) == 0:
		return nil
	case len(keep) == 0:
		return u.deleteBaseModel()
	case len(keep) == len(have):
		return u.set("base_model", u.inTheForm(keep), "base_model: ids in place of addresses")
	}
	return u.set("base_model", u.inTheForm(keep), "base_model: repeated entries and directories removed")
}

// inTheForm is the list as the card has base_model: one id alone where that is
// one value, or a list of one.
func (u *updater) inTheForm(ids []string) any {
	if n := u.card.Node("base_model"); len(n.Content) < 2 {
		return oneOrList(ids)
	}
	return ids
}

// deleteBaseModel takes the key out, unless no key would be left beside
// comments: a Hub refuses that.
func (u *updater) deleteBaseModel() error {
	next, err := Parse(u.card.Bytes())
	if err != nil {
		return err
	}
	if err := next.Delete("base_model"); err != nil {
		return err
	}
	if next.HasFrontMatter() && next.Mapping() == nil {
		return nil
	}
	u.card = next
	u.note("base_model removed: it named no model of a Hub")
	return nil
}

func oneOrList(ids []string) any {
	if len(ids) == 1 {
		return ids[0]
	}
	return ids
}

func (u *updater) mergeTag() error {
	tags := u.card.Strings("tags")
	if slices.Contains(tags, "merge") {
		return nil
	}
	return u.set("tags", append(slices.Clone(tags), "merge"), "tag merge added")
}

// add sets a key that the card does not have.
func (u *updater) add(key string, value any) error {
	if u.card.Has(key) {
		return nil
	}
	return u.set(key, value, key+" added")
}

func (u *updater) set(key string, value any, what string) error {
	before := u.card.Bytes()
	if err := u.card.Set(key, value); err != nil {
		return err
	}
	if !slices.Equal(before, u.card.Bytes()) {
		u.note("%s", what)
	}
	return nil
}

func (u *updater) note(format string, args ...any) {
	u.changes = append(u.changes, fmt.Sprintf(format, args...))
}
