package xet

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"sync/atomic"
	"time"

	"longcat/hub/xet/merkle"
	"longcat/hub/xet/shard"
)

// The two names under which a server may answer deduplication queries:
// deployed clients use the first, the specification says the second.
var dedupPrefixes = [...]string{"default", "default-merkledb"}

// A dedupPrefix finds out which of the names a server uses. Both answers 404
// alike if they do not know a chunk, so until one has known a chunk both are
// asked, but not for ever.
type dedupPrefix struct {
	settled atomic.Bool
	second  atomic.Bool  // which one, once settled
	misses  atomic.Int32 // queries that neither name answered
}

const maxPrefixMisses = 4

func (p *dedupPrefix) candidates() []string {
	switch {
	case !p.settled.Load():
		return dedupPrefixes[:]
	case p.second.Load():
		return dedupPrefixes[1:]
	}
	return dedupPrefixes[:1]
}

func (p *dedupPrefix) hit(name string) {
	if !p.settled.Load() {
		p.second.Store(name == dedupPrefixes[1])
		p.settled.Store(true)
	}
}

func (p *dedupPrefix) miss() {
	if p.misses.Add(1) >= maxPrefixMisses {
		p.settled.Store(true)
	}
}

// A query only saves bytes, so it is not worth waiting for: one that fails (429,
// 5xx, a broken answer, none in dedupWait) is not repeated, and after
// maxDedupFailures of them nothing is asked any more.
const (
	dedupWait        = 10 * time.Second
	maxDedupFailures = 2

	// maxDedupAnswer bounds one answer: what it tells of are some 20 GB.
	maxDedupAnswer = 16 << 20
)

// Dedup asks whether the server holds a chunk: the first of a file, or one
// that is DedupEligible. If it does, the xorb with the chunk and others that
// were uploaded with it are handed to visit, and found is true. The chunks'
// hashes are hidden under the Footer's key. After an error what visit was given
// counts for nothing.
func (c *Client) Dedup(ctx context.Context, chunk merkle.Hash, visit func(shard.Xorb) error) (footer *shard.Footer, found bool, err error) {
	if c.dedupFailures.Load() >= maxDedupFailures {
		return nil, false, nil
	}
	ctx, cancel := context.WithTimeout(context.WithValue(ctx, optionalKey{}, true), dedupWait)
	defer cancel()
	for _, prefix := range c.prefix.candidates() {
		footer, err := c.dedup(ctx, prefix, chunk, visit)
		if err == nil {
			c.prefix.hit(prefix)
			return footer, true, nil
		}
		if e, ok := asError(err); !ok || !missing(e.Status) && e.Status != http.StatusBadRequest {
			c.dedupFailures.Add(1)
			return nil, false, err
		}
	}
	c.prefix.miss()
	return nil, false, nil
}

func (c *Client) dedup(ctx context.Context, prefix string, chunk merkle.Hash, visit func(shard.Xorb) error) (*shard.Footer, error) {
	const op = "looking up chunk"
	resp, err := c.send(ctx, request{
		op: op, method: http.MethodGet, path: "/v1/chunks/" + prefix + "/" + chunk.String(),
	})
	if err != nil {
		return nil, err
	}
	if resp.StatusCode != http.StatusOK {
		return nil, refusal(op, chunk.String(), resp)
	}
	defer resp.Body.Close()
	footer, err := shard.Visit(io.LimitReader(resp.Body, maxDedupAnswer), shard.Visitor{Xorb: visit})
	if err != nil {
		return nil, fmt.Errorf("%s %v: %w", op, chunk, err)
	}
	return footer, nil
}
