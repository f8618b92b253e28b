package mirror_test

import (
	"bytes"
	"errors"
	"io"
	"maps"
	"math/rand/v2"
	"net/http/httptest"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"longcat/hub"
	"longcat/hub/localhub"
	"longcat/hub/localhub/store"
	"longcat/hub/mirror"
)

const token = "hf_secret_of_ann"

var model = store.RepoID{Type: "model", Name: "ann/model"}

// server is a hub on a port, which counts what it is asked.
type server struct {
	t     *testing.T
	dir   string
	url   string
	asked atomic.Int64 // requests
	sent  atomic.Int64 // body bytes
}

func serve(t *testing.T, dir string, change ...func(*localhub.Options)) *server {
	t.Helper()
	s := &server{t: t, dir: dir}
	opts := localhub.Options{
		Tokens:       []localhub.Token{{Secret: token, User: "ann", Role: localhub.Write, AnyNamespace: true}},
		LFSThreshold: 64 << 10,
		Log:          func(r localhub.Request) { s.asked.Add(1); s.sent.Add(r.Sent) },
	}
	for _, f := range change {
		f(&opts)
	}
	h, err := localhub.Open(dir, opts)
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(h)
	s.url = front.URL
	t.Cleanup(func() {
		front.Close()
		if err := h.Close(); err != nil {
			t.Error(err)
		}
	})
	return s
}

func (s *server) client() *hub.Client {
	s.t.Helper()
	c, err := hub.New(hub.Config{Endpoint: s.url, Token: token, RetryWaitMin: time.Millisecond, RetryFor: -1})
	if err != nil {
		s.t.Fatal(err)
	}
	return c
}

// commit uploads files to a repo, which is made if need be, on a branch.
func (s *server) commit(id store.RepoID, branch string, files map[string][]byte, remove ...string) string {
	s.t.Helper()
	dir := s.t.TempDir()
	for name, content := range files {
		path := filepath.Join(dir, filepath.FromSlash(name))
		s.ok(os.MkdirAll(filepath.Dir(path), 0o755), os.WriteFile(path, content, 0o644))
	}
	c := s.client()
	repo := hub.Repo{Type: id.Type, ID: id.Name}
	_, err := c.CreateRepo(s.t.Context(), repo, "")
	s.ok(err)
	folder, err := hub.OpenFolder(dir, "", hub.Selection{})
	s.ok(err)
	defer folder.Close()
	done, err := c.Upload(s.t.Context(), hub.Upload{Repo: repo, Revision: branch, Files: folder.Files, Delete: remove, Message: "to " + branch})
	s.ok(err)
	return done.Commit
}

func (s *server) ok(errs ...error) {
	s.t.Helper()
	if err := errors.Join(errs...); err != nil {
		s.t.Fatal(err)
	}
}

func random(n int, seed byte) []byte {
	b := make([]byte, n)
	rand.NewChaCha8([32]byte{seed}).Read(b)
	return b
}

// example makes a repo with three branches, tags, and names of all kinds.
func (s *server) example() {
	s.t.Helper()
	c, repo := s.client(), hub.Repo{ID: model.Name}
	s.commit(model, "main", map[string][]byte{
		"README.md": []byte("---\nlicense: mit\n---\n# One\n"), "with space/ü ä.txt": []byte("unicode"), "empty": nil,
		"model-00001-of-00002.safetensors": random(3<<20, 1), "model-00002-of-00002.safetensors": random(200<<10, 2),
		"same.bin": random(200<<10, 2),
	})
	s.ok(c.CreateTag(s.t.Context(), repo, "v1", "", ""), c.CreateBranch(s.t.Context(), repo, "dev", ""))
	s.commit(model, "main", map[string][]byte{"README.md": []byte("# Two\n"), "new.safetensors": random(100<<10, 3)}, "empty")
	s.commit(model, "dev", map[string][]byte{"dev/a": []byte("a")})
	s.ok(c.CreateTag(s.t.Context(), repo, "v2", "", ""), c.CreateBranch(s.t.Context(), repo, "feature/x", "v1"))
}

