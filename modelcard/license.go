package modelcard

import (
	"fmt"
	"slices"
	"strings"

	"longcat/internal/cardcheck"
	"longcat/internal/plaintext"
)

// License is what front matter says of a licence.
type License struct {
	ID   string // the Hub's id, such as "apache-2.0" or "other"; several: "apache-2.0 and mit"
	Name string // license_name, for "other"
	Link string // license_link: an address, or the name of a file in the repo
}

// File is the file of the repo that Link names and that has to come along, or
// "" when Link is an address.
func (l License) File() string { return cardcheck.RepoFile(l.Link) }

// severalIDs joins the ids of a card that names more than one licence.
const severalIDs = " and "

// value is what front matter's license says: an id, or a list of them.
func (l License) value() any { return oneOrList(strings.Split(l.ID, severalIDs)) }

func (l License) String() string {
	switch {
	case l.ID == "":
		return "none stated"
	case l.Name != "":
		return l.ID + " (" + l.Name + ")"
	}
	return l.ID
}

// ParentLicense is the licence that one parent's card states; the zero License
// when it states none.
type ParentLicense struct {
	Parent  string
	License License
}

// LicenseError says that the parents' licences differ, or that a card states
// another than theirs, so that only a person can say which one the merge may
// have.
type LicenseError struct {
	Parents []ParentLicense
	Stated  License // what the card states; the zero License when it states none
}

func (e *LicenseError) Error() string {
	var lines strings.Builder
	for _, p := range e.Parents {
		fmt.Fprintf(&lines, "\n  %s: %s", p.Parent, p.License)
	}
	if e.Stated.ID != "" {
		return fmt.Sprintf("the card states the licence %s, which no parent has; read theirs and name the one that the merge may have:%s", e.Stated, lines.String())
	}
	return "the parents' licences differ; read them and name the one that the merge may have:" + lines.String()
}

// Licenses are what the parents' cards state, in the parents' order.
func Licenses(parents []Parent) []ParentLicense {
	var out []ParentLicense
	for _, p := range parents {
		entry := ParentLicense{Parent: p.Name()}
		if c, err := Parse(p.Card); err == nil {
			entry.License = c.License()
		}
		out = append(out, entry)
	}
	return out
}

// InheritLicense is the licence of a merge: the parents' one when all state the
// same, the zero License when none states any, else a *LicenseError. A parent
// that states none beside one that does is a difference too.
func InheritLicense(parents []Parent) (License, error) {
	all := Licenses(parents)
	for _, p := range all {
		// One text can lie under several links; the first parent's is as good.
		if p.License.ID != all[0].License.ID || p.License.Name != all[0].License.Name {
			return License{}, &LicenseError{Parents: all}
		}
	}
	if len(all) == 0 {
		return License{}, nil
	}
	return all[0].License, nil
}

// License is what the card states: the zero License for none. Ids that are the
// Hub's but for capitals become the Hub's; several ids are joined by " and ".
func (c *Card) License() License {
	var ids []string
	for _, id := range c.Strings("license") {
		id = oneLine(id)
		if lower := strings.ToLower(id); slices.Contains(cardcheck.LicenseIDs(), lower) {
			id = lower
		}
		ids = appendNew(ids, id)
	}
	slices.Sort(ids)
	return License{
		ID:   strings.Join(ids, severalIDs),
		Name: oneLine(c.Text("license_name")),
		Link: cardcheck.SafeLink(c.Text("license_link")),
	}
}

// oneLine is text from someone else's card for one line of ours.
func oneLine(s string) string { return plaintext.Line(s, 200) }
