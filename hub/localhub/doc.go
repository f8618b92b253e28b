// Package localhub is a whole Hub over one directory, as an http.Handler.
//
// It gives the answers that huggingface.co gives, so that the tools people
// have (hf, transformers, git-lfs, curl, package hub) work against it
// unchanged: set HF_ENDPOINT to its address. It serves a team or an air gap,
// stands in for the real Hub in tests, and can misbehave on demand (see
// [Fault]).
//
// Browsers, which ask for text/html by name, get pages of the same repos at the
// addresses that the answers name (page*.go fill in what package web shows). A
// token as the password of Basic signs a visitor in.
//
// # On disk
//
// Repos, commits and whole files are kept by package store, which several
// processes may use at a time; only one of them serves. Beside it stand
//
//	DIR/
//	  lock    held while a Hub has the directory open
//	  key     secret that signs expiring addresses
//	  xet/    large files that came in chunks, and the chunks of the others (package cas)
//
// # Chunks
//
// Large files come and go as a whole (lfs.go, multipart.go, cdn.go) or in the
// chunks of the Xet protocol (xet*.go), and whichever way they came, they go
// both ways. The Hub is its own CAS server, below /-/cas/. Content is on disk
// once: what came as a whole stays a plain file, of which the chunks are ranges,
// and what came in chunks is put together when it is read. What clients say of
// chunks and files is verified down to the sha256 before it is believed.
//
// # Who may do what
//
// Public repos are read without a token. A private repo is seen by the tokens
// of its namespace only; to all others it looks as if it were not there, and
// that goes for its large files too: an object counts as known to the Hub only
// for somebody who may read a repo that has it. The same goes for chunks, each by
// itself: a xorb with chunks of public and of private files is told of, and
// given out, in parts.
//
// A Xet token is an address that the Hub signed, in another guise. It says who
// asked for which repo and scope; whether they still may is found out each time
// it is used.
package localhub
