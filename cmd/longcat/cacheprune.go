package main

import (
	"context"
	"fmt"

	"longcat/hub/cache"
	"longcat/internal/progress"
	"longcat/internal/units"
)

// cacheVerifyDocument is the JSON of cache verify.
type cacheVerifyDocument struct {
	Checked int            `json:"checked"` // files
	Damaged []cache.Damage `json:"damaged"`
}

func (a *app) cacheVerify(ctx context.Context, names []string) error {
	all, c, err := a.cached(names)
	if err != nil {
		return err
	}
	d := cacheVerifyDocument{Damaged: []cache.Damage{}}
	v := c.Verified()
	p := a.progress()
	for _, r := range all {
		m := progress.Start(p, "hashing", r.ID, r.Size)
		damaged, checked, err := r.Verify(ctx, v, m.Add)
		m.Done()
		if err != nil {
			return err
		}
		d.Damaged = append(d.Damaged, damaged...)
		d.Checked += checked
	}
	a.endProgress()
	if a.json {
		err = a.printJSON(d)
	} else {
		for _, bad := range d.Damaged {
			fmt.Fprintln(a.out, bad.Path)
		}
	}
	if err != nil {
		return err
	}
	if n := len(d.Damaged); n > 0 {
		return &hintedError{fmt.Errorf("%d of %s in the cache have other content than they should", n, counted(d.Checked, "file")), "longcat download REPO --repair fetches them anew"}
	}
	a.say("%s in %s are as they should be", counted(d.Checked, "file"), c.CacheDir())
	return nil
}

// cachePruneDocument is the JSON of cache prune.
type cachePruneDocument struct {
	Dir     string         `json:"dir"`
	Removed bool           `json:"removed"` // else it is what --yes would remove
	Repos   []cache.Pruned `json:"repos"`
	Size    int64          `json:"size"` // bytes
}

func (a *app) cachePrune(names []string, dry bool) error {
	all, c, err := a.cached(names)
	if err != nil {
		return err
	}
	d := cachePruneDocument{Dir: c.CacheDir(), Removed: !dry, Repos: []cache.Pruned{}}
	for _, r := range all {
		p, err := r.Prune(dry)
		if err != nil {
			return err
		}
		if len(p.Revisions)+p.Contents+p.Unfinished > 0 {
			d.Repos = append(d.Repos, p)
			d.Size += p.Size
		}
	}
	if a.json {
		return a.printJSON(d)
	}
	w := table(a.out)
	for _, p := range d.Repos {
		fmt.Fprintf(w, "%s/%s\t%s\t%s\t%d unfinished\t%s\n", p.Type, p.ID, counted(len(p.Revisions), "revision"), counted(p.Contents, "file"), p.Unfinished, units.Size(p.Size))
	}
	if err := w.Flush(); err != nil {
		return err
	}
	switch {
	case d.Size == 0 && len(d.Repos) == 0:
		a.say("nothing to remove in %s", c.CacheDir())
	case dry:
		a.say("--yes removes this from %s: %s", c.CacheDir(), units.Size(d.Size))
	default:
		a.say("removed from %s: %s", c.CacheDir(), units.Size(d.Size))
	}
	return nil
}
