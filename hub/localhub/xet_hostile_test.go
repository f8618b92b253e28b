package localhub_test

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"mime"
	"mime/multipart"
	"strings"
	"sync"
	"testing"

	"longcat/hub/internal/wire"
	"longcat/hub/xet"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
	"longcat/hub/xet/upload"
	"longcat/hub/xet/xorb"
)

// grant asks for leave to send a xorb.
func (c cas) grant(hash merkle.Hash, body []byte) xet.Grant {
	c.Helper()
	return decode[xet.Grant](c.world, c.want(c.ask("POST", "/v1/xorb-grants/default/"+hash.String(), xet.GrantRequest{
		Length: int64(len(body)), Checksum: xet.Checksum{Algo: xet.ChecksumAlgo, Value: xet.AddChecksum(0, body)},
	}), 201))
}

func TestXorbsAreChecked(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	ann := w.cas("ann", "ann/model", "write")
	p, other := pack(t, random(300_000, 1)), pack(t, random(300_000, 2))
	hash := p.index.Hash()
	commit := "/v1/xorb-commits/default/" + hash.String() + "/grant/x"

	changed := bytes.Clone(p.xorb)
	changed[5000] ^= 1
	grant := ann.grant(hash, p.xorb)
	for name, body := range map[string][]byte{"other": other.xorb, "changed": changed, "short": p.xorb[:len(p.xorb)-1], "long": append(bytes.Clone(p.xorb), 0), "empty": {}} {
		if a := w.do("", "PUT", grant.URL, body); a.StatusCode != 400 {
			t.Errorf("%s: status %d", name, a.StatusCode)
		}
		if a := w.do("", "PUT", grant.URL, io.MultiReader(bytes.NewReader(body))); a.StatusCode != 400 {
			t.Errorf("%s, of unknown length: status %d", name, a.StatusCode)
		}
	}
	w.want(w.do("", "PUT", ann.grant(hash, other.xorb).URL, other.xorb), 400) // as announced, but not that xorb
	w.want(w.do("", "PUT", strings.Replace(grant.URL, hash.String(), other.index.Hash().String(), 1), other.xorb), 403)
	w.want(w.do("", "GET", grant.URL, nil, "Range", "bytes=0-9"), 404)
	w.want(ann.ask("POST", commit, nil), 404)
	w.want(ann.ask("POST", "/v1/xorbs/default/"+hash.String(), other.xorb), 400)
	w.want(ann.ask("POST", "/v1/xorbs/other/"+hash.String(), p.xorb), 400)
	w.want(ann.ask("POST", "/v1/xorb-grants/default/"+hash.String(), xet.GrantRequest{Length: 1 << 40, Checksum: xet.Checksum{Algo: xet.ChecksumAlgo}}), 400)
	w.want(ann.ask("POST", "/v1/xorb-grants/default/"+hash.String(), xet.GrantRequest{Length: 5, Checksum: xet.Checksum{Algo: "md5"}}), 400)
	w.want(ann.ask("POST", "/v1/shards", shardOf(t, p.claim)), 400)

	w.want(w.do("", "PUT", grant.URL, p.xorb), 200)
	w.want(w.do("", "PUT", grant.URL, p.xorb), 200) // the answer was lost
	w.want(ann.ask("POST", commit, nil), 200)
	a := w.want(ann.ask("HEAD", "/v1/xorbs/default/"+hash.String(), nil), 200)
	if a.ContentLength != int64(len(p.xorb)) {
		t.Errorf("the xorb has %d bytes, want %d", a.ContentLength, len(p.xorb))
	}
	a = w.want(ann.ask("POST", "/v1/xorbs/default/"+hash.String(), p.xorb), 200)
	if decode[xet.XorbResult](w, a).Inserted {
		t.Error("the xorb was inserted twice")
	}
	w.want(ann.ask("POST", "/v1/shards", shardOf(t, p.claim)), 200)
}

