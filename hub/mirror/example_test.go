package mirror_test

import (
	"context"
	"fmt"
	"log"
	"os"
	"slices"

	"longcat/hub"
	"longcat/hub/localhub/store"
	"longcat/hub/mirror"
)

// A model of the Hub, with all its branches and tags, into a directory that
// localhub can serve.
func ExampleRun() {
	client, err := hub.New(hub.Config{})
	if err != nil {
		log.Fatal(err)
	}
	dir, err := store.Open("/srv/hub")
	if err != nil {
		log.Fatal(err)
	}
	defer dir.Close()
	wanted := []mirror.Wanted{{ID: store.RepoID{Type: hub.Model, Name: "rishiraj/CatPPT-base"}}}
	err = mirror.Run(context.Background(), mirror.FromHub(client), mirror.ToFolder(dir), slices.Values(wanted), mirror.Options{},
		func(o mirror.Outcome) { fmt.Fprintf(os.Stderr, "%s: %d bytes\n", o.Repo, o.Bytes) })
	if err != nil {
		log.Fatal(err)
	}
}
