package localhub_test

import (
	"strings"
	"sync"
	"testing"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

func TestCommitChangesFiles(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	weights := blob(1000, 1)
	w.upload("ann", "ann/model", weights)
	w.want(w.commit("ann", "ann/model", "main", header(""),
		fileLine("keep.txt", "1"), fileLine("gone.txt", "2"), fileLine("old/a", "3"), fileLine("old/b/c", "4"), lfsLine("m.bin", weights)), 200)
	first := w.head("", "ann/model", "main")
	w.want(w.commit("ann", "ann/model", "main", header(first),
		line("deletedFile", wire.CommitDeleted{Path: "gone.txt"}), line("deletedFolder", wire.CommitDeleted{Path: "old/"}),
		line("copyFile", map[string]string{"path": "copy.bin", "srcPath": "m.bin"}),
		line("copyFile", map[string]string{"path": "back.txt", "srcPath": "gone.txt", "srcRevision": first}),
		line("lfsFile", map[string]string{"path": "m2.bin", "algo": "sha256", "oid": sha(weights)}), // without a size
		fileLine("keep.txt", "5")), 200)
	a := w.want(w.do("", "GET", "/api/models/ann/model/tree/main?recursive=true", nil), 200)
	var paths []string
	for _, e := range decode[[]wire.TreeEntry](w, a) {
		paths = append(paths, e.Path)
		if strings.HasSuffix(e.Path, ".bin") && (e.LFS == nil || e.LFS.OID != sha(weights) || e.LFS.Size != 1000 || e.Size != 1000) {
			t.Errorf("%s: %+v", e.Path, e)
		}
	}
	if got := strings.Join(paths, " "); got != ".gitattributes back.txt copy.bin keep.txt m.bin m2.bin" {
		t.Errorf("files are %s", got)
	}
	if got := w.get("", "ann/model", "main", "back.txt"); string(got) != "2" {
		t.Errorf("back.txt is %q", got)
	}
	if got := w.get("", "ann/model", first, "keep.txt"); string(got) != "1" {
		t.Errorf("keep.txt at the first commit is %q", got)
	}
	head := w.head("", "ann/model", "main")
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("keep.txt", "5")), 200)
	if w.head("", "ann/model", "main") != head {
		t.Error("a commit that changes nothing moved the branch")
	}
}

func TestCommitRefuses(t *testing.T) {
	w := newWorld(t, func(o *localhub.Options) { o.LFSThreshold = 10 << 10 })
	w.create("ann/model", "public")
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("dir/file", "1"), fileLine("Model.txt", "1")), 200)
	head := w.head("", "ann/model", "main")
	for name, c := range map[string]struct {
		line   string
		status int
		code   string
	}{
		"missing file":        {line("deletedFile", wire.CommitDeleted{Path: "none"}), 404, wire.CodeEntryNotFound},
		"missing folder":      {line("deletedFolder", wire.CommitDeleted{Path: "none"}), 404, wire.CodeEntryNotFound},
		"file as a folder":    {line("deletedFolder", wire.CommitDeleted{Path: "Model.txt"}), 404, wire.CodeEntryNotFound},
		"missing source":      {line("copyFile", map[string]string{"path": "x", "srcPath": "none"}), 404, wire.CodeEntryNotFound},
		"missing revision":    {line("copyFile", map[string]string{"path": "x", "srcPath": "dir/file", "srcRevision": "none"}), 404, wire.CodeRevisionNotFound},
		"unknown object":      {lfsLine("m.bin", []byte("nowhere")), 400, ""},
		"file under a file":   {fileLine("dir/file/x", "1"), 400, ""},
		"file over a folder":  {fileLine("dir", "1"), 400, ""},
		"path out of repo":    {fileLine("../x", "1"), 400, ""},
		"path into .git":      {fileLine("a/.git/hooks", "1"), 400, ""},
		"backslash":           {fileLine(`a\b`, "1"), 400, ""},
		"large README":        {lfsLine("README.md", []byte("x")), 400, ""},
		"front matter":        {fileLine("README.md", "---\nlicense: [1]\n---\n"), 400, ""},
		"broken front matter": {fileLine("README.md", "---\na: [\n---\n"), 400, ""},
		"regular but large":   {fileLine("big.txt", strings.Repeat("x", 10<<10+1)), 400, ""},
	} {
		if a := w.commit("ann", "ann/model", "main", header(""), fileLine("other.txt", name), c.line); a.StatusCode != c.status || a.Header.Get(wire.HeaderErrorCode) != c.code {
			t.Errorf("%s: status %d, code %q: %s", name, a.StatusCode, a.Header.Get(wire.HeaderErrorCode), a.body)
		}
	}
	w.want(w.commit("ann", "ann/model", "none", header(""), fileLine("x", "1")), 404, wire.CodeRevisionNotFound)
	w.want(w.commit("ann", "ann/model", head, header(""), fileLine("x", "1")), 404, wire.CodeRevisionNotFound)
	w.want(w.commit("ann", "ann/model", "main", line("header", wire.CommitHeader{}), fileLine("x", "1")), 400)
	w.want(w.commit("ann", "ann/model", "main", header("ffffffff"), fileLine("x", "1")), 412)
	w.want(w.commit("ann", "ann/model", "main", header("")+strings.Repeat("x", 100<<10)), 413)
	if w.head("", "ann/model", "main") != head {
		t.Error("a refused commit moved the branch")
	}
	if a := w.commit("ann", "ann/model", "main", header(head[:7]), fileLine("README.md", "---\nlicense: mit\n---\n# hi")); a.StatusCode != 200 {
		t.Errorf("a good commit on a short parent: %d %s", a.StatusCode, a.body)
	}
}

