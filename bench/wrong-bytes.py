#!/usr/bin/env python3
"""A hub far away on a bad line: passes requests on to UPSTREAM, each answer of content WAIT ms later, and inverts one byte.

    wrong-bytes.py UPSTREAM WAIT KIND OFFSET

The byte is the one at OFFSET of what all answers of a KIND have in them ("cdn": ranges of files, "xorb": chunks), in the order in which they come. Its own address is the first line of its output.
"""
import http.client, http.server, sys, threading, time, urllib.parse

upstream = urllib.parse.urlsplit(sys.argv[1]).netloc
wait, kind, offset = float(sys.argv[2]) / 1000, sys.argv[3], int(sys.argv[4])
lock, passed = threading.Lock(), 0


def damage(block):
    """Inverts the byte if it is in this block."""
    global passed
    with lock:
        at, passed = offset - passed, passed + len(block)
    if 0 <= at < len(block):
        block = bytearray(block)
        block[at] ^= 0xff
    return block


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_): pass

    def serve(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        conn = http.client.HTTPConnection(upstream)
        conn.putrequest(self.command, self.path, skip_host=True, skip_accept_encoding=True)
        for name, value in self.headers.items():  # with Host, so that addresses lead here
            conn.putheader(name, value)
        conn.endheaders(body)
        answer = conn.getresponse()
        content = self.path.startswith(("/-/cdn/", "/-/xorb/"))
        if content:
            time.sleep(wait)
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name.lower() not in ("transfer-encoding", "connection"):
                self.send_header(name, value)
        if answer.getheader("Content-Length") is None:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        try:
            while block := answer.read(1 << 16):
                self.wfile.write(damage(block) if self.path.startswith(f"/-/{kind}/") else block)
        except OSError:
            self.close_connection = True
        conn.close()

    do_GET = do_HEAD = do_POST = do_PUT = do_DELETE = serve


server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
server.daemon_threads = True
server.handle_error = lambda *_: None
print("http://127.0.0.1:%d" % server.server_address[1], flush=True)
server.serve_forever()
