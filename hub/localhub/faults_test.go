package localhub_test

import (
	"bytes"
	"net/http"
	"testing"

	"longcat/hub/localhub"
)

// faulty is a world with one large file, and its CDN address.
func faulty(t *testing.T) (w *world, content []byte, address string) {
	w = newWorld(t, nil)
	w.create("ann/model", "public")
	content = blob(100_000, 1)
	w.upload("ann", "ann/model", content)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("m.bin", content)), 200)
	return w, content, w.do("", "GET", "/ann/model/resolve/main/m.bin", nil).Header.Get("Location")
}

func TestFaultsOfAnswers(t *testing.T) {
	w, content, address := faulty(t)
	for name, c := range map[string]struct {
		fault localhub.Fault
		check func(a answer, err error) bool
	}{
		"cut":         {localhub.Fault{Cut: true, After: 40_000}, func(a answer, err error) bool { return err != nil && bytes.Equal(a.body, content[:40_000]) }},
		"cut at once": {localhub.Fault{Cut: true}, func(a answer, err error) bool { return err != nil && len(a.body) == 0 }},
		"wrong bytes": {localhub.Fault{Corrupt: true, After: 10}, func(a answer, err error) bool {
			return err == nil && len(a.body) == 100_000 && bytes.Equal(a.body[:10], content[:10]) && a.body[10] != content[10]
		}},
		"ignored range": {localhub.Fault{IgnoreRange: true}, func(a answer, _ error) bool { return a.StatusCode == 200 && len(a.body) == 100_000 }},
		"other etag":    {localhub.Fault{ETag: `"x"`}, func(a answer, _ error) bool { return a.Header.Get("ETag") == `"x"` }},
		"too much": {localhub.Fault{Extra: 7}, func(a answer, err error) bool {
			return err == nil && len(a.body) == 100_007 && a.Header.Get("Content-Range") == "bytes 0-99999/100000"
		}},
		"too little":     {localhub.Fault{Extra: -7}, func(a answer, err error) bool { return err == nil && len(a.body) == 99_993 }},
		"wrong range":    {localhub.Fault{ContentRange: "bytes 5-9/10"}, func(a answer, _ error) bool { return a.Header.Get("Content-Range") == "bytes 5-9/10" }},
		"status":         {localhub.Fault{Status: 503, Header: http.Header{"Retry-After": {"7"}, "Accept-Ranges": {""}}}, func(a answer, _ error) bool { return a.StatusCode == 503 && a.Header.Get("Retry-After") == "7" }},
		"only for POST":  {localhub.Fault{Method: "POST", Status: 500}, func(a answer, _ error) bool { return a.StatusCode == 206 }},
		"removed header": {localhub.Fault{Header: http.Header{"Etag": {""}}}, func(a answer, _ error) bool { return a.StatusCode == 206 && a.Header.Get("ETag") == "" }},
	} {
		w.faults.Clear()
		c.fault.Path = "/-/cdn/"
		w.faults.Add(c.fault)
		a, err := w.try("", "GET", address, nil, "Range", "bytes=0-99999")
		if a.Response == nil {
			a.Response = &http.Response{Header: http.Header{}}
		}
		if !c.check(a, err) {
			t.Errorf("%s: status %d, %d bytes, %v, %v", name, a.StatusCode, len(a.body), a.Header, err)
		}
	}
}

func TestFaultsAreCounted(t *testing.T) {
	w, _, address := faulty(t)
	w.faults.Add(localhub.Fault{Path: "/-/cdn/", Skip: 1, Times: 2, Status: 500})
	for i, want := range []int{200, 500, 500, 200} {
		if a := w.do("", "GET", address, nil); a.StatusCode != want {
			t.Errorf("request %d: status %d, want %d", i, a.StatusCode, want)
		}
	}
}

func TestStall(t *testing.T) {
	w, content, address := faulty(t)
	stall := make(chan struct{})
	w.faults.Add(localhub.Fault{Path: "/-/cdn/", Stall: stall, After: 5})
	req, err := http.NewRequestWithContext(t.Context(), "GET", address, nil)
	if err != nil {
		t.Fatal(err)
	}
	resp, err := noFollow.Do(req)
	if err != nil {
		t.Fatal(err)
	}
	defer resp.Body.Close()
	start := make([]byte, 100)
	if n, err := resp.Body.Read(start); n != 5 || err != nil { // the rest is held back
		t.Errorf("read %d bytes, %v", n, err)
	}
	close(stall)
	var rest bytes.Buffer
	if _, err := rest.ReadFrom(resp.Body); err != nil || !bytes.Equal(rest.Bytes(), content[5:]) {
		t.Errorf("then %d bytes, %v", rest.Len(), err)
	}
}

// An answer that is lost after the work was done: the commit stands.
func TestLostAnswer(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	before := w.head("", "ann/model", "main")
	w.faults.Add(localhub.Fault{Method: "POST", Path: "/commit/", Times: 1, Cut: true})
	if _, err := w.try("ann", "POST", "/api/models/ann/model/commit/main", []byte(header(before)+fileLine("a.txt", "x"))); err == nil {
		t.Error("the answer was not lost")
	}
	if w.head("", "ann/model", "main") == before {
		t.Error("the commit was lost too")
	}
}

func TestRequestLog(t *testing.T) {
	w, content, address := faulty(t)
	w.want(w.do("", "GET", address, nil, "Range", "bytes=10-19"), 206)
	w.want(w.do("bob", "GET", "/api/models/ann/none", nil), 404)
	var cdn, put, missing localhub.Request
	for _, r := range w.log {
		switch {
		case r.Range != "":
			cdn = r
		case r.Method == "PUT":
			put = r
		case r.Status == 404:
			missing = r
		}
	}
	if cdn.Sent != 10 || cdn.Status != 206 || cdn.Authorized || "http://"+cdn.Host != w.cdn {
		t.Errorf("range request logged as %+v", cdn)
	}
	if put.Received != int64(len(content)) || put.Status != 200 {
		t.Errorf("upload logged as %+v", put)
	}
	if missing.User != "bob" || !missing.Authorized || missing.Err == nil {
		t.Errorf("refusal logged as %+v", missing)
	}
}
