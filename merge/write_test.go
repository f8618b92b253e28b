package merge_test

import (
	"bufio"
	"bytes"
	"context"
	"encoding/binary"
	"errors"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"

	"longcat/internal/progress"
	"longcat/merge"
	"longcat/merge/dirwriter"
	"longcat/merge/recipe"
	"longcat/merge/safetensors"
)

// TestMain lets the test binary be the process that TestKill kills.
func TestMain(m *testing.M) {
	if root := os.Getenv("MERGE_TEST_ROOT"); root != "" {
		if err := mergeUntilKilled(root); err != nil {
			fmt.Println(err)
			os.Exit(1)
		}
		os.Exit(0)
	}
	os.Exit(m.Run())
}

// writeModel puts a model's files into a folder.
func writeModel(t testing.TB, m memory, dir string) {
	t.Helper()
	for name, data := range m {
		if err := os.MkdirAll(filepath.Dir(filepath.Join(dir, name)), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(filepath.Join(dir, name), data, 0o666); err != nil {
			t.Fatal(err)
		}
	}
}

// checkFolder wants the folder to hold the plan's files and nothing else.
func checkFolder(t *testing.T, p *merge.Plan, open merge.Opener, dir string) {
	t.Helper()
	d, err := merge.OpenDir(dir)
	if err != nil {
		t.Fatal(err)
	}
	defer d.Close()
	if got, want := d.Files(), p.Model(open).Files(); strings.Join(got, " ") != strings.Join(want, " ") {
		t.Errorf("the folder holds %v, want %v", got, want)
	}
	if entries, err := filepath.Glob(filepath.Join(dir, ".*")); err != nil || len(entries) > 0 {
		t.Errorf("left behind: %v (%v)", entries, err)
	}
	for _, f := range p.Files {
		if !strings.EqualFold(hash(readFile(t, filepath.Join(dir, f.Path))), hash(readAll(t, p, f.Path, open))) {
			t.Errorf("%s differs from its content", f.Path)
		}
	}
}

const spread = "m 0 3"

// TestWrite gives the same files with any number of workers, and counts
// every byte once.
func TestWrite(t *testing.T) {
	root := t.TempDir()
	writeModel(t, tiny{shards: 2, files: map[string]string{"additional_chat_templates/x.jinja": "x"}}.build(t), filepath.Join(root, "m"))
	open := folders(t, root)
	for _, more := range []string{"", "dtype: float32\n"} {
		p := mustPlan(t, recipeOf(more, spread, "m 1 4"), open, merge.Options{ShardSize: 5000})
		for _, workers := range []int{0, 1, 8} {
			dir := filepath.Join(t.TempDir(), "new", "folder")
			var mu sync.Mutex
			seen := map[string]int64{}
			opts := dirwriter.Options{Workers: workers, Progress: steps(func(s step) {
				mu.Lock()
				defer mu.Unlock()
				seen[s.File] += s.Bytes
			})}
			if err := dirwriter.Write(t.Context(), dir, p.Output(open), opts); err != nil {
				t.Fatal(err)
			}
			checkFolder(t, p, open, dir)
			for _, f := range p.Files {
				if seen[f.Path] != f.Size {
					t.Errorf("progress of %s: %d bytes of %d", f.Path, seen[f.Path], f.Size)
				}
			}
		}
	}
}

// step is what steps hears: bytes of a file that are in place.
type step struct {
	File   string
	Bytes  int64
	Reused bool // they were before
}

// steps is a Progress.
type steps func(step)

func (s steps) Expect(string, int64) {}
func (s steps) Start(_, name string, _ int64) progress.Meter {
	return stepMeter{s, name}
}

type stepMeter struct {
	told steps
	file string
}

func (m stepMeter) Add(n int64)   { m.told(step{m.file, n, false}) }
func (m stepMeter) Found(n int64) { m.told(step{m.file, n, true}) }
func (m stepMeter) Done()         {}

// TestResume cancels a merge after each number of finished files and goes on:
// finished files are not written again, unless a source has changed.
func TestResume(t *testing.T) {
	root := t.TempDir()
	src := filepath.Join(root, "m", "model.safetensors")
	writeModel(t, tiny{}.build(t), filepath.Join(root, "m"))
	open := folders(t, root)
	p := mustPlan(t, recipeOf("", spread, "m 1 4"), open, merge.Options{ShardSize: 5000})
	dir := filepath.Join(root, "out")
	for finished := range 3 {
		ctx, cancel := context.WithCancel(t.Context())
		done := map[string]int64{}
		err := dirwriter.Write(ctx, dir, p.Output(open), dirwriter.Options{Workers: 1, Progress: steps(func(s step) {
			if done[s.File] += s.Bytes; len(done) > finished {
				cancel()
			}
		})})
		cancel()
		if !errors.Is(err, context.Canceled) {
			t.Fatalf("got %v", err)
		}
		if _, err := os.Stat(filepath.Join(dir, "config.json")); err == nil {
			t.Error("an unfinished folder has a config.json")
		}
		if parts, _ := filepath.Glob(filepath.Join(dir, ".longcat-merge", "*.part")); len(parts) > 0 {
			t.Errorf("left behind: %v", parts)
		}
	}
	reused := func() (n int) {
		if err := dirwriter.Write(t.Context(), dir, p.Output(open), dirwriter.Options{Workers: 1, Progress: steps(func(s step) {
			if s.Reused {
				n++
			}
		})}); err != nil {
			t.Fatal(err)
		}
		checkFolder(t, p, open, dir)
		return n
	}
	if n := reused(); n < 2 {
		t.Errorf("%d finished files were used again, want 2 or more", n)
	}
	if n := reused(); n != 0 {
		t.Errorf("a merge that was whole left state behind: %d files used again", n)
	}
	ctx, cancel := context.WithCancel(t.Context())
	dirwriter.Write(ctx, dir, p.Output(open), dirwriter.Options{Workers: 1, Progress: steps(func(s step) {
		if s.File != p.Files[0].Path {
			cancel()
		}
	})})
	cancel()
	data := readFile(t, src)
	data[len(data)-1] ^= 1
	if err := os.WriteFile(src, data, 0o666); err != nil {
		t.Fatal(err)
	}
	if n := reused(); n != 0 {
		t.Errorf("%d files made from a source that has changed were used again", n)
	}
}

// TestKill kills the merging process at random moments. The next one ends right.
func TestKill(t *testing.T) {
	root := t.TempDir()
	writeModel(t, tiny{change: func(x *safetensors.Tensor) { x.Shape[0] *= 1000 }}.build(t), filepath.Join(root, "m"))
	r := rand.New(rand.NewPCG(7, 7))
	reused := 0
	for range 10 {
		cmd := exec.CommandContext(t.Context(), os.Args[0])
		cmd.Env = append(os.Environ(), "MERGE_TEST_ROOT="+root)
		out, err := cmd.StdoutPipe()
		if err != nil {
			t.Fatal(err)
		}
		if err := cmd.Start(); err != nil {
			t.Fatal(err)
		}
		lines := bufio.NewScanner(out)
		for range r.IntN(12) {
			if lines.Scan() && lines.Text() == "reused" {
				reused++
			}
		}
		if err := cmd.Process.Kill(); err != nil {
			t.Fatal(err)
		}
		cmd.Wait() // its error is the kill
	}
	if reused == 0 {
		t.Error("no process found a file that an earlier one had finished")
	}
	open := folders(t, root)
	p := mustPlan(t, killRecipe, open, merge.Options{ShardSize: killShard})
	if err := dirwriter.Write(t.Context(), filepath.Join(root, "out"), p.Output(open), dirwriter.Options{}); err != nil {
		t.Fatal(err)
	}
	checkFolder(t, p, open, filepath.Join(root, "out"))
}

const killShard = 1 << 20

var killRecipe = recipeOf("", "m 0 3", "m 1 2", "m 1 4")

// mergeUntilKilled is the process that TestKill kills.
func mergeUntilKilled(root string) error {
	r, err := recipe.Parse([]byte(killRecipe), "r.yaml")
	if err != nil {
		return err
	}
	d, err := merge.OpenDir(filepath.Join(root, "m"))
	if err != nil {
		return err
	}
	open := func(string) (merge.Model, error) { return d, nil }
	p, err := merge.NewPlan(context.Background(), r, open, merge.Options{ShardSize: killShard})
	if err != nil {
		return err
	}
	return dirwriter.Write(context.Background(), filepath.Join(root, "out"), p.Output(open), dirwriter.Options{Progress: steps(func(s step) {
		if s.Reused {
			fmt.Println("reused")
		} else {
			fmt.Println("wrote")
		}
	})})
}

// TestFolderRefused lists folders that a merge is not written into, and those of
// them that it may replace.
func TestFolderRefused(t *testing.T) {
	root := t.TempDir()
	writeModel(t, tiny{}.build(t), filepath.Join(root, "m"))
	open := folders(t, root)
	p := mustPlan(t, recipeOf("", "m 0 2"), open, merge.Options{})
	for name, test := range map[string]struct {
		files memory
		want  string // of the error
		left  string // what --replace leaves of the files
	}{
		"weights of another form":  {memory{"pytorch_model.bin": nil, "notes.txt": nil}, "holds other weights: pytorch_model.bin", "notes.txt"},
		"weights in another shard": {memory{"model-00001-of-00002.safetensors": nil}, "holds other weights", ""},
		"a config":                 {memory{"config.json": nil}, "holds other files of the same names: config.json", ""},
		"another merge":            {memory{"mergekit_config.yml": []byte("x"), "model.safetensors": nil}, "holds other files of the same names", ""},
		"this merge":               {memory{"mergekit_config.yml": []byte(recipeOf("", "m 0 2")), "model.safetensors": nil}, "", ""},
		"an interrupted merge":     {memory{".longcat-merge/mergekit_config.yml": []byte(recipeOf("", "m 0 2")), "model.safetensors": nil, "config.json": nil}, "", ""},
		"another interrupted one":  {memory{".longcat-merge/mergekit_config.yml": []byte("x"), "model.safetensors": nil}, "holds other files of the same names", ""},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			writeModel(t, test.files, dir)
			err := dirwriter.Write(t.Context(), dir, p.Output(open), dirwriter.Options{})
			if test.want == "" {
				if err != nil {
					t.Error(err)
				}
				return
			}
			var bad *dirwriter.DirError
			if !errors.As(err, &bad) || !bad.Other || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %q", err, test.want)
			}
			if entries, err := os.ReadDir(dir); err != nil || len(entries) != min(len(test.files), 2) {
				t.Errorf("a refused folder was written into: %v", entries)
			}
			if err := dirwriter.Write(t.Context(), dir, p.Output(open), dirwriter.Options{Replace: true}); err != nil {
				t.Fatal(err)
			}
			planned := func(name string) bool {
				return slices.ContainsFunc(p.Files, func(f *merge.File) bool { return f.Path == name })
			}
			entries, err := os.ReadDir(dir)
			if err != nil {
				t.Fatal(err)
			}
			for _, e := range entries {
				if !planned(e.Name()) && e.Name() != test.left {
					t.Errorf("%s is still there", e.Name())
				}
			}
		})
	}
	for _, replace := range []bool{false, true} {
		before, err := os.ReadFile(filepath.Join(root, "m", "model.safetensors"))
		if err != nil {
			t.Fatal(err)
		}
		err = dirwriter.Write(t.Context(), filepath.Join(root, "m"), p.Output(open), dirwriter.Options{Replace: replace})
		if !errors.As(err, new(*dirwriter.DirError)) {
			t.Errorf("a merge into its source: %v", err)
		}
		if after, err := os.ReadFile(filepath.Join(root, "m", "model.safetensors")); err != nil || !bytes.Equal(before, after) {
			t.Errorf("the source changed (%v)", err)
		}
	}
}