// state is what a hub has of a repo: refs, and every file of each with its hash.
func (s *server) state(id store.RepoID, ids bool) map[string]string {
	s.t.Helper()
	c, repo := s.client(), hub.Repo{Type: id.Type, ID: id.Name}
	branches, tags, err := c.Refs(s.t.Context(), repo)
	s.ok(err)
	all := map[string]string{}
	for _, f := range slices.Concat(branches, tags) {
		if ids {
			all[f.Name] = f.Commit
		}
		for e, err := range c.Tree(s.t.Context(), repo, f.Name) {
			s.ok(err)
			all[f.Name+":"+e.Path] = e.Hash()
			r, closer, err := c.Open(s.t.Context(), repo, f.Commit, e.Path)
			s.ok(err)
			b, err := io.ReadAll(r)
			s.ok(err, closer.Close())
			if int64(len(b)) != e.Size {
				s.t.Errorf("%s:%s has %d bytes, not %d", f.Name, e.Path, len(b), e.Size)
			}
		}
	}
	return all
}

func equal(t *testing.T, got, want map[string]string) {
	t.Helper()
	if !maps.Equal(got, want) {
		t.Errorf("the mirror has\n%s\nwant\n%s", lines(got), lines(want))
	}
}

func lines(m map[string]string) string {
	var b strings.Builder
	for _, k := range slices.Sorted(maps.Keys(m)) {
		b.WriteString(k + " " + m[k] + "\n")
	}
	return b.String()
}

func openStore(t *testing.T, dir string) *store.Store {
	t.Helper()
	s, err := store.Open(dir)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { s.Close() })
	return s
}

// run mirrors repos and wants no failure, but for those whose text it returns.
func run(t *testing.T, src mirror.Source, dst mirror.Destination, o mirror.Options, ids ...store.RepoID) map[string]mirror.Outcome {
	t.Helper()
	outcomes := map[string]mirror.Outcome{}
	wanted := func(yield func(mirror.Wanted) bool) {
		for _, id := range ids {
			if !yield(mirror.Wanted{ID: id}) {
				return
			}
		}
	}
	err := mirror.Run(t.Context(), src, dst, wanted, o, func(out mirror.Outcome) { outcomes[out.Repo] = out })
	failed := slices.ContainsFunc(slices.Collect(maps.Values(outcomes)), func(o mirror.Outcome) bool { return o.Err != nil })
	if failed != (err != nil) || len(outcomes) != len(ids) {
		t.Fatalf("%d outcomes of %d: %v", len(outcomes), len(ids), err)
	}
	return outcomes
}

func TestHubToFolder(t *testing.T) {
	t.Parallel()
	up := serve(t, t.TempDir())
	up.example()
	dir := t.TempDir()
	folder := mirror.ToFolder(openStore(t, dir))

	dry := run(t, mirror.FromHub(up.client()), folder, mirror.Options{DryRun: true}, model)[model.String()]
	out := run(t, mirror.FromHub(up.client()), folder, mirror.Options{}, model)[model.String()]
	if out.Err != nil || len(out.Changed) != 5 || out.Files != dry.Files || out.Fetched != dry.Fetched || out.Fetched != out.Bytes {
		t.Errorf("%+v, foreseen %+v", out, dry)
	}
	down := serve(t, dir, func(o *localhub.Options) { o.ReadOnly = true })
	equal(t, down.state(model, true), up.state(model, true))

	before := up.asked.Load()
	again := run(t, mirror.FromHub(up.client()), folder, mirror.Options{}, model)[model.String()]
	if n := up.asked.Load() - before; n > 2 || again.Files != 0 || len(again.Changed) != 0 {
		t.Errorf("a second run asked %d times and did %+v", n, again)
	}

	before = up.sent.Load()
	up.commit(model, "main", map[string][]byte{"copy.safetensors": random(3<<20, 1)})
	moved := run(t, mirror.FromHub(up.client()), folder, mirror.Options{}, model)[model.String()]
	if sent := up.sent.Load() - before; sent > 1<<20 || !slices.Equal(moved.Changed, []string{"refs/heads/main"}) {
		t.Errorf("content that is there under another name was fetched: %d bytes, %+v", sent, moved)
	}
	equal(t, down.state(model, true), up.state(model, true))
}

