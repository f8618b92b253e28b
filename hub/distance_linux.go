package hub

import (
	"math"
	"net"
	"syscall"
	"time"

	"golang.org/x/sys/unix"
)

// distance is the shortest round trip that the kernel saw on a connection. How
// busy the two machines are does not show in it, unlike in an answer's wait.
func distance(conn net.Conn) (d time.Duration, ok bool) {
	if t, is := conn.(interface{ NetConn() net.Conn }); is {
		conn = t.NetConn() // below TLS
	}
	sc, is := conn.(syscall.Conn)
	if !is {
		return 0, false
	}
	raw, err := sc.SyscallConn()
	if err != nil {
		return 0, false
	}
	var info *unix.TCPInfo
	if cerr := raw.Control(func(fd uintptr) { info, err = unix.GetsockoptTCPInfo(int(fd), unix.IPPROTO_TCP, unix.TCP_INFO) }); cerr != nil || err != nil {
		return 0, false
	}
	return time.Duration(info.Min_rtt) * time.Microsecond, info.Min_rtt != math.MaxUint32 // no sample yet
}
