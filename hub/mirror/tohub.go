package mirror

import (
	"cmp"
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"longcat/hub"
	"longcat/hub/localhub/store"
)

// Remote is a hub as a destination. It makes its own commits, so that what
// becomes equal are the trees of branches and tags; the message of each commit
// names the one that it mirrors.
type Remote struct{ client *hub.Client }

// ToHub makes a destination of the hub that a client talks to.
func ToHub(c *hub.Client) *Remote { return &Remote{c} }

// messagePrefix is how the messages of a mirror's commits begin.
const messagePrefix = "Mirror of "

// sideBranch is where commits are made that tags alone name. It is removed.
const sideBranch = "longcat-mirror"

// Mirror implements Destination.
func (d *Remote) Mirror(ctx context.Context, src Source, repo *Repo, o Options) (Outcome, error) {
	out := Outcome{Repo: repo.As.String(), Refs: len(repo.Refs), Changed: []string{}, Removed: []string{}}
	m := &remoteMirror{client: d.client, src: src, repo: repo, to: at(repo.As), o: o, out: &out}
	err := m.run(ctx)
	slices.Sort(out.Changed)
	slices.Sort(out.Removed)
	return out, err
}

// Gone implements Destination: on a hub nothing is removed for that.
func (d *Remote) Gone(_ context.Context, src Source, id store.RepoID, _ Options) (Outcome, error) {
	return Outcome{Repo: id.String(), Gone: true, Changed: []string{}, Removed: []string{}},
		fmt.Errorf("%w at %s: the copy, if there is one, is kept", ErrGone, src.Name())
}

// remoteMirror is the work on one repo.
type remoteMirror struct {
	client *hub.Client
	src    Source
	repo   *Repo
	to     hub.Repo
	o      Options
	out    *Outcome

	refs   map[string]string // that the copy has, full name to its commit
	stored map[string]int64  // large files that the copy has somewhere, with their sizes
	made   map[string]string // the copy's commit for one of the source's
}

func (m *remoteMirror) run(ctx context.Context) error {
	m.refs, m.stored, m.made = map[string]string{}, map[string]int64{}, map[string]string{}
	isNew, err := m.look(ctx)
	if err != nil {
		return err
	}
	if isNew && !m.o.DryRun {
		visibility := hub.Visibility("") // the hub's own choice: an organisation may want it private
		if m.repo.Settings.Private {
			visibility = hub.Private
		}
		if _, err := m.client.CreateRepo(ctx, m.to, visibility); err != nil {
			return err
		}
		if _, err := m.look(ctx); err != nil {
			return err
		}
	}
	for _, name := range m.order() {
		if err := m.ref(ctx, name, m.repo.Refs[name]); err != nil {
			return fmt.Errorf("%s: %w", name, err)
		}
	}
	return m.prune(ctx)
}

// look reads what the copy has, and refuses a repo that is no copy: whose main
// branch has been written to by others.
func (m *remoteMirror) look(ctx context.Context) (isNew bool, err error) {
	branches, tags, err := m.client.Refs(ctx, m.to)
	if errors.Is(err, hub.ErrRepoNotFound) {
		return true, nil
	}
	if err != nil {
		return false, err
	}
	for kind, list := range map[string][]hub.Ref{store.Heads: branches, store.Tags: tags} {
		for _, f := range list {
			m.refs[store.Ref{Kind: kind, Name: f.Name}.Full()] = f.Commit
		}
	}
	head, ok := m.refs["refs/heads/"+store.DefaultBranch]
	if !ok {
		return false, nil
	}
	var latest hub.Commit
	n := 0
	for c, err := range m.client.Commits(ctx, m.to, head) {
		if err != nil {
			return false, err
		}
		if n == 0 {
			latest = c
		}
		if n++; n > 1 {
			break
		}
	}
	if n > 1 && !strings.HasPrefix(latest.Title, messagePrefix+m.repo.From.String()+"@") {
		same, err := m.same(ctx, "refs/heads/"+store.DefaultBranch, m.repo.Refs["refs/heads/"+store.DefaultBranch])
		if err != nil || !same {
			return false, cmp.Or(err, error(&OwnError{ID: m.repo.As}))
		}
	}
	return false, nil
}

