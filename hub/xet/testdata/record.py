#!/usr/bin/env python3
"""Records what hf_xet sends to a CAS server and gets from it.

    pip install hf_xet==1.8.0
    cargo install xet-client --version 1.8.0 --locked --features simulation --bin local_cas_server --root DIR
    python3 record.py DIR/bin/local_cas_server

Two files are uploaded, of which the second is the first and 9 bytes
more. Written are the first upload's xorb and shard, and the shard with
which the server then answers the second upload's deduplication query:
../xorb/testdata/hf_xet.xorb, ../shard/testdata/hf_xet.upload, ….dedup.
"""

import http.server
import os
import random
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request

import hf_xet

HERE = os.path.dirname(os.path.abspath(__file__))
SERVER, PROXY = 18461, 18462


class Recorder(http.server.BaseHTTPRequestHandler):
    """Hands every request on to the server and keeps the bodies."""

    seen: list[tuple[str, bytes, bytes]] = []

    def handle_any(self) -> None:
        body = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        request = urllib.request.Request(f"http://127.0.0.1:{SERVER}{self.path}", body or None, method=self.command)
        for name in ("Range", "Content-Type", "If-None-Match", "Authorization"):
            if name in self.headers:
                request.add_header(name, self.headers[name])
        request.add_header("Host", f"127.0.0.1:{PROXY}")
        try:
            response = urllib.request.urlopen(request)
        except urllib.error.HTTPError as error:
            response = error
        answer = response.read()
        self.seen.append((self.command + " " + self.path, body, answer))
        self.send_response(response.status)
        for name in ("Content-Type",):
            if name in response.headers:
                self.send_header(name, response.headers[name])
        self.send_header("Content-Length", str(len(answer)))
        self.end_headers()
        self.wfile.write(answer)

    do_GET = do_PUT = do_POST = handle_any

    def log_message(self, *_: object) -> None:
        pass


def save(path: str, prefix: str, answer: bool = False) -> None:
    bodies = [a if answer else b for request, b, a in Recorder.seen if request.startswith(prefix) and a != b"Shard not found"]
    with open(os.path.join(HERE, path), "wb") as f:
        f.write(bodies[0])
    print(path, len(bodies[0]), "bytes")


def main() -> None:
    rng = random.Random(1)
    text = b"".join(b"%d bottles of %d\n" % (rng.randrange(99), rng.randrange(10)) for _ in range(9000))
    weights = b"".join(bytes([0, 0, rng.randrange(256), rng.randrange(0x38, 0x40)]) for _ in range(30000))
    first = text + weights + rng.randbytes(50_001)
    with tempfile.TemporaryDirectory() as folder:
        server = subprocess.Popen([sys.argv[1], "--host", "127.0.0.1", "--port", str(SERVER), "--data-directory", folder + "/cas"])
        proxy = http.server.ThreadingHTTPServer(("127.0.0.1", PROXY), Recorder)
        threading.Thread(target=proxy.serve_forever, daemon=True).start()
        try:
            time.sleep(2)
            for i, content in enumerate((first, first + b" and more")):
                path = f"{folder}/file{i}"
                with open(path, "wb") as f:
                    f.write(content)
                os.environ["HF_XET_CACHE"] = f"{folder}/cache{i}"
                print(hf_xet.upload_files([path], f"http://127.0.0.1:{PROXY}", ("token", 1 << 40), None, None, "model")[0])
        finally:
            server.terminate()
    save("../xorb/testdata/hf_xet.xorb", "PUT /simulation/xorb-uploads")
    save("../shard/testdata/hf_xet.upload", "POST /v2/shards")
    save("../shard/testdata/hf_xet.dedup", "GET /v1/chunks", answer=True)


if __name__ == "__main__":
    main()
