package merge

import (
	"context"
	"fmt"
	"slices"
	"strconv"
	"strings"

	"longcat/merge/number"
	"longcat/merge/recipe"
)

// Method is a way of making a model deeper out of its own layers.
type Method string

const (
	// Interwoven repeats each layer right after itself: 8 8 9 9 10 10.
	Interwoven Method = "interwoven"
	// Stacked repeats the whole run: 8 9 10 8 9 10. Source: SOLAR's depth
	// up-scaling, arXiv 2312.15166.
	Stacked Method = "stacked"
	// BlockExpansion repeats like Interwoven, but the copies' output
	// projections are zero, so that the deeper model computes what the old one
	// did until it is trained. Source: LLaMA Pro, arXiv 2401.02415.
	BlockExpansion Method = "block-expansion"
)

// Methods lists the methods there are.
func Methods() []Method { return []Method{Interwoven, Stacked, BlockExpansion} }

// UpscaleOptions steer Upscale. The zero value works.
type UpscaleOptions struct {
	Method Method // "" means Interwoven
	// Layers From … To-1 are repeated; both 0 means the middle half.
	From, To int
	// Times is how often each of these layers occurs in the result, 0 meaning 2.
	Times int
	// LayerStack is as in Options.
	LayerStack string
}

// Upscale writes a recipe, with comments, that makes the model named ref
// deeper. Only the model's config and headers are read.
func Upscale(ctx context.Context, ref string, m Model, opts UpscaleOptions) ([]byte, error) {
	c, err := openCheckpoint(ctx, recipe.Ref{Name: ref, Path: ref}, m, opts.LayerStack)
	if err != nil {
		return nil, err
	}
	n := c.depth.layers
	if opts.Method == "" {
		opts.Method = Interwoven
	}
	if opts.From == 0 && opts.To == 0 {
		opts.From, opts.To = n/4, n-n/4
	}
	if opts.Times == 0 {
		opts.Times = 2
	}
	switch {
	case !slices.Contains(Methods(), opts.Method):
		return nil, fmt.Errorf("unknown method %q; there are %v", opts.Method, Methods())
	case opts.From < 0 || opts.From >= opts.To || opts.To > n:
		return nil, fmt.Errorf("layers %d:%d do not lie in %q, which has %d layers (0:%d)", opts.From, opts.To, ref, n, n)
	case opts.Times < 2 || opts.Times > 100:
		return nil, fmt.Errorf("layers can be repeated 2 to 100 times, not %d", opts.Times)
	}
	u := upscaler{c: c, opts: opts}
	if opts.Method == BlockExpansion {
		if u.zero, err = c.outputProjections(opts.From, opts.To); err != nil {
			return nil, err
		}
		if u.identity, err = c.addsNothing(); err != nil {
			return nil, err
		}
	}
	text := u.recipe()
	remarks, err := u.check(text)
	if err != nil {
		return nil, err
	}
	if u.identity && len(remarks) > 0 {
		return nil, c.fail("", "block expansion would not compute what the model does: "+remarks[0].Msg, nil)
	}
	return text, nil
}

// check plans the recipe as far as the model's config and headers go, so that
// what can not be merged is not proposed.
func (u *upscaler) check(text []byte) ([]recipe.Warning, error) {
	r, err := recipe.Parse(text, "recipe")
	if err != nil {
		return nil, fmt.Errorf("reading the recipe that was made: %w", err)
	}
	p := &planner{recipe: r, plan: &Plan{}, models: map[string]*checkpoint{r.Refs()[0].Name: u.c}, order: []*checkpoint{u.c}}
	if err := p.mapLayers(); err != nil {
		return nil, err
	}
	if err := p.checkOutside(); err != nil {
		return nil, err
	}
	if _, err := p.config(); err != nil {
		return nil, err
	}
	return p.plan.Warnings, nil
}

type upscaler struct {
	c    *checkpoint
	opts UpscaleOptions
	zero []string // filters of the projections that block expansion zeroes
	// identity says that layers whose projections are zero leave what comes to
	// them as it is.
	identity bool
	b        strings.Builder

	anchored bool // the filters are written, and can be referred to
}

