package xet_test

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"runtime"
	"strings"
	"testing"

	"longcat/hub/xet"
	"longcat/hub/xet/internal/fakecas"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
)

// endless never ends.
type endless string

func (e endless) Read(p []byte) (int, error) {
	n := 0
	for n < len(p) {
		n += copy(p[n:], e)
	}
	return n, nil
}

// A server can not make the client hold much more than an answer may be.
func TestHostileAnswersTakeLittleMemory(t *testing.T) {
	many := func(open, element, end string) string {
		return open + strings.Repeat(element+",", 10<<20/len(element)) + element + end
	}
	hash := `"` + merkle.Hash{7}.String() + `"`
	ask := func(c *xet.Client) error { _, err := c.Reconstruct(t.Context(), merkle.Hash{1}, 0, 10); return err }
	look := func(c *xet.Client) error {
		_, found, err := c.Dedup(t.Context(), merkle.Hash{1}, func(shard.Xorb) error { return nil })
		if err == nil && !found {
			err = errors.New("not found")
		}
		return err
	}
	for name, test := range map[string]struct {
		answer io.Reader
		ask    func(*xet.Client) error
	}{
		"empty terms":  {strings.NewReader(many(`{"terms":[`, "{}", `]}`)), ask},
		"null terms":   {strings.NewReader(many(`{"terms":[`, "null", `]}`)), ask},
		"empty ranges": {strings.NewReader(many(`{"xorbs":{`+hash+`:[{"ranges":[`, "{}", `]}]}}`)), ask},
		"endless JSON": {endless(" "), ask},
		"large shard":  {io.MultiReader(strings.NewReader(shardHead(t)), endless("\x00")), look},
	} {
		server := fakecas.New(t)
		server.Before = func(w http.ResponseWriter, _ *http.Request) bool {
			_, _ = io.Copy(w, test.answer)
			return true
		}
		client := server.Client()
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		err := test.ask(client)
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 300<<20 {
			t.Errorf("%s: %d MiB were allocated", name, n>>20)
		}
	}
}

// shardHead is how every shard begins.
func shardHead(t *testing.T) string {
	var b strings.Builder
	if err := shard.Write(&b, &shard.Shard{}); err != nil {
		t.Fatal(err)
	}
	return b.String()[:48]
}

// An answer in several parts that never comes to the first one ends.
func TestEndlessPreamble(t *testing.T) {
	server := fakecas.New(t)
	data, hash := patched(t, server)
	server.Before = func(w http.ResponseWriter, r *http.Request) bool {
		if !strings.HasPrefix(r.URL.Path, "/signed/xorb/") {
			return false
		}
		w.Header().Set("Content-Type", "multipart/byteranges; boundary=b")
		w.WriteHeader(http.StatusPartialContent)
		_, _ = io.Copy(w, endless("no boundary\r\n"))
		return true
	}
	err := server.Client().Download(t.Context(), xet.Download{File: hash, Size: int64(len(data)), To: discard{}})
	if err == nil || !strings.Contains(err.Error(), "looking for bytes") {
		t.Errorf("got %v", err)
	}
}

type discard struct{}

func (discard) WriteAt(p []byte, _ int64) (int, error) { return len(p), nil }

// Whatever a reconstruction says, its numbers are possible or it is refused.
func FuzzReconstruction(f *testing.F) {
	f.Add(`{"offset_into_first_range":3,"terms":[{"hash":"` + merkle.Hash{7}.String() + `","unpacked_length":10,"range":{"start":0,"end":1}}],"xorbs":{}}`)
	f.Add(`{"terms":null,"fetch_info":{}}`)
	var text string
	server := fakecas.New(f)
	server.Before = func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = io.WriteString(w, text)
		return true
	}
	client := server.Client()
	f.Fuzz(func(t *testing.T, answer string) {
		text = answer
		r, err := client.Reconstruct(t.Context(), merkle.Hash{1}, 0, 10)
		if err != nil {
			return
		}
		if r.Offset < 0 || r.Size() < 0 {
			t.Errorf("%+v", r)
		}
		if _, err := json.Marshal(r); err != nil {
			t.Error(err)
		}
	})
}

// Whatever a server says of a shard, it is taken or there is an error on one line.
func FuzzShardEvents(f *testing.F) {
	f.Add(`{"type":"validating","verified":1}` + "\n" + `{"type":"result"}`)
	f.Add(fmt.Sprintf(`{"type":"error","message":%q}`, "bad\x1b\nline"))
	var text string
	server := fakecas.New(f)
	server.Before = func(w http.ResponseWriter, _ *http.Request) bool {
		_, _ = io.WriteString(w, text)
		return true
	}
	client := server.Client()
	f.Fuzz(func(t *testing.T, answer string) {
		text = answer
		if err := client.PutShard(t.Context(), nil); err != nil && strings.ContainsAny(err.Error(), "\n\r\x1b\x00") {
			t.Errorf("%q", err)
		}
	})
}
