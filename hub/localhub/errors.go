package localhub

import (
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
	"strings"
	"syscall"

	"longcat/hub/internal/wire"
	"longcat/hub/localhub/store"
)

// apiError is an answer that says no. The texts are the Hub's own, because
// clients compare them.
type apiError struct {
	Status  int
	Code    string // X-Error-Code, or empty
	Message string // X-Error-Message, and "error" in the body
	Body    any    // the body in place of wire.Error
}

func (e *apiError) Error() string { return fmt.Sprintf("%d: %s", e.Status, e.Message) }

func badRequest(format string, args ...any) error {
	return &apiError{Status: http.StatusBadRequest, Message: fmt.Sprintf(format, args...)}
}

func forbidden(format string, args ...any) error {
	return &apiError{Status: http.StatusForbidden, Message: fmt.Sprintf(format, args...)}
}

func conflict(format string, args ...any) error {
	return &apiError{Status: http.StatusConflict, Message: fmt.Sprintf(format, args...)}
}

func noEntry(message string) error {
	return &apiError{Status: http.StatusNotFound, Code: wire.CodeEntryNotFound, Message: message}
}

func noRevision(rev string) *apiError {
	return &apiError{Status: http.StatusNotFound, Code: wire.CodeRevisionNotFound, Message: "Invalid rev id: " + rev}
}

var (
	errAnonymous = &apiError{Status: http.StatusUnauthorized, Message: "Invalid username or password."}
	errHidden    = &apiError{Status: http.StatusUnauthorized, Code: wire.CodeRepoNotFound, Message: errAnonymous.Message} // Python clients look at the code where the address is not https
	errBadToken  = &apiError{Status: http.StatusUnauthorized, Message: "Invalid credentials in Authorization header"}
	errNoRepo    = &apiError{Status: http.StatusNotFound, Code: wire.CodeRepoNotFound, Message: "Repository not found"}
	errDisabled  = &apiError{Status: http.StatusForbidden, Message: "Access to this resource is disabled."}
	errReadOnly  = &apiError{Status: http.StatusForbidden, Message: "This hub is read-only"}
	errNoRoute   = &apiError{Status: http.StatusNotFound, Message: "Not Found"}
	errConflict  = &apiError{Status: http.StatusPreconditionFailed, Message: "A commit has happened since. Please refresh and try again."}
)

// asAPIError finds the answer for any error. What is not meant for clients,
// such as a path on this machine, does not reach them.
func asAPIError(err error) *apiError {
	if e, ok := errors.AsType[*apiError](err); ok {
		return e
	}
	if _, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return &apiError{Status: http.StatusRequestEntityTooLarge, Message: "Request body too large"}
	}
	if e, ok := errors.AsType[*store.RevisionError](err); ok {
		return noRevision(e.Rev)
	}
	if e, ok := errors.AsType[*store.RefNameError](err); ok {
		return &apiError{Status: http.StatusBadRequest, Message: fmt.Sprintf("Invalid ref name: %q", e.Name)}
	}
	switch {
	case errors.Is(err, store.ErrNoRepo):
		return errNoRepo
	case errors.Is(err, store.ErrReadOnly):
		return errReadOnly
	case errors.Is(err, store.ErrInTheWay):
		return &apiError{Status: http.StatusConflict, Message: "On the hub's disk, " + store.ErrInTheWay.Error()}
	case errors.Is(err, syscall.ENOSPC):
		return &apiError{Status: http.StatusInsufficientStorage, Message: "No space left on the hub's disk"}
	}
	return &apiError{Status: http.StatusInternalServerError, Message: "Internal Error - We're working hard to fix this as soon as possible!"}
}

func writeError(w http.ResponseWriter, r *http.Request, err error) {
	e := asAPIError(err)
	setErrorHeaders(w.Header(), e)
	body := e.Body
	if body == nil {
		body = wire.Error{Error: e.Message}
	}
	if r.Method == http.MethodHead { // clients that see JSON announced would look for it
		w.Header().Set("Content-Type", "text/plain; charset=utf-8")
	}
	writeJSON(w, e.Status, body)
}

func setErrorHeaders(header http.Header, e *apiError) {
	if e.Code != "" {
		header.Set(wire.HeaderErrorCode, e.Code)
	}
	header.Set(wire.HeaderErrorMessage, headerText(e.Message))
	if e.Status == http.StatusUnauthorized {
		header.Set("WWW-Authenticate", `Bearer realm="Authentication required", charset="UTF-8"`)
	}
}

// headerText is s without what a header value can not hold.
func headerText(s string) string {
	return strings.Map(func(r rune) rune {
		switch {
		case r < 0x20:
			return ' '
		case r > 0x7e:
			return '?'
		}
		return r
	}, s)
}

// writeJSON answers with v.
func writeJSON(w http.ResponseWriter, status int, v any) {
	data, err := json.Marshal(v)
	if err != nil { // only our own types come here
		panic(err)
	}
	if w.Header().Get("Content-Type") == "" {
		w.Header().Set("Content-Type", "application/json; charset=utf-8")
	}
	w.Header().Set("Content-Length", strconv.Itoa(len(data)))
	w.WriteHeader(status)
	w.Write(data) // an error means that the client is gone
}
