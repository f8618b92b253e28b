package store

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io/fs"
	"os"
	"slices"
	"strings"
	"sync"
	"time"

	"longcat/internal/durable"
)

// repoIndex remembers what is in repos/, as long as that directory does not
// change, so that a lookup costs two looks at the disk and no reading.
type repoIndex struct {
	mu     sync.Mutex
	stamp  stamp
	folded map[string]RepoID // by the directory's name in small letters
	known  map[RepoID]knownRepo
}

type knownRepo struct {
	stamp stamp
	about About
}

// Repo looks a repo up by its exact id. It fails with [ErrNoRepo].
func (s *Store) Repo(id RepoID) (*Repo, error) {
	r := &Repo{ID: id, store: s}
	path := r.Path(aboutName)
	looked := time.Now()
	fi, err := os.Stat(path)
	if errors.Is(err, fs.ErrNotExist) {
		return nil, ErrNoRepo
	}
	if err != nil {
		return nil, err
	}
	s.index.mu.Lock()
	known := s.index.known[id]
	s.index.mu.Unlock()
	if known.stamp.same(fi) {
		r.About = known.about
		return r, nil
	}
	if r.About, err = readAbout(path); err != nil {
		if errors.Is(err, fs.ErrNotExist) {
			return nil, ErrNoRepo
		}
		return nil, err
	}
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	if s.index.known == nil {
		s.index.known = map[RepoID]knownRepo{}
	}
	s.index.known[id] = knownRepo{stampOf(fi, looked), r.About}
	return r, nil
}

func (x *repoIndex) forget(id RepoID) {
	x.mu.Lock()
	defer x.mu.Unlock()
	delete(x.known, id)
	x.stamp = stamp{}
}

// ids lists the directories of repos, by their names in small letters.
func (s *Store) ids() (map[string]RepoID, error) {
	looked := time.Now()
	fi, err := os.Stat(s.Path("repos"))
	if err != nil {
		return nil, err
	}
	s.index.mu.Lock()
	defer s.index.mu.Unlock()
	if s.index.stamp.same(fi) {
		return s.index.folded, nil
	}
	entries, err := os.ReadDir(s.Path("repos"))
	if err != nil {
		return nil, err
	}
	folded := make(map[string]RepoID, len(entries))
	for _, e := range entries {
		if id, ok := ParseDirectory(e.Name()); ok {
			folded[strings.ToLower(e.Name())] = id
		}
	}
	s.index.folded, s.index.stamp = folded, stampOf(fi, looked)
	return folded, nil
}

// Repos lists all repos by type and name.
func (s *Store) Repos() ([]*Repo, error) {
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	var list []*Repo
	for _, id := range ids {
		r, err := s.Repo(id)
		if errors.Is(err, ErrNoRepo) { // a draft, or deleted this moment
			continue
		}
		if err != nil {
			return nil, err
		}
		list = append(list, r)
	}
	slices.SortFunc(list, func(a, b *Repo) int {
		return cmp.Or(cmp.Compare(a.ID.Type, b.ID.Type), strings.Compare(a.ID.Name, b.ID.Name))
	})
	return list, nil
}

// Drafts lists the repos that are being made: their objects are needed, too.
func (s *Store) Drafts() ([]*Repo, error) {
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	var list []*Repo
	for _, id := range ids {
		if r := (&Repo{ID: id, store: s}); exists(r.Path("draft")) {
			list = append(list, r)
		}
	}
	return list, nil
}

// Find is Repo, but that an id in other letter case, or a name that a repo had
// before it was moved, find it too: the repo's ID tells its name then.
func (s *Store) Find(id RepoID) (*Repo, error) {
	const hops = 10 // of a repo that was moved again and again
	for range hops {
		r, err := s.Repo(id)
		if !errors.Is(err, ErrNoRepo) {
			return r, err
		}
		ids, err := s.ids()
		if err != nil {
			return nil, err
		}
		if other, ok := ids[strings.ToLower(id.Directory())]; ok && other != id {
			id = other
			continue
		}
		name, err := os.ReadFile(s.movedPath(id))
		if err != nil {
			return nil, ErrNoRepo
		}
		next, ok := ParseDirectory(strings.TrimSpace(string(name)))
		if !ok {
			return nil, ErrNoRepo
		}
		id = next
	}
	return nil, ErrNoRepo
}

