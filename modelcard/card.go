package modelcard

import (
	"longcat/internal/frontmatter"
)

// Card is a README.md: its bytes, and what its front matter says. Reading does
// not change it; Set and Delete do and must not run at the same time as others.
type Card struct{ *frontmatter.File }

// SyntaxError is front matter that is not a YAML mapping.
type SyntaxError = frontmatter.SyntaxError

// EditError says that a key can not be changed without changing another.
type EditError = frontmatter.EditError

// Parse finds and reads the front matter of a README.md. A card without any is
// a good card; front matter that is no YAML mapping is a *SyntaxError. The
// bytes are kept, not copied.
func Parse(readme []byte) (*Card, error) {
	f, err := frontmatter.Parse(readme)
	if err != nil {
		return nil, err
	}
	return &Card{f}, nil
}
