package recipe

import (
	"fmt"
	"math"
	"slices"
)

// Method is a merge method: what it needs and which parameters it takes.
type Method struct {
	Name     string
	Doc      string
	Paper    string // URL, "" if there is none
	Base     BaseUse
	Min, Max int // models besides the base, or of all where the method knows no base; Max 0 means any number
	Params   []Param

	// check finds values for one tensor that do not fit together; nil if all do.
	check func(v *Values, base int) *misfit
}

// misfit says what is wrong with the values for one tensor, and which of them
// should be looked at first.
type misfit struct {
	param string
	input int
	msg   string
}

// BaseUse is what a method does with base_model.
type BaseUse int

const (
	BaseIsInput  BaseUse = iota // it is one input among others
	BaseUnused                  // it gives no weights
	BaseOptional                // others are compared with it if it is named
	BaseNeeded
)

// Param is a parameter of a method.
type Param struct {
	Name    string
	Type    ParamType
	Scope   Scope
	Default string // "" where it must be given
	Doc     string

	bounds []bound
}

// ParamType is the type of a parameter's values.
type ParamType int

const (
	Number ParamType = iota
	Whole            // a whole number
	Flag             // true or false
)

// Scope is what a parameter has a value for, at each tensor.
type Scope int

const (
	PerTensor Scope = iota // one value for all inputs; not read under a model
	PerModel               // one for each input
	PerOther               // one for each input but the base
)

// bound says what is said of values below or above a limit.
type bound struct {
	above  bool
	limit  float64
	refuse bool // an error, not a warning
	why    string
}

func (b bound) broken(v float64) bool { return b.above && v > b.limit || !b.above && v < b.limit }

// with is p as another method has it: with another default.
func (p Param) with(value string) Param {
	p.Default = value
	return p
}

// within adds bounds.
func (p Param) within(b ...bound) Param {
	p.bounds = append(slices.Clone(p.bounds), b...)
	return p
}

// Parameters that several methods share.
var (
	weight    = Param{Name: "weight", Scope: PerOther, Doc: "how much the model counts"}
	normalize = Param{Name: "normalize", Type: Flag, Doc: "divide by the sum of the weights"}
	lambda    = Param{Name: "lambda", Default: "1", Doc: "factor for the merged difference before it is added to the base"}
	rescale   = Param{Name: "rescale", Type: Flag, Doc: "scale what pruning kept so that a difference keeps its sum of magnitudes"}
	int8Mask  = Param{Name: "int8_mask", Type: Flag, Default: "false", Doc: "taken for mergekit's sake; the result does not depend on it"}

	density = Param{
		Name: "density", Scope: PerOther, Default: "1", Doc: "the share of a model's difference that is kept",
		bounds: []bound{{true, 1, false, "prunes no more than 1 does"}},
	}
	magnitude = density.within(bound{false, 0, false, "keeps nothing of the model, as 0 does"})
	chance    = density.within(bound{false, 0, true, "is no probability"})

	gamma = Param{
		Name: "gamma", Scope: PerOther, Default: "0.01", Doc: "the share of the largest differences that is dropped",
		bounds: []bound{{false, 0, true, "is no share"}, {true, 1, true, "is no share"}},
	}
	spread = Param{
		Name: "epsilon", Scope: PerOther, Default: "0.15", Doc: "how far the probabilities of a row lie around the density: the smallest difference is kept with density - epsilon, the largest with density + epsilon",
	}
	threshold = Param{
		Name: "epsilon", Default: "1e-5", Doc: "differences up to this count as none",
		bounds: []bound{{false, 0, true, "is no magnitude"}},
	}
)

