package localhub_test

import (
	"bytes"
	"io"
	"net/http"
	"strings"
	"testing"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

func TestUploadAndDownload(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	weights := blob(3<<20, 1)

	a := w.want(w.do("ann", "POST", "/api/models/ann/model/preupload/main", wire.PreuploadRequest{Files: []wire.PreuploadFile{
		{Path: "model.safetensors", Size: int64(len(weights)), Sample: weights[:512]},
		{Path: "config.json", Size: 3, Sample: []byte("{}\n")},
		{Path: "empty.bin", Size: 0},
		{Path: "big.txt", Size: 11 << 20, Sample: []byte("text")},
		{Path: "picture.png", Size: 200 << 10, Sample: []byte("\x89PNG\x00")},
	}}), 200)
	pre := decode[wire.PreuploadResponse](w, a)
	want := map[string]string{"model.safetensors": "lfs", "config.json": "regular", "empty.bin": "regular", "big.txt": "lfs", "picture.png": "lfs"}
	for _, f := range pre.Files {
		if f.UploadMode != want[f.Path] {
			t.Errorf("%s: upload mode %q, want %q", f.Path, f.UploadMode, want[f.Path])
		}
	}
	w.upload("ann", "ann/model", weights)
	a = w.want(w.commit("ann", "ann/model", "main", header(pre.CommitOID), fileLine("config.json", "{}\n"), lfsLine("model.safetensors", weights)), 200)
	done := decode[wire.CommitResponse](w, a)
	if !done.Success || done.CommitOID != w.head("", "ann/model", "main") || done.CommitURL != w.url+"/ann/model/commit/"+done.CommitOID {
		t.Errorf("commit answered %+v, head is %s", done, w.head("", "ann/model", "main"))
	}
	if got := w.get("", "ann/model", "main", "config.json"); string(got) != "{}\n" {
		t.Errorf("config.json is %q", got)
	}
	if got := w.get("ann", "ann/model", "main", "model.safetensors"); !bytes.Equal(got, weights) {
		t.Error("model.safetensors came back changed")
	}
	if o := w.batch("ann", "ann/model", weights); o.Actions != nil {
		t.Error("an object that is there is asked for again")
	}
	cdn := 0
	for _, r := range w.log {
		if "http://"+r.Host == w.cdn {
			cdn++
			if r.Authorized {
				t.Errorf("a token reached the CDN: %+v", r)
			}
		}
	}
	if cdn != 2 {
		t.Errorf("%d requests to the CDN, want an upload and a download", cdn)
	}
}

func TestPreuploadIgnoresAndRemembers(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	weights := blob(1000, 1)
	w.upload("ann", "ann/model", weights)
	w.want(w.commit("ann", "ann/model", "main", header(""), fileLine("a.txt", "hi"), lfsLine("m.bin", weights), fileLine(".gitignore", "*.log\n")), 200)
	ask := func(ignore *string) map[string]wire.PreuploadAnswer {
		a := w.want(w.do("ann", "POST", "/api/models/ann/model/preupload/main", wire.PreuploadRequest{GitIgnore: ignore, Files: []wire.PreuploadFile{
			{Path: "a.txt", Size: 2}, {Path: "m.bin", Size: 3}, {Path: "x.log", Size: 4},
		}}), 200)
		files := map[string]wire.PreuploadAnswer{}
		for _, f := range decode[wire.PreuploadResponse](w, a).Files {
			files[f.Path] = f
		}
		return files
	}
	files := ask(nil)
	if files["a.txt"].OID != "32f95c0d1244a78b2be1bab8de17906fabb2c4a8" || files["m.bin"].OID != sha(weights) || files["x.log"].OID != "" {
		t.Errorf("ids of what stands there: %+v", files)
	}
	if files["a.txt"].ShouldIgnore || !files["x.log"].ShouldIgnore {
		t.Errorf(".gitignore of the repo not heeded: %+v", files)
	}
	other := "a.*\n"
	if files = ask(&other); !files["a.txt"].ShouldIgnore || files["x.log"].ShouldIgnore {
		t.Errorf("gitIgnore of the request not heeded: %+v", files)
	}
	tooMany := wire.PreuploadRequest{Files: make([]wire.PreuploadFile, wire.MaxPreuploadFiles+1)}
	w.want(w.do("ann", "POST", "/api/models/ann/model/preupload/main", tooMany), 400)
}

func TestBasicUploadIsChecked(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	content := blob(100_000, 1)
	address := w.batch("ann", "ann/model", content).Actions["upload"].Href
	for name, body := range map[string]io.Reader{
		"other bytes":         bytes.NewReader(blob(100_000, 2)),
		"too short":           bytes.NewReader(content[:99_999]),
		"too long":            bytes.NewReader(append(content[:len(content):len(content)], 0)),
		"too short, chunked":  io.MultiReader(bytes.NewReader(content[:99_999])),
		"too long, chunked":   io.MultiReader(bytes.NewReader(content), strings.NewReader("x")),
		"other bytes, chunky": io.MultiReader(bytes.NewReader(blob(100_000, 3))),
	} {
		if a := w.do("", "PUT", address, body); a.StatusCode != 400 {
			t.Errorf("%s: status %d", name, a.StatusCode)
		}
	}
	verify := w.batch("ann", "ann/model", content).Actions["verify"].Href
	w.want(w.do("ann", "POST", verify, wire.LFSObject{OID: sha(content), Size: 100_000}), 404)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("m.bin", content)), 400)
	w.want(w.do("", "PUT", address, io.MultiReader(bytes.NewReader(content))), 200)
	w.want(w.do("ann", "POST", verify, wire.LFSObject{OID: sha(content), Size: 100_000}), 200)
	w.want(w.do("ann", "POST", verify, wire.LFSObject{OID: sha(content), Size: 99}), 422)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("m.bin", content)), 200)
}

