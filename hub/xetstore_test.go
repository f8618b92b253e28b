package hub_test

import (
	"encoding/json"
	"fmt"
	"io"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"longcat/hub"
	"longcat/hub/internal/wire"
)

func withXet(c *hub.Config) { c.NoXet = false }

// otherStore lets the hub name another chunk store than its own.
type otherStore struct{ address string }

func (o otherStore) RoundTrip(r *http.Request) (*http.Response, error) {
	if !strings.Contains(r.URL.Path, "/xet-") {
		return http.DefaultTransport.RoundTrip(r)
	}
	body, err := json.Marshal(wire.XetToken{AccessToken: "x", CASURL: o.address})
	return &http.Response{StatusCode: http.StatusOK, Header: http.Header{}, Request: r, Body: io.NopCloser(strings.NewReader(string(body)))}, err
}

// Where only the hub can be reached, and not the chunk store that it names, large
// files go as a whole.
func TestChunkStoreOutOfReach(t *testing.T) {
	t.Parallel()
	w := newWorld(t)
	w.seed(files{"a.txt": []byte("a")})
	gone := httptest.NewServer(nil)
	gone.Close()
	content := files{weights: blob(300_000, 1), "other.bin": blob(200_000, 2)}
	var warned []string
	c := w.client(withXet, func(c *hub.Config) {
		c.Transport = otherStore{gone.URL}
		c.Warn = func(topic, _ string) { warned = append(warned, topic) }
	})
	res, err := c.Upload(t.Context(), hub.Upload{Repo: repo, Files: content.upload(), Message: "add"})
	if err != nil {
		t.Fatal(err)
	}
	if err := c.CheckTree(t.Context(), repo, res.Commit, res.Files, nil); err != nil {
		t.Error(err)
	}
	if fmt.Sprint(warned) != "[chunk store]" {
		t.Errorf("warned of %q", warned)
	}
}

// A store without encryption, named by a hub with it, gets no token.
func TestChunkStoreWithoutTLS(t *testing.T) {
	t.Parallel()
	asked := false
	store := newServer(t, http.HandlerFunc(func(http.ResponseWriter, *http.Request) { asked = true }))
	tls := httptest.NewTLSServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/revision/"):
			fmt.Fprintf(w, `{"id": "ann/model", "sha": "%040d"}`, 1)
		case strings.Contains(r.URL.Path, "/preupload/"):
			fmt.Fprintf(w, `{"files": [{"path": %q, "uploadMode": "lfs"}]}`, weights)
		default:
			fmt.Fprintf(w, `{"accessToken": "x", "casUrl": %q}`, store)
		}
	}))
	defer tls.Close()
	c := newClient(t, tls.URL, withXet, func(c *hub.Config) { c.Transport = tls.Client().Transport })
	_, err := c.Upload(t.Context(), hub.Upload{Repo: repo, Files: files{weights: blob(300_000, 1)}.upload(), Message: "add"})
	if err == nil || !strings.Contains(err.Error(), "https") || asked {
		t.Errorf("%v; asked: %v", err, asked)
	}
}
