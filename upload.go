package longcat

import (
	"context"

	"longcat/hub"
)

// Upload sends files in one commit and holds what the hub then lists against
// what was meant. A pull request's files are not on the branch yet.
func Upload(ctx context.Context, c *hub.Client, u hub.Upload) (*hub.UploadResult, error) {
	res, err := c.Upload(ctx, u)
	if err != nil || u.CreatePR {
		return res, err
	}
	return res, c.CheckTree(ctx, u.Repo, res.Commit, res.Files, u.Delete)
}
