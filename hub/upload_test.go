package hub_test

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"maps"
	"net/http"
	"slices"
	"strings"
	"testing"

	"longcat/hub"
	"longcat/hub/localhub"
)

func (w *world) upload(f files, change ...func(*hub.Upload)) (*hub.UploadResult, error) {
	u := hub.Upload{Repo: repo, Files: f.upload(), Message: "a change"}
	for _, c := range change {
		c(&u)
	}
	return w.client().Upload(w.Context(), u)
}

func (w *world) mustUpload(f files, change ...func(*hub.Upload)) *hub.UploadResult {
	w.Helper()
	res, err := w.upload(f, change...)
	if err != nil {
		w.Fatal(err)
	}
	return res
}

// listed is what main holds now: path → hash of the content.
func (w *world) listed() map[string]string {
	w.Helper()
	got := map[string]string{}
	for e, err := range w.client().Tree(w.Context(), repo, "main") {
		if err != nil {
			w.Fatal(err)
		}
		got[e.Path] = e.Hash()
	}
	return got
}

// received is how many bytes of content the hub took.
func (w *world) received() (n int64) {
	for _, r := range w.requests(path(http.MethodPut, "/-/")) {
		n += r.Received
	}
	return n
}

func TestUploadOfAllKinds(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{"a.txt": []byte("a")})
	content := model()
	content["basic.bin"] = blob(900_000, 3)
	res := w.mustUpload(content)
	listed := w.listed()
	for p, b := range content {
		if listed[p] != etagOf(t, b) {
			t.Errorf("%s is listed as %q", p, listed[p])
		}
	}
	large := int64(len(content["basic.bin"]) + len(content["tokenizer.bin"]) + len(content["model.safetensors"])) // the same twice is sent once
	if got := w.received(); got != large {
		t.Errorf("the hub took %d bytes, want %d", got, large)
	}
	if res.Unchanged || len(res.Files) != len(content) || !strings.HasPrefix(res.CommitURL, w.url+"/") || !strings.HasSuffix(res.CommitURL, res.Commit) {
		t.Errorf("result %+v", res)
	}
	if parts := len(w.requests(path(http.MethodPut, "/-/part/"))); parts != 20 {
		t.Errorf("5 MiB went in %d parts of 256 KiB", parts)
	}
	snap, err := w.client().Download(t.Context(), hub.DownloadOptions{Repo: repo, Revision: res.Commit})
	if err != nil {
		t.Fatal(err)
	}
	for p, b := range content {
		wantFile(t, snap.Files[p], b)
	}

	w.forget()
	again := w.mustUpload(content)
	if !again.Unchanged || again.Commit != res.Commit || w.received() != 0 || len(w.requests(path(http.MethodPost, "/commit/"))) != 0 {
		t.Errorf("again: %+v, %d bytes", again, w.received())
	}
}

func TestUploadThroughFaults(t *testing.T) {
	const part = 256 << 10
	content := files{weights: blob(2<<20, 4), "basic.bin": blob(700_000, 5)}
	total := int64(2<<20 + 700_000)
	for name, test := range map[string]struct {
		fault   localhub.Fault
		most    int64 // bytes that the hub takes
		batches int
	}{
		"a part fails with 500":         {localhub.Fault{Path: "/-/part/", Status: 500, Times: 3}, total + 3*part, 1},
		"a part is cut":                 {localhub.Fault{Path: "/-/part/", CutRequest: true, After: 1000, Times: 3}, total + 3*part, 1},
		"a part's answer is lost":       {localhub.Fault{Path: "/-/part/", Method: "PUT", Cut: true, Times: 1}, total + part, 1},
		"addresses of parts expire":     {localhub.Fault{Path: "/-/part/", Status: 403, Skip: 3, Times: 1}, 2 * total, 2},
		"a whole fails with 503":        {localhub.Fault{Path: "/-/object/", Status: 503, Times: 2}, total + 2*700_000, 1},
		"a whole is cut":                {localhub.Fault{Path: "/-/object/", CutRequest: true, After: 300_000, Times: 2}, total + 2*700_000, 1},
		"the address of a whole is 403": {localhub.Fault{Path: "/-/object/", Status: 403, Times: 2}, total + 2*700_000, 3},
		"completing fails with 500":     {localhub.Fault{Path: "/-/complete/", Status: 500, Times: 2}, total, 1},
		"verifying fails with 502":      {localhub.Fault{Path: "/-/verify/", Status: 502, Times: 2}, total, 1},
		"the batch fails with 429":      {localhub.Fault{Path: "/objects/batch", Status: 429, Times: 2}, total, 3},
		"preupload fails with 500":      {localhub.Fault{Path: "/preupload/", Status: 500, Times: 2}, total, 1},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			w := newWorld(t)
			w.seed(files{"a.txt": []byte("a")})
			w.faults.Add(test.fault)
			p := &progress{}
			res := w.mustUpload(content, func(u *hub.Upload) { u.Progress = p })
			w.faults.Clear()
			if err := w.client().CheckTree(t.Context(), repo, res.Commit, res.Files, nil); err != nil {
				t.Error(err)
			}
			if got := w.received(); got > test.most {
				t.Errorf("the hub took %d bytes of %d, want %d at most", got, total, test.most)
			}
			if n := len(w.requests(path(http.MethodPost, "/objects/batch"))); n != test.batches {
				t.Errorf("%d batches, want %d", n, test.batches)
			}
			if p.n != 2*total { // hashed, and sent
				t.Errorf("the meters end at %d of %d", p.n, 2*total)
			}
		})
	}
}

