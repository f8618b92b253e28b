package localhub_test

import (
	"fmt"
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

func TestCreateMoveDelete(t *testing.T) {
	dir := t.TempDir()
	w := openWorld(t, dir, nil)
	create := func(kind, org, name string) answer {
		return w.do("ann", "POST", "/api/repos/create", wire.CreateRepo{Type: kind, Organization: org, Name: name})
	}
	for _, c := range []struct{ kind, org, name, url string }{
		{"", "", "model", "/ann/model"},
		{"model", "acme", "model", "/acme/model"},
		{"dataset", "", "data", "/datasets/ann/data"},
		{"space", "", "app", "/spaces/ann/app"},
		{"", "", "ann/slash", "/ann/slash"},
	} {
		for _, status := range []int{200, 409} {
			if got := decode[wire.RepoURL](w, w.want(create(c.kind, c.org, c.name), status)).URL; got != w.url+c.url {
				t.Errorf("%d: url %q, want %q", status, got, w.url+c.url)
			}
		}
	}
	w.want(create("", "", "MODEL"), 409) // one folder on some systems
	w.want(create("recipe", "", "x"), 400)
	w.want(w.do("", "GET", "/api/datasets/ann/data/tree/main", nil), 200)
	w.want(w.do("", "GET", "/spaces/ann/app/resolve/main/.gitattributes", nil), 307)

	content := blob(3000, 1)
	w.upload("ann", "ann/model", content)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("m.bin", content)), 200)
	move := map[string]string{"fromRepo": "ann/model", "toRepo": "acme/moved", "type": "model"}
	w.want(w.do("bob", "POST", "/api/repos/move", move), 403)
	w.want(w.do("ann", "POST", "/api/repos/move", move), 200)
	w.want(w.do("ann", "GET", "/api/models/ann/model", nil), 307)
	if string(w.get("", "acme/moved", "main", "m.bin")) != string(content) {
		t.Error("content is not what it was before the move")
	}
	w.want(w.do("ann", "POST", "/api/repos/move", map[string]string{"fromRepo": "acme/moved", "toRepo": "acme/model"}), 409)
	w.want(w.do("ann", "POST", "/api/repos/move", map[string]string{"fromRepo": "acme/moved", "toRepo": "bob/model"}), 403)

	shared := blob(3000, 2)
	w.upload("ann", "acme/moved", shared)
	w.upload("ann", "acme/model", shared)
	w.want(w.do("ann", "DELETE", "/api/repos/delete", wire.DeleteRepo{Name: "moved", Organization: "acme"}), 200)
	w.want(w.do("ann", "DELETE", "/api/repos/delete", wire.DeleteRepo{Name: "moved", Organization: "acme"}), 404, wire.CodeRepoNotFound)
	if got := objects(t, dir); !slices.Equal(got, []string{sha(shared)}) {
		t.Errorf("objects left are %v, want the one that another repo has", got)
	}
	w.create("acme/moved", "public")
	w.want(w.do("", "GET", "/acme/moved/resolve/main/m.bin", nil), 404, wire.CodeEntryNotFound)
}

