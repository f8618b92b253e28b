package mirror

import (
	"errors"
	"fmt"
	"io"

	"gopkg.in/yaml.v3"

	"longcat/hub"
	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// maxList bounds a list of repos, in bytes: thousands of them.
const maxList = 1 << 20

// ParseList reads a list of what is to be mirrored:
//
//	repos:
//	  - org/model
//	  - repo: datasets/org/data
//	    as: mirror/data
//	    revisions: [main, v1]
//	    include: ["*.safetensors", "*.json"]
//	    exclude: ["old/*"]
func ParseList(r io.Reader) ([]Wanted, error) {
	var list struct {
		Repos []listed `yaml:"repos"`
	}
	d := yaml.NewDecoder(io.LimitReader(r, maxList))
	d.KnownFields(true)
	if err := d.Decode(&list); err != nil && !errors.Is(err, io.EOF) {
		return nil, fmt.Errorf("reading a list of repos: %w", err)
	}
	if len(list.Repos) == 0 {
		return nil, errors.New("a list of repos wants the key \"repos\" with at least one")
	}
	wanted := make([]Wanted, len(list.Repos))
	for i, l := range list.Repos {
		w := Wanted{As: l.As, Revisions: l.Revisions, Include: l.Include, Exclude: l.Exclude}
		at, err := hub.ParseLocation(l.Repo)
		if err != nil {
			return nil, fmt.Errorf("repo %d of the list: %w", i+1, err)
		}
		if w.ID = IDOf(at.Repo); at.Revision != "" {
			w.Revisions = append(w.Revisions, at.Revision)
		}
		if w.As != "" {
			if err := wire.CheckRepoID(w.As); err != nil {
				return nil, fmt.Errorf("repo %d of the list: %w", i+1, err)
			}
		}
		wanted[i] = w
	}
	return wanted, nil
}

// IDOf is a repo's id in a hub's directory.
func IDOf(r hub.Repo) store.RepoID {
	if r.Type == "" {
		r.Type = hub.Model
	}
	return store.RepoID{Type: r.Type, Name: r.ID}
}

// listed is an item of a list: a mapping, or a repo's name alone.
type listed struct {
	Repo      string   `yaml:"repo"`
	As        string   `yaml:"as"`
	Revisions []string `yaml:"revisions"`
	Include   []string `yaml:"include"`
	Exclude   []string `yaml:"exclude"`
}

// UnmarshalYAML implements yaml.Unmarshaler.
func (l *listed) UnmarshalYAML(n *yaml.Node) error {
	if n.Kind == yaml.ScalarNode {
		return n.Decode(&l.Repo)
	}
	type plain listed
	for i := 0; i+1 < len(n.Content); i += 2 { // which Decode would not say of a nested node
		switch key := n.Content[i]; key.Value {
		case "repo", "as", "revisions", "include", "exclude":
		default:
			return fmt.Errorf("line %d: %q is no key of a repo in a list", key.Line, key.Value)
		}
	}
	return n.Decode((*plain)(l))
}
