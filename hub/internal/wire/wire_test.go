package wire

import (
	"encoding/json"
	"strings"
	"testing"
)

func TestCheckRepoID(t *testing.T) {
	for _, id := range []string{"gpt2", "rishiraj/CatPPT-base", "a/b_c.d-1", "org/LongCAT-10.7B"} {
		if err := CheckRepoID(id); err != nil {
			t.Errorf("%q refused: %v", id, err)
		}
	}
	for _, id := range []string{"", "a/b/c", "../x", "a/..", "a/b--c", "-a/b", "a/b.", "a/b.git", "a b/c", "a/" + strings.Repeat("x", 97), "datasets\\x"} {
		if CheckRepoID(id) == nil {
			t.Errorf("%q accepted", id)
		}
	}
}

func TestCheckPath(t *testing.T) {
	for _, p := range []string{"config.json", "a/b/c.txt", ".gitattributes", "..a", "onnx/model.onnx", "ä/ö"} {
		if err := CheckPath(p); err != nil {
			t.Errorf("%q refused: %v", p, err)
		}
	}
	for _, p := range []string{"", ".", "..", "../x", "a/../../x", "/etc/passwd", "a//b", "a/", "./a", "a\\b", "C:/x", ".git/config", "a/.GIT/x", "a\x00b", "a\nb"} {
		if CheckPath(p) == nil {
			t.Errorf("%q accepted", p)
		}
	}
}

// The ids were printed by git hash-object.
func TestBlobID(t *testing.T) {
	for content, want := range map[string]string{
		"":        "e69de29bb2d1d6434b8b29ae775ad8c2e48c5391",
		"hello\n": "ce013625030ba8dba906f756967f9e9ca394464a",
	} {
		got, err := BlobID(strings.NewReader(content), int64(len(content)))
		if err != nil || got != want {
			t.Errorf("BlobID(%q) = %s, %v; want %s", content, got, err, want)
		}
	}
	if _, err := BlobID(strings.NewReader("short"), 9); err == nil {
		t.Error("a short read went unnoticed")
	}
}

func TestGatedRoundTrip(t *testing.T) {
	for in, want := range map[string]Gated{"false": "", `"auto"`: "auto", `"manual"`: "manual"} {
		var g Gated
		if err := json.Unmarshal([]byte(in), &g); err != nil || g != want {
			t.Errorf("%s read as %q, %v", in, g, err)
		}
		if out, err := json.Marshal(g); err != nil || string(out) != in {
			t.Errorf("%q written as %s, %v", g, out, err)
		}
	}
}

func TestLFSHeaderValues(t *testing.T) {
	var a LFSAction
	if err := json.Unmarshal([]byte(`{"href":"x","header":{"chunk_size":16000000,"00001":"http://p"}}`), &a); err != nil {
		t.Fatal(err)
	}
	if a.Header["chunk_size"] != "16000000" || a.Header["00001"] != "http://p" {
		t.Errorf("got %v", a.Header)
	}
}
