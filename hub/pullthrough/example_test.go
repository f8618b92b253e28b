package pullthrough_test

import (
	"context"
	"fmt"
	"log"
	"net/http/httptest"
	"os"
	"path/filepath"

	"longcat/hub"
	"longcat/hub/localhub"
	"longcat/hub/localhub/store"
	"longcat/hub/pullthrough"
)

// A hub that fetches from another one what clients ask it for.
func Example() {
	dir, err := os.MkdirTemp("", "hub-*")
	if err != nil {
		log.Fatal(err)
	}
	defer os.RemoveAll(dir)
	above, err := localhub.Open(filepath.Join(dir, "above"), localhub.Options{Tokens: []localhub.Token{{Secret: "hf_secret", User: "ann", Role: localhub.Write}}})
	if err != nil {
		log.Fatal(err)
	}
	defer above.Close()
	upstream := httptest.NewServer(above)
	defer upstream.Close()
	ctx := context.Background()
	ann, err := hub.New(hub.Config{Endpoint: upstream.URL, Token: "hf_secret"})
	if err != nil {
		log.Fatal(err)
	}
	if _, err := ann.CreateRepo(ctx, hub.Repo{ID: "ann/model"}, hub.Public); err != nil {
		log.Fatal(err)
	}

	here, err := localhub.Open(filepath.Join(dir, "here"), localhub.Options{Upstream: func(s *store.Store) localhub.Upstream {
		return pullthrough.New(ann, s, pullthrough.Options{})
	}})
	if err != nil {
		log.Fatal(err)
	}
	defer here.Close()
	front := httptest.NewServer(here)
	defer front.Close()
	c, err := hub.New(hub.Config{Endpoint: front.URL})
	if err != nil {
		log.Fatal(err)
	}
	for e, err := range c.Tree(ctx, hub.Repo{ID: "ann/model"}, "main") {
		fmt.Println(e.Path, err)
	}
	// Output: .gitattributes <nil>
}
