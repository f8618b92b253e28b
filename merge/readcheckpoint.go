package merge

import (
	"context"
	"fmt"
	"io/fs"
	"maps"
	"path"
	"slices"
	"strings"

	"golang.org/x/sync/errgroup"

	"longcat/internal/limits"
	"longcat/merge/jsontext"
	"longcat/merge/recipe"
	"longcat/merge/safetensors"
)

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
