package hub

import "time"

// SetProbe makes files large that miss 8n bytes.
func (c *Client) SetProbe(n int64) { c.probe = n }

// SetPatience is how long the hub is waited for when the cache could answer.
func (c *Client) SetPatience(d time.Duration) { c.patience = d }

// Storable is the check of a plan with these files on a system.
func Storable(goos string, paths ...string) error {
	p := &DownloadPlan{}
	for _, path := range paths {
		p.Files = append(p.Files, PlannedFile{Path: path})
	}
	return p.storable(goos)
}
