package main

import (
	"context"
	"fmt"

	"longcat/hub/localhub"
	"longcat/internal/units"
)

// collect removes what no repo refers to, and prints what is left.
func (a *app) collect(ctx context.Context, dir string) error {
	h, err := openHub(dir, localhub.Options{NoXet: true})
	if err != nil {
		return err
	}
	defer h.Close()
	if err := h.Collect(ctx); err != nil {
		return err
	}
	u, err := h.Usage(ctx)
	if err != nil {
		return err
	}
	if a.json {
		doc := usageDocument{Repos: []repoUsage{}, Objects: u.Objects, Bytes: u.Bytes}
		for _, r := range u.Repos {
			doc.Repos = append(doc.Repos, repoUsage{r.ID.String(), r.Objects, r.Bytes})
		}
		return a.printJSON(doc)
	}
	for _, r := range u.Repos {
		fmt.Fprintf(a.out, "%10s  %s\n", units.Size(r.Bytes), r.ID)
	}
	fmt.Fprintf(a.out, "%10s  in all, of %d large files\n", units.Size(u.Bytes), u.Objects)
	return nil
}
