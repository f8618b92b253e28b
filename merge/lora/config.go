// Package lora merges low-rank adapters, as PEFT writes them, into weights.
//
// Source: "LoRA" (arXiv 2106.09685), "DoRA" (arXiv 2402.09353), and the format
// that https://huggingface.co/docs/peft describes.
package lora

import (
	"encoding/json"
	"errors"
	"fmt"
	"math"
	"regexp"
	"slices"
	"strings"
)

// ConfigFile and WeightsFile are the files of an adapter.
const (
	ConfigFile  = "adapter_config.json"
	WeightsFile = "adapter_model.safetensors"
)

// Config is what adapter_config.json says of how an adapter is merged.
type Config struct {
	alpha    float64
	patterns []pattern // alphas of modules that have their own
	rslora   bool
	DoRA     bool
	// FanInFanOut: weights are stored with the inputs first.
	FanInFanOut bool
}

type pattern struct {
	module *regexp.Regexp
	alpha  float64
}

// ParseConfig reads an adapter's config. What can not be merged into weights is
// an error.
func ParseConfig(text []byte) (*Config, error) {
	var c struct {
		Type         string             `json:"peft_type"`
		Alpha        *float64           `json:"lora_alpha"`
		AlphaPattern map[string]float64 `json:"alpha_pattern"`
		RSLoRA       bool               `json:"use_rslora"`
		DoRA         bool               `json:"use_dora"`
		QALoRA       bool               `json:"use_qalora"`
		FanInFanOut  bool               `json:"fan_in_fan_out"`
		Replication  []any              `json:"layer_replication"`
		Init         any                `json:"init_lora_weights"`
	}
	if err := json.Unmarshal(text, &c); err != nil {
		return nil, err
	}
	init, _ := c.Init.(string)
	switch {
	case c.Type != "LORA":
		return nil, fmt.Errorf("peft_type is %q; only LORA can be merged", c.Type)
	case c.Alpha == nil:
		return nil, errors.New("it has no lora_alpha")
	case c.QALoRA:
		return nil, errors.New("use_qalora is not supported")
	case len(c.Replication) > 0:
		return nil, errors.New("layer_replication is not supported")
	case strings.HasPrefix(init, "pissa") || init == "olora" || init == "corda":
		return nil, fmt.Errorf("init_lora_weights %q changed the weights that the adapter belongs to", init)
	}
	out := &Config{alpha: *c.Alpha, rslora: c.RSLoRA, DoRA: c.DoRA, FanInFanOut: c.FanInFanOut}
	for p, alpha := range c.AlphaPattern {
		re, err := regexp.Compile(`^(?:.*\.)?(?:` + p + `)$`)
		if err != nil {
			return nil, fmt.Errorf("alpha_pattern %q: %w", p, err)
		}
		out.patterns = append(out.patterns, pattern{re, alpha})
	}
	slices.SortFunc(out.patterns, func(a, b pattern) int { return strings.Compare(a.module.String(), b.module.String()) })
	return out, nil
}

// Scale is the factor of a module's update of the given rank.
func (c *Config) Scale(module string, rank int64) float64 {
	alpha := c.alpha
	for _, p := range c.patterns {
		if p.module.MatchString(module) {
			alpha = p.alpha
			break
		}
	}
	if c.rslora {
		return alpha / math.Sqrt(float64(rank))
	}
	return alpha / float64(rank)
}
