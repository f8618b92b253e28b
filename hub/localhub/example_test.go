package localhub_test

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

// A folder of files becomes a repo that any Hub client can read.
func Example() {
	dir, err := os.MkdirTemp("", "hub")
	if err != nil {
		panic(err)
	}
	defer os.RemoveAll(dir)
	model := filepath.Join(dir, "model")
	os.Mkdir(model, 0o755)
	os.WriteFile(filepath.Join(model, "config.json"), []byte(`{"model_type": "mistral"}`), 0o644)

	hub, err := localhub.Open(filepath.Join(dir, "hub"), localhub.Options{})
	if err != nil {
		panic(err)
	}
	defer hub.Close()
	id := localhub.RepoID{Type: wire.Model, Name: "me/tiny"}
	if _, err := hub.Import(context.Background(), id, model, localhub.ImportOptions{}); err != nil {
		panic(err)
	}

	server := httptest.NewServer(hub)
	defer server.Close()
	resp, err := http.Get(server.URL + "/me/tiny/resolve/main/config.json")
	if err != nil {
		panic(err)
	}
	defer resp.Body.Close()
	body, err := io.ReadAll(resp.Body)
	fmt.Println(string(body), err)
	// Output: {"model_type": "mistral"} <nil>
}
