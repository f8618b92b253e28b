package hub

import (
	"context"
	"net"

	"golang.org/x/time/rate"
)

// mostBurst is how many bytes a limited rate lets through at once.
const mostBurst = 256 << 10

// pacedConn is a connection that moves no more bytes than the client may, in both
// directions together and with all its other connections.
type pacedConn struct {
	net.Conn
	limiter *rate.Limiter
}

// dialFunc is how an http.Transport makes connections.
type dialFunc = func(ctx context.Context, network, address string) (net.Conn, error)

// paced makes connections that share so many bytes a second; 0 is as many as there
// are.
func paced(dial dialFunc, bytesPerSecond int64) dialFunc {
	if bytesPerSecond <= 0 {
		return dial
	}
	limiter := rate.NewLimiter(rate.Limit(bytesPerSecond), int(max(min(bytesPerSecond/8, mostBurst), 1)))
	return func(ctx context.Context, network, address string) (net.Conn, error) {
		conn, err := dial(ctx, network, address)
		if err != nil {
			return nil, err
		}
		return &pacedConn{conn, limiter}, nil
	}
}

// Read implements net.Conn. It waits after reading, since the number of bytes is
// not known before.
func (c *pacedConn) Read(p []byte) (int, error) {
	n, err := c.Conn.Read(p[:min(len(p), c.limiter.Burst())])
	c.wait(n)
	return n, err
}

// Write implements net.Conn.
func (c *pacedConn) Write(p []byte) (n int, err error) {
	for len(p) > 0 && err == nil {
		part := p[:min(len(p), c.limiter.Burst())]
		c.wait(len(part))
		var k int
		k, err = c.Conn.Write(part)
		n, p = n+k, p[k:]
	}
	return n, err
}

// wait takes as long as so many bytes may: at most an eighth of a second for
// each connection that waits.
func (c *pacedConn) wait(n int) {
	_ = c.limiter.WaitN(context.Background(), n) // fails only for more than a burst
}