// TestNoSpace refuses a merge that is larger than any disk, before writing.
func TestNoSpace(t *testing.T) {
	m := tiny{}.build(t)
	tensors := []safetensors.Tensor{{Name: "model.layers.0.w", DType: safetensors.F64, Shape: []int64{1 << 30, 1 << 26}}}
	head, err := safetensors.Encode(nil, tensors, safetensors.Padding{})
	if err != nil {
		t.Fatal(err)
	}
	m["config.json"] = []byte(`{"num_hidden_layers": 1}`)
	huge := vast{m, head, int64(len(head)) + tensors[0].End}
	open := func(string) (merge.Model, error) { return huge, nil }
	p := mustPlan(t, recipeOf("", "m 0 1"), open, merge.Options{})
	dir := t.TempDir()
	err = dirwriter.Write(t.Context(), dir, p.Output(open), dirwriter.Options{})
	var full *dirwriter.SpaceError
	if !errors.As(err, &full) || !errors.Is(err, syscall.ENOSPC) || full.Need < 1<<59 {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("written: %v (%v)", entries, err)
	}
}

// vast is a model with one weight file of half an exabyte of zeros.
type vast struct {
	memory
	head []byte
	size int64
}

func (v vast) Open(ctx context.Context, name string) (*io.SectionReader, error) {
	if name == "model.safetensors" {
		return io.NewSectionReader(v, 0, v.size), nil
	}
	return v.memory.Open(ctx, name)
}

