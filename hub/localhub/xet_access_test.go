package localhub_test

import (
	"bytes"
	"crypto/sha256"
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
	"longcat/hub/xet"
	"longcat/hub/xet/cdc"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
	"longcat/hub/xet/xorb"
)

// cas is a repo's chunks as seen with one token.
type cas struct {
	*world
	url, token string
}

func (w *world) cas(user, repo, scope string) cas {
	w.Helper()
	t := decode[wire.XetToken](w, w.want(w.do(user, "GET", "/api/models/"+repo+"/xet-"+scope+"-token/main", nil), 200))
	return cas{w, t.CASURL, t.AccessToken}
}

func (c cas) ask(method, path string, body any, header ...string) answer {
	c.Helper()
	return c.do("", method, c.url+path, body, append(header, "Authorization", "Bearer "+c.token)...)
}

// packed is content as one xorb and as the claim that it is a file.
type packed struct {
	xorb  []byte
	index xorb.Index
	claim shard.File
}

func pack(t *testing.T, content []byte) packed {
	t.Helper()
	var p packed
	var b bytes.Buffer
	out := xorb.NewWriter(&b)
	var cutter cdc.Cutter
	start := 0
	verification := merkle.NewRange()
	for _, end := range append(cutter.Cut(nil, content), len(content)) {
		if end == start {
			continue
		}
		if err := out.Add(content[start:end]); err != nil {
			t.Fatal(err)
		}
		verification.Add(merkle.Chunk(content[start:end]))
		start = end
	}
	p.xorb, p.index = b.Bytes(), out.Index()
	sum := sha256.Sum256(content)
	all := make([]merkle.Leaf, len(p.index))
	for i, e := range p.index {
		all[i] = e.Leaf
	}
	p.claim = shard.File{Hash: merkle.File(all), SHA256: &sum, Verified: true, Terms: []shard.Term{{
		Xorb: p.index.Hash(), End: uint32(len(all)), Size: uint32(len(content)), Verification: verification.Sum(),
	}}}
	return p
}

// shardOf is the shard that claims files.
func shardOf(t *testing.T, files ...shard.File) []byte {
	t.Helper()
	var b bytes.Buffer
	if err := shard.Write(&b, &shard.Shard{Files: files}); err != nil {
		t.Fatal(err)
	}
	return b.Bytes()
}

func TestXetTokens(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/model", "public")
	w.create("acme/secret", "private")
	content := random(300_000, 1)
	w.sendXet("ann", "ann/model", data(content))
	w.sendXet("ann", "acme/secret", data(random(300_000, 2)))
	file, secret := w.xetHash("", "ann/model", "0.bin"), w.xetHash("rita", "acme/secret", "0.bin")

	a := w.want(w.do("", "GET", "/api/models/ann/model/xet-read-token/main", nil), 200)
	token := decode[wire.XetToken](w, a)
	if a.Header.Get("X-Xet-Access-Token") != token.AccessToken || a.Header.Get("X-Xet-Cas-Url") != token.CASURL ||
		a.Header.Get("X-Xet-Token-Expiration") != fmt.Sprint(token.Exp) || token.Exp <= w.clock.now().Unix() {
		t.Errorf("%+v in the body, %v in the header", token, a.Header)
	}
	for _, c := range []struct {
		user, path string
		status     int
	}{
		{"", "ann/model/xet-read-token/nowhere", 404},
		{"", "ann/model/xet-write-token/main", 401},
		{"rita", "ann/model/xet-write-token/main", 403},
		{"bob", "ann/model/xet-write-token/main", 200}, // for a pull request
		{"", "acme/secret/xet-read-token/main", 401},
		{"bob", "acme/secret/xet-read-token/main", 404},
		{"rita", "acme/secret/xet-read-token/main", 200},
		{"rita", "acme/secret/xet-write-token/main", 403},
	} {
		w.want(w.do(c.user, "GET", "/api/models/"+c.path, nil), c.status)
	}

	public := w.cas("", "ann/model", "read")
	w.want(public.ask("GET", "/v2/reconstructions/"+file.String(), nil), 200)
	w.want(public.ask("HEAD", "/v1/files/"+file.String(), nil), 200)
	w.want(public.ask("GET", "/v2/reconstructions/"+secret.String(), nil), 404) // of another repo
	w.want(public.ask("GET", "/v2/reconstructions/abc", nil), 400)
	w.want(public.ask("GET", "/v2/nothing/"+file.String(), nil), 404)
	w.want(public.ask("POST", "/v1/xorbs/default/"+file.String(), []byte("x")), 403)
	w.want(public.ask("POST", "/v2/shards", []byte("x")), 403)
	w.want(public.ask("POST", "/v1/telemetry", []byte("{}")), 200)
	w.want(w.do("", "GET", public.url+"/health", nil), 200)
	for _, authorization := range []string{"", "Bearer hf_ann", "Bearer xet_", "Basic " + public.token, "Bearer " + public.token[:len(public.token)-3] + "AAA"} {
		w.want(w.do("", "GET", public.url+"/v2/reconstructions/"+file.String(), nil, "Authorization", authorization), 401)
	}

	// What a token may do is found out when it is used.
	rita := w.cas("rita", "acme/secret", "read")
	w.want(rita.ask("GET", "/v2/reconstructions/"+secret.String(), nil), 200)
	w.hub.Configure(localhub.RepoID{Type: wire.Model, Name: "acme/secret"}, func(s *localhub.Settings) { s.Disabled = true })
	w.want(rita.ask("GET", "/v2/reconstructions/"+secret.String(), nil), 403)
	w.clock.advance(time.Hour)
	w.want(public.ask("GET", "/v2/reconstructions/"+file.String(), nil), 401)
}

