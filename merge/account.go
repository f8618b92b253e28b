package merge

import (
	"fmt"
	"slices"
	"strings"
)

// account lists what is read of each model and proves that none of its tensors
// got lost: each is used once, repeated, or dropped for a reason that is given.
func (p *planner) account() error {
	used := map[*checkpoint]map[string]int{}
	for _, o := range p.outputs {
		members := o.inputs
		if members == nil {
			members = []member{{from: o.from, src: &o.src}}
		}
		for _, m := range members {
			if used[m.from] == nil {
				used[m.from] = map[string]int{}
			}
			used[m.from][m.src.Name]++
		}
	}
	for _, c := range p.order {
		s := Source{Ref: c.ref, Layers: c.depth.layers, Left: c.left}
		for _, t := range c.tensors() {
			switch n := used[c][t.Name]; {
			case n == 1:
				s.Usage.Once++
			case n > 1:
				s.Usage.Repeated++
			default:
				s.Usage.Dropped = append(s.Usage.Dropped, Dropped{t.Name, p.whyDropped(c, t)})
			}
		}
		if got := s.Usage.Once + s.Usage.Repeated + len(s.Usage.Dropped); got != len(c.byName) {
			return c.fail("", fmt.Sprintf("accounting for tensors: %d of %d", got, len(c.byName)), nil)
		}
		s.Files = p.readsOf(c, used[c])
		p.plan.Models = append(p.plan.Models, s)
	}
	return nil
}

func (p *planner) whyDropped(c *checkpoint, t sourceTensor) string {
	_, layer, _, _ := splitLayer(t.Name)
	switch {
	case len(p.layers) == 0:
		return "the adapter has a tensor of its own in its place"
	case t.rest != "" && layer < c.depth.layers:
		return "no slice takes this layer"
	case t.rest != "":
		return fmt.Sprintf("layers after the last one come from %q", p.last().ref.Name)
	case afterLayers(p.base().depth.stack.Prefix, t.Name):
		return fmt.Sprintf("what follows the layers comes from %q, the last slice's model", p.last().ref.Name)
	}
	return fmt.Sprintf("what precedes the layers comes from %q, the first slice's model", p.first().ref.Name)
}

// readsOf lists the files of c that the result's files take bytes from.
func (p *planner) readsOf(c *checkpoint, used map[string]int) []SourceFile {
	var list []SourceFile
	for i, s := range c.shards {
		f := SourceFile{Path: s.path, Size: s.size}
		for _, t := range s.header.Tensors {
			if known := c.byName[t.Name]; known.file == i && used[t.Name] > 0 {
				f.Bytes += t.Size()
			}
		}
		if f.Bytes > 0 {
			list = append(list, f)
		}
	}
	for _, f := range p.plan.Files {
		for _, pc := range f.pieces {
			if f.Tensors == nil && pc.literal == nil && pc.Model == c.ref.Name {
				list = append(list, SourceFile{pc.File, f.Size, f.Size})
			}
		}
	}
	slices.SortFunc(list, func(a, b SourceFile) int { return strings.Compare(a.Path, b.Path) })
	return list
}