func TestUploadAddressesExpireAndCanNotBeForged(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	content := blob(100, 1)
	address := w.batch("ann", "ann/model", content).Actions["upload"].Href
	w.want(w.do("", "PUT", strings.Replace(address, "size=100", "size=101", 1), append(content, 0)), 403)
	w.want(w.do("", "PUT", strings.Replace(address, "/-/object/", "/-/part/", 1)+"/1", content), 403)
	w.want(w.do("", "PUT", address[:strings.Index(address, "?")], content), 403)
	w.clock.advance(25 * time.Hour)
	w.want(w.do("", "PUT", address, content), 403)
}

func small(o *localhub.Options) { o.Multipart, o.PartSize = 1000, 300 }

func TestMultipartUpload(t *testing.T) {
	w := newWorld(t, small)
	w.create("ann/model", "public")
	content := blob(1450, 1) // five parts, the last one short
	w.upload("ann", "ann/model", content)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("m.bin", content)), 200)
	if !bytes.Equal(w.get("", "ann/model", "main", "m.bin"), content) {
		t.Error("content came back changed")
	}
	a := w.do("ann", "POST", "/ann/model.git/info/lfs/objects/batch", wire.LFSBatchRequest{
		Operation: "upload", Objects: []wire.LFSObject{{OID: sha(blob(1450, 2)), Size: 1450}},
	})
	o := decode[wire.LFSBatchResponse](w, w.want(a, 200)).Objects[0]
	if o.Actions["upload"].Header["chunk_size"] != "" {
		t.Error("parts are offered to a client that did not ask for them")
	}
}

func TestMultipartRetries(t *testing.T) {
	w := newWorld(t, small)
	w.create("ann/model", "public")
	content := blob(1450, 1)
	up := w.batch("ann", "ann/model", content).Actions["upload"]
	size, parts := partAddresses(up)

	w.faults.Add(localhub.Fault{Path: "/-/part/", Times: 1, CutRequest: true, After: 100})
	if _, err := w.try("", "PUT", parts[1], content[size:2*size]); err == nil {
		t.Error("the connection was not cut")
	}
	done := w.putParts(up, content)
	w.want(w.do("", "PUT", parts[1], content[size:2*size]), 200) // the same again
	w.want(w.do("", "PUT", parts[1], blob(size, 9)), 409)        // not the same
	w.want(w.do("", "PUT", parts[1], content[:size-1]), 400)

	missing := wire.LFSComplete{OID: done.OID, Parts: done.Parts[:4]}
	w.want(w.do("", "POST", up.Href, missing), 400)
	wrong := wire.LFSComplete{OID: done.OID, Parts: append(done.Parts[:4:4], wire.LFSPart{PartNumber: 5, ETag: `"x"`})}
	w.want(w.do("", "POST", up.Href, wrong), 400)
	w.want(w.do("", "POST", up.Href, done), 200)
	w.want(w.do("", "POST", up.Href, done), 200) // the first answer may have been lost
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("m.bin", content)), 200)
}