func TestUploadThatDoesNotPass(t *testing.T) {
	t.Parallel()
	for name, test := range map[string]struct {
		fault  localhub.Fault
		target error
	}{
		"no right to send":  {localhub.Fault{Path: "/-/object/", Status: 403}, hub.ErrForbidden},
		"no right to write": {localhub.Fault{Path: "/preupload/", Status: 403}, hub.ErrForbidden},
		"always cut":        {localhub.Fault{Path: "/-/object/", CutRequest: true, After: 1000}, nil},
		"never verified":    {localhub.Fault{Path: "/-/verify/", Status: 404}, hub.ErrNotFound},
	} {
		w := newWorld(t)
		head := w.seed(files{"a.txt": []byte("a")})
		w.faults.Add(test.fault)
		_, err := w.upload(files{weights: blob(200_000, 1)})
		if err == nil || (test.target != nil && !errors.Is(err, test.target)) {
			t.Errorf("%s: %v", name, err)
		}
		checkText(t, name, err)
		w.faults.Clear()
		if info, err := w.client().RepoInfo(t.Context(), repo, ""); err != nil || info.SHA != head {
			t.Errorf("%s: a commit was made, %v", name, err)
		}
	}
}

// What a run that was interrupted has sent is not sent again.
func TestUploadGoesOn(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{"a.txt": []byte("a")})
	content := files{"1.bin": blob(300_000, 1), "2.bin": blob(400_000, 2), "big.bin": blob(3<<20, 3)}
	w.faults.Add(localhub.Fault{Path: "/-/object/" + sha(content["2.bin"]), Status: 400})
	one := func(u *hub.Upload) {
		u.Workers = 1
		slices.SortFunc(u.Files, func(a, b hub.UploadFile) int { return strings.Compare(a.Path, b.Path) })
	}
	if _, err := w.upload(content, one); err == nil {
		t.Fatal("the upload was not interrupted")
	}
	w.faults.Clear()
	w.faults.Add(localhub.Fault{Path: "/commit/", Status: 500})
	w.forget()
	if _, err := w.upload(content, one); err == nil {
		t.Fatal("the commit was not interrupted")
	}
	if got, want := w.received(), int64(400_000+3<<20); got != want {
		t.Errorf("the second run sent %d bytes, want %d", got, want)
	}
	w.faults.Clear()
	w.forget()
	res := w.mustUpload(content, one)
	if w.received() != 0 || res.Unchanged {
		t.Errorf("the third run sent %d bytes: %+v", w.received(), res)
	}
}

func TestUploadManyFiles(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{"a.txt": []byte("a")})
	content := files{}
	for i := range 300 {
		content[fmt.Sprintf("data/%03d.txt", i)] = fmt.Appendf(nil, "%d", i)
	}
	w.mustUpload(content)
	if n := len(w.requests(path(http.MethodPost, "/preupload/"))); n != 2 {
		t.Errorf("%d preupload calls for 300 files", n)
	}
	if n := len(w.requests(path(http.MethodPost, "/commit/"))); n != 1 {
		t.Errorf("%d commits", n)
	}
	if got := w.listed(); len(got) < 301 || got["data/299.txt"] != etagOf(t, []byte("299")) {
		t.Errorf("%d files are listed", len(got))
	}
}

