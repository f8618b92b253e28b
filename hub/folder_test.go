package hub_test

import (
	"errors"
	"io"
	"os"
	"path/filepath"
	"runtime"
	"slices"
	"strings"
	"testing"

	"longcat/hub"
)

// tree writes files below a new directory.
func tree(t *testing.T, f map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range f {
		name = filepath.Join(dir, filepath.FromSlash(name))
		if err := os.MkdirAll(filepath.Dir(name), 0o777); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(name, []byte(text), 0o666); err != nil {
			t.Fatal(err)
		}
	}
	return dir
}

func pathsOf(list []hub.UploadFile) (names []string) {
	for _, f := range list {
		names = append(names, f.Path)
	}
	return names
}

func TestFolder(t *testing.T) {
	dir := tree(t, map[string]string{
		"config.json": "{}", ".env": "S", ".gitignore": ".env\nout/\n*.log\n!kept.log\n", "a.log": "", "kept.log": "", "out/x/y": "",
		"sub/.gitignore": "/secret\n!a.log\n", "sub/secret": "", "sub/a.log": "", "sub/deep/secret": "",
		".git/config": "", "sub/.git": "gitdir: x", ".cache/huggingface/x": "", "sub/.cache/huggingface/x": "", "deep/.cache/other/x": "",
	})
	for name, c := range map[string]struct {
		target string
		sel    hub.Selection
		files  string
		left   string
	}{
		"all": {
			files: ".gitignore config.json kept.log sub/.gitignore sub/a.log sub/deep/secret",
			left:  ".env a.log deep/.cache/ out/ sub/secret",
		},
		"below a path, a part": {
			target: "to/here", sel: hub.Selection{Include: []string{"*.json", ".env"}},
			files: "to/here/config.json", left: ".env deep/.cache/ out/",
		},
		"rules that are excluded do not count": {
			sel:   hub.Selection{Exclude: []string{".gitignore", "out/*"}},
			files: ".env a.log config.json kept.log sub/.gitignore sub/a.log sub/deep/secret", left: "deep/.cache/ sub/secret",
		},
	} {
		f, err := hub.OpenFolder(dir, c.target, c.sel)
		if err != nil {
			t.Fatal(err)
		}
		if got := strings.Join(pathsOf(f.Files), " "); got != c.files {
			t.Errorf("%s: files %s, want %s", name, got, c.files)
		}
		left := []string{}
		for _, l := range f.LeftOut {
			left = append(left, l.Path)
		}
		slices.Sort(left)
		if got := strings.Join(left, " "); got != c.left {
			t.Errorf("%s: left out %s, want %s", name, got, c.left)
		}
		f.Close()
	}
}

func TestFolderLinks(t *testing.T) {
	if runtime.GOOS == "windows" {
		t.Skip("links need a privilege")
	}
	dir, elsewhere := tree(t, map[string]string{"sub/a": "a"}), tree(t, map[string]string{"b": "bb", "c/d": "ddd"})
	for name, to := range map[string]string{"link": elsewhere, "sub/up": "..", "sub/file": filepath.Join(elsewhere, "b")} {
		if err := os.Symlink(to, filepath.Join(dir, name)); err != nil {
			t.Fatal(err)
		}
	}
	f, err := hub.OpenFolder(dir, "", hub.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	if got := strings.Join(pathsOf(f.Files), " "); got != "link/b link/c/d sub/a sub/file" {
		t.Error(got)
	}
	if want := []hub.LeftOut{{Path: "sub/up/", Reason: hub.LeftOutAsLoop}}; !slices.Equal(f.LeftOut, want) {
		t.Error(f.LeftOut)
	}
	if err := os.Symlink("nowhere", filepath.Join(dir, "broken")); err != nil {
		t.Fatal(err)
	}
	if _, err := hub.OpenFolder(dir, "", hub.Selection{}); !errors.Is(err, os.ErrNotExist) || !strings.Contains(err.Error(), "broken") {
		t.Error(err)
	}
}

// A file that changes while it is uploaded is noticed, whether it is open or not.
func TestFolderFileChanges(t *testing.T) {
	dir := tree(t, map[string]string{"a": "one"})
	f, err := hub.OpenFolder(dir, "", hub.Selection{})
	if err != nil {
		t.Fatal(err)
	}
	if err := os.WriteFile(filepath.Join(dir, "a"), []byte("other"), 0o666); err != nil {
		t.Fatal(err)
	}
	if _, err := io.ReadAll(f.Files[0].Content); !errors.Is(err, hub.ErrChanged) {
		t.Error(err)
	}
	f.Close()
	if _, err := io.ReadAll(f.Files[0].Content); !errors.Is(err, os.ErrClosed) {
		t.Error(err)
	}
}

// The Hub goes by the .gitignore that a commit brings, also the first one.
func TestUploadBringsGitIgnore(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{})
	res := w.mustUpload(files{".gitignore": []byte("*.bin\n"), "x.bin": blob(100_000, 1), "a.txt": []byte("a")})
	for _, f := range res.Files {
		if f.Ignored != (f.Path == "x.bin") {
			t.Errorf("%+v", f)
		}
	}
	if got := w.listed(); len(got) != 3 {
		t.Error(got)
	}
}
