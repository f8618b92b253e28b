package longcat

import (
	"bufio"
	"context"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"strings"

	"longcat/hub"
)

// stagingPrefix begins the names of branches that hold an unfinished publish.
const stagingPrefix = "longcat/"

// StagingError tells that a staging branch is not what a publish left there.
type StagingError struct {
	Repo   hub.Repo
	Branch string
	Msg    string
}

func (e *StagingError) Error() string {
	return fmt.Sprintf("the staging branch %q of %q %s", e.Branch, e.Repo, e.Msg)
}

// Staging is how far a publish without a disk is. The hub keeps it, so that any
// machine goes on where another one stopped.
type Staging struct {
	Repo    hub.Repo     `json:"-"`
	Branch  string       `json:"branch"`
	Exists  bool         `json:"exists"`
	Done    []LockedFile `json:"done"`            // weights that the branch holds
	Missing []LockedFile `json:"missing"`         // weights that are still to be made
	Other   []string     `json:"other,omitempty"` // branches of other plans, which nobody may need any more
}

// Staging looks for the branch that an unfinished publish of this job left.
func (j *Job) Staging(ctx context.Context, repo hub.Repo) (*Staging, error) {
	branch, err := j.stagingBranch(ctx)
	if err != nil {
		return nil, err
	}
	s := &Staging{Repo: repo, Branch: branch, Done: []LockedFile{}, Missing: []LockedFile{}}
	branches, _, err := j.opts.Hub.Refs(ctx, repo)
	if err != nil && !errors.Is(err, hub.ErrNotFound) {
		return nil, err
	}
	commit := ""
	for _, b := range branches {
		switch {
		case b.Name == branch:
			s.Exists, commit = true, b.Commit
		case strings.HasPrefix(b.Name, stagingPrefix):
			s.Other = append(s.Other, b.Name)
		}
	}
	staged := map[string]hub.StoredFile{}
	if s.Exists {
		if staged, err = j.staged(ctx, s, commit); err != nil {
			return nil, err
		}
	}
	for _, f := range j.plan.Files {
		if f.Tensors == nil {
			continue
		}
		l := LockedFile{Path: f.Path, Size: f.Size}
		if have, ok := staged[f.Path]; ok {
			l.SHA256 = have.SHA256
			s.Done = append(s.Done, l)
		} else {
			s.Missing = append(s.Missing, l)
		}
	}
	return s, nil
}

// Abort removes the staging branch of this job from a repo.
func (j *Job) Abort(ctx context.Context, repo hub.Repo) (*Staging, error) {
	s, err := j.Staging(ctx, repo)
	var broken *StagingError
	if errors.As(err, &broken) {
		s, err = &Staging{Repo: repo, Branch: broken.Branch, Exists: true}, nil
	}
	if err != nil || !s.Exists {
		return s, err
	}
	return s, j.opts.Hub.DeleteBranch(ctx, repo, s.Branch)
}

// stagingBranch names the plan: the same recipe, models and options have the
// same branch, wherever they are run.
func (j *Job) stagingBranch(ctx context.Context) (string, error) {
	lock, err := j.Lock(ctx)
	if err != nil {
		return "", err
	}
	sum := sha256.Sum256(lock.Encode())
	return stagingPrefix + hex.EncodeToString(sum[:])[:12], nil
}

// staged lists what the branch holds of this plan's weights: what its commits
// say and its tree shows. Where the two differ, somebody else has written there.
func (j *Job) staged(ctx context.Context, s *Staging, commit string) (map[string]hub.StoredFile, error) {
	told := map[string]hub.StoredFile{}
	for c, err := range j.opts.Hub.Commits(ctx, s.Repo, commit) {
		if err != nil {
			return nil, err
		}
		for path, f := range parseStaged(c.Message) {
			if _, later := told[path]; !later {
				told[path] = f
			}
		}
	}
	listed := map[string]hub.StoredFile{}
	for e, err := range j.opts.Hub.Tree(ctx, s.Repo, commit) {
		if err != nil {
			return nil, err
		}
		f, ok := told[e.Path]
		if !ok {
			continue
		}
		if e.SHA256 != f.SHA256 || e.Size != f.Size {
			return nil, &StagingError{s.Repo, s.Branch, fmt.Sprintf("was changed by somebody else: its %s is not the one that was sent", e.Path)}
		}
		if planned, ok := j.made(e.Path); ok && planned.Size == f.Size {
			listed[e.Path] = f
		}
	}
	for path := range told {
		if _, ok := listed[path]; !ok {
			return nil, &StagingError{s.Repo, s.Branch, fmt.Sprintf("was changed by somebody else: its %s is gone", path)}
		}
	}
	return listed, nil
}

const stagedHead = "sha256:"

// describeStaged writes the files' hashes into a commit's message.
func describeStaged(files []hub.UploadedFile) string {
	var b strings.Builder
	for _, f := range files {
		fmt.Fprintf(&b, "%s%s %d %s\n", stagedHead, f.OID, f.Size, f.Path)
	}
	return b.String()
}

// parseStaged reads what describeStaged wrote; other lines say nothing.
func parseStaged(message string) map[string]hub.StoredFile {
	files := map[string]hub.StoredFile{}
	lines := bufio.NewScanner(strings.NewReader(message))
	for lines.Scan() {
		var sum, path string
		var size int64
		rest, ok := strings.CutPrefix(lines.Text(), stagedHead)
		if !ok {
			continue
		}
		if _, err := fmt.Sscanf(rest, "%64s %d %s", &sum, &size, &path); err == nil && sha256Text.MatchString(sum) {
			files[path] = hub.StoredFile{SHA256: sum, Size: size}
		}
	}
	return files
}