func TestShardsAreChecked(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	ann := w.cas("ann", "ann/model", "write")
	content := random(300_000, 1)
	p := pack(t, content)
	w.want(ann.ask("POST", "/v1/xorbs/default/"+p.index.Hash().String(), p.xorb), 200)
	for name, spoil := range map[string]func(*shard.File){
		"sha256":       func(f *shard.File) { f.SHA256 = &[32]byte{1} },
		"no sha256":    func(f *shard.File) { f.SHA256 = nil },
		"hash":         func(f *shard.File) { f.Hash[0]++ },
		"xorb":         func(f *shard.File) { f.Terms[0].Xorb[0]++ },
		"chunks":       func(f *shard.File) { f.Terms[0].End++ },
		"size":         func(f *shard.File) { f.Terms[0].Size++ },
		"verification": func(f *shard.File) { f.Terms[0].Verification[0]++ },
		"unverified":   func(f *shard.File) { f.Verified = false },
	} {
		claim := p.claim
		claim.Terms = append([]shard.Term(nil), claim.Terms...)
		spoil(&claim)
		body := shardOf(t, claim)
		if a := ann.ask("POST", "/v1/shards", body); a.StatusCode != 400 {
			t.Errorf("wrong %s: status %d: %s", name, a.StatusCode, a.body)
		}
		a := w.want(ann.ask("POST", "/v2/shards", body), 200)
		lines := bytes.Split(bytes.TrimSpace(a.body), []byte("\n"))
		var last xet.ShardEvent
		if err := json.Unmarshal(lines[len(lines)-1], &last); err != nil || last.Type != xet.EventError || last.Retryable || last.Message == "" {
			t.Errorf("wrong %s: %s, %v", name, a.body, err)
		}
	}
	good := shardOf(t, p.claim)
	for name, body := range map[string][]byte{"empty": {}, "text": []byte("a shard"), "cut off": good[:len(good)-1], "more": append(bytes.Clone(good), 1)} {
		for _, version := range []string{"v1", "v2"} {
			if a := ann.ask("POST", "/"+version+"/shards", body); a.StatusCode != 400 {
				t.Errorf("%s: %s answers %d: %s", name, version, a.StatusCode, a.body)
			}
		}
	}
	if a := ann.ask("POST", "/v1/shards", io.LimitReader(zeros{}, shard.MaxBytes+1)); a.StatusCode != 413 {
		t.Errorf("too long: status %d", a.StatusCode)
	}
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("0.bin", content)), 400)

	a := w.want(ann.ask("POST", "/v2/shards", good), 200)
	want := `{"type":"validating","verified":0,"total":1}` + "\n" + `{"type":"validating","verified":1,"total":1}` + "\n" + `{"type":"result"}` + "\n"
	if string(a.body) != want || a.Header.Get("Content-Type") != "application/x-ndjson" {
		t.Errorf("%s: %s", a.Header.Get("Content-Type"), a.body)
	}
	w.want(ann.ask("POST", "/v1/shards", good), 200) // once more
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("0.bin", content)), 200)
	w.wantXet("", "ann/model", "0.bin", content)
}

type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	clear(p)
	return len(p), nil
}

func TestReconstructionRanges(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	contents := [][]byte{random(1_000_000, 1), random(1_000_000, 2)} // packed, and a range of an object
	w.sendXet("ann", "ann/model", data(contents[0]))
	w.upload("ann", "ann/model", contents[1])
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("1.bin", contents[1])), 200)
	anyone := w.cas("", "ann/model", "read")
	for i, content := range contents {
		file := w.xetHash("", "ann/model", fmt.Sprintf("%d.bin", i)).String()
		p := pack(t, content)
		for _, c := range []struct {
			header      string
			first, last int
		}{
			{"", 0, 999_999},
			{"bytes=0-", 0, 999_999},
			{"bytes=0-0", 0, 0},
			{"bytes=500000-600000", 500_000, 600_000},
			{"bytes=999999-5000000", 999_999, 999_999},
			{fmt.Sprintf("bytes=%d-", p.index[0].Leaf.Size), int(p.index[0].Leaf.Size), 999_999},
		} {
			a := w.want(anyone.ask("GET", "/v2/reconstructions/"+file, nil, "Range", c.header), 200)
			got := w.assemble(decode[xet.Reconstruction](w, a))
			if n := c.last + 1 - c.first; len(got) < n || !bytes.Equal(got[:n], content[c.first:c.last+1]) || len(got) > n+256<<10 {
				t.Errorf("file %d, range %q: %d bytes, not those", i, c.header, len(got))
			}
		}
		for header, status := range map[string]int{"bytes=1000000-": 416, "bytes=2000000-3000000": 416, "bytes=0-1,5-6": 400, "bytes=9-8": 400, "bytes=x": 400} {
			w.want(anyone.ask("GET", "/v2/reconstructions/"+file, nil, "Range", header), status)
		}
		v1 := decode[xet.ReconstructionV1](w, w.want(anyone.ask("GET", "/v1/reconstructions/"+file, nil, "Range", "bytes=500000-600000"), 200))
		fetch := v1.Fetch[v1.Terms[0].Xorb][0]
		a := w.want(w.do("", "GET", fetch.URL, nil, "Range", fmt.Sprintf("bytes=%d-%d", fetch.Bytes.Start, fetch.Bytes.End)), 206)
		if v1.Offset <= 0 || fetch.Chunks != v1.Terms[0].Chunks || int64(len(a.body)) != fetch.Bytes.End+1-fetch.Bytes.Start {
			t.Errorf("%+v gave %d bytes", v1, len(a.body))
		}
	}
}

