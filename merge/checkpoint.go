package merge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"regexp"
	"strings"

	"longcat/merge/jsontext"
	"longcat/merge/recipe"
	"longcat/merge/safetensors"
)

// ModelError says what is wrong with a model that a recipe names.
type ModelError struct {
	Model string // as the recipe names it
	File  string // or ""
	Msg   string
	Err   error // or nil
}

func (e *ModelError) Error() string {
	var b strings.Builder
	fmt.Fprintf(&b, "model %q: ", e.Model)
	if e.File != "" {
		fmt.Fprintf(&b, "%s: ", e.File)
	}
	b.WriteString(e.Msg)
	if e.Err != nil {
		if e.Msg != "" {
			b.WriteString(": ")
		}
		b.WriteString(e.Err.Error())
	}
	return b.String()
}

func (e *ModelError) Unwrap() error { return e.Err }

// checkpoint is a model whose headers and config have been read.
type checkpoint struct {
	ref    recipe.Ref
	model  Model
	names  []string // all files
	config *jsontext.Text
	depth  depth
	shards []shard
	// byName finds a tensor by its name.
	byName map[string]sourceTensor
	// layers[i] are layer i's tensors in the order of the files; indexes from
	// depth.layers on are those of the stack's extra layers.
	layers [][]sourceTensor
	kinds  []string        // of each layer, see layerKind
	stacks []Stack         // all that there are
	left   []Left          // files that are not used
	notes  []string        // to be warned of
	coded  map[string]bool // modules whose weights are quantised

	isQuantised bool
	loose       []sourceTensor // tensors outside the stack, in the order of the files
}

// sourceTensor is a tensor with the place where its bytes are.
type sourceTensor struct {
	safetensors.Tensor
	file int    // index into checkpoint.shards
	rest string // of the name after the layer's number; "" for loose tensors
}

func (c *checkpoint) fail(file, msg string, err error) error {
	return &ModelError{Model: c.ref.Name, File: file, Msg: msg, Err: err}
}

// readFile reads a whole small file.
func (c *checkpoint) readFile(ctx context.Context, name string, limit int64) ([]byte, error) {
	content, err := c.model.Open(ctx, name)
	if err != nil {
		return nil, err
	}
	if content.Size() > limit {
		return nil, fmt.Errorf("the file has %d bytes; %d is the limit", content.Size(), limit)
	}
	data := make([]byte, content.Size())
	if n, err := content.ReadAt(data, 0); n < len(data) {
		return nil, fmt.Errorf("reading %d bytes: %w", len(data), err)
	}
	return data, nil
}

const (
	singleFile = "model.safetensors"
	indexFile  = "model.safetensors.index.json"
)

var shardName = regexp.MustCompile(`^model-\d+-of-\d+\.safetensors$`)

// split tells the layers' tensors from the others.
func (c *checkpoint) split(stack string) error {
	var all []safetensors.Tensor
	for _, t := range c.tensors() {
		all = append(all, t.Tensor)
	}
	c.stacks = FindStacks(all)
	var err error
	if c.depth, err = findDepth(c.ref.Name, c.stacks, c.config, stack); err != nil {
		return err
	}
	c.layers = make([][]sourceTensor, c.depth.stack.Layers)
	for _, t := range c.tensors() {
		prefix, layer, rest, ok := splitLayer(t.Name)
		if ok && prefix == c.depth.stack.Prefix {
			t.rest = rest
			c.byName[t.Name] = t
			c.layers[layer] = append(c.layers[layer], t)
		} else {
			c.loose = append(c.loose, t)
		}
	}
	c.markCodes()
	for _, layer := range c.layers {
		c.kinds = append(c.kinds, layerKind(layer))
	}
	return nil
}

// tensors lists all tensors in the order of the files and of the bytes in them.
func (c *checkpoint) tensors() []sourceTensor {
	var list []sourceTensor
	for i, s := range c.shards {
		for _, t := range s.header.Tensors {
			if known, ok := c.byName[t.Name]; ok && known.file == i {
				list = append(list, known)
			}
		}
	}
	return list
}

// integer reads a whole number from the config's sections of the layers.
func (c *checkpoint) integer(key string) (int, bool) {
	for _, s := range c.depth.sections {
		if n, ok := s.Obj.Get(key).Int(); ok {
			return n, true
		}
	}
	return 0, false
}

// compact is a config value's text without white space, "" when it is absent
// or null.
func (c *checkpoint) compact(key string) string {
	for _, s := range c.depth.sections {
		if v := s.Obj.Get(key); v != nil && v.Kind != jsontext.Null {
			return strings.Join(strings.Fields(string(c.config.Raw(v))), "")
		}
	}
	return ""
}

// text is a config's word at its root.
func (c *checkpoint) text(key string) string {
	if v := c.config.Root.Get(key); v != nil && v.Kind == jsontext.String {
		return v.Str
	}
	return ""
}

// isAbsent tells a missing file from one that could not be read.
func isAbsent(err error) bool { return errors.Is(err, fs.ErrNotExist) }

// Left is a file of a model that the result does without, and why.
type Left struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}

// shard is one weight file of a checkpoint.
type shard struct {
	path   string
	size   int64
	header *safetensors.Header
}
