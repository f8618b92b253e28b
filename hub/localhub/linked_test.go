package localhub_test

import (
	"testing"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub"
)

// Without a CDN the content comes from the Hub's own origin. Its answer must
// describe the file as the redirect does.
func TestContentOfOwnOriginIsDescribed(t *testing.T) {
	w := newWorld(t, func(o *localhub.Options) { o.CDN = "" })
	w.create("ann/model", "")
	content := blob(100_000, 1)
	w.upload("ann", "ann/model", content)
	w.want(w.commit("ann", "ann/model", "main", header(""), lfsLine("a b.bin", content)), 200)
	redirect := w.want(w.do("", "HEAD", "/ann/model/resolve/main/a%20b.bin", nil), 302)
	for _, method := range []string{"HEAD", "GET"} {
		a := w.want(w.do("", method, redirect.Header.Get("Location"), nil), 200)
		for _, name := range []string{wire.HeaderRepoCommit, wire.HeaderLinkedEtag, wire.HeaderLinkedSize, wire.HeaderXetHash, "Link"} {
			if got, want := a.Header.Get(name), redirect.Header.Get(name); got != want || got == "" {
				t.Errorf("%s: %s is %q, on the redirect %q", method, name, got, want)
			}
		}
	}
}
