package mirror

import (
	"cmp"
	"context"
	"crypto/rand"
	"errors"
	"io"
	"net"
	"net/http"
	"os"
	"path/filepath"
	"time"

	"longcat/hub"
	"longcat/hub/localhub"
	"longcat/hub/localhub/store"
)

// Directory is a hub's directory as a source. A hub may serve it meanwhile. Its
// objects can be linked: it is a [Giver], too.
type Directory struct {
	Source // the server
	dir    string
	store  *store.Store
	hub    *localhub.Hub
	server *http.Server
}

// FromDirectory opens a hub's directory for reading, through a server of its own
// on this machine, so that it reads as any hub does. pulls is as for Hub.
func FromDirectory(dir string, pulls bool) (*Directory, error) {
	s, err := store.OpenReadOnly(dir)
	if err != nil {
		return nil, err
	}
	token := "hf_" + rand.Text()
	h, err := localhub.Open(dir, localhub.Options{
		ReadOnly: true, AnyNamespace: true, Tokens: []localhub.Token{{Secret: token, User: "mirror"}},
	})
	if err != nil {
		return nil, errors.Join(err, s.Close())
	}
	l, err := net.Listen("tcp", "127.0.0.1:0")
	if err != nil {
		return nil, errors.Join(err, h.Close(), s.Close())
	}
	d := &Directory{dir: dir, store: s, hub: h, server: &http.Server{Handler: h, ReadHeaderTimeout: time.Minute}}
	go func() { _ = d.server.Serve(l) }() // until Close
	client, err := hub.New(hub.Config{Endpoint: "http://" + l.Addr().String(), Token: token, RetryFor: -1})
	if err != nil {
		return nil, errors.Join(err, d.Close())
	}
	d.Source = &Hub{client, pulls}
	return d, nil
}

// Close ends the server.
func (d *Directory) Close() error {
	return errors.Join(d.server.Close(), d.hub.Close(), d.store.Close())
}

// Name implements Source.
func (d *Directory) Name() string { return filepath.Clean(d.dir) }

// Repo implements Source. A copy of a copy is one of the original.
func (d *Directory) Repo(ctx context.Context, id store.RepoID) (*Repo, error) {
	repo, err := d.Source.Repo(ctx, id)
	if err != nil {
		return nil, err
	}
	r, err := d.store.Repo(repo.From)
	if err != nil {
		return nil, err
	}
	repo.Settings.Upstream = cmp.Or(r.Upstream, Elsewhere)
	return repo, nil
}

// Keeps reports whether the directory has the content of a file: it may be a
// mirror that was made with patterns.
func (d *Directory) Keeps(id store.RepoID, f store.File) bool { return d.hub.Keeps(id, f) }

// Open implements Source: a large file that is kept as one is read where it is.
func (d *Directory) Open(ctx context.Context, id store.RepoID, commit string, f store.File) (*io.SectionReader, io.Closer, error) {
	if path := d.Find(id, f.LFS); f.LFS != "" && path != "" {
		file, err := os.Open(path)
		return io.NewSectionReader(file, 0, f.Size), file, err
	}
	return d.Source.Open(ctx, id, commit, f)
}

// All lists the repos of all kinds that the directory has.
func (d *Directory) All() ([]store.RepoID, error) {
	repos, err := d.store.Repos()
	if err != nil {
		return nil, err
	}
	var ids []store.RepoID
	for _, r := range repos {
		ids = append(ids, r.ID)
	}
	return ids, nil
}

// Find implements Giver.
func (d *Directory) Find(_ store.RepoID, sha256 string) string {
	if sha256 == "" {
		return ""
	}
	if _, ok := d.store.ObjectSize(sha256); !ok {
		return ""
	}
	return d.store.ObjectPath(sha256)
}
