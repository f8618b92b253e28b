package localhub

import (
	"io"
	"net/http"
	"strings"
)

// casRoutes are the requests below the CAS address, by method, version and
// subject. Source: docs/xet/api.md; grants as recorded from hf_xet 1.8.0.
var casRoutes = map[string]struct {
	scope string
	serve handler
}{
	"GET v1/chunks":          {xetRead, (*Hub).queryChunk},
	"GET v1/files":           {xetRead, (*Hub).headXetFile},
	"GET v1/reconstructions": {xetRead, (*Hub).reconstructV1},
	"GET v2/reconstructions": {xetRead, (*Hub).reconstructV2},
	"GET v1/xorbs":           {xetRead, (*Hub).headXorb},
	"POST v1/telemetry":      {xetRead, (*Hub).dropTelemetry},
	"POST v1/xorbs":          {xetWrite, (*Hub).postXorb},
	"POST v1/xorb-grants":    {xetWrite, (*Hub).grantXorb},
	"POST v1/xorb-commits":   {xetWrite, (*Hub).commitXorb},
	"POST v1/shards":         {xetWrite, (*Hub).postShardV1},
	"POST v2/shards":         {xetWrite, (*Hub).postShardV2},
}

// serveCAS serves the requests below /-/cas/{any}/. What follows the subject
// becomes the call's path.
func (h *Hub) serveCAS(w http.ResponseWriter, c *call) error {
	if h.opts.NoXet {
		return errNoRoute
	}
	parts := strings.SplitN(c.URL.Path, "/", 7) // "", "-", "cas", any, version, subject, path
	if len(parts) == 5 && parts[4] == "health" {
		w.WriteHeader(http.StatusOK)
		return nil
	}
	if len(parts) < 6 {
		return errNoRoute
	}
	method := c.Method
	if method == http.MethodHead {
		method = http.MethodGet
	}
	route, ok := casRoutes[method+" "+parts[4]+"/"+parts[5]]
	if !ok {
		return errNoRoute
	}
	if err := h.authenticateXet(c, route.scope); err != nil {
		return err
	}
	c.path = strings.Join(parts[6:], "")
	return route.serve(h, w, c)
}

// maxTelemetry bounds what clients tell about themselves.
const maxTelemetry = 1 << 20

// dropTelemetry answers POST /v1/telemetry.
func (h *Hub) dropTelemetry(w http.ResponseWriter, c *call) error {
	if _, err := io.Copy(io.Discard, http.MaxBytesReader(w, c.Body, maxTelemetry)); err != nil {
		return err
	}
	w.WriteHeader(http.StatusOK)
	return nil
}