// Of private content nobody learns that it is there, and nobody gets it by
// naming it.
func TestPrivateChunks(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/secret", "private")
	w.want(w.do("bob", "POST", "/api/repos/create", wire.CreateRepo{Name: "model"}), 200)
	sent, whole := pack(t, random(1_000_000, 1)), pack(t, random(1_000_000, 2))
	w.sendXet("ann", "ann/secret", data(random(1_000_000, 1)))
	w.upload("ann", "ann/secret", random(1_000_000, 2))
	w.want(w.commit("ann", "ann/secret", "main", header(""), lfsLine("1.bin", random(1_000_000, 2))), 200)

	ann, bob := w.cas("ann", "ann/secret", "write"), w.cas("bob", "bob/model", "write")
	for name, p := range map[string]packed{"sent in chunks": sent, "sent as a whole": whole} {
		hash, first := p.index.Hash().String(), p.index[0].Hash.String()
		grant := xet.GrantRequest{Length: int64(len(p.xorb)), Checksum: xet.Checksum{Algo: xet.ChecksumAlgo, Value: xet.AddChecksum(0, p.xorb)}}
		for _, c := range []struct {
			method, path string
			body         any
			ann, bob     int
		}{
			{"GET", "/v1/chunks/default/" + first, nil, 200, 404},
			{"GET", "/v1/chunks/default-merkledb/" + first, nil, 200, 404},
			{"HEAD", "/v1/xorbs/default/" + hash, nil, 200, 404},
			{"POST", "/v1/xorb-grants/default/" + hash, grant, 200, 201},
			{"POST", "/v1/xorb-commits/default/" + hash + "/grant/1", nil, 200, 404},
			{"POST", "/v1/shards", shardOf(t, p.claim), 200, 400},
			{"GET", "/v1/reconstructions/" + p.claim.Hash.String(), nil, 200, 404},
		} {
			if got := ann.ask(c.method, c.path, c.body); got.StatusCode != c.ann {
				t.Errorf("%s: %s %s: ann gets %d, want %d: %s", name, c.method, c.path, got.StatusCode, c.ann, got.body)
			}
			if got := bob.ask(c.method, c.path, c.body); got.StatusCode != c.bob {
				t.Errorf("%s: %s %s: bob gets %d, want %d: %s", name, c.method, c.path, got.StatusCode, c.bob, got.body)
			}
		}
	}
	w.want(w.commit("bob", "bob/model", "main", header(""), lfsLine("0.bin", random(1_000_000, 1))), 400)

	// Who has the content himself may send it, and then has it.
	w.want(bob.ask("POST", "/v1/xorbs/default/"+sent.index.Hash().String(), sent.xorb), 200)
	w.want(bob.ask("POST", "/v1/shards", shardOf(t, sent.claim)), 200)
	w.want(w.commit("bob", "bob/model", "main", header(""), lfsLine("0.bin", random(1_000_000, 1))), 200)
	w.wantXet("", "bob/model", "0.bin", random(1_000_000, 1))
}

