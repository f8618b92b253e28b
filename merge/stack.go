package merge

import (
	"cmp"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"longcat/merge/config"
	"longcat/merge/jsontext"
	"longcat/merge/safetensors"
)

// Stack is a run of layers in a checkpoint, found in the names of its tensors:
// the part before the first number is the prefix, and the numbers count from 0
// without a gap. "model.layers.17.mlp.up_proj.weight" belongs to layer 17 of the
// stack "model.layers".
type Stack struct {
	Prefix string `json:"prefix"`
	Layers int    `json:"layers"`
}

// splitLayer cuts a tensor's name at its first number: prefix, layer, and what
// follows with its dot. Not ok for a name without a number.
func splitLayer(name string) (prefix string, layer int, rest string, ok bool) {
	at := 0
	for part := range strings.SplitSeq(name, ".") {
		end := at + len(part)
		if n, err := strconv.Atoi(part); err == nil && n >= 0 && part[0] != '+' {
			return strings.TrimSuffix(name[:at], "."), n, name[end:], true
		}
		at = end + 1
	}
	return "", 0, "", false
}

// layerName is the inverse of splitLayer.
func layerName(prefix string, layer int, rest string) string {
	if prefix == "" {
		return strconv.Itoa(layer) + rest
	}
	return prefix + "." + strconv.Itoa(layer) + rest
}

// FindStacks lists the stacks among the tensors, the longest first.
func FindStacks(tensors []safetensors.Tensor) []Stack {
	seen := map[string]map[int]bool{}
	for _, t := range tensors {
		if prefix, layer, _, ok := splitLayer(t.Name); ok {
			if seen[prefix] == nil {
				seen[prefix] = map[int]bool{}
			}
			seen[prefix][layer] = true
		}
	}
	var stacks []Stack
	for prefix, layers := range seen {
		whole := true
		for i := range len(layers) {
			whole = whole && layers[i]
		}
		if whole {
			stacks = append(stacks, Stack{prefix, len(layers)})
		}
	}
	slices.SortFunc(stacks, func(a, b Stack) int {
		return cmp.Or(cmp.Compare(b.Layers, a.Layers), cmp.Compare(a.Prefix, b.Prefix))
	})
	return stacks
}

// StackError says that a checkpoint's layers could not be told from its config.
type StackError struct {
	Model  string
	Stacks []Stack
	Msg    string
}

func (e *StackError) Error() string {
	var list []string
	for _, s := range e.Stacks {
		list = append(list, fmt.Sprintf("%q (%d)", s.Prefix, s.Layers))
	}
	found := "no numbered layers are among its tensors"
	if len(list) > 0 {
		found = "its layer stacks are " + strings.Join(list, ", ")
	}
	return fmt.Sprintf("finding the layers of %q: %s; %s", e.Model, e.Msg, found)
}

// depth is the stack whose layers a recipe speaks of, and the config that
// belongs to it.
type depth struct {
	config.Depth
	stack    Stack
	layers   int              // what the config counts; the stack may go on after it
	sections []config.Section // the config's objects in which to look for more
}

// findDepth picks the stack that the config's layer count belongs to, or the
// one with the prefix want.
func findDepth(model string, stacks []Stack, text *jsontext.Text, want string) (depth, error) {
	sections := config.Sections(text.Root)
	counts := config.Counts(sections)
	if want != "" {
		i := slices.IndexFunc(stacks, func(s Stack) bool { return s.Prefix == want })
		if i < 0 {
			return depth{}, &StackError{model, stacks, fmt.Sprintf("it has no layer stack %q", want)}
		}
		return depthOf(model, stacks, stacks[i], sections, counts)
	}
	if len(counts) == 0 {
		return depth{}, &StackError{model, stacks, "its config.json has no layer count (such as num_hidden_layers)"}
	}
	found := candidates(stacks, counts, func(s Stack, n int) bool { return s.Layers == n })
	if len(found) == 0 { // layers beyond the count: draft heads for several tokens
		found = candidates(stacks, counts, func(s Stack, n int) bool { return s.Layers > n && s.Layers <= n+8 })
	}
	switch len(found) {
	case 0:
		return depth{}, &StackError{model, stacks, fmt.Sprintf("none has the %d layers that config.json counts", counts[0].N)}
	case 1:
		return depthOf(model, stacks, found[0], sections, counts)
	}
	return depth{}, &StackError{model, stacks, "config.json does not say which one is meant"}
}

// candidates are the stacks that some count fits; towers are left out when
// something else fits too.
func candidates(stacks []Stack, counts []config.Count, fits func(Stack, int) bool) []Stack {
	var main, towers []Stack
	for _, s := range stacks {
		tower := config.IsTower(s.Prefix)
		if !slices.ContainsFunc(counts, func(c config.Count) bool { return (tower || !c.Tower()) && fits(s, c.N) }) {
			continue
		}
		if tower {
			towers = append(towers, s)
		} else {
			main = append(main, s)
		}
	}
	if len(main) > 0 {
		return main
	}
	return towers
}

// depthOf collects the counts that belong to the stack s.
func depthOf(model string, stacks []Stack, s Stack, sections []config.Section, counts []config.Count) (depth, error) {
	var others []string
	for _, o := range stacks {
		if o != s {
			others = append(others, o.Prefix)
		}
	}
	found, ok := config.DepthOf(sections, counts, s.Prefix, s.Layers, others)
	if !ok {
		return depth{}, &StackError{model, stacks, fmt.Sprintf("config.json has no layer count for %q", s.Prefix)}
	}
	d := depth{Depth: found, stack: s, layers: found.Layers}
	for _, sec := range sections {
		if found.Has(sec.Path) {
			d.sections = append(d.sections, sec)
		}
	}
	return d, nil
}
