package store

import (
	"errors"
	"fmt"
)

var (
	// ErrNoRepo means that there is no such repo, or not any more.
	ErrNoRepo = errors.New("no such repo")
	// ErrExists means that there is a repo of that name.
	ErrExists = errors.New("a repo of that name exists")
	// ErrReadOnly means that the store was opened for reading alone.
	ErrReadOnly = errors.New("the store is read-only")
	// ErrInTheWay means that a repo can not be made because its directory is
	// there and is nothing that a store made.
	ErrInTheWay = errors.New("a directory that is no repo has its name")
)

// RevisionError reports a revision that a repo does not have, or that it knows
// by name but whose files were never stored.
type RevisionError struct{ Rev string }

func (e *RevisionError) Error() string { return fmt.Sprintf("no revision %q", e.Rev) }

// RefNameError reports a name that no branch or tag can have.
type RefNameError struct{ Name string }

func (e *RefNameError) Error() string { return fmt.Sprintf("%q can not be the name of a ref", e.Name) }
