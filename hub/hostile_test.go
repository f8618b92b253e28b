package hub_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"os"
	"runtime"
	"strings"
	"testing"
	"time"

	"longcat/hub"
)

// hostile answers the tree, and the head of every file, as a test says.
func hostile(t *testing.T, tree string, head http.HandlerFunc) *hub.Client {
	return newClient(t, newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		switch {
		case strings.Contains(r.URL.Path, "/revision/"):
			fmt.Fprintf(w, `{"sha": "%040d"}`, 1)
		case strings.Contains(r.URL.Path, "/tree/"):
			io.WriteString(w, tree)
		default:
			head(w, r)
		}
	})), func(c *hub.Config) { c.RetryFor = 500 * time.Millisecond })
}

func TestHostileTrees(t *testing.T) {
	for _, tree := range []string{
		`[{"type": "file", "path": "../../etc/passwd", "size": 1, "oid": "a"}]`,
		`[{"type": "file", "path": "/etc/passwd", "size": 1, "oid": "a"}]`,
		`[{"type": "file", "path": "a/../../b", "size": 1, "oid": "a"}]`,
		`[{"type": "file", "path": "a\\..\\b", "size": 1, "oid": "a"}]`,
		`[{"type": "file", "path": "C:/x", "size": 1, "oid": "a"}]`,
		`[{"type": "file", "path": ".git/hooks/post-checkout", "size": 1, "oid": "a"}]`,
		`[{"type": "file", "path": "a\u0000b", "size": 1, "oid": "a"}]`,
		`[{"type": "file", "path": "\u001b[31m", "size": 1, "oid": "a"}]`,
		`[{"type": "file", "path": "", "size": 1, "oid": "a"}]`,
		`[{"type": "file", "path": "a", "size": -1, "oid": "a"}]`,
		`[{"type": "file", "path": "a", "size": 1e30, "oid": "a"}]`,
		`[{"type": "file", "path": "a", "size": 1, "lfs": {"oid": "../x", "size": 1}}]`,
		`[{"type": "file", "path": "a", "size": 1, "lfs": {"oid": "` + sha(nil) + `", "size": -5}}]`,
		`{"error": "a list was expected"}`, `[`, ``, `null and void`, `"x"`, strings.Repeat("[", 20_000),
	} {
		c := hostile(t, tree, func(w http.ResponseWriter, r *http.Request) { t.Errorf("%s was asked for", r.URL.Path) })
		for name, dir := range map[string]string{"cache": "", "folder": t.TempDir()} {
			_, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo, LocalDir: dir})
			if err == nil {
				t.Errorf("%s, into a %s: accepted", tree[:min(len(tree), 80)], name)
				continue
			}
			checkText(t, tree[:min(len(tree), 80)], err)
		}
		if _, err := os.Stat(c.CacheDir()); err == nil {
			t.Errorf("%s: something was written", tree)
		}
	}
}

// An id that is no name is not looked up on the disk.
func TestHostileTreeIDs(t *testing.T) {
	tree := `[{"type": "file", "path": "a", "size": 0, "oid": "../../../../../../../../dev/null"}]`
	c := hostile(t, tree, nil)
	plan, err := c.PlanDownload(t.Context(), hub.DownloadOptions{Repo: repo})
	if err != nil || plan.Files[0].Local != "" {
		t.Errorf("planned %+v, %v", plan, err)
	}
}

// A small answer must not become much memory, nor a large one more than its
// bound.
func TestJSONBombs(t *testing.T) {
	for name, body := range map[string]io.Reader{
		"many empty entries": strings.NewReader("[" + strings.Repeat("{},", 1<<20) + "{}]"),
		"too long":           io.MultiReader(strings.NewReader(`[{"type": "`), io.LimitReader(zeros{}, 100<<20)),
		"too deep":           strings.NewReader(`[{"x":` + strings.Repeat("[", 100_000)),
	} {
		srv := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) { _, _ = io.Copy(w, body) }))
		var before, after runtime.MemStats
		runtime.ReadMemStats(&before)
		var err error
		for _, err = range newClient(t, srv).Tree(t.Context(), repo, "") {
		}
		runtime.ReadMemStats(&after)
		if err == nil {
			t.Errorf("%s: accepted", name)
		}
		if n := after.TotalAlloc - before.TotalAlloc; n > 200<<20 {
			t.Errorf("%s: %d MiB were allocated", name, n>>20)
		}
	}
}

// zeros never ends.
type zeros struct{}

func (zeros) Read(p []byte) (int, error) {
	for i := range p {
		p[i] = '0'
	}
	return len(p), nil
}

// Pages that lead to themselves, or on for ever, end.
func TestEndlessPages(t *testing.T) {
	t.Parallel()
	for name, link := range map[string]func(n int) string{
		"to itself":     func(int) string { return "" },
		"to each other": func(n int) string { return fmt.Sprintf("?at=%d", n%3) },
		"on and on":     func(n int) string { return fmt.Sprintf("?at=%d", n) },
	} {
		asked := 0
		srv := newServer(t, http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			asked++
			w.Header().Set("Link", fmt.Sprintf(`<%s>; rel="next"`, link(asked)))
			io.WriteString(w, `[]`)
		}))
		var err error
		for _, err = range newClient(t, srv).Tree(t.Context(), repo, "") {
		}
		if err == nil || asked > 10_000 {
			t.Errorf("%s: %d pages, %v", name, asked, err)
		}
	}
}

// Sizes that no disk has are refused before anything is made of them.
func TestAbsurdSizes(t *testing.T) {
	t.Parallel()
	const largest = "9223372036854775807"
	head := func(size string) http.HandlerFunc {
		return func(w http.ResponseWriter, r *http.Request) {
			w.Header().Set("X-Linked-Etag", `"`+sha(nil)+`"`)
			w.Header().Set("X-Linked-Size", size)
			w.Header().Set("ETag", `"`+sha(nil)+`"`)
			w.Header().Set("Location", "/elsewhere")
			w.WriteHeader(http.StatusFound)
		}
	}
	entry := `{"type": "file", "path": "%s", "size": 1, "lfs": {"oid": "` + sha(nil) + `", "size": ` + largest + `}}`
	c := hostile(t, "["+fmt.Sprintf(entry, "a")+","+fmt.Sprintf(entry, "b")+"]", head(largest))
	_, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo})
	var de *hub.DiskError
	if !errors.As(err, &de) || de.Need <= 0 || de.Free <= 0 {
		t.Errorf("listed: %v", err)
	}
	// The list says little, the file itself much.
	small := strings.ReplaceAll(fmt.Sprintf(entry, "a"), largest, "5")
	for _, size := range []string{largest, "-1", "1e9", "99999999999999999999"} {
		c = hostile(t, "["+small+"]", head(size))
		if _, err := c.Download(t.Context(), hub.DownloadOptions{Repo: repo}); err == nil {
			t.Errorf("%s bytes: accepted", size)
		}
		wantNoFile(t, c.CacheDir())
	}
}

// A Location that is no address, or leads in a circle, is an error.
func TestHostileRedirects(t *testing.T) {
	for _, location := range []string{"", "http://[", "file:///etc/passwd", "gopher://x/", "/api/resolve-me-again"} {
		c := hostile(t, "", func(w http.ResponseWriter, r *http.Request) {
			w.Header()["Location"] = []string{location}
			w.WriteHeader(http.StatusFound)
		})
		_, err := c.Download(t.Context(), onlyWeights)
		if err == nil {
			t.Errorf("%q: accepted", location)
			continue
		}
		checkText(t, location, err)
	}
}
