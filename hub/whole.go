package hub

import (
	"context"
	"fmt"
	"io"
	"net/http"

	"longcat/hub/cache"
)

// runWhole serves a server without ranges: one connection, from the start each
// time; what is there already is read past.
func (t *transfer) runWhole(ctx context.Context) error {
	if err := t.lim.begin(ctx); err != nil {
		return err
	}
	defer t.lim.end(measure{})
	p := patience{c: t.c, arrived: &t.arrived}
	for {
		missing := t.sink.Missing()
		if len(missing) == 0 {
			return nil
		}
		if err := t.fetchWhole(ctx, missing); err != nil {
			if err := t.goOn(ctx, &p, err); err != nil {
				return err
			}
		}
	}
}

// fetchWhole reads the file from its start, and keeps what is missing.
func (t *transfer) fetchWhole(ctx context.Context, missing []cache.Extent) error {
	resp, err := t.get(ctx, nil)
	if err != nil {
		return err
	}
	defer resp.Body.Close()
	size := t.current().Size
	if resp.StatusCode != http.StatusOK || (resp.ContentLength >= 0 && resp.ContentLength != size) {
		return fmt.Errorf("asked for the %d bytes of the file, the server answers %d with %d bytes", size, resp.StatusCode, resp.ContentLength)
	}
	at := int64(0)
	for _, gap := range missing {
		if _, err := io.CopyN(io.Discard, resp.Body, gap.Start-at); err != nil {
			return fmt.Errorf("the connection ended before byte %d: %w", gap.Start, t.c.cleanError(err))
		}
		if at, err = t.copy(ctx, resp.Body, gap); err != nil {
			return err
		}
	}
	if at == size {
		return noMore(resp.Body)
	}
	return nil
}
