package mirror

import (
	"context"
	"io"
	"os"
	"slices"

	"longcat/hub"
	"longcat/hub/localhub/store"
)

// same reports whether a ref of the copy has the files of a commit.
func (m *remoteMirror) same(ctx context.Context, name, commit string) (bool, error) {
	if commit == "" {
		return false, nil
	}
	put, remove, err := m.compare(ctx, commit, m.refs[name])
	return len(put)+len(remove) == 0, err
}

// difference is what has to be put and removed, counted.
func (m *remoteMirror) difference(ctx context.Context, commit, from string) (put []store.File, remove []string, err error) {
	put, remove, err = m.compare(ctx, commit, from)
	for _, f := range put {
		if _, there := m.stored[f.LFS]; !there {
			m.out.Files++
			m.out.Bytes += f.Size
			m.out.Fetched += f.Size
			if f.LFS != "" {
				m.stored[f.LFS] = f.Size
			}
		}
	}
	return put, remove, err
}

// compare lists the files of the source's commit that one of the copy's has
// not, and those that it has too many. What patterns leave out stays out.
func (m *remoteMirror) compare(ctx context.Context, commit, from string) (put []store.File, remove []string, err error) {
	files, err := m.src.Files(ctx, m.repo.From, commit)
	if err != nil {
		return nil, nil, err
	}
	there := map[string]hub.Entry{}
	if from != "" {
		for e, err := range m.client.Tree(ctx, m.to, from) {
			if err != nil {
				return nil, nil, err
			}
			there[e.Path] = e
			if e.SHA256 != "" {
				m.stored[e.SHA256] = e.Size
			}
		}
	}
	selected := m.o.Matcher()
	for _, f := range files {
		e, ok := there[f.Path]
		delete(there, f.Path)
		if selected(f.Path) && (!ok || e.Hash() != key(f)) {
			put = append(put, f)
		}
	}
	for path := range there {
		remove = append(remove, path)
	}
	slices.Sort(remove)
	return put, remove, nil
}

// contents opens files for an upload. What is far is fetched first.
func (m *remoteMirror) contents(ctx context.Context, commit string, files []store.File) (list []hub.UploadFile, closeAll func(), err error) {
	var open []io.Closer
	var dir string
	closeAll = func() {
		for _, c := range open {
			_ = c.Close() // only read
		}
		if dir != "" {
			_ = os.RemoveAll(dir)
		}
	}
	local := map[string]string{}
	if bulk, ok := m.src.(fetcher); ok {
		if dir, err = os.MkdirTemp("", "longcat-mirror-"); err != nil {
			return nil, closeAll, err
		}
		if local, err = bulk.Fetch(ctx, m.repo.From, commit, files, dir, m.o); err != nil {
			return nil, closeAll, err
		}
	}
	for _, f := range files {
		var content *io.SectionReader
		var closer io.Closer
		if path := local[f.Path]; path != "" {
			var file *os.File
			if file, err = os.Open(path); err == nil {
				content, closer = io.NewSectionReader(file, 0, f.Size), file
			}
		} else {
			content, closer, err = m.src.Open(ctx, m.repo.From, commit, f)
		}
		if err != nil {
			return nil, closeAll, err
		}
		open = append(open, closer)
		list = append(list, hub.UploadFile{Path: f.Path, Content: content})
	}
	return list, closeAll, nil
}
