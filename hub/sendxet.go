package hub

import (
	"context"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"sync/atomic"

	"longcat/hub/xet"
	"longcat/hub/xet/merkle"
	"longcat/hub/xet/upload"
	"longcat/internal/progress"
)

// sendXet sends the large files as chunks, and fills in their sha256: each
// file is read once for both. Files whose sha256 is known already are read
// again for their chunks.
func (c *Client) sendXet(ctx context.Context, p *PreparedUpload, large []int) (sent int64, err error) {
	sources := &xetSources{c: c, to: p.chunks, files: map[string]*upload.Source{}}
	contents := make([]upload.Content, len(large))
	var total int64
	for i, k := range large {
		f := p.Upload.Files[k]
		contents[i] = upload.Content{Name: f.Path, Data: f.Content}
		if sum, err := hex.DecodeString(p.Files[k].OID); err == nil && len(sum) == sha256.Size {
			contents[i].SHA256 = (*[sha256.Size]byte)(sum)
		}
		if contents[i].Known, err = sources.known(ctx, f.Origins); err != nil {
			return 0, err
		}
		total += f.Content.Size()
	}
	name := p.Files[large[0]].Path
	if len(large) > 1 {
		name = fmt.Sprintf("%d files", len(large))
	}
	meter := progress.Start(p.Progress, "uploading", name, total)
	defer meter.Done()
	var crossed atomic.Int64
	res, err := upload.Run(ctx, p.chunks, contents, upload.Options{
		Readers: p.Readers,
		Found:   meter.Found, Moved: meter.Add,
		Sent: func(n int) { crossed.Add(int64(n)) },
	})
	if err != nil && ctx.Err() != nil {
		err = context.Cause(ctx)
	}
	if err != nil {
		return crossed.Load(), err
	}
	for i, k := range large {
		p.Files[k].OID = hex.EncodeToString(res.Files[i].SHA256[:])
	}
	return res.Stats.Sent, nil
}

// xetSources finds the files of origins in the chunk store, each once.
type xetSources struct {
	c     *Client
	to    *xet.Client // the store that the bytes are needed in
	files map[string]*upload.Source
}

// known translates origins; those whose file is not in the chunk store are
// left out, for the server may still recognise their chunks.
func (s *xetSources) known(ctx context.Context, origins []Origin) ([]upload.Known, error) {
	var known []upload.Known
	for _, o := range origins {
		key := o.Repo.String() + "@" + o.Commit + "/" + o.Path
		src, ok := s.files[key]
		if !ok {
			var err error
			if src, err = s.find(ctx, o); err != nil {
				return nil, err
			}
			s.files[key] = src
		}
		if src != nil {
			known = append(known, upload.Known{At: o.At, Size: o.Size, Source: src, From: o.From})
		}
	}
	return known, nil
}

// find is nil for a file that is not stored as chunks, or in another store than
// the one that they are needed in.
func (s *xetSources) find(ctx context.Context, o Origin) (*upload.Source, error) {
	name := ""
	if e, ok := s.c.entry(o.Repo, o.Commit, o.Path); ok {
		name = e.xet
	}
	if name == "" {
		f, err := s.c.Resolve(ctx, o.Repo, o.Commit, o.Path)
		if err != nil {
			return nil, err
		}
		name = f.Xet
	}
	hash, err := merkle.Parse(name)
	if name == "" || err != nil {
		return nil, nil // not stored as chunks
	}
	client, err := s.c.xet(ctx, o.Repo, o.Commit, xetRead, false)
	if err != nil || client == nil {
		return nil, err
	}
	from, err := client.Server(ctx)
	if err != nil {
		return nil, err
	}
	if to, err := s.to.Server(ctx); err != nil || to != from {
		return nil, err
	}
	return &upload.Source{Client: client, File: hash, Data: o.Content}, nil
}