// objects lists what is under objects/.
func objects(t *testing.T, dir string) []string {
	t.Helper()
	var names []string
	err := filepath.WalkDir(filepath.Join(dir, "objects"), func(_ string, d fs.DirEntry, err error) error {
		if err == nil && !d.IsDir() {
			names = append(names, d.Name())
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return names
}

func TestSettings(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "private")
	settings := "/api/models/ann/model/settings"
	w.want(w.do("", "GET", "/api/models/ann/model", nil), 401)
	w.want(w.do("bob", "PUT", settings, map[string]any{"visibility": "public"}), 404)
	w.want(w.do("ann", "PUT", settings, map[string]any{"visibility": "public", "gated": "auto"}), 200)
	info := decode[wire.RepoInfo](w, w.want(w.do("", "GET", "/api/models/ann/model", nil), 200))
	if info.Private || info.Gated != "auto" {
		t.Errorf("%+v", info)
	}
	w.want(w.do("ann", "PUT", settings, map[string]any{"private": true, "gated": false}), 200)
	w.want(w.do("", "GET", "/api/models/ann/model", nil), 401)
	w.want(w.do("ann", "PUT", settings, map[string]any{"gated": "sometimes"}), 400)
}

func TestRepoInfo(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	weights := blob(2000, 1)
	w.upload("ann", "ann/model", weights)
	w.clock.advance(90 * time.Second)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("model.safetensors", weights), fileLine("config.json", `{"model_type":"mistral","architectures":["M"],"hidden_size":8}`),
		fileLine("README.md", "---\nlicense: apache-2.0\nbase_model: a/b\nbase_model_relation: merge\nlanguage: [en]\ntags: [merge]\npipeline_tag: text-generation\n---\n# hi")), 200)
	a := w.want(w.do("", "GET", "/api/models/ann/model?blobs=true", nil), 200)
	info := decode[struct {
		wire.RepoInfo
		Siblings []struct {
			wire.Sibling
			Size   int64
			BlobID string
			LFS    *struct {
				SHA256            string
				Size, PointerSize int64
			}
		} `json:"siblings"`
	}](w, a)
	if info.ID != "ann/model" || info.SHA != a.Header.Get(wire.HeaderRepoCommit) || info.UsedStorage != 2000 || !info.LastModified.Equal(w.clock.now()) {
		t.Errorf("%+v", info)
	}
	if got := string(info.Config); got != `{"architectures":["M"],"model_type":"mistral"}` {
		t.Errorf("config %s", got)
	}
	if got := string(info.CardData); !strings.Contains(got, `"license":"apache-2.0"`) || !strings.Contains(got, `"language":["en"]`) {
		t.Errorf("cardData %s", got)
	}
	want := []string{"transformers", "safetensors", "mistral", "text-generation", "merge", "en", "base_model:a/b", "license:apache-2.0", "base_model:merge:a/b"}
	if !slices.Equal(info.Tags, want) {
		t.Errorf("tags %v", info.Tags)
	}
	if len(info.Siblings) != 4 {
		t.Fatalf("siblings %+v", info.Siblings)
	}
	if s := info.Siblings[3]; s.RFilename != "model.safetensors" || s.Size != 2000 || s.LFS == nil || s.LFS.SHA256 != sha(weights) || s.LFS.PointerSize != 129 {
		t.Errorf("sibling %+v", s)
	}
}

func TestListRepos(t *testing.T) {
	w := newWorld(t, func(o *localhub.Options) { o.PageSize = 2 })
	for i, name := range []string{"ann/beta", "acme/alpha", "ann/gamma", "ann/alphabet"} {
		w.create(name, []string{"public", "public", "private", "public"}[i])
		w.clock.advance(time.Minute)
	}
	list := func(user, query string) string {
		var names []string
		for url := w.url + "/api/models?" + query; url != ""; {
			a := w.want(w.do(user, "GET", url, nil), 200)
			page := decode[[]wire.RepoInfo](w, a)
			if len(page) > 2 {
				t.Errorf("a page of %d", len(page))
			}
			for _, r := range page {
				names = append(names, r.ID)
			}
			url = nextPage(a)
		}
		return strings.Join(names, " ")
	}
	for _, c := range []struct{ user, query, want string }{
		{"", "", "acme/alpha ann/alphabet ann/beta"},
		{"ann", "", "acme/alpha ann/alphabet ann/beta ann/gamma"},
		{"", "search=ALPHA", "acme/alpha ann/alphabet"},
		{"", "author=ann&full=true", "ann/alphabet ann/beta"},
		{"", "sort=lastModified", "ann/alphabet acme/alpha ann/beta"},
		{"", "filter=none", ""},
	} {
		if got := list(c.user, c.query); got != c.want {
			t.Errorf("%q %q: %s, want %s", c.user, c.query, got, c.want)
		}
	}
}

// nextPage is the address of the next page, or "".
func nextPage(a answer) string {
	link, rel, ok := strings.Cut(a.Header.Get("Link"), ">; ")
	if !ok || rel != `rel="next"` {
		return ""
	}
	return strings.TrimPrefix(link, "<")
}

