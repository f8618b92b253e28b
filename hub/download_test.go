package hub_test

import (
	"errors"
	"io/fs"
	"maps"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"longcat/hub"
	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

// model is a repo with all kinds of files: small, large, in parts, empty, in
// folders, twice the same.
func model() files {
	weights := blob(5<<20, 1)
	return files{
		"config.json": []byte(`{"a": 1}`), "empty.txt": {}, "onnx/config.json": []byte("{}"), "ü b%2F.txt": []byte("odd name"),
		"tokenizer.bin": blob(100_000, 2), "model.safetensors": weights, "onnx/model.safetensors": weights,
	}
}

// onDisk lists what is below dir: files with their content, links with "→" and
// their target.
func onDisk(t *testing.T, dir string) map[string]string {
	t.Helper()
	found := map[string]string{}
	err := filepath.WalkDir(dir, func(p string, d fs.DirEntry, err error) error {
		if err != nil || d.IsDir() {
			return err
		}
		rel, _ := filepath.Rel(dir, p)
		if target, err := os.Readlink(p); err == nil {
			found[rel] = "→" + target
			return nil
		}
		b, err := os.ReadFile(p)
		found[rel] = string(b)
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return found
}

func etagOf(t *testing.T, b []byte) string {
	t.Helper()
	if len(b) >= 64<<10 {
		return sha(b)
	}
	id, err := wire.BlobID(strings.NewReader(string(b)), int64(len(b)))
	if err != nil {
		t.Fatal(err)
	}
	return id
}

func TestDownloadIntoTheCache(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := model()
	commit := w.seed(content)
	c := w.client()
	snap, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo})
	if err != nil {
		t.Fatal(err)
	}
	content[".gitattributes"] = []byte(onDisk(t, snap.Dir+"/../../blobs")[etagOfAttributes(t, snap)])
	want := map[string]string{"models--ann--model/refs/main": commit}
	for p, b := range content {
		etag := etagOf(t, b)
		want["models--ann--model/blobs/"+etag] = string(b)
		want[".locks/models--ann--model/"+etag+".lock"] = ""
		want["models--ann--model/snapshots/"+commit+"/"+p] = "→" + strings.Repeat("../", strings.Count(p, "/")) + "../../blobs/" + etag
	}
	got := onDisk(t, c.CacheDir())
	maps.DeleteFunc(got, func(p, _ string) bool {
		return p == "models--ann--model/trees/"+commit+".json"
	})
	if !maps.Equal(got, want) {
		t.Errorf("the cache holds\n%q\nwant\n%q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}
	if snap.Commit != commit || len(snap.Files) != len(content) {
		t.Errorf("snapshot %+v", snap)
	}
	for p, b := range content {
		wantFile(t, snap.Files[p], b)
	}

	w.forget()
	if _, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo}); err != nil {
		t.Fatal(err)
	}
	if n := len(w.requests(path("", ""))) - len(w.requests(path("GET", "/api/"))); n > 0 {
		t.Errorf("a second download made %d requests for content", n)
	}
}

func etagOfAttributes(t *testing.T, snap *hub.Snapshot) string {
	t.Helper()
	target, err := os.Readlink(snap.Files[".gitattributes"])
	if err != nil {
		t.Fatal(err)
	}
	return filepath.Base(target)
}

func TestDownloadIntoAFolder(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := model()
	commit := w.seed(content)
	dir := t.TempDir()
	o := hub.DownloadOptions{Repo: repo, LocalDir: dir, Selection: hub.Selection{Exclude: []string{".gitattributes"}}}
	if _, err := w.client().Download(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	const private = ".cache/huggingface/"
	got := onDisk(t, dir)
	delete(got, private+"trees/"+commit+".json")
	want := map[string]string{private + ".gitignore": "*", private + "CACHEDIR.TAG": got[private+"CACHEDIR.TAG"]}
	for p, b := range content {
		want[p] = string(b)
		want[private+"download/"+p+".lock"] = ""
		meta := got[private+"download/"+p+".metadata"]
		want[private+"download/"+p+".metadata"] = meta
		if lines := strings.Split(meta, "\n"); len(lines) != 4 || lines[0] != commit || lines[1] != etagOf(t, b) || lines[3] != "" {
			t.Errorf("metadata of %s is %q", p, meta)
		}
	}
	if !maps.Equal(got, want) {
		t.Errorf("the folder holds\n%q\nwant\n%q", slices.Sorted(maps.Keys(got)), slices.Sorted(maps.Keys(want)))
	}

	// What a person changed is fetched anew, what they did not is left alone.
	if err := os.WriteFile(filepath.Join(dir, "config.json"), []byte("mine"), 0o644); err != nil {
		t.Fatal(err)
	}
	if err := os.RemoveAll(filepath.Join(dir, private)); err != nil {
		t.Fatal(err)
	}
	w.forget()
	if _, err := w.client().Download(t.Context(), o); err != nil {
		t.Fatal(err)
	}
	wantFile(t, filepath.Join(dir, "config.json"), content["config.json"])
	if n := w.fromCDN(); n > 0 {
		t.Errorf("%d bytes of files that were right came again", n)
	}
}

func TestDownloadSelection(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(model())
	for name, test := range map[string]struct {
		sel  hub.Selection
		want []string
	}{
		"names":    {hub.Selection{Files: []string{"onnx/config.json", "config.json"}}, []string{"config.json", "onnx/config.json"}},
		"patterns": {hub.Selection{Include: []string{"*.json"}, Exclude: []string{"onnx/"}}, []string{"config.json"}},
		"none":     {hub.Selection{Include: []string{"*.gguf"}}, nil},
	} {
		snap, err := w.client().Download(t.Context(), hub.DownloadOptions{Repo: repo, Selection: test.sel})
		if err != nil {
			t.Fatal(err)
		}
		if got := slices.Sorted(maps.Keys(snap.Files)); !slices.Equal(got, test.want) {
			t.Errorf("%s: got %v, want %v", name, got, test.want)
		}
	}
}

// A plan fetches and writes nothing, and knows what is there.
func TestPlanDownload(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := model()
	commit := w.seed(content)
	c := w.client()
	plan, err := c.PlanDownload(t.Context(), hub.DownloadOptions{Repo: repo})
	if err != nil || plan.Commit != commit || len(plan.Files) != len(content)+1 {
		t.Fatalf("plan %+v, %v", plan, err)
	}
	for _, f := range plan.Files {
		if b, ok := content[f.Path]; (ok && f.Size != int64(len(b))) || f.Local != "" {
			t.Errorf("planned %+v", f)
		}
	}
	if _, err := os.Stat(c.CacheDir()); !errors.Is(err, fs.ErrNotExist) {
		t.Errorf("the plan wrote something: %v", err)
	}
	if n := len(w.requests(path("", "/resolve/"))); n > 0 {
		t.Errorf("the plan looked at %d files", n)
	}

	if _, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo}); err != nil {
		t.Fatal(err)
	}
	// A commit that changes one file leaves all others to be linked only.
	if _, err := c.Upload(t.Context(), hub.Upload{Repo: repo, Files: files{"config.json": []byte("{}new")}.upload(), Message: "m"}); err != nil {
		t.Fatal(err)
	}
	w.forget()
	plan, err = c.PlanDownload(t.Context(), hub.DownloadOptions{Repo: repo})
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range plan.Files {
		if (f.Local == "") != (f.Path == "config.json") {
			t.Errorf("after one change: planned %+v", f)
		}
	}
	snap, err := plan.Fetch(t.Context(), hub.FetchOptions{})
	if err != nil || w.fromCDN() > 0 {
		t.Fatalf("%d bytes came again, %v", w.fromCDN(), err)
	}
	content["config.json"] = []byte("{}new")
	for p, b := range content {
		wantFile(t, filepath.Join(snap.Dir, p), b)
		if snap.Files[p] != filepath.Join(snap.Dir, p) {
			t.Errorf("%s is said to be at %s", p, snap.Files[p])
		}
	}
}