// Methods are the merge methods.
var Methods = []Method{
	{
		Name: "linear", Doc: "weighted average", Paper: "https://arxiv.org/abs/2203.05482", Base: BaseIsInput, Min: 1,
		Params: []Param{{Name: "weight", Scope: PerModel, Doc: weight.Doc}, normalize.with("true")},
		check:  sumOfWeights("normalize"),
	},
	{
		Name: "slerp", Doc: "spherical interpolation between the base and one other model", Base: BaseNeeded, Min: 1, Max: 1,
		Params: []Param{{Name: "t", Doc: "0 is the base, 1 the other model", bounds: []bound{
			{false, 0, false, "extrapolates beyond the base"}, {true, 1, false, "extrapolates beyond the other model"},
		}}},
	},
	{
		Name: "nuslerp", Doc: "spherical interpolation of two models by weights, or of their differences from a base", Base: BaseOptional, Min: 2, Max: 2,
		Params: []Param{
			weight,
			{Name: "nuslerp_flatten", Type: Flag, Default: "true", Doc: "take a tensor as one vector, not row by row"},
			{Name: "nuslerp_row_wise", Type: Flag, Default: "false", Doc: "without nuslerp_flatten: vectors run along the first axis, not the last"},
		},
	},
	{
		Name: "multislerp", Doc: "spherical mean of several models in the plane that touches the sphere at their mean direction", Base: BaseOptional, Min: 1,
		Params: []Param{
			weight,
			{Name: "normalize_weights", Type: Flag, Default: "true", Doc: normalize.Doc},
			{Name: "eps", Default: "1e-8", Doc: "lengths below this count as 0", bounds: []bound{{false, 0, true, "is no length"}}},
		},
		check: sumOfWeights("normalize_weights"),
	},
	{
		Name: "karcher", Doc: "Riemannian mean of the models' directions, found step by step", Base: BaseIsInput, Min: 1,
		Params: []Param{
			{Name: "max_iter", Type: Whole, Default: "10", Doc: "most steps", bounds: []bound{{false, 1, false, "makes no step"}}},
			{Name: "tol", Default: "1e-5", Doc: "a step shorter than this is the last", bounds: []bound{{false, 0, true, "is no length"}}},
		},
	},
	{
		Name: "task_arithmetic", Doc: "weighted sum of the differences from the base", Paper: "https://arxiv.org/abs/2212.04089", Base: BaseNeeded,
		Params: []Param{weight, normalize.with("false"), lambda, int8Mask},
	},
	{
		Name: "ties", Doc: "differences are trimmed to their largest elements, and those against the elected sign left out", Paper: "https://arxiv.org/abs/2306.01708", Base: BaseNeeded,
		Params: []Param{weight, magnitude, normalize.with("true"), lambda, rescale.with("false"), int8Mask},
	},
	{
		Name: "dare_linear", Doc: "elements of the differences are dropped at random, the rest rescaled and added", Paper: "https://arxiv.org/abs/2311.03099", Base: BaseNeeded,
		Params: []Param{weight, chance, normalize.with("false"), lambda, rescale.with("true"), int8Mask},
	},
	{
		Name: "dare_ties", Doc: "dare_linear with the sign election of ties", Paper: "https://arxiv.org/abs/2311.03099", Base: BaseNeeded,
		Params: []Param{weight, chance, normalize.with("false"), lambda, rescale.with("true"), int8Mask},
	},
	{
		Name: "della", Doc: "elements of the differences are dropped at random, smaller ones more often, with the sign election of ties", Paper: "https://arxiv.org/abs/2406.11617", Base: BaseNeeded,
		Params: []Param{weight, magnitude, spread, normalize.with("true"), lambda, rescale.with("true"), int8Mask},
		check:  probabilities,
	},
	{
		Name: "della_linear", Doc: "della without the election", Paper: "https://arxiv.org/abs/2406.11617", Base: BaseNeeded,
		Params: []Param{weight, magnitude, spread, normalize.with("false"), lambda, rescale.with("true"), int8Mask},
		check:  probabilities,
	},
	{
		Name: "breadcrumbs", Doc: "the smallest and the largest elements of the differences are dropped", Paper: "https://arxiv.org/abs/2312.06795", Base: BaseNeeded,
		Params: []Param{weight, magnitude, gamma, normalize.with("false"), lambda, rescale.with("false"), int8Mask},
	},
	{
		Name: "breadcrumbs_ties", Doc: "breadcrumbs with the sign election of ties", Paper: "https://arxiv.org/abs/2312.06795", Base: BaseNeeded,
		Params: []Param{weight, magnitude, gamma, normalize.with("false"), lambda, rescale.with("false"), int8Mask},
	},
	{
		Name: "sce", Doc: "elements in which the models differ most are selected, weighted by the size of the differences, and those against the elected sign left out", Paper: "https://arxiv.org/abs/2408.07990", Base: BaseNeeded,
		Params: []Param{{Name: "select_topk", Default: "1", Doc: "the share of elements that is selected", bounds: []bound{
			{false, 0, false, "selects nothing, as 0 does"}, {true, 1, false, "selects no more than 1 does"},
		}}, int8Mask},
	},
	{
		Name: "model_stock", Doc: "interpolation between the base and the models' mean by the angle between their differences", Paper: "https://arxiv.org/abs/2403.19522", Base: BaseNeeded, Min: 2,
		Params: []Param{{Name: "filter_wise", Type: Flag, Default: "false", Doc: "an angle for each row, not for each tensor"}},
	},
	{
		Name: "nearswap", Doc: "the base with the other model's values where they are near", Base: BaseNeeded, Min: 1, Max: 1,
		Params: []Param{{Name: "t", Doc: "differences up to this take the other model's value", bounds: []bound{{false, 0, false, "takes nothing of the other model"}}}},
	},
	{
		Name: "arcee_fusion", Doc: "the base with the most important of the other model's differences", Base: BaseNeeded, Min: 1, Max: 1,
	},
	{
		Name: "ram", Doc: "differences that several models have are averaged, those of one model kept whole", Base: BaseNeeded,
		Params: []Param{threshold},
	},
	{
		Name: "ramplus_tl", Doc: "ram with the differences of one model made larger, the more of its differences are shared", Base: BaseNeeded,
		Params: []Param{
			{Name: "r", Default: "0.1", Doc: "how much larger"},
			{Name: "alpha", Default: "0.2", Doc: "the most that the share of shared differences counts"},
			threshold,
		},
	},
	{
		Name: "passthrough", Doc: "tensors as they are: layers of one or several models become the layers of a new one", Base: BaseUnused, Min: 1, Max: 1,
		Params: []Param{{Name: "scale", Scope: PerModel, Default: "1", Doc: "factor for the tensors"}},
	},
}