func TestTree(t *testing.T) {
	w := newWorld(t, func(o *localhub.Options) { o.PageSize = 3 })
	w.create("ann/model", "public")
	var lines []string
	for _, p := range []string{"a/b/c/1", "a/b/2", "a/3", "a-b", "z"} {
		lines = append(lines, fileLine(p, p))
	}
	w.want(w.commit("ann", "ann/model", "main", append([]string{header("")}, lines...)...), 200)
	list := func(path string, between func()) string {
		var names []string
		for url := w.url + "/api/models/ann/model/tree/main" + path; url != ""; {
			a := w.want(w.do("", "GET", url, nil), 200)
			for _, e := range decode[[]wire.TreeEntry](w, a) {
				names = append(names, e.Path+map[string]string{"directory": "/"}[e.Type])
			}
			if url = nextPage(a); url != "" {
				between()
			}
		}
		return strings.Join(names, " ")
	}
	still := func() {}
	for path, want := range map[string]string{
		"":                                  "a/ .gitattributes a-b z",
		"?recursive=true&expand=True":       ".gitattributes a-b a/ a/3 a/b/ a/b/2 a/b/c/ a/b/c/1 z",
		"?recursive=false&limit=1":          "a/ .gitattributes a-b z",
		"/a":                                "a/b/ a/3",
		"/a/b?recursive=1":                  "a/b/2 a/b/c/ a/b/c/1",
		"/a%2Fb?recursive=1":                "a/b/2 a/b/c/ a/b/c/1",
		"/a/":                               "a/b/ a/3",
		"?recursive=true&cursor=7&limit=99": "a/b/c/1 z",
	} {
		if got := list(path, still); got != want {
			t.Errorf("tree%s: %s, want %s", path, got, want)
		}
	}
	n := 0
	moving := list("?recursive=true", func() { // pages of one commit, though the branch moves
		n++
		w.want(w.commit("ann", "ann/model", "main", header(""), fileLine(fmt.Sprintf("0%d", n), "x")), 200)
	})
	if moving != ".gitattributes a-b a/ a/3 a/b/ a/b/2 a/b/c/ a/b/c/1 z" || n != 2 {
		t.Errorf("while the branch moves: %s", moving)
	}
}

func TestPathsInfo(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("dir/a.txt", "a")), 200)
	const url = "/api/models/ann/model/paths-info/main"
	form := w.do("", "POST", url, []byte("paths=dir&paths=dir%2Fa.txt&paths=none&expand=True"), "Content-Type", "application/x-www-form-urlencoded")
	commits := w.want(w.do("", "GET", "/api/models/ann/model/commits/main", nil), 200)
	for what, a := range map[string]answer{"paths": form, "commits": commits} { // older Python clients read dates in one form only
		dates := regexp.MustCompile(`"date":"([^"]*)"`).FindAllSubmatch(a.body, -1)
		for _, d := range dates {
			if !regexp.MustCompile(`^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$`).Match(d[1]) {
				t.Errorf("%s: the date %s", what, d[1])
			}
		}
		if len(dates) == 0 {
			t.Errorf("%s has no dates: %s", what, a.body)
		}
	}
	asJSON := w.do("", "POST", url, map[string]any{"paths": []string{"dir", "dir/a.txt", "none"}, "expand": true}, "Content-Type", "application/json")
	if w.want(form, 200); string(form.body) != string(w.want(asJSON, 200).body) {
		t.Errorf("form: %s\nJSON: %s", form.body, asJSON.body)
	}
	entries := decode[[]struct {
		wire.TreeEntry
		LastCommit struct{ ID, Title string }
	}](w, form)
	if len(entries) != 2 || entries[0].Type != "directory" || entries[1].Size != 1 || entries[1].LastCommit.Title != "a change" {
		t.Errorf("%s", form.body)
	}
}