func (s *Store) movedPath(id RepoID) string {
	return s.Path("moved", strings.ToLower(id.Directory()))
}

// Draft prepares a directory for a repo, to be filled with blobs, commits and
// refs before [Repo.Finish] makes it one. A draft that was left unfinished is
// gone on with: what it holds is named by its content. It fails with
// [ErrExists] or [ErrInTheWay].
func (s *Store) Draft(id RepoID) (*Repo, error) {
	if s.readOnly {
		return nil, ErrReadOnly
	}
	ids, err := s.ids()
	if err != nil {
		return nil, err
	}
	if other, ok := ids[strings.ToLower(id.Directory())]; ok { // some filesystems do not tell letter cases apart
		if _, err := s.Repo(other); !errors.Is(err, ErrNoRepo) || other != id {
			return nil, cmp.Or(unless(err, ErrNoRepo), ErrExists)
		}
	}
	r := &Repo{ID: id, About: About{UID: rand.Text()}, store: s}
	if exists(r.Path()) && !exists(r.Path("draft")) && !r.unfinished() {
		return nil, ErrInTheWay
	}
	return r, writeEmpty(r.Path("draft"))
}

// unless is err, but nil if it is the one that was expected.
func unless(err, expected error) error {
	if errors.Is(err, expected) {
		return nil
	}
	return err
}

// unfinished recognises what a version without drafts left when it was killed
// while it made a repo: what that wrote, in its order. (A cache of Hugging
// Face's has blobs and refs, too, but no commits.)
func (r *Repo) unfinished() bool {
	entries, err := os.ReadDir(r.Path())
	if err != nil || len(entries) > 0 && !exists(r.Path("commits")) {
		return false
	}
	for _, e := range entries {
		if !slices.Contains([]string{"blobs", "commits", "refs"}, e.Name()) {
			return false
		}
	}
	return true
}

// Finish makes a draft a repo, in one step.
func (r *Repo) Finish(ctx context.Context, settings Settings, created time.Time) error {
	unlock, err := r.store.lock(ctx, r.ID.Directory())
	if err != nil {
		return err
	}
	defer unlock()
	if exists(r.Path(aboutName)) {
		return ErrExists
	}
	r.Settings, r.Created = settings, created.UTC().Truncate(time.Second)
	if err := errors.Join(r.saveAbout(r.About), os.Remove(r.Path("draft"))); err != nil {
		return err
	}
	return remove(r.store.movedPath(r.ID))
}

// Delete takes a repo away, in one step. Its objects stay until they are
// collected.
func (r *Repo) Delete(ctx context.Context) error {
	grave := r.store.TempName()
	if err := r.take(ctx, grave); err != nil {
		return err
	}
	return os.RemoveAll(grave)
}

// Move gives a repo another name, in one step, and remembers the old one. It
// fails with [ErrExists] or [ErrInTheWay] if the name is taken.
func (r *Repo) Move(ctx context.Context, to RepoID) error {
	ids, err := r.store.ids()
	if err != nil {
		return err
	}
	if other, ok := ids[strings.ToLower(to.Directory())]; ok && other != r.ID {
		return ErrExists
	}
	moved := &Repo{ID: to, store: r.store}
	if exists(moved.Path()) && !strings.EqualFold(to.Name, r.ID.Name) {
		return ErrInTheWay
	}
	if err := r.take(ctx, moved.Path()); err != nil {
		return err
	}
	if err := remove(r.store.movedPath(to)); err != nil || strings.EqualFold(to.Name, r.ID.Name) {
		return err
	}
	return r.store.Write(r.store.movedPath(r.ID), []byte(to.Directory()+"\n"), 0o644)
}

// take renames the repo's directory.
func (r *Repo) take(ctx context.Context, to string) error {
	unlock, err := r.Lock(ctx)
	if err != nil {
		return err
	}
	defer unlock()
	defer r.store.index.forget(r.ID)
	if err := os.Rename(r.Path(), to); err != nil {
		return err
	}
	return durable.SyncDir(r.store.Path("repos"))
}
