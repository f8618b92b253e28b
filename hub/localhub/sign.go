package localhub

import (
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io/fs"
	"net/http"
	"net/url"
	"os"
	"strconv"
	"time"

	"longcat/hub/localhub/store"
)

// signer makes and checks addresses that work for a while without a token.
type signer struct {
	key []byte
	now func() time.Time
}

// sign returns path with a query that says q, when it expires, and that we
// said so.
func (s signer) sign(path string, q url.Values, ttl time.Duration) string {
	q.Set("Expires", strconv.FormatInt(s.now().Add(ttl).Unix(), 10))
	q.Del("Signature")
	q.Set("Signature", s.mac(path, q))
	return path + "?" + q.Encode()
}

func (s signer) mac(path string, q url.Values) string {
	h := hmac.New(sha256.New, s.key)
	h.Write([]byte(path + "?" + q.Encode()))
	return hex.EncodeToString(h.Sum(nil))
}

// check returns what a signed address says. The error is the answer to give.
func (s signer) check(u *url.URL) (url.Values, error) {
	q, err := url.ParseQuery(u.RawQuery)
	if err != nil {
		return nil, &apiError{Status: http.StatusForbidden, Message: "Invalid signature"}
	}
	got := q.Get("Signature")
	q.Del("Signature")
	if !hmac.Equal([]byte(got), []byte(s.mac(u.Path, q))) {
		return nil, &apiError{Status: http.StatusForbidden, Message: "Invalid signature"}
	}
	expires, err := strconv.ParseInt(q.Get("Expires"), 10, 64)
	if err != nil || s.now().Unix() >= expires {
		return nil, &apiError{Status: http.StatusForbidden, Message: "Request has expired"}
	}
	return q, nil
}

// signingKey is the secret that signs addresses. It is kept, so that addresses
// given out before a restart still work after it.
func signingKey(s *store.Store, readOnly bool) ([]byte, error) {
	key, err := os.ReadFile(s.Path("key"))
	switch {
	case err == nil && len(key) == 32:
		return key, nil
	case err == nil:
		return nil, errors.New("the file \"key\" is no key that a hub made: it must have 32 bytes")
	case !errors.Is(err, fs.ErrNotExist):
		return nil, fmt.Errorf("reading signing key: %w", err)
	}
	key = make([]byte, 32)
	rand.Read(key)
	if readOnly { // addresses end with the process
		return key, nil
	}
	return key, s.Write(s.Path("key"), key, 0o600)
}