func TestRefs(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	first := w.head("", "ann/model", "main")
	const api = "/api/models/ann/model/"
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("a.txt", "a")), 200)
	w.want(w.do("ann", "POST", api+"branch/feature%2Fx", map[string]string{"startingPoint": first}), 200)
	w.want(w.do("ann", "POST", api+"branch/feature%2Fx", map[string]string{}), 409)
	w.want(w.do("ann", "POST", api+"branch/other", nil), 200)
	w.want(w.do("ann", "POST", api+"branch/more", map[string]string{"startingPoint": "none"}), 404, wire.CodeRevisionNotFound)
	w.want(w.do("ann", "POST", api+"branch/void", map[string]bool{"emptyBranch": true}), 200)
	w.want(w.do("ann", "POST", api+"tag/main", map[string]string{"tag": "v1", "message": "m"}), 200)
	w.want(w.do("ann", "POST", api+"tag/main", map[string]string{"tag": "v1"}), 409)
	w.want(w.commit("ann", "ann/model", "feature%2Fx", header(""), fileLine("b.txt", "b")), 200)
	w.want(w.commit("ann", "ann/model", "v1", header(""), fileLine("b.txt", "b")), 404, wire.CodeRevisionNotFound)
	if string(w.get("", "ann/model", "feature%2Fx", "b.txt")) != "b" || string(w.get("", "ann/model", "v1", "a.txt")) != "a" {
		t.Error("branch or tag do not have their files")
	}
	refs := decode[map[string][]struct{ Name, Ref, TargetCommit string }](w, w.want(w.do("", "GET", api+"refs?include_prs=1", nil), 200))
	if len(refs["branches"]) != 4 || len(refs["tags"]) != 1 || refs["branches"][0].Ref != "refs/heads/feature/x" || refs["tags"][0].TargetCommit != w.head("", "ann/model", "main") {
		t.Errorf("refs %v", refs)
	}
	if a := w.do("", "GET", api+"tree/void", nil); string(w.want(a, 200).body) != "[]" {
		t.Errorf("an empty branch has %s", a.body)
	}
	for _, rev := range []string{"HEAD", "refs%2Fheads%2Fmain", "refs/heads/main", w.head("", "ann/model", "main")[:7]} {
		if w.head("", "ann/model", rev) != w.head("", "ann/model", "main") {
			t.Errorf("%s is not the main branch", rev)
		}
	}
	w.want(w.do("ann", "DELETE", api+"branch/main", nil), 403)
	w.want(w.do("ann", "DELETE", api+"branch/feature%2Fx", nil), 200)
	w.want(w.do("ann", "DELETE", api+"branch/feature%2Fx", nil), 404, wire.CodeRevisionNotFound)
	w.want(w.do("ann", "DELETE", api+"tag/v1", nil), 200)
	w.want(w.do("bob", "DELETE", api+"branch/other", nil), 403)

	commits := w.want(w.do("", "GET", api+"commits/main?limit=1", nil), 200)
	if list := decode[[]struct {
		ID, Title string
		Authors   []struct{ User string }
	}](w, commits); len(list) != 1 || list[0].Title != "a change" || list[0].Authors[0].User != "ann" || commits.Header.Get("X-Total-Count") != "2" {
		t.Errorf("commits %s", commits.body)
	}
	if a := w.do("", "GET", nextPage(commits), nil); !strings.Contains(string(w.want(a, 200).body), first) || nextPage(a) != "" {
		t.Errorf("second page %s", a.body)
	}
	w.want(w.do("ann", "POST", api+"super-squash/main", map[string]string{"message": "one"}), 200)
	if a := w.do("", "GET", api+"commits/main", nil); a.Header.Get("X-Total-Count") != "1" || string(w.get("", "ann/model", "main", "a.txt")) != "a" {
		t.Errorf("after the squash: %s", a.body)
	}
}