func (v vast) ReadAt(p []byte, off int64) (int, error) {
	clear(p)
	if off < int64(len(v.head)) {
		copy(p, v.head[off:])
	}
	return len(p), nil
}

// TestNothingHalfDone breaks a source in the middle: the error names the file,
// and nothing stands under its name.
func TestNothingHalfDone(t *testing.T) {
	m := tiny{}.build(t)
	open := models(map[string]memory{"m": m})
	p := mustPlan(t, recipeOf("", "m 0 4"), open, merge.Options{})
	broken := errors.New("connection lost")
	dir := t.TempDir()
	err := dirwriter.Write(t.Context(), dir, p.Output(func(string) (merge.Model, error) { return failing{m, broken}, nil }), dirwriter.Options{})
	if !errors.Is(err, broken) || !strings.Contains(err.Error(), `writing "model.safetensors"`) {
		t.Errorf("got %v", err)
	}
	if entries, err := os.ReadDir(dir); err != nil || len(entries) > 0 {
		t.Errorf("written: %v (%v)", entries, err)
	}
}

// failing is a model whose weights break off after their header.
type failing struct {
	memory
	err error
}

func (f failing) Open(ctx context.Context, name string) (*io.SectionReader, error) {
	content, err := f.memory.Open(ctx, name)
	if err != nil || name != "model.safetensors" {
		return content, err
	}
	limit := int64(binary.LittleEndian.Uint64(f.memory[name])) + 100
	return io.NewSectionReader(breaking{content, limit, f.err}, 0, content.Size()), nil
}

type breaking struct {
	r     io.ReaderAt
	limit int64
	err   error
}

func (b breaking) ReadAt(p []byte, off int64) (int, error) {
	if off+int64(len(p)) > b.limit {
		return 0, b.err
	}
	return b.r.ReadAt(p, off)
}
