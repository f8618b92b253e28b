package localhub_test

import (
	"bytes"
	"net/http"
	"testing"

	"longcat/hub/wire"
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
	}}), 200)
	modes := map[string]string{}
	pre := decode[wire.PreuploadResponse](w, a)
	for _, f := range pre.Files {
		modes[f.Path] = f.UploadMode
	}
	for path, mode := range map[string]string{"model.safetensors": "lfs", "config.json": "regular", "empty.bin": "regular", "big.txt": "lfs"} {
		if modes[path] != mode {
			t.Errorf("%s: upload mode %q, want %q", path, modes[path], mode)
		}
	}

	w.upload("ann", "ann/model", weights)
	a = w.want(w.commit("ann", "ann/model", "main", header(pre.CommitOID), fileLine("config.json", "{}\n"), lfsLine("model.safetensors", weights)), 200)
	done := decode[wire.CommitResponse](w, a)
	if !done.Success || done.CommitOID != w.head("", "ann/model", "main") {
		t.Errorf("commit answered %+v, head is %s", done, w.head("", "ann/model", "main"))
	}
	if got := w.get("", "ann/model", "main", "config.json"); string(got) != "{}\n" {
		t.Errorf("config.json is %q", got)
	}
	if got := w.get("", "ann/model", "main", "model.safetensors"); !bytes.Equal(got, weights) {
		t.Error("model.safetensors came back changed")
	}
	if o := w.batch("ann", "ann/model", weights); o.Actions != nil {
		t.Error("an object that is there is asked for again")
	}
	for _, r := range w.log {
		if "http://"+r.Host == w.cdn && r.Authorized {
			t.Errorf("a token reached the CDN: %+v", r)
		}
	}
	if a := w.do("", "GET", "/nonsense", nil); a.StatusCode != http.StatusNotFound {
		t.Errorf("unknown route: %d", a.StatusCode)
	}
}