func TestWhatIsGone(t *testing.T) {
	t.Parallel()
	up := serve(t, t.TempDir())
	up.example()
	repo := hub.Repo{ID: model.Name}
	other := store.RepoID{Type: "dataset", Name: "ann/data"}
	up.commit(other, "main", map[string][]byte{"a.csv": []byte("1")})
	dir := t.TempDir()
	folder := mirror.ToFolder(openStore(t, dir))
	run(t, mirror.FromHub(up.client()), folder, mirror.Options{}, model, other)
	down := serve(t, dir, func(o *localhub.Options) { o.ReadOnly = true })

	// a branch goes, a tag moves, another branch is forced back
	c := up.client()
	up.ok(c.DeleteBranch(t.Context(), repo, "dev"), c.DeleteTag(t.Context(), repo, "v1"), c.CreateTag(t.Context(), repo, "v1", "main", ""))
	up.ok(c.DeleteBranch(t.Context(), repo, "feature/x"), c.CreateBranch(t.Context(), repo, "feature/x", "main"))
	out := run(t, mirror.FromHub(up.client()), folder, mirror.Options{}, model)[model.String()]
	if !slices.Equal(out.Changed, []string{"refs/heads/feature/x", "refs/tags/v1"}) || len(out.Removed) != 0 || out.Refs != 5 {
		t.Errorf("%+v", out)
	}
	out = run(t, mirror.FromHub(up.client()), folder, mirror.Options{Prune: true}, model)[model.String()]
	if !slices.Equal(out.Removed, []string{"refs/heads/dev"}) {
		t.Errorf("%+v", out)
	}
	equal(t, down.state(model, true), up.state(model, true))

	// a repo gets another name, another one goes
	up.ok(c.MoveRepo(t.Context(), repo, hub.Repo{ID: "ann/renamed"}), c.DeleteRepo(t.Context(), hub.Repo{Type: "dataset", ID: "ann/data"}))
	all := run(t, mirror.FromHub(up.client()), folder, mirror.Options{}, model, other)
	renamed := store.RepoID{Type: "model", Name: "ann/renamed"}
	if out := all[renamed.String()]; out.MovedFrom != model.String() || out.Fetched != 0 {
		t.Errorf("%+v", out)
	}
	if out := all[other.String()]; !errors.Is(out.Err, mirror.ErrGone) || out.Pruned {
		t.Errorf("%+v", out)
	}
	equal(t, down.state(renamed, true), up.state(renamed, true))
	if out := run(t, mirror.FromHub(up.client()), folder, mirror.Options{Prune: true}, other)[other.String()]; out.Err != nil || !out.Pruned {
		t.Errorf("%+v", out)
	}
}

// TestMirrorBesideAServer: what a mirror adds to a directory that is served can be
// had through Xet as well.
func TestMirrorBesideAServer(t *testing.T) {
	t.Parallel()
	up := serve(t, t.TempDir())
	up.example()
	dir := t.TempDir()
	h, err := localhub.Open(dir, localhub.Options{Tokens: []localhub.Token{{Secret: token, User: "ann", Role: localhub.Write}}})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(h)
	t.Cleanup(func() { front.Close(); h.Close() })
	run(t, mirror.FromHub(up.client()), mirror.ToFolder(openStore(t, dir)), mirror.Options{}, model)
	up.ok(h.Settle(t.Context()))
	down := &server{t: t, url: front.URL}
	f, err := down.client().Resolve(t.Context(), hub.Repo{ID: model.Name}, "main", "model-00001-of-00002.safetensors")
	if err != nil || f.Xet == "" {
		t.Errorf("%+v, %v", f, err)
	}
	equal(t, down.state(model, true), up.state(model, true))
}

