package xet

import (
	"bufio"
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"io"
	"net/http"
)

// PutShard uploads a serialized shard (without footer), which makes the files
// in it known to the server. All xorbs that it names must be there before.
func (c *Client) PutShard(ctx context.Context, shard []byte) error {
	if !c.noShardsV2.Load() {
		gone := false
		err := c.repeat(ctx, func() (err error) {
			gone, err = c.putShardV2(ctx, shard)
			return err
		})
		if !gone {
			return err
		}
		c.noShardsV2.Store(true)
	}
	resp, err := c.send(ctx, shardRequest("/v1/shards", shard))
	if err != nil {
		return err
	}
	if !good(resp.StatusCode) {
		return refusal(uploadingShard, "", resp)
	}
	discard(resp)
	return nil
}

const uploadingShard = "uploading shard"

// ShardRefused tells an error by which a server refuses a shard for good. It may
// do so at its discretion where a shard refers to xorbs that others sent, or
// because what it said of them before is not true any more.
func ShardRefused(err error) bool {
	e, ok := asError(err)
	if !ok || e.Op != uploadingShard || isBroken(err) {
		return false
	}
	switch e.Status {
	case http.StatusUnauthorized, http.StatusForbidden, http.StatusRequestTimeout, http.StatusTooManyRequests:
		return false
	}
	return e.Status < 500
}

func shardRequest(path string, shard []byte) request {
	return request{op: uploadingShard, method: http.MethodPost, path: path, slow: true, body: &body{
		int64(len(shard)),
		func() (io.ReadCloser, error) { return io.NopCloser(bytes.NewReader(shard)), nil },
		"application/octet-stream",
	}}
}

// maxEvent bounds a line of the server's answer.
const maxEvent = 1 << 20

// putShardV2 uploads and follows the server's work until it says how it went.
// If the server does not have this version, gone is true.
func (c *Client) putShardV2(ctx context.Context, shard []byte) (gone bool, err error) {
	resp, err := c.send(ctx, shardRequest("/v2/shards", shard))
	switch {
	case err != nil:
		return false, err
	case missing(resp.StatusCode):
		discard(resp)
		return true, nil
	case !good(resp.StatusCode):
		return false, refusal(uploadingShard, "", resp)
	}
	defer resp.Body.Close()
	lines := bufio.NewScanner(resp.Body)
	lines.Buffer(nil, maxEvent)
	for lines.Scan() {
		if len(bytes.TrimSpace(lines.Bytes())) == 0 {
			continue
		}
		var event ShardEvent
		if err := json.Unmarshal(lines.Bytes(), &event); err != nil {
			return false, fmt.Errorf("%s: understanding the answer: %w", uploadingShard, err)
		}
		switch event.Type {
		case EventResult:
			return false, nil
		case EventError:
			err := &Error{Op: uploadingShard, Status: resp.StatusCode, Message: safe(event.Message)}
			if event.Retryable {
				return false, broken(err)
			}
			return false, err
		}
	}
	err = lines.Err()
	if err == nil {
		err = io.ErrUnexpectedEOF
	}
	return false, broken(fmt.Errorf("%s: reading the answer: %w", uploadingShard, err))
}
