package hub

import (
	"cmp"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"time"

	"golang.org/x/net/http/httpproxy"
)

// ConfigFromEnv reads the variables that the Python tools read (lookup is
// os.LookupEnv, or a test's):
//
//	HF_ENDPOINT                     base address of the Hub
//	HF_TOKEN                        the token; old name HUGGING_FACE_HUB_TOKEN
//	HF_TOKEN_PATH                   file with the token; default $HF_HOME/token
//	HF_HOME                         default $XDG_CACHE_HOME/huggingface or ~/.cache/huggingface
//	HF_HUB_CACHE                    the cache; old name HUGGINGFACE_HUB_CACHE; default $HF_HOME/hub
//	HF_HUB_OFFLINE                  1, ON, YES or TRUE: no requests
//	HF_HUB_DISABLE_XET              keep to plain HTTP ranges and LFS
//	HF_HUB_DISABLE_IMPLICIT_TOKEN   reads are anonymous unless a token is given explicitly
//	HF_HUB_DOWNLOAD_TIMEOUT         seconds without a byte that count as a stall
//	HF_HUB_ETAG_TIMEOUT             seconds to wait for a file's metadata
//	HTTPS_PROXY, HTTP_PROXY, ALL_PROXY, NO_PROXY
//	                                proxies, as curl reads them; lower case too
//
// Paths may begin with "~" and hold $VARIABLES. An empty variable counts as
// not set. A token file that is not there is no error; one that can not be
// read is.
func ConfigFromEnv(lookup func(string) (string, bool)) (Config, error) {
	get := firstSet(lookup)
	home, err := huggingFaceHome(get)
	if err != nil {
		return Config{}, err
	}
	cfg := Config{
		Endpoint:         get("HF_ENDPOINT"),
		Token:            cleanToken(get("HF_TOKEN", "HUGGING_FACE_HUB_TOKEN")),
		CacheDir:         expand(get("HF_HUB_CACHE", "HUGGINGFACE_HUB_CACHE"), get),
		Offline:          isTrue(get("HF_HUB_OFFLINE", "TRANSFORMERS_OFFLINE")),
		NoXet:            isTrue(get("HF_HUB_DISABLE_XET")),
		ImplicitTokenOff: isTrue(get("HF_HUB_DISABLE_IMPLICIT_TOKEN")),
	}
	if cfg.CacheDir == "" {
		cfg.CacheDir = filepath.Join(home, "hub")
	}
	cfg.StateDir = filepath.Join(home, "longcat")
	if cfg.Token == "" {
		if cfg.Token, err = readToken(tokenPath(home, get)); err != nil {
			return Config{}, err
		}
	}
	if cfg.StallTimeout, err = seconds("HF_HUB_DOWNLOAD_TIMEOUT", get); err != nil {
		return Config{}, err
	}
	cfg.HeadTimeout, err = seconds("HF_HUB_ETAG_TIMEOUT", get)
	cfg.Proxy = proxies(get)
	return cfg, err
}

// proxies reads the variables that name proxies. HTTP_PROXY means nothing to a
// program that a web server runs (CGI): there anybody can set it by a header.
func proxies(get func(...string) string) func(*http.Request) (*url.URL, error) {
	all := get("ALL_PROXY", "all_proxy")
	plain := httpproxy.Config{
		HTTPProxy:  get("HTTP_PROXY", "http_proxy"),
		HTTPSProxy: cmp.Or(get("HTTPS_PROXY", "https_proxy"), all),
		NoProxy:    get("NO_PROXY", "no_proxy"),
		CGI:        get("REQUEST_METHOD") != "",
	}
	if plain.HTTPProxy == "" {
		plain.HTTPProxy, plain.CGI = all, false
	}
	choose := plain.ProxyFunc()
	return func(req *http.Request) (*url.URL, error) { return choose(req.URL) }
}

func huggingFaceHome(get func(...string) string) (string, error) {
	if h := get("HF_HOME"); h != "" {
		return expand(h, get), nil
	}
	if x := get("XDG_CACHE_HOME"); x != "" {
		return filepath.Join(expand(x, get), "huggingface"), nil
	}
	if h := get("HOME", "USERPROFILE"); h != "" {
		return filepath.Join(h, ".cache", "huggingface"), nil
	}
	return "", errors.New("no home folder: set HF_HOME or HOME")
}

// expand does what Python's expanduser does for "~" and "~/…", and then what
// its expandvars does: a variable that is not set stays as it is written.
func expand(path string, get func(...string) string) string {
	if rest, ok := strings.CutPrefix(path, "~"); ok && (rest == "" || rest[0] == '/') {
		path = get("HOME", "USERPROFILE") + rest
	}
	return variable.ReplaceAllStringFunc(path, func(s string) string {
		return cmp.Or(get(strings.Trim(s, "${}")), s)
	})
}

var variable = regexp.MustCompile(`\$(\w+|\{\w+\})`)

func readToken(path string) (string, error) {
	b, err := os.ReadFile(path)
	if errors.Is(err, fs.ErrNotExist) {
		return "", nil
	}
	if err != nil {
		return "", fmt.Errorf("reading the token: %w", err)
	}
	return cleanToken(string(b)), nil
}

// cleanToken drops the line breaks that files and CI secrets tend to end in.
func cleanToken(s string) string {
	return strings.TrimSpace(strings.NewReplacer("\r", "", "\n", "").Replace(s))
}

// isTrue accepts what huggingface_hub accepts as true.
func isTrue(s string) bool {
	switch strings.ToUpper(s) {
	case "1", "ON", "YES", "TRUE":
		return true
	}
	return false
}

func seconds(name string, get func(...string) string) (time.Duration, error) {
	s := get(name)
	if s == "" {
		return 0, nil
	}
	n, err := strconv.ParseFloat(s, 64)
	if err != nil || !(n > 0 && n <= 1e6) { // so that NaN is none
		return 0, fmt.Errorf("%s=%q is not a number of seconds", name, s)
	}
	return time.Duration(n * float64(time.Second)), nil
}

// firstSet returns the value of the first variable that is set and not empty.
func firstSet(lookup func(string) (string, bool)) func(names ...string) string {
	return func(names ...string) string {
		for _, n := range names {
			if v, ok := lookup(n); ok && v != "" {
				return v
			}
		}
		return ""
	}
}

func tokenPath(home string, get func(...string) string) string {
	return cmp.Or(expand(get("HF_TOKEN_PATH"), get), filepath.Join(home, "token"))
}
