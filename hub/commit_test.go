package hub_test

import (
	"errors"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"

	"longcat/hub"
	"longcat/hub/localhub"
)

// An answer that is lost leaves open whether the commit was made. The branch
// tells, and if it was not, it is sent again: in the end it was made once.
func TestCommitWhoseAnswerIsLost(t *testing.T) {
	t.Parallel()
	content := files{weights: blob(200_000, 1), "config.json": []byte("{}")}
	commits := path(http.MethodPost, "/commit/")
	for name, test := range map[string]struct {
		fault localhub.Fault
		sent  int
		made  bool
	}{
		"the answer is cut":       {localhub.Fault{Cut: true}, 1, true},
		"the answer is cut later": {localhub.Fault{Cut: true, After: 20}, 1, true},
		"the request is cut":      {localhub.Fault{CutRequest: true, After: 100, Times: 2}, 3, true},
		"500 and nothing done":    {localhub.Fault{Status: 500, Times: 2}, 3, true},
		"503 and nothing done":    {localhub.Fault{Status: 503, Times: 2}, 3, true},
		"409, another at work":    {localhub.Fault{Status: 409, Times: 2}, 3, true},
		"500 to the end":          {localhub.Fault{Status: 500}, 6, false},
	} {
		t.Run(name, func(t *testing.T) {
			w := newWorld(t)
			head := w.seed(files{"a.txt": []byte("a")})
			test.fault.Method, test.fault.Path = "POST", "/commit/"
			w.faults.Add(test.fault)
			res, err := w.upload(content)
			if n := len(w.requests(commits)); n != test.sent {
				t.Errorf("the commit was sent %d times", n)
			}
			w.faults.Clear()
			info, ierr := w.client().RepoInfo(t.Context(), repo, "")
			if ierr != nil {
				t.Fatal(ierr)
			}
			if made := info.SHA != head; made != test.made || made != (err == nil) {
				t.Fatalf("made: %v, error: %v", made, err)
			}
			if err == nil && (res.Commit != info.SHA || !strings.Contains(res.CommitURL, info.SHA)) {
				t.Errorf("result %+v, head %s", res, info.SHA)
			}
			if err != nil {
				checkText(t, name, err)
				if w.forget(); w.mustUpload(content).Unchanged || w.received() > 0 {
					t.Errorf("the next run sent %d bytes", w.received())
				}
			}
		})
	}
}

// Uploads of different files at the same time all stand in the end, each as a
// commit; the same upload twice is one commit.
func TestCommitsAtTheSameTime(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{"a.txt": []byte("a")})
	var prepared []*hub.PreparedUpload
	c := w.client()
	for i := range 12 {
		name := fmt.Sprintf("f%d.txt", i/2) // two of each
		p, err := c.PrepareUpload(t.Context(), hub.Upload{Repo: repo, Message: "m", Files: files{name: []byte(name)}.upload()})
		if err != nil {
			t.Fatal(err)
		}
		prepared = append(prepared, p)
	}
	var wg sync.WaitGroup
	for _, p := range prepared {
		wg.Go(func() {
			if _, err := c.Send(t.Context(), p); err != nil {
				t.Error(err)
			}
		})
	}
	wg.Wait()
	if got := w.listed(); len(got) != 1+1+6 { // .gitattributes, a.txt
		t.Errorf("there are %v", got)
	}
}

// A proxy in between loses the answer and says 502, or loses the commit's id.
func TestCommitBehindAProxy(t *testing.T) {
	for name, answer := range map[string]func(http.ResponseWriter){
		"502":       func(w http.ResponseWriter) { w.WriteHeader(http.StatusBadGateway) },
		"no id":     func(w http.ResponseWriter) { _, _ = w.Write([]byte(`{"success": true}`)) },
		"no answer": func(w http.ResponseWriter) { panic(http.ErrAbortHandler) },
	} {
		w := newWorld(t)
		w.seed(files{"a.txt": []byte("a")})
		sent := 0
		proxy := newServer(t, http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
			if r.Method != http.MethodPost || !strings.Contains(r.URL.Path, "/commit/") {
				w.hub.ServeHTTP(rw, r)
				return
			}
			sent++
			w.hub.ServeHTTP(httptest.NewRecorder(), r)
			answer(rw)
		}))
		res, err := newClient(t, proxy).Upload(t.Context(), hub.Upload{Repo: repo, Message: "m", Files: files{"b.txt": []byte("b")}.upload()})
		if err != nil || sent != 1 {
			t.Errorf("%s: sent %d times, %v", name, sent, err)
			continue
		}
		if info, err := w.client().RepoInfo(t.Context(), repo, ""); err != nil || info.SHA != res.Commit {
			t.Errorf("%s: result %+v, %v", name, res, err)
		}
	}
}

