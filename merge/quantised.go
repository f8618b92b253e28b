package merge

import (
	"slices"
	"strings"

	"longcat/merge/jsontext"
	"longcat/merge/number"
	"longcat/merge/recipe"
	"longcat/merge/safetensors"
)

// Quantised weights are codes that only mean something together with the
// tensors beside them: scales, tables, zero points. None of these is a number
// to compute with.

// tables are the ends of their names, where the codes do not lie beside them.
var tables = []string{
	".absmax", ".quant_map", ".nested_absmax", ".nested_quant_map", ".SCB", ".weight_scale", ".weight_scale_inv", ".weight_scale_2", ".input_scale",
	".output_scale", ".k_scale", ".v_scale", ".q_scale", ".prob_output_scale", ".scales", ".qscales", ".zeros", ".weight_zero_point", ".weight_global_scale", ".input_global_scale",
}

// quantised reports whether the checkpoint says, or its tensors show, that it is.
func (c *checkpoint) quantised() bool {
	for _, key := range []string{"quantization_config", "compression_config", "quantization"} {
		if q := c.config.Root.Get(key); q != nil && q.Kind == jsontext.Object {
			return true
		}
	}
	for _, s := range c.depth.sections {
		if q := s.Obj.Get("quantization_config"); q != nil && q.Kind == jsontext.Object {
			return true
		}
	}
	for name := range c.byName {
		if slices.ContainsFunc(tables, func(end string) bool { return strings.HasSuffix(name, end) }) {
			return true
		}
	}
	return slices.Contains(c.names, "hf_quant_config.json") || slices.Contains(c.names, "quantize_config.json")
}

// isCode tells tensors that hold codes in a quantised checkpoint.
func isCode(t safetensors.Tensor) bool {
	switch t.DType {
	case safetensors.I64, safetensors.U64, safetensors.Bool:
		return false // positions, shapes, masks
	}
	return (!number.IsFloat(t.DType) || t.DType.Bits() <= 8) && !isBuffer(t.Name)
}

// markCodes notes the modules of a quantised checkpoint that hold codes.
func (c *checkpoint) markCodes() {
	c.coded = map[string]bool{}
	if c.isQuantised = c.quantised(); !c.isQuantised {
		return
	}
	for _, t := range c.byName {
		if isCode(t.Tensor) {
			c.coded[moduleName(t.Name)] = true
		}
	}
}

func moduleName(tensor string) string { return tensor[:max(strings.LastIndexByte(tensor, '.'), 0)] }

// fixed reports whether a tensor is a quantised weight or belongs to one, so
// that it can only be taken as it is.
func (c *checkpoint) fixed(t sourceTensor) bool {
	if !c.isQuantised {
		return false
	}
	module := moduleName(t.Name)
	switch {
	case isCode(t.Tensor):
		return true
	case slices.ContainsFunc(tables, func(end string) bool { return strings.HasSuffix(t.Name, end) }):
		return true
	}
	// x.weight is coded: beside it stand x.scales, or x.weight.absmax below it.
	return !strings.HasSuffix(t.Name, "bias") && (c.coded[module] || c.coded[moduleName(module)] && strings.HasSuffix(module, "weight"))
}

// codings are the settings of a quantisation that say what its codes mean.
var codings = []string{
	"quant_method", "quant_algo", "bits", "fmt", "format", "group_size", "weight_block_size", "sym", "zero_point", "desc_act", "version", "load_in_4bit", "load_in_8bit", "bnb_4bit_quant_type",
	"bnb_4bit_use_double_quant", "activation_scheme", "checkpoint_format", "mode",
}

// compareQuantised wants layers whose weights mean what the base's config says.
func (p *planner) compareQuantised(c *checkpoint, at recipe.Pos) error {
	base := p.base()
	// Configs of models that were trained on a quantised one may say so of weights
	// that are not: the tensors decide.
	if mine, theirs := len(c.coded) > 0, len(base.coded) > 0; mine != theirs {
		word := map[bool]string{true: "quantised", false: "not quantised"}
		return p.mismatch(at, c, "the one is %s, the other %s", word[mine], word[theirs])
	}
	for _, path := range []string{"quantization_config.", "quantization."} {
		for _, key := range codings {
			mine, theirs := c.config.Root.Lookup(path+key), base.config.Root.Lookup(path+key)
			if mine != nil && theirs != nil && string(c.config.Raw(mine)) != string(base.config.Raw(theirs)) {
				return p.mismatch(at, c, "%s%s is %s, the other's %s", path, key, c.config.Raw(mine), base.config.Raw(theirs))
			}
		}
	}
	return nil
}
