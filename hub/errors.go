package hub

import (
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"longcat/hub/internal/wire"
	"longcat/internal/plaintext"
)

// Targets for errors.Is. An *Error matches by its status and code.
var (
	ErrNotFound         = errors.New("not found")              // 404 of any kind
	ErrEntryNotFound    = errors.New("no such file")           // the repo and revision exist
	ErrRevisionNotFound = errors.New("no such revision")       // the repo exists
	ErrRepoNotFound     = errors.New("no such repo")           // or a private one
	ErrUnauthorized     = errors.New("not authenticated")      // 401: no token, or a bad one
	ErrForbidden        = errors.New("not permitted")          // 403
	ErrGated            = errors.New("access must be granted") // 403 GatedRepo
	ErrConflict         = errors.New("conflict")               // 409, 412
	ErrRateLimited      = errors.New("rate limited")           // 429 after all retries
	ErrOffline          = errors.New("offline")                // Config.Offline, and the cache has no answer
	ErrStalled          = errors.New("no byte moved for too long")
	ErrChanged          = errors.New("the file changed during the transfer")
)

// maxErrorBody bounds how much of a failed answer is read.
const maxErrorBody = 64 << 10

// Error is a Hub's refusal, or an answer that could not be understood.
type Error struct {
	Op        string // what was tried, up to its object: "listing files of", "resolving", …
	Repo      string // as Repo.String writes it; empty when none is concerned
	Path      string // file in the repo, when one is concerned
	Host      string // scheme and host of the server that answered
	Status    int    // HTTP status
	Code      string // X-Error-Code, often empty
	Message   string // the Hub's own words
	RequestID string // X-Request-Id, to quote in a report
	HadToken  bool   // the request carried a token

	noEntry bool // Code would be EntryNotFound, if this hub gave codes
}

func (e *Error) Error() string {
	var b strings.Builder
	who := "the hub"
	if e.Host != "" && (e.Status == http.StatusNotFound || e.Status == http.StatusUnauthorized) {
		who += " at " + e.Host // it may not be the one that was meant
	}
	fmt.Fprintf(&b, "%s: %s answered %d", phrase(e.Op, e.Repo, e.Path), who, e.Status)
	if t := http.StatusText(e.Status); t != "" {
		b.WriteString(" " + t)
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request id %s)", e.RequestID)
	}
	return b.String()
}

// phrase completes what was tried by its object.
func phrase(op, repo, path string) string {
	switch {
	case path != "" && repo != "":
		return fmt.Sprintf("%s %q in %q", op, path, repo)
	case repo != "":
		return fmt.Sprintf("%s %q", op, repo)
	}
	return strings.TrimSuffix(op, " of")
}

// Is matches the package's targets.
func (e *Error) Is(target error) bool {
	switch target {
	case ErrNotFound:
		return e.Status == http.StatusNotFound
	case ErrEntryNotFound:
		return e.Code == wire.CodeEntryNotFound || e.noEntry
	case ErrRevisionNotFound:
		return e.Code == wire.CodeRevisionNotFound
	case ErrRepoNotFound:
		return e.Code == wire.CodeRepoNotFound
	case ErrUnauthorized:
		return e.Status == http.StatusUnauthorized
	case ErrForbidden:
		return e.Status == http.StatusForbidden
	case ErrGated:
		return e.Code == wire.CodeGatedRepo
	case ErrConflict:
		return e.Status == http.StatusConflict || e.Status == http.StatusPreconditionFailed
	case ErrRateLimited:
		return e.Status == http.StatusTooManyRequests
	}
	return false
}

// errorFrom reads a failed answer, and closes it.
func (c *Client) errorFrom(resp *http.Response, op string, repo Repo, path string) *Error {
	defer resp.Body.Close()
	e := &Error{
		Op: op, Path: path, Status: resp.StatusCode,
		Code:      resp.Header.Get(wire.HeaderErrorCode),
		Message:   resp.Header.Get(wire.HeaderErrorMessage),
		RequestID: resp.Header.Get(wire.HeaderRequestID),
		HadToken:  resp.Request != nil && resp.Request.Header.Get("Authorization") != "",
	}
	if resp.Request != nil {
		e.Host = resp.Request.URL.Scheme + "://" + resp.Request.URL.Host
	}
	if repo.ID != "" {
		e.Repo = repo.String()
	}
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // a cut body still leaves the status
	if e.Message == "" {
		e.Message = messageIn(body, resp.Header.Get("Content-Type"))
	}
	e.Message = c.clean(e.Message, 500)
	e.RequestID = c.clean(e.RequestID, 100)
	return e
}

// messageIn finds the Hub's words in a body: {"error": …}, git-lfs's
// {"message": …}, or short plain text.
func messageIn(body []byte, contentType string) string {
	var j struct {
		Error   any    `json:"error"`
		Message string `json:"message"`
	}
	if json.Unmarshal(body, &j) == nil {
		if s, ok := j.Error.(string); ok && s != "" {
			return s
		}
		return j.Message
	}
	if strings.HasPrefix(contentType, "text/plain") {
		return string(body)
	}
	return ""
}

// clean makes text that a server had a hand in safe to show: one line without
// control characters, bounded, and without what is secret.
func (c *Client) clean(s string, limit int) string {
	return plaintext.Line(plaintext.Redacted(s, c.cfg.Token), limit)
}

// cleanError is an error of the transport in words that are safe to show: those
// of net/http quote addresses whole and servers' bytes raw.
type cleanError struct {
	text string
	err  error
}

func (e *cleanError) Error() string { return e.text }
func (e *cleanError) Unwrap() error { return e.err }

func (c *Client) cleanError(err error) error {
	clean := &cleanError{text: c.clean(err.Error(), 1000), err: err}
	var u *url.Error
	if errors.As(err, &u) {
		clean.err = u.Err // the address stays out of reach
	}
	return clean
}
