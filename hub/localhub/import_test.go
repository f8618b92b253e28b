package localhub_test

import (
	"bytes"
	"context"
	"errors"
	"os"
	"path/filepath"
	"testing"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

func TestImport(t *testing.T) {
	for _, link := range []bool{false, true} {
		w := newWorld(t, nil)
		src := t.TempDir()
		weights := blob(300_000, 1)
		for path, content := range map[string][]byte{
			"model.safetensors": weights, "config.json": []byte("{}"), "empty.bin": {}, "sub/notes.txt": []byte("hi"),
			".git/config": []byte("x"), ".cache/huggingface/x": []byte("x"), "elsewhere/blob": blob(300_000, 2),
		} {
			path = filepath.Join(src, filepath.FromSlash(path))
			if err := errors.Join(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o640)); err != nil {
				t.Fatal(err)
			}
		}
		if err := os.Symlink(filepath.Join("elsewhere", "blob"), filepath.Join(src, "linked.bin")); err != nil {
			t.Fatal(err)
		}
		id := localhub.RepoID{Type: wire.Model, Name: "ann/imported"}
		opts := localhub.ImportOptions{Settings: localhub.Settings{Private: true}, Link: link}
		commit, err := w.hub.Import(t.Context(), id, src, opts)
		if err != nil {
			t.Fatal(err)
		}
		if commit != w.head("ann", "ann/imported", "main") {
			t.Error("the branch is not at the commit")
		}
		w.want(w.do("", "GET", "/api/models/ann/imported", nil), 401)
		a := w.want(w.do("ann", "GET", "/api/models/ann/imported/tree/main?recursive=1", nil), 200)
		large := map[string]bool{}
		for _, e := range decode[[]wire.TreeEntry](w, a) {
			large[e.Path] = e.LFS != nil
		}
		want := map[string]bool{
			".gitattributes": false, "config.json": false, "elsewhere": false, "elsewhere/blob": true, "empty.bin": false,
			"linked.bin": true, "model.safetensors": true, "sub": false, "sub/notes.txt": false,
		}
		if len(large) != len(want) {
			t.Errorf("files %v", large)
		}
		for path, lfs := range want {
			if got, ok := large[path]; !ok || got != lfs {
				t.Errorf("%s: there %v, large %v", path, ok, got)
			}
		}
		if !bytes.Equal(w.get("ann", "ann/imported", "main", "model.safetensors"), weights) || !bytes.Equal(w.get("ann", "ann/imported", "main", "linked.bin"), blob(300_000, 2)) {
			t.Error("content came back changed")
		}
		if fi, err := os.Stat(filepath.Join(src, "model.safetensors")); err != nil || fi.Mode().Perm() != 0o640 {
			t.Errorf("the source was touched: %v, %v", fi.Mode(), err)
		}
		if again, err := w.hub.Import(t.Context(), id, src, opts); err != nil || again != commit {
			t.Errorf("again: %s, %v", again, err)
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if _, err := w.hub.Import(ctx, id, src, opts); !errors.Is(err, context.Canceled) {
			t.Errorf("canceled: %v", err)
		}
		if _, err := w.hub.Import(t.Context(), localhub.RepoID{Type: wire.Model, Name: "../x"}, src, opts); err == nil {
			t.Error("a repo outside the folder was made")
		}
	}
}