// order is in which order refs are made equal: the main branch first, which
// others begin from, and tags last, which may name what branches have.
func (m *remoteMirror) order() []string {
	var names []string
	for name := range m.repo.Refs {
		names = append(names, name)
	}
	rank := func(name string) int {
		kind, short, _ := store.SplitRef(name)
		switch {
		case kind == store.Heads && short == store.DefaultBranch:
			return 0
		case kind == store.Heads:
			return 1
		}
		return 2
	}
	slices.SortFunc(names, func(a, b string) int { return cmp.Or(rank(a)-rank(b), strings.Compare(a, b)) })
	return names
}

// ref makes one branch or tag equal.
func (m *remoteMirror) ref(ctx context.Context, name, commit string) error {
	kind, short, _ := store.SplitRef(name)
	if _, there := m.refs[name]; there {
		same, err := m.same(ctx, name, commit)
		if same {
			m.made[commit] = m.refs[name]
		}
		if err != nil || same {
			return err
		}
	}
	m.out.Changed = append(m.out.Changed, name)
	if m.o.DryRun {
		_, _, err := m.difference(ctx, commit, m.base(name))
		return err
	}
	if kind == store.Heads {
		return m.branch(ctx, short, commit)
	}
	at, ok := m.made[commit]
	if !ok {
		if err := m.branch(ctx, sideBranch, commit); err != nil {
			return err
		}
		at = m.made[commit]
		if err := m.client.DeleteBranch(ctx, m.to, sideBranch); err != nil {
			return err
		}
		delete(m.refs, "refs/heads/"+sideBranch)
	}
	if _, there := m.refs[name]; there {
		if err := m.client.DeleteTag(ctx, m.to, short); err != nil {
			return err
		}
	}
	return m.client.CreateTag(ctx, m.to, short, at, "")
}

// base is the copy's commit that a ref is compared with: its own, or main's.
func (m *remoteMirror) base(name string) string {
	return cmp.Or(m.refs[name], m.refs["refs/heads/"+store.DefaultBranch])
}

// branch makes a branch hold a commit's files.
func (m *remoteMirror) branch(ctx context.Context, short, commit string) error {
	name := "refs/heads/" + short
	if _, there := m.refs[name]; !there && short != store.DefaultBranch {
		if err := m.client.CreateBranch(ctx, m.to, short, m.base(name)); err != nil {
			return err
		}
		m.refs[name] = m.base(name)
	}
	put, remove, err := m.difference(ctx, commit, m.refs[name])
	if err != nil {
		return err
	}
	if len(put)+len(remove) == 0 {
		m.made[commit] = m.refs[name]
		return nil
	}
	files, closeAll, err := m.contents(ctx, commit, put)
	defer closeAll()
	if err != nil {
		return err
	}
	done, err := m.client.Upload(ctx, hub.Upload{
		Repo: m.to, Revision: short, Files: files, Delete: remove, Progress: m.o.Progress,
		Message: messagePrefix + m.repo.From.String() + "@" + commit,
		Details: "From " + m.repo.Settings.Upstream,
	})
	if err != nil {
		return err
	}
	m.refs[name], m.made[commit] = done.Commit, done.Commit
	return nil
}

// prune removes branches and tags that are gone at the source.
func (m *remoteMirror) prune(ctx context.Context) error {
	if !m.o.Prune || len(m.o.Revisions) > 0 {
		return nil
	}
	for name := range m.refs {
		kind, short, _ := store.SplitRef(name)
		if _, wanted := m.repo.Refs[name]; wanted || short == store.DefaultBranch && kind == store.Heads {
			continue
		}
		m.out.Removed = append(m.out.Removed, name)
		if m.o.DryRun {
			continue
		}
		remove := m.client.DeleteBranch
		if kind == store.Tags {
			remove = m.client.DeleteTag
		}
		if err := remove(ctx, m.to, short); err != nil {
			return err
		}
	}
	return nil
}
