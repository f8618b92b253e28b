package localhub

import (
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

// maxTokenFile bounds a file of tokens, in bytes.
const maxTokenFile = 1 << 20

// ParseTokens reads a file of tokens, which is a YAML list:
//
//   - name: ann
//     token: sha256:5994471abb01112afcc18159f6cc74b4f511b99806da59b3caf5a9c173cacfc5
//     role: write              # or read
//     namespaces: [acme, lab]  # beside ann; "*" for all
//
// Secrets themselves do not stand in it: token is the output of
//
//	printf %s "$TOKEN" | sha256sum
func ParseTokens(r io.Reader) ([]Token, error) {
	dec := yaml.NewDecoder(io.LimitReader(r, maxTokenFile))
	dec.KnownFields(true)
	var entries []struct {
		Name       string
		Token      string
		Role       Role
		Namespaces []string
	}
	if err := dec.Decode(&entries); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading tokens: %w", err)
	}
	var list []Token
	for i, e := range entries {
		sum, ok := strings.CutPrefix(e.Token, "sha256:")
		if !ok {
			return nil, fmt.Errorf("reading tokens: entry %d (%q): token must be \"sha256:\" and the secret's hash, not the secret", i+1, e.Name)
		}
		if e.Role != Read && e.Role != Write {
			return nil, fmt.Errorf("reading tokens: entry %d (%q): role must be read or write", i+1, e.Name)
		}
		t := Token{User: e.Name, SHA256: strings.ToLower(sum), Role: e.Role}
		t.AnyNamespace = slices.Contains(e.Namespaces, "*")
		t.Orgs = slices.DeleteFunc(e.Namespaces, func(n string) bool { return n == "*" || n == e.Name })
		list = append(list, t)
	}
	if _, err := newTokens(list); err != nil {
		return nil, fmt.Errorf("reading tokens: %w", err)
	}
	return list, nil
}
