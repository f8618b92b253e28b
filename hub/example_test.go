package hub_test

import (
	"context"
	"fmt"
	"io"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"
	"strings"

	"longcat/hub"
	"longcat/hub/localhub"
)

// A repo is made, a file committed to it and downloaded again. The hub is a
// local one here; of the real one ConfigFromEnv tells address and token.
func Example() {
	dir, err := os.MkdirTemp("", "")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	h, err := localhub.Open(filepath.Join(dir, "hub"), localhub.Options{
		Tokens: []localhub.Token{{Secret: "hf_x", User: "ann", Role: localhub.Write}},
	})
	if err != nil {
		log.Fatal(err)
	}
	defer h.Close()
	srv := httptest.NewServer(h)
	defer srv.Close()

	ctx := context.Background()
	c, err := hub.New(hub.Config{Endpoint: srv.URL, Token: "hf_x", CacheDir: filepath.Join(dir, "cache")})
	if err != nil {
		log.Fatal(err)
	}
	repo := hub.Repo{ID: "ann/model"}
	if _, err := c.CreateRepo(ctx, repo, ""); err != nil {
		log.Fatal(err)
	}
	text := "{\"layers\": 48}\n"
	up, err := c.Upload(ctx, hub.Upload{
		Repo:    repo,
		Message: "add the configuration",
		Files:   []hub.UploadFile{{Path: "config.json", Content: io.NewSectionReader(strings.NewReader(text), 0, int64(len(text)))}},
	})
	if err != nil {
		log.Fatal(err)
	}
	snap, err := c.Download(ctx, hub.DownloadOptions{Repo: repo, Selection: hub.Selection{Include: []string{"*.json"}}})
	if err != nil {
		log.Fatal(err)
	}
	content, err := os.ReadFile(snap.Files["config.json"])
	fmt.Print(string(content), err, "\n")
	fmt.Println("the commit that was made:", snap.Commit == up.Commit)
	// Output:
	// {"layers": 48}
	// <nil>
	// the commit that was made: true
}