func TestMultipartContentIsChecked(t *testing.T) {
	w := newWorld(t, small)
	w.create("ann/model", "public")
	content, other := blob(1450, 1), blob(1450, 2)
	up := w.batch("ann", "ann/model", content).Actions["upload"]
	w.want(w.do("", "POST", up.Href, w.putParts(up, other)), 400)
	w.want(w.do("", "POST", up.Href, wire.LFSComplete{}), 404)
	if w.batch("ann", "ann/model", content).Actions == nil {
		t.Error("an object with other content counts as there")
	}
}

func TestLFSDownload(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	content := blob(5000, 1)
	w.upload("ann", "ann/model", content)
	ask := func() wire.LFSBatchObject {
		a := w.do("", "POST", "/ann/model.git/info/lfs/objects/batch", wire.LFSBatchRequest{
			Operation: "download", Transfers: []string{"basic"}, Objects: []wire.LFSObject{{OID: sha(content), Size: 5000}},
		})
		return decode[wire.LFSBatchResponse](w, w.want(a, 200)).Objects[0]
	}
	if o := ask(); o.Error == nil || o.Error.Code != 404 {
		t.Errorf("an object without a commit is offered: %+v", o)
	}
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("m.bin", content)), 200)
	if a := w.want(w.do("", "GET", ask().Actions["download"].Href, nil), 200); !bytes.Equal(a.body, content) {
		t.Error("content came back changed")
	}
}

// A client that offers Xet is told that it goes that way; one that does not, as
// git-lfs, is not.
func TestBatchOffersXet(t *testing.T) {
	for _, noXet := range []bool{false, true} {
		w := newWorld(t, func(o *localhub.Options) { o.NoXet = noXet })
		w.create("ann/model", "public")
		for offer, want := range map[string]string{"xet": "xet", "lfs-standalone-file": "basic"} {
			a := w.want(w.do("ann", "POST", "/ann/model.git/info/lfs/objects/batch", wire.LFSBatchRequest{
				Operation: "upload", Transfers: []string{"basic", offer}, Objects: []wire.LFSObject{{OID: sha(nil), Size: 1}},
			}), 200)
			if noXet {
				want = "basic"
			}
			if got := decode[wire.LFSBatchResponse](w, a).Transfer; got != want {
				t.Errorf("offered %s, no Xet %v: transfer %q, want %q", offer, noXet, got, want)
			}
		}
		a := w.want(w.do("", "GET", "/api/models/ann/model/revision/main?expand=xetEnabled", nil), 200)
		if got := decode[struct{ XetEnabled bool }](w, a).XetEnabled; got == noXet {
			t.Errorf("no Xet %v: xetEnabled is %v", noXet, got)
		}
	}
}

// git asks for refs first; there are none for it, and it shows why.
func TestNoGit(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	a := w.want(w.do("", "GET", "/ann/model.git/info/refs?service=git-upload-pack", nil), 404)
	if kind := a.Header.Get("Content-Type"); !strings.HasPrefix(kind, "text/plain") || !strings.Contains(string(a.body), "hf download ann/model") {
		t.Errorf("%s: %s", kind, a.body)
	}
	w.want(w.do("", "GET", "/ann/model.git/info/else", nil), 404)
}

func TestBatchRefusesNonsense(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	const batch = "/ann/model.git/info/lfs/objects/batch"
	a := w.want(w.do("ann", "POST", batch, wire.LFSBatchRequest{Operation: "upload", Transfers: []string{"multipart"}, Objects: []wire.LFSObject{
		{OID: "../../etc/passwd", Size: 1}, {OID: sha(nil), Size: -1}, {OID: sha(nil), Size: 1<<63 - 1},
	}}), 200)
	for _, o := range decode[wire.LFSBatchResponse](w, a).Objects {
		if o.Error == nil || o.Error.Code != http.StatusUnprocessableEntity || o.Actions != nil {
			t.Errorf("%s, %d: %+v", o.OID, o.Size, o)
		}
	}
	w.want(w.do("ann", "POST", batch, []byte("{")), 400)
	w.want(w.do("ann", "POST", batch, bytes.Repeat([]byte(" "), 5<<20)), 413)
	w.want(w.do("ann", "POST", batch, wire.LFSBatchRequest{Operation: "steal"}), 400)
	w.want(w.do("ann", "POST", batch, wire.LFSBatchRequest{Operation: "upload", Objects: make([]wire.LFSObject, 1001)}), 413)
	w.want(w.do("ann", "POST", "/ann/model.git/info/lfs/locks", nil), 404)
	w.want(w.do("", "POST", batch, wire.LFSBatchRequest{Operation: "upload"}), 401)
	w.want(w.do("rita", "POST", batch, wire.LFSBatchRequest{Operation: "upload"}), 403)
}
