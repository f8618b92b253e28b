package main

import (
	"fmt"
	"strings"

	"github.com/spf13/cobra"

	"longcat/hub"
	"longcat/hub/cache"
	"longcat/internal/units"
)

func (a *app) cacheCmd() *cobra.Command {
	cmd := &cobra.Command{
		Use:   "cache",
		Short: "List, verify and prune the cache that the Python tools share",
		Example: commandExample(
			"longcat cache list",
			"longcat cache verify gpt2"),
	}
	group(cmd)
	var revisions, yes, dry bool
	list := &cobra.Command{
		Use:     "list [REPO…]",
		Aliases: []string{"ls"},
		Short:   "List what the cache holds",
		Example: commandExample("longcat cache list", "longcat cache list --revisions gpt2"),
		Args:    between(0, -1, "repos"),
		RunE:    func(_ *cobra.Command, args []string) error { return a.cacheList(args, revisions) },
	}
	list.Flags().BoolVar(&revisions, "revisions", false, "a line for each revision, with what it lacks")
	verify := &cobra.Command{
		Use:   "verify [REPO…]",
		Short: "Hash what the cache holds, and tell what is damaged",
		Long: `Hash all files in the cache, or those of some repos, and compare them with the
hashes that they are kept by. The hub is not asked. Ends with code 1 when files
are damaged: download REPO --repair fetches them anew.`,
		Example: commandExample("longcat cache verify", "longcat cache verify gpt2"),
		Args:    between(0, -1, "repos"),
		RunE:    func(cmd *cobra.Command, args []string) error { return a.cacheVerify(cmd.Context(), args) },
	}
	prune := &cobra.Command{
		Use:   "prune [REPO…]",
		Short: "Remove what no branch or tag stands for, and unfinished files",
		Long: `Remove revisions that no branch or tag stands for, the content that only they
show, and files that were never finished. Without --yes it is told and nothing
is removed.`,
		Example: commandExample("longcat cache prune", "longcat cache prune --yes"),
		Args:    between(0, -1, "repos"),
		RunE: func(_ *cobra.Command, args []string) error {
			if yes && dry {
				return usagef("--yes and --dry-run contradict each other")
			}
			return a.cachePrune(args, !yes)
		},
	}
	prune.Flags().BoolVarP(&yes, "yes", "y", false, "remove it")
	prune.Flags().BoolVar(&dry, "dry-run", false, "only tell, as without --yes")
	cmd.AddCommand(list, verify, prune)
	return cmd
}

// cached are the repos of the cache that are named, all of them without names.
func (a *app) cached(names []string) ([]cache.Cached, *hub.Client, error) {
	c, err := a.client()
	if err != nil {
		return nil, nil, err
	}
	all, err := cache.Scan(c.CacheDir())
	if err != nil || len(names) == 0 {
		return all, c, err
	}
	var picked []cache.Cached
	for _, name := range names {
		found := len(picked)
		for _, r := range all {
			if name == r.ID && r.Type == "model" || name == r.Type+"s/"+r.ID || name == r.Type+"/"+r.ID {
				picked = append(picked, r)
			}
		}
		if found == len(picked) {
			return nil, nil, fmt.Errorf("the cache %s has no repo %q", c.CacheDir(), name)
		}
	}
	return picked, c, nil
}

// cacheListDocument is the JSON of cache list.
type cacheListDocument struct {
	Dir   string         `json:"dir"`
	Repos []cache.Cached `json:"repos"`
	Size  int64          `json:"size"` // bytes
}

func (a *app) cacheList(names []string, revisions bool) error {
	all, c, err := a.cached(names)
	if err != nil {
		return err
	}
	d := cacheListDocument{Dir: c.CacheDir(), Repos: append([]cache.Cached{}, all...)}
	for _, r := range all {
		d.Size += r.Size
	}
	if a.json {
		return a.printJSON(d)
	}
	w := table(a.out)
	for _, r := range all {
		var refs []string
		for _, rev := range r.Revisions {
			refs = append(refs, rev.Refs...)
			if revisions {
				fmt.Fprintf(w, "%s/%s\t%s\t%s\t%s\t%s\t%s\n", r.Type, r.ID, rev.Commit, units.Size(rev.Size), counted(rev.Files, "file"), strings.Join(rev.Refs, ","), lacks(rev.Missing))
			}
		}
		if !revisions {
			fmt.Fprintf(w, "%s/%s\t%s\t%s\t%s\t%s\n", r.Type, r.ID, units.Size(r.Size), counted(len(r.Revisions), "revision"), strings.Join(refs, ","), extra(r))
		}
	}
	if err := w.Flush(); err != nil {
		return err
	}
	a.say("%s in %s, %s", counted(len(all), "repo"), c.CacheDir(), units.Size(d.Size))
	return nil
}

func lacks(missing []string) string {
	if len(missing) == 0 {
		return ""
	}
	return fmt.Sprintf("lacks %s of the commit", counted(len(missing), "file"))
}

// extra lists what a repo in the cache holds beside its revisions: interrupted
// downloads, and blobs that no revision links to (garbage).
func extra(r cache.Cached) string {
	var parts []string
	if r.Unfinished > 0 {
		parts = append(parts, units.Size(r.Unfinished)+" unfinished")
	}
	if r.Loose > 0 {
		parts = append(parts, units.Size(r.Loose)+" that no revision shows")
	}
	return strings.Join(parts, ", ")
}