func TestRejectedCardSaysWhy(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	a := w.commit("ann", "ann/model", "main", header(""), fileLine("README.md", "---\nlicense: {a: b}\n---\n"))
	const want = "Sorry, your push was rejected during YAML metadata verification:\n - Error: \"license\" must be a string or an array of strings"
	if got := decode[wire.Error](w, w.want(a, 400)).Error; got != want {
		t.Errorf("got %q", got)
	}
	if got := a.Header.Get(wire.HeaderErrorMessage); got != strings.ReplaceAll(want, "\n", " ") {
		t.Errorf("header %q", got)
	}
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("README.md", "---\nlicense: llama9\n---\n")), 200) // lists grow
	a = w.want(w.do("ann", "POST", "/api/validate-yaml", map[string]string{"content": "---\nlicense: llama9\n---\n", "repoType": "model"}), 400)
	if !strings.Contains(string(a.body), `llama9`) {
		t.Errorf("got %s", a.body)
	}
	a = w.want(w.do("ann", "POST", "/api/validate-yaml", map[string]string{"content": "---\ntags: 5\n---\n", "repoType": "model"}), 400)
	if !strings.Contains(string(a.body), `{"errors":[{"message":"\"tags\" must be`) {
		t.Errorf("got %s", a.body)
	}
	a = w.want(w.do("ann", "POST", "/api/validate-yaml", map[string]string{"content": "# no metadata", "repoType": "model"}), 200)
	if !strings.Contains(string(a.body), "empty or missing yaml metadata") {
		t.Errorf("got %s", a.body)
	}
}

// Many commit at once on one parent: one wins, and nothing is lost.
func TestOneOfManyCommittersWins(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	for round := range 5 {
		parent := w.head("", "ann/model", "main")
		statuses := make([]int, 4)
		var wg sync.WaitGroup
		for i := range statuses {
			wg.Go(func() {
				statuses[i] = w.commit("ann", "ann/model", "main", header(parent), fileLine("who.txt", string(rune('a'+4*round+i)))).StatusCode
			})
		}
		wg.Wait()
		count := map[int]int{}
		for _, s := range statuses {
			count[s]++
		}
		if count[200] != 1 || count[412] != 3 {
			t.Fatalf("statuses %v", statuses)
		}
	}
	var wg sync.WaitGroup
	for i := range 8 { // without a parent all of them go through
		wg.Go(func() { w.commit("ann", "ann/model", "main", header(""), fileLine(string(rune('a'+i))+".txt", "x")) })
	}
	wg.Wait()
	a := w.want(w.do("", "GET", "/api/models/ann/model/tree/main", nil), 200)
	if n := len(decode[[]wire.TreeEntry](w, a)); n != 10 {
		t.Errorf("%d files, want 10", n)
	}
}

