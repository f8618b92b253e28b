package store

import (
	"encoding/json"
	"io/fs"
	"os"
	"strconv"
	"time"
)

// The states of a pull request. The zero value means open.
const (
	PullOpen   = "open"
	PullClosed = "closed"
	PullMerged = "merged"
)

// Pull is what is known of a pull request; its commits are behind its ref.
type Pull struct {
	Num     int       `json:"num"`
	Title   string    `json:"title"`
	Author  string    `json:"author"`
	Created time.Time `json:"created"`
	Status  string    `json:"status,omitempty"`
	Merge   string    `json:"merge,omitempty"` // the commit on the main branch, if it was merged
}

func (r *Repo) pullPath(number int) string { return r.Path("pulls", strconv.Itoa(number)+".json") }

// Pull reads a pull request. The error is fs.ErrNotExist if there is none of
// that number.
func (r *Repo) Pull(number string) (Pull, error) {
	var p Pull
	n, err := strconv.Atoi(number)
	if err != nil || strconv.Itoa(n) != number {
		return p, fs.ErrNotExist
	}
	data, err := os.ReadFile(r.pullPath(n))
	if err != nil {
		return p, err
	}
	p.Status = PullOpen
	return p, json.Unmarshal(data, &p)
}

// PutPull writes a pull request. The caller holds the repo's lock.
func (r *Repo) PutPull(p Pull) error {
	data, err := json.Marshal(p)
	if err != nil {
		return err
	}
	return r.store.Write(r.pullPath(p.Num), data, 0o644)
}
