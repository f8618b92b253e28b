package longcat_test

import (
	"context"
	"fmt"
	"net/http/httptest"
	"os"
	"path/filepath"

	"longcat"
	"longcat/hub"
	"longcat/hub/localhub"
)

const recipe = `
merge_method: passthrough
slices:
  - sources: [{model: ./merge/testdata/golden/models/llama-a, layer_range: [0, 4]}]
  - sources: [{model: ./merge/testdata/golden/models/llama-a, layer_range: [2, 6]}]
`

// A recipe becomes a repo of a hub, here one that runs in the same process.
func Example() {
	ctx := context.Background()
	dir, err := os.MkdirTemp("", "longcat")
	check(err)
	defer os.RemoveAll(dir)
	store, err := localhub.Open(filepath.Join(dir, "hub"), localhub.Options{
		Tokens: []localhub.Token{{Secret: "hf_example", User: "me", Role: localhub.Write}},
	})
	check(err)
	defer store.Close()
	server := httptest.NewServer(store)
	defer server.Close()
	client, err := hub.New(hub.Config{Endpoint: server.URL, Token: "hf_example", CacheDir: filepath.Join(dir, "cache")})
	check(err)

	job, err := longcat.Open(ctx, longcat.Options{Hub: client, Recipe: []byte(recipe)})
	check(err)
	defer job.Close()
	done, err := job.Publish(ctx, longcat.PublishOptions{Repo: hub.Repo{ID: "me/merged"}})
	check(err)
	fmt.Println(done.Repo, "has", len(done.Files), "files;", len(done.Lock.Files), "of them follow from the recipe")

	same, err := longcat.Verify(ctx, "me/merged", "", longcat.Options{Hub: client})
	check(err)
	fmt.Println("verified:", same.Verified)
	// Output:
	// me/merged has 7 files; 4 of them follow from the recipe
	// verified: true
}

// Directories are merged without any hub.
func ExampleJob_WriteDir() {
	ctx := context.Background()
	job, err := longcat.Open(ctx, longcat.Options{Recipe: []byte(recipe)})
	check(err)
	defer job.Close()
	dir, err := os.MkdirTemp("", "merged")
	check(err)
	defer os.RemoveAll(dir)
	out := filepath.Join(dir, "deeper")
	check(job.WriteDir(ctx, out, longcat.DirOptions{}))

	files, err := os.ReadDir(out)
	check(err)
	for _, f := range files {
		fmt.Println(f.Name())
	}
	// Output:
	// README.md
	// config.json
	// generation_config.json
	// layer-map.svg
	// longcat.lock.json
	// mergekit_config.yml
	// model.safetensors
}

// Long work tells how far it is; one display can show it all.
func ExampleOptions_progress() {
	ctx := context.Background()
	job, err := longcat.Open(ctx, longcat.Options{Recipe: []byte(recipe), Progress: &display{}})
	check(err)
	defer job.Close()
	dir, err := os.MkdirTemp("", "merged")
	check(err)
	defer os.RemoveAll(dir)
	check(job.WriteDir(ctx, filepath.Join(dir, "deeper"), longcat.DirOptions{Workers: 1}))
	// Output:
	// merging model.safetensors: 100 %
}

// display prints each large file once it is done.
type display struct{}

func (d *display) Expect(string, int64) {}

func (d *display) Start(kind, name string, size int64) longcat.Meter {
	return &line{kind: kind, name: name, size: size}
}

type line struct {
	kind, name string
	size, done int64
}

func (l *line) Add(n int64)   { l.done += n }
func (l *line) Found(n int64) { l.done += n }

func (l *line) Done() {
	if l.size > 10_000 {
		fmt.Printf("%s %s: %d %%\n", l.kind, l.name, 100*l.done/l.size)
	}
}

func check(err error) {
	if err != nil {
		panic(err)
	}
}
