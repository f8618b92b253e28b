package longcat

import (
	"cmp"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"io"
	"slices"
	"strings"

	"longcat/internal/progress"
	"longcat/merge"
	"longcat/merge/recipe"
)

// Lock describes the result before it is made: everything but the hashes of the
// weights, which only making them shows.
func (j *Job) Lock(ctx context.Context) (*Lock, error) { return j.lock(ctx, nil) }

// lock is the result's lock. hashes are the sha256 of output files, as far as
// they are known; those of the small files are computed.
func (j *Job) lock(ctx context.Context, hashes map[string]string) (*Lock, error) {
	l := &Lock{
		Version: lockVersion,
		Planner: plannerVersion,
		Recipe:  LockedRecipe{File: recipe.FileName, SHA256: j.recipeHash()},
		Options: LockedOptions{
			ShardSize:  cmp.Or(max(j.opts.Merge.ShardSize, 0), merge.DefaultShardSize),
			LayerStack: j.opts.Merge.LayerStack,
			Layout:     cmp.Or(j.opts.Merge.Layout, merge.SharedBlocks),
			RandomSeed: j.plan.Seed,
			Precise:    j.plan.Precise,
		},
	}
	for _, ref := range j.recipe.Models() {
		m, err := j.lockModel(ctx, j.models[ref.Name])
		if err != nil {
			return nil, fmt.Errorf("locking model %q: %w", ref.Name, err)
		}
		l.Models = append(l.Models, m)
	}
	for _, f := range j.plan.Files {
		locked := LockedFile{Path: f.Path, Size: f.Size, SHA256: hashes[f.Path]}
		if locked.SHA256 == "" && f.Tensors == nil {
			content, err := f.Content(ctx, j.models.open)
			if err == nil {
				locked.SHA256, err = contentSHA256(ctx, content, progress.Start(nil, "", "", 0))
			}
			if err != nil {
				return nil, fmt.Errorf("hashing %q: %w", f.Path, err)
			}
		}
		l.Files = append(l.Files, locked)
	}
	return l, nil
}

// lockModel lists the files that planning and merging read of a model.
func (j *Job) lockModel(ctx context.Context, m *Model) (LockedModel, error) {
	l := LockedModel{Name: m.ref.Name, Files: []LockedFile{}}
	if m.Local() {
		l.Path = m.ref.Path
	} else {
		l.Repo, l.Commit = m.repo.String(), m.commit
	}
	for _, name := range j.filesRead(m) {
		f, err := lockSource(ctx, m, name)
		if err != nil {
			return l, err
		}
		l.Files = append(l.Files, f)
	}
	return l, nil
}

// filesRead are the files of a model that decide the result, sorted. Of a
// directory these are the ones that merging reads, and its config.
func (j *Job) filesRead(m *Model) []string {
	names := slices.Clone(j.read[m.ref.Name])
	for _, name := range []string{"config.json", "adapter_config.json"} {
		if m.Local() && m.has(name) {
			names = append(names, name)
		}
	}
	for _, src := range j.plan.Reads() {
		if src.Name == m.ref.Name {
			for _, f := range src.Files {
				names = append(names, f.Path)
			}
		}
	}
	slices.Sort(names)
	return slices.Compact(names)
}

// lockSource is a source file's size and sha256. The hub lists that of large
// files; small ones are read. The weights of a directory are not read for it.
func lockSource(ctx context.Context, m *Model, name string) (LockedFile, error) {
	f := LockedFile{Path: name}
	if m.remote != nil {
		if p, ok := m.remote.planned(name); ok && p.Size >= 0 && sha256Text.MatchString(p.Hash) {
			f.Size, f.SHA256 = p.Size, p.Hash
			return f, nil
		}
	}
	content, err := m.Open(ctx, name)
	if err != nil {
		return f, err
	}
	f.Size = content.Size()
	if merge.IsWeights(name) && strings.HasSuffix(name, ".safetensors") {
		return f, nil
	}
	f.SHA256, err = contentSHA256(ctx, content, progress.Start(nil, "", "", 0))
	return f, err
}

// contentSHA256 reads content whole; meter counts it.
func contentSHA256(ctx context.Context, content *io.SectionReader, meter Meter) (string, error) {
	h := sha256.New()
	buf := make([]byte, 1<<20)
	r := io.NewSectionReader(content, 0, content.Size())
	for {
		if ctx.Err() != nil {
			return "", context.Cause(ctx)
		}
		n, err := r.Read(buf)
		h.Write(buf[:n])
		meter.Add(int64(n))
		if err == io.EOF {
			return hex.EncodeToString(h.Sum(nil)), nil
		}
		if err != nil {
			return "", err
		}
	}
}