func TestPullRequests(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	main := w.head("", "ann/model", "main")
	a := w.want(w.do("bob", "POST", "/api/models/ann/model/commit/main?create_pr=1", []byte(header(main)+fileLine("fix.txt", "fixed"))), 200)
	done := decode[wire.CommitResponse](w, a)
	if done.PullRequestURL != w.url+"/ann/model/discussions/1" {
		t.Errorf("pull request at %q", done.PullRequestURL)
	}
	if w.head("", "ann/model", "main") != main || w.head("", "ann/model", "refs%2Fpr%2F1") != done.CommitOID || w.head("", "ann/model", "refs/pr/1") != done.CommitOID {
		t.Error("the commit is not where it should be")
	}
	if got := w.get("", "ann/model", "refs%2Fpr%2F1", "fix.txt"); string(got) != "fixed" {
		t.Errorf("fix.txt is %q", got)
	}
	w.want(w.commit("bob", "ann/model", "refs%2Fpr%2F1", header(""), fileLine("more.txt", "x")), 200)
	w.want(w.commit("bob", "ann/model", "main", header(""), fileLine("more.txt", "x")), 403)

	a = w.want(w.do("ann", "POST", "/api/models/ann/model/discussions", map[string]any{"title": "mine", "pullRequest": true}), 200)
	if n := decode[struct{ Num int }](w, a).Num; n != 2 {
		t.Errorf("second pull request has number %d", n)
	}
	w.want(w.commit("bob", "ann/model", "refs%2Fpr%2F2", header(""), fileLine("more.txt", "x")), 403)
	w.want(w.do("", "GET", "/api/models/ann/model/discussions/2?diff=1", nil), 200)
	w.want(w.do("", "GET", "/api/models/ann/model/discussions/3", nil), 404)
	for query, want := range map[string]int{
		"": 2, "?status=open": 2, "?status=closed": 0, "?status=all&type=pull_request": 2, "?type=discussion": 0, "?author=bob": 1, "?author=nobody": 0,
	} {
		a := w.want(w.do("", "GET", "/api/models/ann/model/discussions"+query, nil), 200)
		if n := decode[struct{ Count int }](w, a).Count; n != want {
			t.Errorf("%q lists %d pull requests, want %d", query, n, want)
		}
	}
	if a := w.want(w.do("ann", "POST", "/api/models/ann/model/discussions/1/comment", map[string]any{}), 400); !strings.Contains(string(a.body), "can not comment pull requests") {
		t.Errorf("a comment is refused with %s", a.body)
	}
	w.want(w.do("", "GET", "/api/models/ann/model/discussions/..%2f..%2frepo", nil), 404)
	w.want(w.do("rita", "POST", "/api/models/ann/model/commit/main?create_pr=1", []byte(header("")+fileLine("fix.txt", "x"))), 403)
}

// Git tells letter cases apart, and a directory goes by either word.
func TestCommitsAsGitTakesThem(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("Readme.txt", "1"), fileLine("README.TXT", "2"), fileLine("dir/a", "3"), fileLine("dir-x", "4")), 200)
	if a, b := w.get("", "ann/model", "main", "Readme.txt"), w.get("", "ann/model", "main", "README.TXT"); string(a) != "1" || string(b) != "2" {
		t.Errorf("%s, %s", a, b)
	}
	w.want(w.commit("ann", "ann/model", "main", header(""), line("deletedFile", wire.CommitDeleted{Path: "dir"})), 200)
	w.want(w.do("", "HEAD", "/ann/model/resolve/main/dir/a", nil), 404)
	w.get("", "ann/model", "main", "dir-x")
}

func TestMergePulls(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("a", "1"), fileLine("b", "1"), fileLine("c", "1")), 200)
	const pulls = "/api/models/ann/model/discussions/"
	for _, lines := range []string{
		fileLine("a", "2") + fileLine("new", "2") + line("deletedFile", wire.CommitDeleted{Path: "c"}), // 1
		fileLine("b", "2"), // 2: the main branch changes it, too
		fileLine("b", "3"), // 3: to the same
		fileLine("x", "1"), // 4: closed
	} {
		w.want(w.do("bob", "POST", "/api/models/ann/model/commit/main?create_pr=1", []byte(header("")+lines)), 200)
	}
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("b", "3")), 200)
	w.want(w.do("bob", "POST", pulls+"1/merge", nil), 403)
	w.want(w.do("ann", "POST", pulls+"1/merge", map[string]string{"comment": "thanks"}), 200)
	for path, want := range map[string]string{"a": "2", "b": "3", "new": "2"} {
		if got := w.get("", "ann/model", "main", path); string(got) != want {
			t.Errorf("%s is %q, want %q", path, got, want)
		}
	}
	w.want(w.do("", "HEAD", "/ann/model/resolve/main/c", nil), 404)
	if a := w.want(w.do("ann", "POST", pulls+"2/merge", nil), 409); !strings.Contains(string(a.body), "in: b") {
		t.Errorf("%s", a.body)
	}
	w.want(w.do("ann", "POST", pulls+"3/merge", nil), 200)
	w.want(w.do("ann", "POST", pulls+"1/merge", nil), 409)
	w.want(w.do("rita", "POST", pulls+"4/status", map[string]string{"status": "closed"}), 403)
	w.want(w.do("bob", "POST", pulls+"4/status", map[string]string{"status": "merged"}), 400)
	w.want(w.do("bob", "POST", pulls+"4/status", map[string]string{"status": "closed"}), 200)
	w.want(w.do("bob", "POST", pulls+"4/title", map[string]string{"title": "never mind"}), 200)
	w.want(w.do("ann", "POST", pulls+"4/merge", nil), 409)
	for status, want := range map[string]int{"open": 1, "closed": 1, "merged": 2} {
		a := w.want(w.do("", "GET", "/api/models/ann/model/discussions?status="+status, nil), 200)
		if n := decode[struct{ Count int }](w, a).Count; n != want {
			t.Errorf("%d are %s, want %d", n, status, want)
		}
	}
	a := w.want(w.do("", "GET", pulls+"1", nil), 200)
	if p := decode[struct {
		Changes struct{ MergeCommitID string }
	}](w, a); len(p.Changes.MergeCommitID) != 40 {
		t.Errorf("%s", a.body)
	}
}