// Somebody else's commit in between is a conflict, also when an answer is lost.
func TestCommitConflict(t *testing.T) {
	t.Parallel()
	for name, fault := range map[string]localhub.Fault{"plain": {Path: "/nowhere"}, "answer lost": {Method: "POST", Path: "/commit/", Cut: true}} {
		w := newWorld(t)
		w.seed(files{"a.txt": []byte("a")})
		c := w.client()
		prep, err := c.PrepareUpload(t.Context(), hub.Upload{Repo: repo, Message: "mine", Files: files{"b.txt": []byte("mine")}.upload()})
		if err != nil {
			t.Fatal(err)
		}
		theirs := w.mustUpload(files{"b.txt": []byte("theirs")})
		w.faults.Add(fault)
		_, err = c.Send(t.Context(), prep)
		if err == nil || (name == "plain" && !errors.Is(err, hub.ErrConflict)) {
			t.Errorf("%s: %v", name, err)
		}
		w.faults.Clear()
		if info, err := c.RepoInfo(t.Context(), repo, ""); err != nil || info.SHA != theirs.Commit {
			t.Errorf("%s: head %+v, %v", name, info, err)
		}
	}
}

func TestCommitAsPullRequest(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	head := w.seed(files{"a.txt": []byte("a")})
	content := files{"b.txt": []byte("b"), weights: blob(100_000, 1)}
	res := w.mustUpload(content, func(u *hub.Upload) { u.CreatePR = true })
	if res.PullRequestURL == "" || res.Commit == head {
		t.Fatalf("result %+v", res)
	}
	c := w.client()
	if info, err := c.RepoInfo(t.Context(), repo, ""); err != nil || info.SHA != head {
		t.Errorf("main moved to %+v, %v", info, err)
	}
	snap, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo, Revision: "refs/pr/1"})
	if err != nil || snap.Commit != res.Commit {
		t.Fatalf("%+v, %v", snap, err)
	}
	wantFile(t, snap.Files[weights], content[weights])
}

func TestCommitToABranch(t *testing.T) {
	w := newWorld(t)
	head := w.seed(files{"a.txt": []byte("a")})
	c := w.client()
	for range 2 { // the second one is there already
		if err := c.CreateBranch(t.Context(), repo, "dev/x", ""); err != nil {
			t.Fatal(err)
		}
	}
	res := w.mustUpload(files{"b.bin": blob(100_000, 1)}, func(u *hub.Upload) { u.Revision = "dev/x" })
	for rev, want := range map[string]string{"main": head, "dev/x": res.Commit} {
		if info, err := c.RepoInfo(t.Context(), repo, rev); err != nil || info.SHA != want {
			t.Errorf("%s is at %+v, %v", rev, info, err)
		}
	}
}

func TestCheckTree(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	content := files{"a.txt": []byte("a"), "b.txt": []byte("b"), weights: blob(100_000, 1)}
	w.seed(files{"z": []byte("z")})
	res := w.mustUpload(content)
	c := w.client()
	check := func(change func([]hub.UploadedFile) []hub.UploadedFile, removed ...string) *hub.MismatchError {
		t.Helper()
		want := change(append([]hub.UploadedFile{}, res.Files...))
		err := c.CheckTree(t.Context(), repo, res.Commit, want, removed)
		var m *hub.MismatchError
		if err != nil && !errors.As(err, &m) {
			t.Fatal(err)
		}
		return m
	}
	same := func(f []hub.UploadedFile) []hub.UploadedFile { return f }
	if m := check(same, "nothing.txt"); m != nil {
		t.Errorf("what was committed: %v", m)
	}
	if m := check(same, "b.txt"); m == nil || m.Path != "b.txt" || m.Want != "" {
		t.Errorf("a file that should be gone: %v", m)
	}
	if m := check(func(f []hub.UploadedFile) []hub.UploadedFile {
		return append(f, hub.UploadedFile{Path: "more.txt", Size: 1, OID: "x"})
	}); m == nil || m.Path != "more.txt" || m.Got != "" {
		t.Errorf("a file that is missing: %v", m)
	}
	for i := range res.Files {
		if m := check(func(f []hub.UploadedFile) []hub.UploadedFile { f[i].Size++; return f }); m == nil || m.Path != res.Files[i].Path {
			t.Errorf("another size: %v", m)
		}
		if m := check(func(f []hub.UploadedFile) []hub.UploadedFile { f[i].OID = sha(nil)[:len(f[i].OID)]; return f }); m == nil || m.Got == "" || m.Want == "" {
			t.Errorf("another hash: %v", m)
		}
	}
	if _, err := c.RepoInfo(t.Context(), repo, "nope"); !errors.Is(err, hub.ErrRevisionNotFound) {
		t.Error(err)
	}
}