// TestBecomesPrivate: what is private now is private here, before anything new
// is seen.
func TestBecomesPrivate(t *testing.T) {
	t.Parallel()
	dir := t.TempDir()
	upDir := t.TempDir()
	up, err := localhub.Open(upDir, localhub.Options{Tokens: []localhub.Token{{Secret: token, User: "ann", Role: localhub.Write}}})
	if err != nil {
		t.Fatal(err)
	}
	front := httptest.NewServer(up)
	t.Cleanup(func() { front.Close(); up.Close() })
	source := &server{t: t, url: front.URL}
	source.commit(model, "main", map[string][]byte{"a": []byte("1")})
	folder := mirror.ToFolder(openStore(t, dir))
	run(t, mirror.FromHub(source.client()), folder, mirror.Options{}, model)
	source.ok(up.Configure(model, func(s *localhub.Settings) { s.Private = true }))
	source.commit(model, "main", map[string][]byte{"secret": []byte("2")})
	run(t, mirror.FromHub(source.client()), folder, mirror.Options{}, model)
	down := serve(t, dir, func(o *localhub.Options) { o.ReadOnly = true })
	nobody, err := hub.New(hub.Config{Endpoint: down.url, RetryFor: -1})
	source.ok(err)
	if _, err := nobody.RepoInfo(t.Context(), hub.Repo{ID: model.Name}, ""); err == nil {
		t.Error("a repo that is private now is seen without a token")
	}
}

func TestNothingElseIsTouched(t *testing.T) {
	t.Parallel()
	up := serve(t, t.TempDir())
	up.example()
	dir := t.TempDir()
	own := serve(t, dir)
	mine := own.commit(model, "main", map[string][]byte{"mine": []byte("mine")})
	out := run(t, mirror.FromHub(up.client()), mirror.ToFolder(openStore(t, dir)), mirror.Options{Prune: true}, model)[model.String()]
	if _, ok := errors.AsType[*mirror.OwnError](out.Err); !ok {
		t.Errorf("%+v", out)
	}
	if got := own.state(model, true); got["main"] != mine {
		t.Errorf("a repo of one's own was changed: %v", got)
	}
}

func TestOneFailureDoesNotStopTheOthers(t *testing.T) {
	t.Parallel()
	up := serve(t, t.TempDir())
	var ids []store.RepoID
	for i := range 6 {
		id := store.RepoID{Type: "model", Name: "ann/m" + string(rune('a'+i))}
		if i%3 != 1 {
			up.commit(id, "main", map[string][]byte{"a": {byte(i)}})
		}
		ids = append(ids, id)
	}
	outs := run(t, mirror.FromHub(up.client()), mirror.ToFolder(openStore(t, t.TempDir())), mirror.Options{}, ids...)
	for i, id := range ids {
		if failed := outs[id.String()].Err != nil; failed != (i%3 == 1) {
			t.Errorf("%s: %+v", id, outs[id.String()])
		}
	}
}

func TestPatternsLeaveContentOut(t *testing.T) {
	t.Parallel()
	up := serve(t, t.TempDir())
	up.example()
	dir := t.TempDir()
	o := mirror.Options{}
	o.Exclude = []string{"*.safetensors"}
	run(t, mirror.FromHub(up.client()), mirror.ToFolder(openStore(t, dir)), o, model)
	down := serve(t, dir, func(o *localhub.Options) { o.ReadOnly = true })
	c, repo := down.client(), hub.Repo{ID: model.Name}
	listed := 0
	for e, err := range c.Tree(t.Context(), repo, "v1") {
		down.ok(err)
		if listed++; e.Path == "same.bin" || e.Path == "README.md" {
			continue
		}
	}
	if listed != 7 {
		t.Errorf("%d files are listed", listed)
	}
	_, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo, Revision: "v1", LocalDir: t.TempDir(), Selection: hub.Selection{Files: []string{"same.bin"}}})
	down.ok(err)
	_, err = c.Download(t.Context(), hub.DownloadOptions{Repo: repo, Revision: "v1", LocalDir: t.TempDir(), Selection: hub.Selection{Files: []string{"model-00001-of-00002.safetensors"}}})
	if !errors.Is(err, hub.ErrNotFound) || !strings.Contains(err.Error(), "left out") {
		t.Errorf("a file that was left out: %v", err)
	}
}

// shelf is a directory of files by sha256.
type shelf string

func (s shelf) Find(_ store.RepoID, sha256 string) string { return filepath.Join(string(s), sha256) }