// A xorb may hold chunks of public and of private content. Only the former are
// told of, and given out, to those who may not read the latter.
func TestMixedXorb(t *testing.T) {
	w := newWorld(t, nil)
	w.create("ann/secret", "private")
	w.create("ann/model", "public")
	content := random(2_000_000, 1)
	p := pack(t, content)
	ann := w.cas("ann", "ann/model", "write")
	w.want(ann.ask("POST", "/v1/xorbs/default/"+p.index.Hash().String(), p.xorb), 200)
	w.want(w.cas("ann", "ann/secret", "write").ask("POST", "/v1/shards", shardOf(t, p.claim)), 200)
	w.want(w.commit("ann", "ann/secret", "main", header(""), lfsLine("all.bin", content)), 200)

	// The public file is chunks 5 to 9 of the private one's xorb.
	size, start := 0, 0
	verification, tree := merkle.NewRange(), merkle.Tree{}
	for i, e := range p.index {
		switch {
		case i < 5:
			start += int(e.Leaf.Size)
		case i < 10:
			size += int(e.Leaf.Size)
			verification.Add(e.Hash)
			tree.Add(e.Leaf)
		}
	}
	public := content[start : start+size]
	sum := sha256.Sum256(public)
	claim := shard.File{Hash: tree.File(), SHA256: &sum, Verified: true, Terms: []shard.Term{{
		Xorb: p.index.Hash(), First: 5, End: 10, Size: uint32(size), Verification: verification.Sum(),
	}}}
	w.want(ann.ask("POST", "/v1/shards", shardOf(t, claim)), 200)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("0.bin", public)), 200)
	w.wantXet("", "ann/model", "0.bin", public)

	anyone := w.cas("", "ann/model", "read")
	a := w.want(anyone.ask("GET", "/v1/chunks/default/"+p.index[5].Hash.String(), nil), 200)
	got, footer, err := shard.Read(bytes.NewReader(a.body))
	if err != nil || len(got.Xorbs) != 1 || len(got.Files) != 0 {
		t.Fatalf("%+v, %v", got, err)
	}
	for i, c := range got.Xorbs[0].Chunks {
		if told := c.Hash == p.index[i].Hash.Keyed(footer.Key); told != (i >= 5 && i < 10) {
			t.Errorf("chunk %d: told of: %v", i, told)
		}
	}
	if footer.Key == (merkle.Hash{}) || footer.Expires <= uint64(w.clock.now().Unix()) {
		t.Errorf("%+v", footer)
	}
	w.want(anyone.ask("GET", "/v1/chunks/default/"+p.index[0].Hash.String(), nil), 404)

	answer := decode[xet.Reconstruction](w, w.want(anyone.ask("GET", "/v2/reconstructions/"+claim.Hash.String(), nil), 200))
	fetch := answer.Xorbs[p.index.Hash()][0]
	from, to := p.index.Bytes(5, 10)
	if fetch.Ranges[0].Bytes != (xet.Span{Start: from, End: to - 1}) {
		t.Errorf("%+v, want bytes %d to %d", fetch, from, to)
	}
	place := strings.NewReplacer("FROM-1", fmt.Sprint(from-1), "FROM", fmt.Sprint(from), "LAST+1", fmt.Sprint(to), "LAST", fmt.Sprint(to-1))
	for ranges, status := range map[string]int{
		"bytes=FROM-LAST": 206, "bytes=FROM-FROM, LAST-LAST": 206,
		"": 403, "bytes=0-": 403, "bytes=FROM-": 403, "bytes=FROM-1-LAST": 403, "bytes=FROM-LAST+1": 403,
		"bytes=FROM-LAST,FROM-LAST": 403, "bytes=LAST-LAST,FROM-FROM": 403,
		"bytes=999999999-": 416, "bytes=-1": 400, "bytes=LAST-FROM": 400, "lines=1-2": 400,
	} {
		if a := w.do("", "GET", fetch.URL, nil, "Range", place.Replace(ranges)); a.StatusCode != status {
			t.Errorf("Range %q: status %d, want %d", ranges, a.StatusCode, status)
		}
	}
	w.want(w.do("", "GET", strings.Replace(fetch.URL, claim.Hash.String(), p.claim.Hash.String(), 1), nil, "Range", "bytes=0-9"), 403)
	w.clock.advance(2 * time.Hour)
	w.want(w.do("", "GET", fetch.URL, nil, "Range", fmt.Sprintf("bytes=%d-%d", from, to-1)), http.StatusForbidden)
}