func TestUploadIgnoredAndRemoved(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{".gitignore": []byte("*.log\n/tmp/\n"), "old.bin": blob(100_000, 1), "keep.txt": []byte("k")})
	res := w.mustUpload(files{"x.log": []byte("log"), "tmp/y.bin": blob(100_000, 2), "new.txt": []byte("n")}, func(u *hub.Upload) { u.Delete = []string{"old.bin"} })
	for _, f := range res.Files {
		if f.Ignored == (f.Path == "new.txt") {
			t.Errorf("%+v", f)
		}
	}
	got := slices.Sorted(maps.Keys(w.listed()))
	if want := []string{".gitattributes", ".gitignore", "keep.txt", "new.txt"}; !slices.Equal(got, want) {
		t.Errorf("listed are %v, want %v", got, want)
	}
	if err := w.client().CheckTree(t.Context(), repo, res.Commit, res.Files, []string{"old.bin"}); err != nil {
		t.Error(err)
	}
}

func TestUploadRefuses(t *testing.T) {
	w := newWorld(t)
	w.seed(files{"a.txt": []byte("a")})
	body := func(p string) hub.UploadFile {
		return hub.UploadFile{Path: p, Content: io.NewSectionReader(strings.NewReader("x"), 0, 1)}
	}
	for name, u := range map[string]hub.Upload{
		"no message":          {Repo: repo, Files: []hub.UploadFile{body("a")}},
		"a path that leaves":  {Repo: repo, Message: "m", Files: []hub.UploadFile{body("../a")}},
		"git's own folder":    {Repo: repo, Message: "m", Files: []hub.UploadFile{body("x/.git/config")}},
		"a file twice":        {Repo: repo, Message: "m", Files: []hub.UploadFile{body("a"), body("a")}},
		"added and removed":   {Repo: repo, Message: "m", Files: []hub.UploadFile{body("a")}, Delete: []string{"a"}},
		"a removal elsewhere": {Repo: repo, Message: "m", Delete: []string{"../a"}},
		"no repo id":          {Repo: hub.Repo{ID: "../x"}, Message: "m"},
		"content too short":   {Repo: repo, Message: "m", Files: []hub.UploadFile{{Path: "a", Content: io.NewSectionReader(bytes.NewReader(nil), 0, 9)}}},
	} {
		if _, err := w.client().Upload(t.Context(), u); err == nil {
			t.Errorf("%s: accepted", name)
		}
	}
	if n := len(w.requests(path(http.MethodPost, "/commit/"))); n > 0 {
		t.Errorf("%d commits were tried", n)
	}
}

// TestUploadManifest has a file written that tells of the others, and is told
// the hash of one that is hashed while it is sent.
func TestUploadManifest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{"a.txt": []byte("a")})
	content := model()
	tell := func(u *hub.Upload) {
		u.Manifest = func(sent []hub.UploadedFile) (hub.UploadFile, error) {
			lines := make([]string, len(sent))
			for i, f := range sent {
				lines[i] = f.Path + " " + f.OID + "\n"
			}
			slices.Sort(lines)
			b := strings.NewReader(strings.Join(lines, ""))
			return hub.UploadFile{Path: "manifest.txt", Content: io.NewSectionReader(b, 0, b.Size())}, nil
		}
	}
	w.mustUpload(content, tell)
	listed := w.listed()
	var want string
	for _, p := range slices.Sorted(maps.Keys(content)) {
		want += p + " " + etagOf(t, content[p]) + "\n"
	}
	if got := listed["manifest.txt"]; got != etagOf(t, []byte(want)) {
		t.Errorf("the manifest is listed as %q, want the one that says\n%s", got, want)
	}
	if again := w.mustUpload(content, tell); !again.Unchanged {
		t.Error("the same again made another commit")
	}
	refused := errors.New("no manifest")
	_, err := w.upload(files{"b.txt": []byte("b")}, func(u *hub.Upload) {
		u.Manifest = func([]hub.UploadedFile) (hub.UploadFile, error) { return hub.UploadFile{}, refused }
	})
	if _, there := w.listed()["b.txt"]; !errors.Is(err, refused) || there {
		t.Errorf("a manifest that could not be made: %v; committed: %v", err, there)
	}
}
