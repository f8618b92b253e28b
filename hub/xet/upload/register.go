package upload

import (
	"bytes"
	"context"

	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
)

// A register makes files known to the server, some in one shard. A shard goes
// out when all xorbs before it have arrived, and when the shard before has.
type register struct {
	session *session
	files   []*file // in no shard yet
	seen    map[merkle.Hash]bool
	xorbs   int           // how many of the packer's are in a shard
	last    chan struct{} // closed when the shard before has arrived
}

// shardEvery is how many bytes of new chunks make a shard worth while. What is
// registered is not lost if the upload is killed, even on a server that does
// not tell which xorbs it has.
const shardEvery = 256 << 20

// maxShardRecords keeps a shard at a quarter of its bound, for memory's sake.
const maxShardRecords = shard.MaxBytes / shard.RecordSize / 4

// add takes a file all of whose chunks have a place.
func (r *register) add(ctx context.Context, f *file) {
	if f.Size > 0 && !r.seen[f.Hash] {
		r.seen[f.Hash] = true
		r.files = append(r.files, f)
	}
	if size, records := r.waiting(); size >= shardEvery || records >= maxShardRecords {
		r.flush(ctx)
	}
}

// relieve keeps memory bounded within a long file: it sends xorbs ahead of the
// file that they belong to if they would make a shard too long, and forgets
// those that have arrived if there are too many to remember.
func (r *register) relieve(ctx context.Context) {
	packer := &r.session.packer
	full := len(packer.index) >= packer.most
	if _, records := r.waiting(); full || records >= maxShardRecords {
		r.flush(ctx)
	}
	if full && wait(ctx, r.last) == nil {
		packer.forget(r.xorbs)
		clear(r.session.answers.asked) // the server has learned
	}
}

// waiting is how many bytes of xorbs are in no shard yet, and how long a shard
// with all that waits would be.
func (r *register) waiting() (size int64, records int) {
	for _, x := range r.session.packer.all[r.xorbs:] {
		size += x.size
		records += len(x.chunks)
	}
	for _, f := range r.files {
		records += 2 * len(f.terms)
	}
	return size, records
}

// flush sends a shard with what is in none yet, in the background.
func (r *register) flush(ctx context.Context) {
	packer := &r.session.packer
	packer.flush()
	xorbs, files := packer.all[r.xorbs:], r.files
	r.xorbs, r.files = len(packer.all), nil
	if len(files) == 0 && len(xorbs) == 0 {
		return
	}
	out := new(shard.Shard)
	for _, f := range files {
		out.Files = append(out.Files, f.record())
	}
	for _, x := range xorbs {
		out.Xorbs = append(out.Xorbs, shard.Xorb{Hash: x.hash, Chunks: x.chunks})
	}
	before, done := r.last, make(chan struct{})
	r.last = done
	s := r.session
	s.g.Go(func() error {
		if before != nil {
			if err := wait(ctx, before); err != nil {
				return err
			}
		}
		for i, x := range xorbs {
			if err := wait(ctx, x.done); err != nil {
				return err
			}
			out.Xorbs[i].Packed = x.packed
		}
		if err := s.sendShard(ctx, out); err != nil {
			return err
		}
		close(done)
		return nil
	})
}

func wait(ctx context.Context, done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (s *session) sendShard(ctx context.Context, out *shard.Shard) error {
	var b bytes.Buffer
	b.Grow(int(shard.Size(out)))
	if err := shard.Write(&b, out); err != nil {
		return err
	}
	if err := s.client.PutShard(ctx, b.Bytes()); err != nil {
		return err
	}
	s.sent.Add(int64(b.Len()))
	s.shards.Add(1)
	return nil
}
