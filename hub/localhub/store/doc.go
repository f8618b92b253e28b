// Package store keeps a hub's repos in one directory: commits with the files
// they have, refs, the content of files, settings and pull requests. It knows
// nothing of HTTP, of who may do what, or of chunks: a server and a mirror are
// built on it, and several processes may have one directory open at a time.
//
// # On disk
//
//	DIR/
//	  hub.json                  says that the directory is a hub's; the first file of all
//	  objects/ab/ab12…          large files by sha256; all repos share them
//	  repos/models--org--name/
//	    repo.json               settings, time of creation; what makes the directory a repo
//	    draft                   empty: there while a repo.json is still to come
//	    blobs/cd/cd34…          content of small files, by git blob id
//	    commits/ef/ef56…        a commit: a JSON line about it, one with its files or how they differ from another's
//	    refs.list               "<commit> refs/heads/main" and so on, a line each
//	    pulls/1.json            what a pull request is called, who opened it, what became of it
//	    lfs/ab12…               empty: some commit of this repo has this object
//	    pending/ab12…--user     empty: user sent this object here, no commit has it yet
//	  moved/models--org--old    the name that a repo has now that was called so
//	  locks/                    one for each repo, one for the objects
//	  tmp/xyz…/                 what a process has not finished; removed once the process is gone
//
// Blobs, commits and objects are immutable and named by their content, but for
// commits that were mirrored, whose ids are the ones they have elsewhere. A
// file is written under tmp, synced and renamed. What a commit needs is there
// before it, and refs name it last: all refs of a repo are one file, so that
// readers see the state before a change or the one after, also of many refs
// at once, also of another process, also after a kill.
//
// Whoever changes refs, settings or pull requests holds the repo's lock; reading
// needs none. Whoever makes an object reachable holds the objects' lock shared,
// and whoever removes unreachable ones holds it alone.
package store
