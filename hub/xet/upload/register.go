package upload

import (
	"bytes"

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

// maxShardChunks keeps a shard at a quarter of its bound, for memory's sake.
const maxShardChunks = 16 << 20 / 48

// add takes a file all of whose chunks have a place.
func (r *register) add(f *file) error {
	if f.Size > 0 && !r.seen[f.Hash] {
		r.seen[f.Hash] = true
		r.files = append(r.files, f)
	}
	if size, chunks := r.unregistered(); size < shardEvery && chunks < maxShardChunks {
		return nil
	}
	return r.flush()
}

// relieve sends xorbs ahead of the file that they belong to, if there are so
// many that they would make a shard too long.
func (r *register) relieve() error {
	if _, chunks := r.unregistered(); chunks < maxShardChunks {
		return nil
	}
	return r.flush()
}

func (r *register) unregistered() (size int64, chunks int) {
	for _, x := range r.session.packer.all[r.xorbs:] {
		size += x.size
		chunks += len(x.chunks)
	}
	return size, chunks
}

// flush sends a shard with what is in none yet, in the background.
func (r *register) flush() error {
	r.session.packer.flush()
	xorbs, files := r.session.packer.all[r.xorbs:], r.files
	r.xorbs, r.files = len(r.session.packer.all), nil
	if len(files) == 0 && len(xorbs) == 0 {
		return nil
	}
	before, done := r.last, make(chan struct{})
	r.last = done
	s := r.session
	s.g.Go(func() error {
		if before != nil {
			if err := s.wait(before); err != nil {
				return err
			}
		}
		for _, x := range xorbs {
			if err := s.wait(x.done); err != nil {
				return err
			}
		}
		defer close(done)
		return s.sendShard(xorbs, files)
	})
	return nil
}

func (s *session) wait(done <-chan struct{}) error {
	select {
	case <-done:
		return nil
	case <-s.ctx.Done():
		return s.ctx.Err()
	}
}

func (s *session) sendShard(xorbs []*newXorb, files []*file) error {
	out := new(shard.Shard)
	for _, f := range files {
		out.Files = append(out.Files, f.record())
	}
	for _, x := range xorbs {
		out.Xorbs = append(out.Xorbs, shard.Xorb{Hash: x.hash, Packed: x.packed, Chunks: x.chunks})
	}
	var b bytes.Buffer
	b.Grow(int(shard.Size(out)))
	if err := shard.Write(&b, out); err != nil {
		return err
	}
	if err := s.client.PutShard(s.ctx, b.Bytes()); err != nil {
		return err
	}
	s.sent.Add(int64(b.Len()))
	s.shards.Add(1)
	return nil
}