func TestDownloadOffline(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := model()
	commit := w.seed(content)
	dir := t.TempDir()
	in := func(c *hub.Config) { c.CacheDir = dir }
	if _, err := w.client(in).Download(t.Context(), hub.DownloadOptions{Repo: repo}); err != nil {
		t.Fatal(err)
	}
	off := w.client(in, func(c *hub.Config) { c.Offline = true })
	w.forget()
	for _, rev := range []string{"", "main", commit} {
		snap, err := off.Download(t.Context(), hub.DownloadOptions{Repo: repo, Revision: rev, Selection: hub.Selection{Include: []string{"*.safetensors"}}})
		if err != nil || len(snap.Files) != 2 {
			t.Fatalf("revision %q: %+v, %v", rev, snap, err)
		}
		wantFile(t, snap.Files["onnx/model.safetensors"], content["onnx/model.safetensors"])
	}
	for name, o := range map[string]hub.DownloadOptions{
		"a revision that was never asked": {Repo: repo, Revision: "v2"},
		"a file that is not there":        {Repo: repo, Selection: hub.Selection{Files: []string{"nope"}}},
		"another repo":                    {Repo: hub.Repo{ID: "ann/other"}},
		"a folder":                        {Repo: repo, LocalDir: t.TempDir()},
	} {
		if _, err := off.Download(t.Context(), o); !errors.Is(err, hub.ErrOffline) || !errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
	if n := len(w.requests(func(localhub.Request) bool { return true })); n > 0 {
		t.Errorf("%d requests were made", n)
	}
}

// That a file is not there is remembered where the Python tools look.
func TestNoExist(t *testing.T) {
	w := newWorld(t)
	commit := w.seed(files{"a.txt": []byte("a")})
	c := w.client()
	_, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo, Selection: hub.Selection{Files: []string{"sub/adapter.json"}}})
	if !errors.Is(err, hub.ErrEntryNotFound) {
		t.Fatal(err)
	}
	want := map[string]string{"models--ann--model/.no_exist/" + commit + "/sub/adapter.json": ""}
	if got := onDisk(t, c.CacheDir()); !maps.Equal(got, want) {
		t.Errorf("the cache holds %q", got)
	}
}

// Files of the same content are fetched once, and none waits for another
// process.
func TestDownloadEqualFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	b := blob(3_000_000, 1)
	w.seed(files{"a.bin": b, "b.bin": b, "c.bin": b})
	snap, err := w.client().Download(t.Context(), hub.DownloadOptions{
		Repo: repo, FetchOptions: hub.FetchOptions{Waiting: func(path string) { t.Errorf("waited for %s", path) }},
	})
	if err != nil {
		t.Fatal(err)
	}
	for _, name := range []string{"a.bin", "b.bin", "c.bin"} {
		wantFile(t, snap.Files[name], b)
	}
	if n := w.fromCDN(); n > int64(len(b))*3/2 {
		t.Errorf("%d bytes were sent for content of %d", n, len(b))
	}
}
