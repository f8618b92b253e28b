package merge

import (
	"context"
	"errors"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"regexp"
	"slices"
	"strings"

	"longcat/internal/limits"
	"longcat/merge/jsontext"
	"longcat/merge/recipe"
	"longcat/merge/safetensors"

	"golang.org/x/sync/errgroup"
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

// shard is one weight file of a checkpoint.
type shard struct {
	path   string
	size   int64
	header *safetensors.Header
}

// sourceTensor is a tensor with the place where its bytes are.
type sourceTensor struct {
	safetensors.Tensor
	file int    // index into checkpoint.shards
	rest string // of the name after the layer's number; "" for loose tensors
}

// openCheckpoint reads config, index and headers of a model.
func openCheckpoint(ctx context.Context, ref recipe.Ref, m Model, stack string) (*checkpoint, error) {
	c := &checkpoint{ref: ref, model: m, names: m.Files()}
	for _, name := range c.names {
		if !fs.ValidPath(name) || strings.ContainsAny(name, "\\:\x00") {
			return nil, c.fail("", fmt.Sprintf("%q can not be the name of a file", name), nil)
		}
	}
	text, err := c.readFile(ctx, "config.json", limits.Config)
	if isAbsent(err) {
		if known := c.noModel(ctx); known != nil {
			return nil, known
		}
		return nil, c.fail("config.json", "a model needs one", err)
	}
	if err != nil {
		return nil, c.fail("config.json", "", err)
	}
	if c.config, err = jsontext.Parse(text); err != nil {
		return nil, c.fail("config.json", "", err)
	}
	if c.config.Root.Kind != jsontext.Object {
		return nil, c.fail("config.json", "is not a JSON object", nil)
	}
	files, index, err := c.weightFiles(ctx)
	if err != nil {
		return nil, err
	}
	// Files that are still on a Hub take a round trip each.
	c.shards = make([]shard, len(files))
	g, gctx := errgroup.WithContext(ctx)
	g.SetLimit(8)
	for i, f := range files {
		g.Go(func() (err error) {
			c.shards[i], err = c.readHeader(gctx, f)
			return err
		})
	}
	if err := g.Wait(); err != nil {
		return nil, err
	}
	if err := c.collect(index); err != nil {
		return nil, err
	}
	if err := c.split(stack); err != nil {
		return nil, err
	}
	c.unnamed()
	return c, c.promised(index)
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

// weightFiles lists the files that hold the weights, as transformers looks for
// them: one file, else what the index names, else numbered shards without an
// index. The index maps tensor names to files; it is nil when there is none.
func (c *checkpoint) weightFiles(ctx context.Context) (files []string, index map[string]string, err error) {
	has := func(name string) bool { _, ok := slices.BinarySearch(c.names, name); return ok }
	if has(singleFile) {
		return []string{singleFile}, nil, nil
	}
	if has(indexFile) {
		if index, err = c.readIndex(ctx); err != nil {
			return nil, nil, err
		}
		files = slices.Compact(slices.Sorted(maps.Values(index)))
		for _, f := range files {
			if !has(f) {
				return nil, nil, c.fail(f, "the index names this file, but the model does not have it", nil)
			}
		}
		return files, index, nil
	}
	for _, n := range c.names {
		if shardName.MatchString(n) {
			files = append(files, n)
		}
	}
	if len(files) > 0 {
		return files, nil, nil
	}
	if has("adapter_config.json") {
		return nil, nil, c.noModel(ctx)
	}
	for _, n := range c.names {
		if ext := path.Ext(n); ext == ".bin" || ext == ".pt" || ext == ".pth" || ext == ".gguf" || ext == ".ckpt" {
			return nil, nil, c.fail(n, "has weights in this format only; longcat reads safetensors (transformers converts: from_pretrained, then save_pretrained)", nil)
		}
	}
	return nil, nil, c.fail("", "has no weights: neither "+singleFile+" nor "+indexFile, nil)
}

func (c *checkpoint) readIndex(ctx context.Context) (map[string]string, error) {
	data, err := c.readFile(ctx, indexFile, limits.Index)
	if err != nil {
		return nil, c.fail(indexFile, "", err)
	}
	text, err := jsontext.Parse(data)
	if err != nil {
		return nil, c.fail(indexFile, "", err)
	}
	wm := text.Root.Get("weight_map")
	if wm == nil || wm.Kind != jsontext.Object || len(wm.Keys) == 0 {
		return nil, c.fail(indexFile, "has no weight_map", nil)
	}
	index := make(map[string]string, len(wm.Keys))
	for i, name := range wm.Keys {
		file := wm.Vals[i]
		if file.Kind != jsontext.String || !fs.ValidPath(file.Str) || !strings.HasSuffix(file.Str, ".safetensors") {
			return nil, c.fail(indexFile, fmt.Sprintf("%q lies in %q, which is no safetensors file of the model", name, file.Str), nil)
		}
		index[name] = file.Str
	}
	return index, nil
}

func (c *checkpoint) readHeader(ctx context.Context, file string) (shard, error) {
	content, err := c.model.Open(ctx, file)
	if err != nil {
		return shard{}, c.fail(file, "", err)
	}
	h, err := safetensors.Read(content, content.Size())
	if err != nil {
		return shard{}, c.fail(file, "", err)
	}
	return shard{file, content.Size(), h}, nil
}

// collect gathers the tensors of all shards; the index says which of two copies
// counts.
func (c *checkpoint) collect(index map[string]string) error {
	c.byName = map[string]sourceTensor{}
	for i, s := range c.shards {
		for _, t := range s.header.Tensors {
			if where, ok := index[t.Name]; ok && where != s.path {
				continue
			}
			if first, twice := c.byName[t.Name]; twice {
				return c.fail(s.path, fmt.Sprintf("tensor %q is also in %s", t.Name, c.shards[first.file].path), nil)
			}
			c.byName[t.Name] = sourceTensor{Tensor: t, file: i}
		}
	}
	return nil
}

// promised looks at the tensors that the index names and no file has. What
// transformers would miss is an error.
func (c *checkpoint) promised(index map[string]string) error {
	for _, name := range slices.Sorted(maps.Keys(index)) {
		if _, ok := c.byName[name]; ok {
			continue
		}
		prefix, layer, _, ok := splitLayer(name)
		ours := ok && prefix == c.depth.stack.Prefix
		spare := isBuffer(name) || isHead(name) && tied(c) || ours && layer >= c.depth.layers ||
			slices.ContainsFunc([]string{"mtp", "nextn", "eagle", "medusa", "draft"}, func(part string) bool { return strings.Contains(name, part) })
		if !spare {
			return c.fail(index[name], fmt.Sprintf("tensor %q is missing, though the index promises it", name), nil)
		}
		c.notes = append(c.notes, fmt.Sprintf("%q: the index promises %s, which no file has; the result does without it, as the model does", c.ref.Name, name))
	}
	return nil
}

// unnamed notes the weight files that are not read.
func (c *checkpoint) unnamed() {
	for _, name := range c.names {
		if strings.HasSuffix(name, ".safetensors") && !strings.Contains(name, "/") && !slices.ContainsFunc(c.shards, func(s shard) bool { return s.path == name }) {
			why := "the index does not name it, and transformers does not load it"
			if len(c.shards) == 1 && c.shards[0].path == singleFile {
				why = "transformers loads " + singleFile + " alone"
			}
			c.left = append(c.left, Left{name, why})
		}
	}
}

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

// tied reports whether the config shares one matrix between embeddings and head.
func tied(c *checkpoint) bool {
	for _, s := range c.depth.sections {
		if v := s.Obj.Get("tie_word_embeddings"); v != nil && v.Kind == jsontext.Bool {
			return v.IsTrue()
		}
	}
	return false
}

// layerKind is what the tensors of a layer have in common with those of another
// that can take its place: names behind the number, and shapes.
func layerKind(layer []sourceTensor) string {
	var parts []string
	for _, t := range layer {
		if !isBuffer(t.rest) {
			parts = append(parts, fmt.Sprint(t.rest, t.Shape))
		}
	}
	slices.Sort(parts)
	return strings.Join(parts, "\n")
}

// isBuffer tells tensors that models make anew and do not miss.
func isBuffer(name string) bool {
	return slices.ContainsFunc([]string{"inv_freq", ".masked_bias", ".position_ids", "num_batches_tracked", ".attn.bias", ".attention.bias"}, func(end string) bool { return strings.HasSuffix(name, end) })
}

// Left is a file of a model that the result does without, and why.
type Left struct {
	Path   string `json:"path"`
	Reason string `json:"reason"`
}