func (u *upscaler) recipe() []byte {
	n, o := u.c.depth.layers, u.opts
	u.comment("%s, made deeper: %d layers become %d.", u.c.ref.Name, n, n+(o.To-o.From)*(o.Times-1))
	often := "twice"
	if o.Times > 2 {
		often = fmt.Sprintf("%d times", o.Times)
	}
	switch o.Method {
	case Interwoven:
		u.comment("Interwoven: each of the layers %d to %d stands %s in a row.", o.From, o.To-1, often)
	case Stacked:
		u.comment("Stacked: the run of layers %d to %d is gone through %s.", o.From, o.To-1, often)
	case BlockExpansion:
		u.comment("Block expansion: each of the layers %d to %d is followed by a copy of it that adds", o.From, o.To-1)
		u.comment("nothing yet, because what it writes (%s) is scaled to 0.", strings.Join(u.zero, ", "))
		if u.identity {
			u.comment("The result computes what the base does; train the copies to make use of them.")
		} else {
			u.comment("Whether the result then does what the base does is not known for this kind of model: compare")
			u.comment("their outputs before training the copies.")
		}
	}
	u.comment("The other layers are taken once, as they are. A layer_range ends before its second number.")
	u.b.WriteString("slices:\n")
	switch o.Method {
	case Stacked:
		u.slice(0, o.To, false)
		for range o.Times - 2 {
			u.slice(o.From, o.To, false)
		}
		u.slice(o.From, n, false)
	default:
		u.slice(0, o.From, false)
		for l := o.From; l < o.To; l++ {
			u.slice(l, l+1, false)
			for range o.Times - 1 {
				u.slice(l, l+1, o.Method == BlockExpansion)
			}
		}
		u.slice(o.To, n, false)
	}
	u.b.WriteString("merge_method: passthrough\n")
	if name := u.c.dtypeName(); name != "" {
		fmt.Fprintf(&u.b, "dtype: %s\n", name)
	}
	return []byte(u.b.String())
}

func (u *upscaler) comment(format string, args ...any) {
	fmt.Fprintf(&u.b, "# "+format+"\n", args...)
}

// slice writes one slice, if it holds a layer.
func (u *upscaler) slice(from, to int, zero bool) {
	if from == to {
		return
	}
	fmt.Fprintf(&u.b, "  - sources:\n      - model: %s\n        layer_range: [%d, %d]\n", yamlWord(u.c.ref.Name), from, to)
	if !zero {
		return
	}
	if u.anchored {
		u.b.WriteString("        parameters: *zero\n")
		return
	}
	u.anchored = true
	u.b.WriteString("        parameters: &zero\n          scale:\n")
	for _, f := range u.zero {
		fmt.Fprintf(&u.b, "            - filter: %s\n              value: 0\n", f)
	}
	u.b.WriteString("            - value: 1\n")
}

// yamlWord is s as a scalar: quoted when it holds anything that YAML could read
// as something else.
func yamlWord(s string) string {
	plain := func(r rune) bool {
		return r >= 'a' && r <= 'z' || r >= 'A' && r <= 'Z' || r >= '0' && r <= '9' || strings.ContainsRune("._/@-", r)
	}
	if strings.Trim(s, "./-@0123456789") != "" && s[0] != '-' && s[0] != '@' && !strings.ContainsFunc(s, func(r rune) bool { return !plain(r) }) {
		return s
	}
	return strconv.Quote(s)
}

// dtypeName is the dtype of the checkpoint's floats as recipes spell it, "" when
// it has none or several.
func (c *checkpoint) dtypeName() string {
	found := ""
	for _, t := range c.tensors() {
		if !number.IsFloat(t.DType) {
			continue
		}
		name := recipe.DTypeOf(t.DType)
		if name == "" || (found != "" && found != name) {
			return ""
		}
		found = name
	}
	return found
}