func TestOneHubPerFolder(t *testing.T) {
	dir := t.TempDir()
	id := localhub.RepoID{Type: wire.Model, Name: "ann/model"}
	hub, err := localhub.Open(dir, localhub.Options{})
	if err != nil {
		t.Fatal(err)
	}
	if _, err := hub.Import(t.Context(), id, t.TempDir(), localhub.ImportOptions{}); err != nil {
		t.Fatal(err)
	}
	if _, err := localhub.Open(dir, localhub.Options{}); err == nil || !strings.Contains(err.Error(), "another process") {
		t.Errorf("a folder in use was opened: %v", err)
	}
	for _, name := range []string{"17", "thesis.txt"} { // one of the hub's, one of somebody's
		if err := os.WriteFile(filepath.Join(dir, "tmp", name), []byte("x"), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	if err := hub.Close(); err != nil {
		t.Fatal(err)
	}
	again, err := localhub.Open(dir, localhub.Options{})
	if err != nil {
		t.Fatal(err)
	}
	defer again.Close()
	if left, err := os.ReadDir(filepath.Join(dir, "tmp")); err != nil || len(left) != 2 || left[1].Name() != "thesis.txt" { // and this process' own

		t.Errorf("tmp holds %v, %v", left, err)
	}
	if err := again.Configure(id, func(*localhub.Settings) {}); err != nil {
		t.Errorf("the repo is gone: %v", err)
	}
}

// Other names of a repo, from before it was moved or in other letter case, lead
// to it: reading by a redirect, writing at once. To those who may not see it,
// there is nothing.
func TestOtherNames(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/old", "private")
	w.want(w.commit("ann", "ann/old", "main", header(""), fileLine("a b/c.txt", "text")), 200)
	head := w.head("ann", "ann/old", "main")
	w.want(w.do("ann", "POST", "/api/repos/move", map[string]string{"fromRepo": "ann/old", "toRepo": "acme/new", "type": "model"}), 200)
	for from, to := range map[string]string{
		"/api/models/ann/old":                                        "/api/models/acme/new",
		"//api/models/ann/old/tree/main?recursive=true":              "/api/models/acme/new/tree/main?recursive=true",
		"/ann/old/resolve/main/a%20b/c.txt":                          "/acme/new/resolve/main/a%20b/c.txt",
		"/models/ann/old/resolve/main/x":                             "/models/acme/new/resolve/main/x",
		"/api/resolve-cache/models/ann/old/" + head + "/a%20b/c.txt": "/api/resolve-cache/models/acme/new/" + head + "/a%20b/c.txt",
		"/ACME/New/raw/main/ann/old":                                 "/acme/new/raw/main/ann/old",
		"/api/models/Ann/OLD/revision/refs%2Fpr%2F1":                 "/api/models/acme/new/revision/refs%2Fpr%2F1",
	} {
		if a := w.want(w.do("ann", "GET", from, nil), 307); a.Header.Get("Location") != to {
			t.Errorf("%s leads to %q, want %q", from, a.Header.Get("Location"), to)
		}
		w.want(w.do("bob", "GET", from, nil), 404, wire.CodeRepoNotFound)
	}
	w.want(w.commit("ann", "Ann/Old", "main", header(""), fileLine("d.txt", "more")), 200)
	if got := string(w.get("ann", "acme/new", "main", "d.txt")); got != "more" {
		t.Errorf("a commit to the old name went nowhere: %q", got)
	}
	a := w.want(w.do("ann", "POST", "/api/repos/create", wire.CreateRepo{Name: "old"}), 409)
	if url := decode[wire.RepoURL](w, a).URL; url != w.url+"/acme/new" {
		t.Errorf("the old name is taken by %q", url)
	}
	w.want(w.do("ann", "GET", "//api/whoami-v2", nil), 200)
}

// What a client asks for by name is what it gets.
func TestExpand(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	w.create("ann/other", "public")
	weights := safetensors(t, `{"a":{"dtype":"F32","shape":[2,3],"data_offsets":[0,24]},"b":{"dtype":"BF16","shape":[4],"data_offsets":[24,32]}}`, 32)
	w.upload("ann", "ann/model", weights)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("model.safetensors", weights), fileLine("config.json", `{"model_type":"gpt2","architectures":["GPT2LMHeadModel"]}`)), 200)
	if err := w.hub.Configure(localhub.RepoID{Type: wire.Model, Name: "ann/other"}, func(s *localhub.Settings) { s.Gated = "auto" }); err != nil {
		t.Fatal(err)
	}
	a := w.want(w.do("", "GET", "/api/models/ann/model", nil), 200)
	for _, want := range []string{`"safetensors":{"parameters":{"BF16":4,"F32":6},"total":10}`, `"pipeline_tag":"text-generation"`, `"library_name":"transformers"`} {
		if !strings.Contains(string(a.body), want) {
			t.Errorf("no %s in %s", want, a.body)
		}
	}
	a = w.want(w.do("", "GET", "/api/models/ann/model?expand=author&expand=gated", nil), 200)
	if got := string(a.body); got != `{"author":"ann","gated":false,"id":"ann/model","modelId":"ann/model"}` {
		t.Errorf("got %s", got)
	}
	w.want(w.do("", "GET", "/api/models/ann/model?expand=foo", nil), 400)
	w.want(w.do("", "GET", "/api/models?expand=foo", nil), 400)
	w.want(w.do("", "GET", "/api/models?sort=foo", nil), 400)
	w.want(w.do("", "GET", "/api/models?num_parameters=many", nil), 400)
	for query, want := range map[string]string{
		"": "ann/model ann/other", "gated=true": "ann/other", "gated=false": "ann/model", "pipeline_tag=text-generation": "ann/model", "filter=transformers": "ann/model",
		"num_parameters=min:5,max:1K": "ann/model", "num_parameters=min:6B": "", "inference=warm": "", "search=OTHER": "ann/other", "sort=lastModified&expand=sha": "ann/model ann/other",
	} {
		a := w.want(w.do("", "GET", "/api/models?"+query, nil), 200)
		var names []string
		for _, r := range decode[[]struct{ ID string }](w, a) {
			names = append(names, r.ID)
		}
		if got := strings.Join(names, " "); got != want {
			t.Errorf("%q lists %q, want %q", query, got, want)
		}
	}
	if a := w.want(w.do("", "GET", "/api/models/ann/model/commits/main?expand[]=formatted", nil), 200); !strings.Contains(string(a.body), `"formatted":{"title":"a change"`) {
		t.Errorf("%s", a.body)
	}
}