// retired are parameters that recipes carry and no method reads any more.
var retired = []string{"embed_slerp", "rescale_norm"}

// FindMethod finds a method by its name, nil if there is none.
func FindMethod(name string) *Method {
	for i := range Methods {
		if Methods[i].Name == name {
			return &Methods[i]
		}
	}
	return nil
}

func methodNames() []string {
	names := make([]string, len(Methods))
	for i, m := range Methods {
		names[i] = m.Name
	}
	return names
}

// param finds a parameter by its name.
func (m *Method) param(name string) *Param {
	for i := range m.Params {
		if m.Params[i].Name == name {
			return &m.Params[i]
		}
	}
	return nil
}

// parameterNames are those of the method, or of all with nil.
func (m *Method) parameterNames() []string {
	list := Methods
	if m != nil {
		list = []Method{*m}
	}
	var names []string
	for _, m := range list {
		for _, p := range m.Params {
			if !slices.Contains(names, p.Name) {
				names = append(names, p.Name)
			}
		}
	}
	return names
}

// sumOfWeights refuses weights that sum to 0 where they are divided by the sum.
func sumOfWeights(flag string) func(*Values, int) *misfit {
	return func(v *Values, base int) *misfit {
		sum, last := 0.0, 0
		for i, in := range v.Inputs {
			if w, ok := in["weight"]; ok && i != base {
				sum, last = sum+w, i
			}
		}
		if v.Tensor[flag] != 0 && math.Abs(sum) < 1e-12 {
			return &misfit{"weight", last, fmt.Sprintf("the weights sum to 0, and %s divides by their sum", flag)}
		}
		return nil
	}
}

// probabilities refuses densities that leave no probability around them.
func probabilities(v *Values, base int) *misfit {
	for i, in := range v.Inputs {
		d, e := in["density"], in["epsilon"]
		if i != base && d > 0 && d < 1 && (d-e <= 0 || d+e >= 1 || d-e >= 1 || d+e <= 0) {
			return &misfit{"density", i, fmt.Sprintf("density %v and epsilon %v give probabilities from %.6g to %.6g; they must lie between 0 and 1", d, e, d-e, d+e)}
		}
	}
	return nil
}