// assemble fetches the ranges of an answer, all of an address at once, and puts
// together what they hold from the asked byte on.
func (w *world) assemble(r xet.Reconstruction) (all []byte) {
	w.Helper()
	for _, term := range r.Terms {
		var ranges []string
		fetch := r.Xorbs[term.Xorb][0]
		for _, f := range fetch.Ranges {
			ranges = append(ranges, fmt.Sprintf("%d-%d", f.Bytes.Start, f.Bytes.End))
		}
		a := w.want(w.do("", "GET", fetch.URL, nil, "Range", "bytes="+strings.Join(ranges, ",")), 206)
		bodies := [][]byte{a.body}
		if kind, params, _ := mime.ParseMediaType(a.Header.Get("Content-Type")); kind == "multipart/byteranges" {
			bodies = nil
			for parts := multipart.NewReader(bytes.NewReader(a.body), params["boundary"]); ; {
				p, err := parts.NextPart()
				if err != nil {
					break
				}
				body, _ := io.ReadAll(p)
				bodies = append(bodies, body)
			}
		}
		for i, f := range fetch.Ranges {
			all = append(all, chunksOf(w, bodies[i], term.Chunks, f.Chunks.Start)...)
		}
	}
	return all[r.Offset:]
}

// Many do everything at once.
func TestXetConcurrently(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	shared := random(600_000, 1)
	w.sendXet("ann", "ann/model", data(shared))
	var wg sync.WaitGroup
	for i := range 4 {
		wg.Go(func() {
			repo := fmt.Sprintf("ann/r%d", i)
			for round := range 3 {
				a, err := w.try("ann", "POST", "/api/repos/create", wire.CreateRepo{Name: repo[4:], Organization: "ann"})
				if err != nil || a.StatusCode != 200 {
					t.Errorf("creating: %v, %v", a.StatusCode, err)
					return
				}
				content := append(random(300_000, byte(10+i*3+round)), shared...)
				if err := w.trySendXet(repo, content); err != nil {
					t.Error(err)
				}
				a, err = w.try("ann", "DELETE", "/api/repos/delete", wire.DeleteRepo{Name: repo})
				if err != nil || a.StatusCode != 200 {
					t.Errorf("deleting: %v, %v", a.StatusCode, err)
				}
			}
		})
	}
	wg.Wait()
	w.wantXet("", "ann/model", "0.bin", shared)
}

// trySendXet sends content in chunks. Content may be deleted while it is built
// upon, so that it has to be sent again.
func (w *world) trySendXet(repo string, content []byte) error {
	return w.trySendXetAs(repo, "0.bin", content)
}

func (w *world) trySendXetAs(repo, path string, content []byte) error {
	var err error
	for range 5 {
		if _, err = upload.Run(w.Context(), w.xet("ann", repo, "write"), []upload.Content{data(content)}, upload.Options{TempDir: w.TempDir(), Now: w.clock.now}); err == nil {
			break
		}
	}
	if err != nil {
		return err
	}
	a, err := w.try("ann", "POST", "/api/models/"+repo+"/commit/main", []byte(header("")+lfsLine(path, content)))
	if err == nil && a.StatusCode != 200 {
		err = fmt.Errorf("committing: %d %s", a.StatusCode, a.body)
	}
	return err
}

// chunksOf unpacks those chunks of a part of a xorb, which begins with chunk
// first, that are wanted.
func chunksOf(w *world, part []byte, want xet.Span, first int64) (all []byte) {
	w.Helper()
	r := xorb.NewReader(bytes.NewReader(part))
	for i := first; ; i++ {
		chunk, err := r.Next()
		if err == io.EOF {
			return all
		}
		if err != nil {
			w.Fatal(err)
		}
		if want.Start <= i && i < want.End {
			all = append(all, chunk...)
		}
	}
}
