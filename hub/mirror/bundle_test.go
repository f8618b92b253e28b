package mirror_test

import (
	"bytes"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"longcat/hub/localhub"
	"longcat/hub/localhub/store"
	"longcat/hub/mirror"
)

// bundle writes what a hub has of a repo into a bundle.
func bundle(t *testing.T, src mirror.Source, path string, split int64, since *mirror.Index, ids ...store.RepoID) {
	t.Helper()
	b := mirror.ToBundle(path, split, since)
	for _, out := range run(t, src, b, mirror.Options{}, ids...) {
		if out.Err != nil {
			t.Fatal(out.Err)
		}
	}
	if err := b.Write(t.Context(), mirror.Options{}); err != nil {
		t.Fatal(err)
	}
}

// unbundle takes it into a new hub's directory, which is served.
func unbundle(t *testing.T, path, dir string, ids ...store.RepoID) *server {
	t.Helper()
	b, err := mirror.FromBundle(path)
	if err != nil {
		t.Fatal(err)
	}
	defer b.Close()
	for _, out := range run(t, b, mirror.ToFolder(openStore(t, dir)), mirror.Options{}, ids...) {
		if out.Err != nil {
			t.Fatal(out.Err)
		}
	}
	return serve(t, dir, func(o *localhub.Options) { o.ReadOnly = true })
}

func TestBundle(t *testing.T) {
	t.Parallel()
	up := serve(t, t.TempDir())
	up.example()
	first := filepath.Join(t.TempDir(), "models.tar")
	bundle(t, mirror.FromHub(up.client()), first, 0, nil, model)
	dir := t.TempDir()
	down := unbundle(t, first, dir, model)
	equal(t, down.state(model, true), up.state(model, true))

	// a directory, in parts
	src, err := mirror.FromDirectory(dir, false)
	up.ok(err)
	defer src.Close()
	parts := filepath.Join(t.TempDir(), "parts.tar")
	bundle(t, src, parts, 1<<20, nil, model)
	if names, _ := filepath.Glob(parts + ".*"); len(names) < 4 {
		t.Errorf("parts: %q", names)
	}
	equal(t, unbundle(t, parts+".001", t.TempDir(), model).state(model, true), up.state(model, true))

	// what is new since then
	b, err := mirror.FromBundle(first)
	up.ok(err)
	since := b.Index()
	up.ok(b.Close())
	up.commit(model, "main", map[string][]byte{"more.safetensors": random(300<<10, 9)})
	second := filepath.Join(t.TempDir(), "more.tar")
	bundle(t, mirror.FromHub(up.client()), second, 0, since, model)
	if st, err := os.Stat(second); err != nil || st.Size() > 400<<10 {
		t.Errorf("what is new takes %d bytes, %v", st.Size(), err)
	}
	equal(t, unbundle(t, second, dir, model).state(model, true), up.state(model, true))

	// without the first one it is not enough
	b, err = mirror.FromBundle(second)
	up.ok(err)
	defer b.Close()
	out := run(t, b, mirror.ToFolder(openStore(t, t.TempDir())), mirror.Options{}, model)[model.String()]
	if out.Err == nil || !strings.Contains(out.Err.Error(), "not in this bundle") {
		t.Errorf("%+v", out)
	}
}

func TestBundleIsAPlainTar(t *testing.T) {
	t.Parallel()
	up := serve(t, t.TempDir())
	up.example()
	path := filepath.Join(t.TempDir(), "models.tar")
	bundle(t, mirror.FromHub(up.client()), path, 0, nil, model)
	dir := t.TempDir()
	check := exec.Command("sh", "-c", `tar xf "$1" && sha256sum -c --quiet index.json.sha256 && cd objects && for f in *; do echo "$f  $f"; done | sha256sum -c --quiet`, "sh", path)
	check.Dir = dir
	if out, err := check.CombinedOutput(); err != nil {
		t.Errorf("%v: %s", err, out)
	}
}

// TestDamagedBundle flips bits all over a bundle: each is found, and nothing
// wrong gets into the store.
func TestDamagedBundle(t *testing.T) {
	t.Parallel()
	up := serve(t, t.TempDir())
	up.commit(model, "main", map[string][]byte{"README.md": []byte("# One\n"), "model.safetensors": random(80<<10, 1)})
	path := filepath.Join(t.TempDir(), "models.tar")
	bundle(t, mirror.FromHub(up.client()), path, 0, nil, model)
	whole, err := os.ReadFile(path)
	up.ok(err)
	found := 0
	for at := 0; at < len(whole); at += 997 {
		damaged := bytes.Clone(whole)
		damaged[at] ^= 4
		if at%2 == 0 {
			damaged = damaged[:at] // or cut short
		}
		up.ok(os.WriteFile(path, damaged, 0o644))
		b, err := mirror.FromBundle(path)
		if err != nil {
			found++
			continue
		}
		dir := t.TempDir()
		out := run(t, b, mirror.ToFolder(openStore(t, dir)), mirror.Options{}, model)[model.String()]
		up.ok(b.Close())
		if out.Err != nil {
			found++
			continue
		}
		down := serve(t, dir, func(o *localhub.Options) { o.ReadOnly = true })
		equal(t, down.state(model, true), up.state(model, true)) // the padding of the tar
	}
	if found < 50 {
		t.Errorf("%d damages were found", found)
	}
}

func FuzzIndex(f *testing.F) {
	f.Add([]byte(`{"format":1,"repos":[{"type":"model","name":"a/b","refs":{"refs/heads/main":"0123456789012345678901234567890123456789"},"commits":[]}],"objects":[],"blobs":[]}`))
	f.Fuzz(func(t *testing.T, data []byte) {
		x, err := mirror.ReadIndex(bytes.NewReader(data))
		if err == nil && x.Format != 1 {
			t.Errorf("format %d", x.Format)
		}
	})
}