// A repo may be called as the words of addresses are.
func TestReposNamedLikeVerbs(t *testing.T) {
	w := newWorld(t, nil)
	for _, name := range []string{"raw", "tree", "resolve", "commit", "info", "revision"} {
		w.create("ann/"+name, "public")
		w.want(w.commit("ann", "ann/"+name, "main", header(""), fileLine("a.txt", name)), 200)
		if got := string(w.get("", "ann/"+name, "main", "a.txt")); got != name {
			t.Errorf("%s: %q", name, got)
		}
		w.want(w.do("", "GET", "/api/models/ann/"+name+"/tree/main", nil), 200)
		w.shows(w.page("", "/ann/"+name+"/blob/main/a.txt"), name)
	}
}

func TestNewRepoHasACard(t *testing.T) {
	w := newWorld(t, nil)
	for name, c := range map[string]struct {
		body   map[string]any
		status int
		card   string
	}{
		"licensed": {map[string]any{"name": "licensed", "license": "mit"}, 200, "---\nlicense: \"mit\"\n---\n"},
		"app":      {map[string]any{"name": "app", "type": "space", "sdk": "static"}, 200, "---\ntitle: \"app\"\nsdk: static\npinned: false\n---\n"},
		"odd":      {map[string]any{"name": "odd", "type": "space", "sdk": "php"}, 400, ""},
	} {
		w.want(w.do("ann", "POST", "/api/repos/create", c.body), c.status)
		if c.status != 200 {
			continue
		}
		prefix := ""
		if c.body["type"] == "space" {
			prefix = "spaces/"
		}
		if got := string(w.get("", prefix+"ann/"+name, "main", "README.md")); got != c.card {
			t.Errorf("%s: %q", name, got)
		}
	}
}

// Large files of one repo are made known to another by name, if they may be
// read.
func TestCopyLFSFiles(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "private")
	content := blob(3000, 1)
	w.upload("ann", "ann/model", content)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("m.bin", content)), 200)
	w.want(w.do("bob", "POST", "/api/repos/create", wire.CreateRepo{Name: "copy"}), 200)
	w.create("acme/copy", "public")
	ask := func(target string, shas ...string) map[string]any {
		files := []map[string]string{}
		for _, sha := range shas {
			files = append(files, map[string]string{"sha256": sha, "filename": "m.bin", "xetHash": "x"})
		}
		return map[string]any{"target": map[string]string{"type": "model", "name": target}, "files": files}
	}
	const path = "/api/models/ann/model/lfs-files"
	w.want(w.do("bob", "POST", path+"/duplicate", ask("bob/copy", sha(content))), 404)
	w.want(w.do("ann", "POST", path+"/batch", nil), 400)
	a := w.want(w.do("ann", "POST", path+"/duplicate", ask("acme/copy", sha(content), sha(blob(3000, 2)))), 200)
	got := decode[map[string][]struct{ SHA256 string }](w, a)
	if len(got["success"]) != 1 || len(got["failed"]) != 1 {
		t.Errorf("%s", a.body)
	}
	w.want(w.commit("ann", "acme/copy", "main", header(""), lfsLine("m.bin", content)), 200)
	a = w.want(w.do("ann", "GET", path, nil), 200)
	if !strings.Contains(string(a.body), `"filename":"m.bin","size":3000`) {
		t.Errorf("%s", a.body)
	}
}
