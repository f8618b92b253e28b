package hub_test

import (
	"errors"
	"io/fs"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"longcat/hub"
)

// env is an environment for ConfigFromEnv.
func env(kv map[string]string) func(string) (string, bool) {
	return func(k string) (string, bool) { v, ok := kv[k]; return v, ok }
}

func TestConfigFromEnv(t *testing.T) {
	home := t.TempDir()
	write := func(path, text string) {
		t.Helper()
		if err := os.MkdirAll(filepath.Dir(path), 0o755); err != nil {
			t.Fatal(err)
		}
		if err := os.WriteFile(path, []byte(text), 0o600); err != nil {
			t.Fatal(err)
		}
	}
	write(filepath.Join(home, ".cache/huggingface/token"), "hf_of_home\r\n")
	write(filepath.Join(home, "hf/token"), " hf_of_hf_home\n")
	write(filepath.Join(home, "elsewhere"), "hf_elsewhere")
	base := hub.Config{Token: "hf_of_home", CacheDir: filepath.Join(home, ".cache/huggingface/hub")}

	for _, test := range []struct {
		name string
		env  map[string]string
		want func(*hub.Config)
	}{
		{"defaults", nil, nil},
		{"empty is not set", map[string]string{"HF_HOME": "", "HF_TOKEN": "", "HF_HUB_CACHE": "", "HF_ENDPOINT": ""}, nil},
		{"endpoint", map[string]string{"HF_ENDPOINT": "http://h:1/"}, func(c *hub.Config) { c.Endpoint = "http://h:1/" }},
		{"token", map[string]string{"HF_TOKEN": "hf_a\n"}, func(c *hub.Config) { c.Token = "hf_a" }},
		{"token's old name", map[string]string{"HUGGING_FACE_HUB_TOKEN": "hf_old"}, func(c *hub.Config) { c.Token = "hf_old" }},
		{"the new name wins", map[string]string{"HF_TOKEN": "hf_a", "HUGGING_FACE_HUB_TOKEN": "hf_old"}, func(c *hub.Config) { c.Token = "hf_a" }},
		{"token file", map[string]string{"HF_TOKEN_PATH": "~/elsewhere"}, func(c *hub.Config) { c.Token = "hf_elsewhere" }},
		{"token file that is not there", map[string]string{"HF_TOKEN_PATH": "~/nowhere"}, func(c *hub.Config) { c.Token = "" }},
		{"HF_HOME", map[string]string{"HF_HOME": "~/hf"}, func(c *hub.Config) { c.Token, c.CacheDir = "hf_of_hf_home", filepath.Join(home, "hf/hub") }},
		{"XDG_CACHE_HOME", map[string]string{"XDG_CACHE_HOME": "/xdg"}, func(c *hub.Config) { c.Token, c.CacheDir = "", "/xdg/huggingface/hub" }},
		{"HF_HOME before XDG", map[string]string{"XDG_CACHE_HOME": "/xdg", "HF_HOME": "/hf"}, func(c *hub.Config) { c.Token, c.CacheDir = "", "/hf/hub" }},
		{"cache", map[string]string{"HF_HUB_CACHE": "~/c"}, func(c *hub.Config) { c.CacheDir = filepath.Join(home, "c") }},
		{"cache's old name", map[string]string{"HUGGINGFACE_HUB_CACHE": "/c"}, func(c *hub.Config) { c.CacheDir = "/c" }},
		{"variables in paths", map[string]string{"HF_HUB_CACHE": "$DISK/${SUB}/$NOT_SET", "DISK": "/mnt", "SUB": "x"}, func(c *hub.Config) { c.CacheDir = "/mnt/x/$NOT_SET" }},
		{"a user's home is not ours", map[string]string{"HF_HUB_CACHE": "~bob/c"}, func(c *hub.Config) { c.CacheDir = "~bob/c" }},
		{"offline", map[string]string{"HF_HUB_OFFLINE": "yes"}, func(c *hub.Config) { c.Offline = true }},
		{"offline, by transformers' name", map[string]string{"TRANSFORMERS_OFFLINE": "1"}, func(c *hub.Config) { c.Offline = true }},
		{"0 is not offline", map[string]string{"HF_HUB_OFFLINE": "0"}, nil},
		{"no xet", map[string]string{"HF_HUB_DISABLE_XET": "True"}, func(c *hub.Config) { c.NoXet = true }},
		{"no implicit token", map[string]string{"HF_HUB_DISABLE_IMPLICIT_TOKEN": "ON"}, func(c *hub.Config) { c.ImplicitTokenOff = true }},
		{"timeouts", map[string]string{"HF_HUB_DOWNLOAD_TIMEOUT": "2.5", "HF_HUB_ETAG_TIMEOUT": "7"}, func(c *hub.Config) {
			c.StallTimeout, c.HeadTimeout = 2500*time.Millisecond, 7*time.Second
		}},
	} {
		t.Run(test.name, func(t *testing.T) {
			kv := map[string]string{"HOME": home}
			for k, v := range test.env {
				kv[k] = v
			}
			want := base
			if test.want != nil {
				test.want(&want)
			}
			got, err := hub.ConfigFromEnv(env(kv))
			if err != nil {
				t.Fatal(err)
			}
			type facts struct {
				Endpoint, Token, CacheDir string
				Offline, NoXet, Implicit  bool
				Stall, Head               time.Duration
			}
			of := func(c hub.Config) facts {
				return facts{c.Endpoint, c.Token, c.CacheDir, c.Offline, c.NoXet, c.ImplicitTokenOff, c.StallTimeout, c.HeadTimeout}
			}
			if of(got) != of(want) {
				t.Errorf("got  %+v\nwant %+v", of(got), of(want))
			}
		})
	}
}

