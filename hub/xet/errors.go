package xet

import (
	"cmp"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"strings"

	"longcat/internal/plaintext"
)

// ErrNotFound matches an *Error of status 404: the server does not know the
// file, chunk or xorb.
var ErrNotFound = errors.New("not found")

// An Error is an answer of a server that refuses, or that makes no sense.
type Error struct {
	Op        string // what was tried: "uploading xorb", …
	Subject   string // the hash of what it concerns; may be empty
	Status    int    // HTTP status
	Message   string // the server's own words; may be empty
	RequestID string // to quote in a report; may be empty
}

func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Op)
	if e.Subject != "" {
		b.WriteString(" " + e.Subject)
	}
	if good(e.Status) { // the failure came after the head of the answer
		b.WriteString(": the server failed")
	} else {
		fmt.Fprintf(&b, ": the server answered %d", e.Status)
		if text := http.StatusText(e.Status); text != "" {
			b.WriteString(" " + text)
		}
	}
	if e.Message != "" {
		b.WriteString(": " + e.Message)
	}
	if e.RequestID != "" {
		fmt.Fprintf(&b, " (request id %s)", e.RequestID)
	}
	return b.String()
}

// Is matches ErrNotFound.
func (e *Error) Is(target error) bool {
	return target == ErrNotFound && e.Status == http.StatusNotFound
}

func asError(err error) (*Error, bool) { return errors.AsType[*Error](err) }

// A CorruptError says that downloaded content is not what it should be.
type CorruptError struct {
	What   string // which content
	Reason string
	Err    error // the cause, if there is one
}

func (e *CorruptError) Error() string {
	text := fmt.Sprintf("%s is corrupt: %s", e.What, e.Reason)
	if e.Err != nil {
		text += ": " + e.Err.Error()
	}
	return text
}

func (e *CorruptError) Unwrap() error { return e.Err }

// maxErrorBody bounds how much of a failed answer is read.
const maxErrorBody = 4 << 10

// refusal makes an *Error of an answer and closes it.
func refusal(op, subject string, resp *http.Response) *Error {
	defer resp.Body.Close()
	body, _ := io.ReadAll(io.LimitReader(resp.Body, maxErrorBody)) // what came is enough
	message := string(body)
	var document struct{ Error, Message string }
	if json.Unmarshal(body, &document) == nil && document.Error+document.Message != "" {
		message = cmp.Or(document.Error, document.Message)
	}
	return &Error{
		Op: op, Subject: subject, Status: resp.StatusCode,
		Message:   safe(message),
		RequestID: plaintext.Line(resp.Header.Get("X-Request-Id"), 100),
	}
}

// safe is a server's text on one line that may be shown: without control
// characters, and without signatures of addresses.
func safe(text string) string { return plaintext.Line(plaintext.Redacted(text), 500) }

// failed says what a request that got no answer was for.
func failed(op string, err error) error {
	err = redact(err)
	if strings.HasPrefix(err.Error(), op) {
		return err
	}
	return fmt.Errorf("%s: %w", op, err)
}

// redact takes the address out of an error of net/http: a signed one is a
// secret.
func redact(err error) error {
	if e, ok := errors.AsType[*url.Error](err); ok {
		return e.Err
	}
	return err
}

// A brokenError marks a failure that the same request may not have again.
type brokenError struct{ err error }

func (e *brokenError) Error() string { return e.err.Error() }
func (e *brokenError) Unwrap() error { return e.err }

func broken(err error) error { return &brokenError{err} }

func isBroken(err error) bool {
	_, ok := errors.AsType[*brokenError](err)
	return ok
}