func TestWhatIsOnThisMachineIsTakenOnceItIsChecked(t *testing.T) {
	t.Parallel()
	up := serve(t, t.TempDir())
	good, bad := random(1<<20, 1), random(1<<20, 2)
	up.commit(model, "main", map[string][]byte{"good.safetensors": good, "bad.safetensors": bad})
	files, err := mirror.FromHub(up.client()).Files(t.Context(), model, "main")
	up.ok(err)
	here := t.TempDir()
	for _, f := range files {
		switch f.Path {
		case "good.safetensors":
			up.ok(os.WriteFile(filepath.Join(here, f.LFS), good, 0o644))
		case "bad.safetensors":
			wrong := bytes.Clone(bad)
			wrong[7]++
			up.ok(os.WriteFile(filepath.Join(here, f.LFS), wrong, 0o644))
		}
	}
	dir := t.TempDir()
	before := up.sent.Load()
	out := run(t, mirror.FromHub(up.client()), mirror.ToFolder(openStore(t, dir), shelf(here)), mirror.Options{}, model)[model.String()]
	if sent := up.sent.Load() - before; sent < 1<<20 || sent > 1<<20+64<<10 || out.Fetched > 1<<20+4<<10 {
		t.Errorf("the source sent %d bytes; %+v", sent, out)
	}
	down := serve(t, dir, func(o *localhub.Options) { o.ReadOnly = true })
	equal(t, down.state(model, true), up.state(model, true))
}

func TestFolderToFolder(t *testing.T) {
	t.Parallel()
	up := serve(t, t.TempDir())
	up.example()
	src, err := mirror.FromDirectory(up.dir, false)
	up.ok(err)
	defer src.Close()
	dir := t.TempDir()
	out := run(t, src, mirror.ToFolder(openStore(t, dir), src), mirror.Options{}, model)[model.String()]
	up.ok(out.Err)
	down := serve(t, dir, func(o *localhub.Options) { o.ReadOnly = true })
	equal(t, down.state(model, true), up.state(model, true))
}

func TestFolderToHub(t *testing.T) {
	t.Parallel()
	up := serve(t, t.TempDir())
	up.example()
	dir := t.TempDir()
	run(t, mirror.FromHub(up.client()), mirror.ToFolder(openStore(t, dir)), mirror.Options{}, model)
	src, err := mirror.FromDirectory(dir, false)
	up.ok(err)
	defer src.Close()
	down := serve(t, t.TempDir())

	dry := run(t, src, mirror.ToHub(down.client()), mirror.Options{DryRun: true}, model)[model.String()]
	out := run(t, src, mirror.ToHub(down.client()), mirror.Options{}, model)[model.String()]
	if out.Err != nil || len(out.Changed) != 5 || dry.Err != nil || len(dry.Changed) != 5 {
		t.Errorf("%+v, foreseen %+v", out, dry)
	}
	equal(t, down.state(model, false), up.state(model, false))
	var latest hub.Commit
	for c, err := range down.client().Commits(t.Context(), hub.Repo{ID: model.Name}, "main") {
		up.ok(err)
		latest = c
		break
	}
	if want := "Mirror of ann/model@" + up.state(model, true)["main"]; latest.Title != want {
		t.Errorf("the commit is called %q, want %q", latest.Title, want)
	}

	again := run(t, src, mirror.ToHub(down.client()), mirror.Options{Prune: true}, model)[model.String()]
	if again.Err != nil || again.Files != 0 || len(again.Changed)+len(again.Removed) != 0 {
		t.Errorf("a second run: %+v", again)
	}

	// a tag moves, a branch goes
	c, repo := up.client(), hub.Repo{ID: model.Name}
	up.ok(c.DeleteTag(t.Context(), repo, "v1"), c.CreateTag(t.Context(), repo, "v1", "dev", ""), c.DeleteBranch(t.Context(), repo, "feature/x"))
	out = run(t, mirror.FromHub(up.client()), mirror.ToHub(down.client()), mirror.Options{Prune: true}, model)[model.String()]
	if out.Err != nil || !slices.Equal(out.Changed, []string{"refs/tags/v1"}) || !slices.Equal(out.Removed, []string{"refs/heads/feature/x"}) || out.Files != 0 {
		t.Errorf("%+v", out)
	}
	equal(t, down.state(model, false), up.state(model, false))

	// what others wrote is left alone
	down.commit(model, "main", map[string][]byte{"mine": []byte("mine")})
	out = run(t, src, mirror.ToHub(down.client()), mirror.Options{}, model)[model.String()]
	if _, ok := errors.AsType[*mirror.OwnError](out.Err); !ok {
		t.Errorf("%+v", out)
	}
}
