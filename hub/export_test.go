package hub

// SetProbe makes files large that miss 8n bytes.
func (c *Client) SetProbe(n int64) { c.probe = n }
