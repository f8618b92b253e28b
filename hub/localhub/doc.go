// Package localhub is a whole Hub over one folder, as an http.Handler.
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
//	DIR/
//	  lock                        held while a Hub has the folder open
//	  key                         secret that signs expiring addresses
//	  objects/ab/ab12…            content of large files, by sha256; all repos share it
//	  tmp/                        whatever is not finished; emptied by Open
//	  repos/models--org--name/
//	    repo.json                 privacy, gate, time of creation
//	    blobs/cd/cd34…            content of small files, by git blob id
//	    commits/ef/ef56…          a commit: one JSON line about it, one with all its files
//	    refs/heads/main           the commit id; "/" in a name is written %2F
//	    refs/tags/v1.0
//	    refs/pr/1
//	    pulls/1.json              what a pull request is called and who opened it
//	    lfs/ab12…                 empty: some commit of this repo has this object
//	    pending/ab12…--user       empty: user sent this object here, no commit has it yet
//
// Everything but refs, pulls and repo.json is immutable. A file is written
// under tmp/, synced and renamed, and a commit becomes visible by the one
// rename of its ref, so that a kill at any moment leaves the old state or the
// new one. Ids of blobs, trees and commits are the ones git would give.
//
// # Who may do what
//
// Public repos are read without a token. A private repo is seen by the tokens
// of its namespace only; to all others it looks as if it were not there, and
// that goes for its large files too: an object counts as known to the Hub only
// for somebody who may read a repo that has it.
package localhub