func TestConfigFromEnvRefuses(t *testing.T) {
	dir := t.TempDir()
	for name, kv := range map[string]map[string]string{
		"no home":                       {},
		"a timeout that is none":        {"HOME": dir, "HF_HUB_DOWNLOAD_TIMEOUT": "soon"},
		"a timeout of nothing":          {"HOME": dir, "HF_HUB_ETAG_TIMEOUT": "0"},
		"a timeout without end":         {"HOME": dir, "HF_HUB_ETAG_TIMEOUT": "Inf"},
		"a timeout that counts nothing": {"HOME": dir, "HF_HUB_ETAG_TIMEOUT": "NaN"},
		"a token file that is a dir":    {"HOME": dir, "HF_TOKEN_PATH": dir},
	} {
		if cfg, err := hub.ConfigFromEnv(env(kv)); err == nil {
			t.Errorf("%s: accepted as %+v", name, cfg)
		} else if errors.Is(err, fs.ErrNotExist) {
			t.Errorf("%s: %v", name, err)
		}
	}
}

func TestEndpoint(t *testing.T) {
	for in, want := range map[string]string{
		"": hub.DefaultEndpoint, "https://h/": "https://h", "http://h:80//": "http://h:80", "https://h/hub": "https://h/hub",
	} {
		c, err := hub.New(hub.Config{Endpoint: in})
		if err != nil || c.Endpoint() != want {
			t.Errorf("%q: got %v, %v; want %q", in, c, err, want)
		}
	}
	for _, in := range []string{"h.co", "ftp://h", "https://", "https://user:pw@h", "https://h?x=1", "https://h#x", "http://[::1", "https://h\n"} {
		if _, err := hub.New(hub.Config{Endpoint: in}); err == nil || strings.Contains(err.Error(), "pw") || strings.Contains(err.Error(), "\n") {
			t.Errorf("%q: %v", in, err)
		}
	}
}

func TestTokenThatCanNotBeOne(t *testing.T) {
	for _, s := range []string{"hf a", "hf\x00", "hf_ä", "a\nb"} {
		if _, err := hub.New(hub.Config{Token: s}); err == nil || strings.Contains(err.Error(), s) {
			t.Errorf("token %q: %v", s, err)
		}
	}
}
