package longcat

import (
	"context"

	"longcat/hub"
)

// Upload sends files in one commit and holds what the hub then lists against
// what was meant. A pull request's files are not on the branch yet.
func Upload(ctx context.Context, c *hub.Client, u hub.Upload) (*hub.UploadResult, error) {
	o := Options{Progress: u.Progress}
	var total int64
	for _, f := range u.Files {
		total += f.Content.Size()
	}
	end := o.stage("hash", total)
	prepared, err := c.PrepareUpload(ctx, u)
	end()
	if err != nil {
		return nil, err
	}
	end = o.stage("upload", 0)
	res, err := c.Send(ctx, prepared)
	end()
	if err != nil || u.CreatePR {
		return res, err
	}
	return res, c.CheckTree(ctx, u.Repo, res.Commit, res.Files, u.Delete)
}
