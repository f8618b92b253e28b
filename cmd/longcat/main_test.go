package main

import (
	"bytes"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/http/httptest"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"sync"
	"testing"

	"github.com/rogpeppe/go-internal/testscript"

	"longcat/hub/localhub"
	"longcat/internal/demomodel"
)

func TestMain(m *testing.M) {
	testscript.Main(m, map[string]func(){"longcat": main})
}

// TestScripts runs testdata/*.txtar. Each script has a hub of its own:
//
//	HF_ENDPOINT, HF_HOME   that hub, and a cache below $WORK
//	TOKEN                  may write as "me" and for the organisation "acme"
//	READTOKEN              reads only, as "me"
//	STRANGER               may write, as "bob"
//	BADTOKEN               is nobody's
//	MODEL                  folder with the demo's model, not to be written to
//
// HF_TOKEN is not set. When a script ends, no token may stand in any file that
// it leaves but the user's own token file, none may have reached the second listener, where the hub sends
// for large files, and TMPDIR must be empty.
func TestScripts(t *testing.T) {
	scripts, err := filepath.Glob("testdata/*.txtar")
	if err != nil || len(scripts) == 0 {
		t.Fatalf("no scripts in testdata: %v", err)
	}
	runScripts(t, "testdata")
}

// runScripts runs the scripts of a directory.
func runScripts(t *testing.T, dir string) {
	t.Helper()
	demoModel := t.TempDir()
	if err := demomodel.Write(demoModel); err != nil {
		t.Fatal(err)
	}
	testscript.Run(t, testscript.Params{
		Dir:                 dir,
		RequireExplicitExec: true,
		RequireUniqueNames:  true,
		Setup: func(env *testscript.Env) error {
			w, err := newWorld(env)
			if err != nil {
				return err
			}
			env.Setenv("MODEL", demoModel)
			if dir := os.Getenv("LONGCAT_COVER"); dir != "" { // "make cover"
				env.Setenv("PATH", filepath.Join(dir, "bin")+string(filepath.ListSeparator)+env.Getenv("PATH"))
				env.Setenv("GOCOVERDIR", filepath.Join(dir, "data"))
			}
			env.Values[worldKey{}] = w
			env.Defer(func() { w.end(env) })
			return nil
		},
		Cmds: scriptCommands,
		Condition: func(cond string) (bool, error) {
			if cond == "root" {
				return os.Geteuid() == 0, nil
			}
			return false, fmt.Errorf("unknown condition %q", cond)
		},
	})
}

// secrets are all tokens that scripts use, by variable.
var secrets = map[string]string{
	"TOKEN":     "hf_writeSecret0123456789",
	"READTOKEN": "hf_readSecret0123456789",
	"STRANGER":  "hf_strangerSecret0123456789",
	"BADTOKEN":  "hf_nobodySecret0123456789",
}

// holdsSecret tells whether text has any of them.
func holdsSecret(text []byte) bool {
	for _, s := range secrets {
		if bytes.Contains(text, []byte(s)) {
			return true
		}
	}
	return false
}

type worldKey struct{}

func worldOf(ts *testscript.TestScript) *world { return ts.Value(worldKey{}).(*world) }

// world is one script's hub, with what was asked of it.
type world struct {
	hub    *localhub.Hub
	faults *localhub.Faults
	front  *httptest.Server
	cdn    *httptest.Server // another origin, for large files
	served *served          // a hub that runs as a process of its own

	mu       sync.Mutex
	arrived  *sync.Cond // a request came
	requests []string   // METHOD PATH RANGE, as they came
	leaks    []string   // requests that brought a token where it does not belong
}

func newWorld(env *testscript.Env) (*world, error) {
	w := &world{faults: &localhub.Faults{}}
	w.arrived = sync.NewCond(&w.mu)
	handler := http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		w.note(r)
		w.hub.ServeHTTP(rw, r)
	})
	w.front, w.cdn = httptest.NewUnstartedServer(handler), httptest.NewUnstartedServer(w.elsewhere(handler))
	var err error
	w.hub, err = localhub.Open(filepath.Join(env.WorkDir, ".hub"), localhub.Options{
		Tokens: []localhub.Token{
			{Secret: secrets["TOKEN"], User: "me", Role: localhub.Write, Orgs: []string{"acme"}},
			{Secret: secrets["READTOKEN"], User: "me"},
			{Secret: secrets["STRANGER"], User: "bob", Role: localhub.Write},
		},
		CDN: "http://" + w.cdn.Listener.Addr().String(), Faults: w.faults, PageSize: 3,
		Multipart: 2 << 20, PartSize: 1 << 20,
	})
	if err != nil {
		return nil, err
	}
	w.front.Start()
	w.cdn.Start()
	for name, secret := range secrets {
		env.Setenv(name, secret)
	}
	env.Setenv("HF_ENDPOINT", w.front.URL)
	env.Setenv("HF_HOME", filepath.Join(env.WorkDir, ".hf"))
	env.Setenv("GORACE", "atexit_sleep_ms=0") // else each process waits a second for late reports
	return w, nil
}

// note writes a request down.
func (w *world) note(r *http.Request) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.requests = append(w.requests, strings.TrimSpace(r.Method+" "+r.URL.Path+" "+r.Header.Get("Range")))
	w.arrived.Broadcast()
}

// elsewhere wraps a server that is not the hub: no token may come there.
func (w *world) elsewhere(next http.Handler) http.Handler {
	return http.HandlerFunc(func(rw http.ResponseWriter, r *http.Request) {
		var all bytes.Buffer
		fmt.Fprintln(&all, r.URL)
		_ = r.Header.Write(&all) // a Buffer takes everything
		if holdsSecret(all.Bytes()) || r.Header.Get("Authorization") != "" {
			w.mu.Lock()
			w.leaks = append(w.leaks, all.String())
			w.mu.Unlock()
		}
		next.ServeHTTP(rw, r)
	})
}

// await blocks until count requests that match have come since the script
// began.
func (w *world) await(pattern *regexp.Regexp, count int) {
	w.mu.Lock()
	defer w.mu.Unlock()
	for w.matching(pattern) < count {
		w.arrived.Wait()
	}
}

func (w *world) matching(pattern *regexp.Regexp) (n int) {
	for _, r := range w.requests {
		if pattern.MatchString(r) {
			n++
		}
	}
	return n
}

// end closes the hub and looks at what the script leaves.
func (w *world) end(env *testscript.Env) {
	w.front.CloseClientConnections()
	w.cdn.CloseClientConnections()
	w.front.Close()
	w.cdn.Close()
	t := env.T().(testing.TB)
	if err := w.hub.Close(); err != nil {
		t.Error(err)
	}
	for _, leak := range w.leaks {
		t.Errorf("a token went to another host:\n%s", leak)
	}
	err := filepath.WalkDir(env.WorkDir, func(path string, d fs.DirEntry, err error) error {
		if err != nil || !d.Type().IsRegular() || path == filepath.Join(env.Getenv("HF_HOME"), "token") {
			return err
		}
		text, err := os.ReadFile(path)
		if holdsSecret(text) {
			t.Errorf("%s holds a token", path)
		}
		return err
	})
	if err != nil {
		t.Error(err)
	}
	left, err := os.ReadDir(env.Getenv("TMPDIR"))
	if err != nil && !errors.Is(err, fs.ErrNotExist) {
		t.Error(err)
	}
	for _, e := range left {
		t.Errorf("%s is left in TMPDIR", e.Name())
	}
}
