"""Large files travel as chunks, and of those only the ones that are new."""

import collections, hashlib, http.client, http.server, json, os, random, signal, subprocess, threading, time

import pytest
from conftest import LONGCAT, TOKEN, Hub

MB = 1_000_000


class Counter(http.server.ThreadingHTTPServer):
    """Hands requests on to a hub, and counts the bytes of each kind: "PUT xorb", "GET cdn", ….

    The hub names addresses as it was asked, so that all requests come through here."""

    daemon_threads = True

    def __init__(self, port):
        super().__init__(("127.0.0.1", 0), Handler)
        self.port, self.sent, self.got = port, collections.Counter(), collections.Counter()
        threading.Thread(target=self.serve_forever, daemon=True).start()

    def forget(self):
        self.sent.clear(), self.got.clear()


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def hand_on(self):
        hub = http.client.HTTPConnection("127.0.0.1", self.server.port)
        length = int(self.headers.get("Content-Length", 0))
        hub.request(self.command, self.path, body=self.rfile.read(length) if length else None, headers=dict(self.headers))
        answer = hub.getresponse()
        parts = self.path.split("?")[0].split("/")
        kind = f"{self.command} {parts[5 if parts[2] == 'cas' else 2]}" if parts[1] == "-" else self.command
        self.server.sent[kind] += length
        self.send_response_only(answer.status)
        for name, value in answer.getheaders():
            if name not in ("Transfer-Encoding", "Connection"):
                self.send_header(name, value)
        known = answer.getheader("Content-Length") or self.command == "HEAD"
        if not known:
            self.close_connection = True
            self.send_header("Connection", "close")
        self.end_headers()
        while block := answer.read1(1 << 18):
            self.server.got[kind] += len(block)
            self.wfile.write(block)
        hub.close()

    do_GET = do_HEAD = do_PUT = do_POST = do_DELETE = hand_on

    def log_message(self, *_):
        pass


class Served:
    """A folder being served, at the same address each time."""

    def __init__(self, dir, port=0):
        args = [LONGCAT, "serve", dir, "--addr", f"127.0.0.1:{port}", "--token", TOKEN, "--json"]
        self.process = subprocess.Popen(args, stdout=subprocess.PIPE, text=True)
        printed = ""
        while not printed.endswith("}\n"):
            line = self.process.stdout.readline()
            assert line, "longcat serve ended early"
            printed += line
        self.port = int(json.loads(printed)["endpoint"].rsplit(":", 1)[1])

    def stop(self):
        self.process.send_signal(signal.SIGTERM)
        assert self.process.wait(10) in (0, 130)
        self.process.stdout.close()

    def peak(self):
        """The most memory that was in use, in bytes."""
        with open(f"/proc/{self.process.pid}/status") as status:
            return next(int(line.split()[1]) * 1024 for line in status if line.startswith("VmHWM"))


@pytest.fixture
def served(tmp_path):
    served = Served(tmp_path / "served")
    yield served
    served.stop()


@pytest.fixture
def wire(served):
    with Counter(served.port) as counter:
        yield counter
        counter.shutdown()


@pytest.fixture
def hub(wire, tmp_path):
    return Hub(f"http://127.0.0.1:{wire.server_port}", tmp_path / "home", "xet")


@pytest.fixture
def lfs(hub, tmp_path):
    """The same hub, for a user without Xet."""
    return Hub(hub.endpoint, tmp_path / "lfs", "lfs")


@pytest.fixture
def base(tmp_path, repo):
    """40 MB of which nobody has seen a byte."""
    path = tmp_path / "base.bin"
    path.write_bytes(random.Random(repo).randbytes(40 * MB))
    return path


@pytest.fixture
def derived(tmp_path, base):
    """The same with 9 bytes in the middle."""
    content = base.read_bytes()
    path = tmp_path / "derived.bin"
    path.write_bytes(content[: 20 * MB] + b"nine more" + content[20 * MB :])
    return path


def sha256(path):
    return hashlib.sha256(path.read_bytes()).hexdigest()


def fetched(hub, repo, name, tmp_path, **changes):
    """sha256 of a file that is downloaded by somebody who has nothing yet."""
    stranger = hub.at_home(tmp_path / os.urandom(4).hex())
    stranger.hf("download", repo, name, "--local-dir", stranger.home / "to", **changes)
    return sha256(stranger.home / "to" / name)


def wait_for_chunks(hub, repo, name):
    """Chunks of a large file that came as a whole are found after it is there."""
    from huggingface_hub import HfApi

    for _ in range(300):
        [info] = HfApi(endpoint=hub.endpoint, token=TOKEN).get_paths_info(repo, [name])
        if info.xet_hash:
            return
        time.sleep(0.1)
    pytest.fail("the file's chunks were not found")


def test_nine_more_bytes(hub, wire, repo, base, derived, tmp_path):
    hub.hf("upload", repo, base)
    assert wire.sent["PUT xorb"] > 40 * MB and not wire.sent["PUT object"] and not wire.sent["PUT part"]
    wire.forget()
    hub.at_home(tmp_path / "other").hf("upload", repo, derived)
    assert 0 < wire.sent["PUT xorb"] + wire.sent["POST shards"] < MB
    wire.forget()
    for path in base, derived:
        assert fetched(hub, repo, path.name, tmp_path) == sha256(path)
    assert wire.got["GET xorb"] > 80 * MB and not wire.got["GET cdn"]


def test_what_came_as_a_whole_is_chunks(hub, lfs, wire, repo, base, derived, tmp_path):
    lfs.hf("upload", repo, base)
    assert not wire.sent["PUT xorb"]
    wait_for_chunks(hub, repo, base.name)
    wire.forget()
    hub.hf("upload", repo, derived)
    assert 0 < wire.sent["PUT xorb"] + wire.sent["POST shards"] < MB
    for path in base, derived:
        assert fetched(hub, repo, path.name, tmp_path) == sha256(path)
    assert wire.got["GET xorb"] > 80 * MB and not wire.got["GET cdn"]


def test_chunks_are_ranges_of_a_whole(hub, lfs, wire, repo, base, derived, tmp_path):
    hub.hf("upload", repo, base)
    hub.hf("upload", repo, derived)
    for path in base, derived:
        assert fetched(lfs, repo, path.name, tmp_path) == sha256(path)
    assert wire.got["GET cdn"] > 80 * MB and not wire.got["GET xorb"]


def test_longcat_and_hf_build_on_each_other(hub, wire, repo, base, derived, tmp_path):
    hub.longcat("upload", repo, base)
    hub.hf("upload", repo, derived)
    assert wire.sent["PUT xorb"] < 41 * MB
    again = tmp_path / "again.bin"
    again.write_bytes(derived.read_bytes()[: 30 * MB] + b"and more")
    hub.at_home(tmp_path / "other").longcat("upload", repo, again)
    assert wire.sent["PUT xorb"] < 42 * MB
    for path in base, derived, again:
        assert fetched(hub, repo, path.name, tmp_path) == sha256(path)
        stranger = hub.at_home(tmp_path / os.urandom(4).hex())
        stranger.longcat("download", repo, path.name, "--local-dir", stranger.home / "to")
        assert sha256(stranger.home / "to" / path.name) == sha256(path)


def test_private(hub, repo, base, tmp_path):
    hub.hf("upload", repo, base, "--private")
    assert fetched(hub, repo, base.name, tmp_path) == sha256(base)
    hub.at_home(tmp_path / "stranger").hf("download", repo, HF_TOKEN=None, fails=True)


def test_deleted_and_sent_again(hub, wire, repo, base, tmp_path):
    # The client remembers for weeks what it sent; the hub has it no more.
    for _ in range(2):
        wire.forget()
        hub.hf("upload", repo, base)
        assert wire.sent["PUT xorb"] > 40 * MB
        assert fetched(hub, repo, base.name, tmp_path) == sha256(base)
        hub.hf("repos", "delete", repo, "--yes")


def test_another_folder_at_the_same_address(repo, base, tmp_path):
    port = 0
    for folder in "first", "second":
        served = Served(tmp_path / folder, port)
        port = served.port
        hub = Hub(f"http://127.0.0.1:{port}", tmp_path / "home", "xet")
        hub.hf("upload", repo, base)
        assert fetched(hub, repo, base.name, tmp_path) == sha256(base)
        served.stop()


def test_memory(served, repo, tmp_path):
    hub = Hub(f"http://127.0.0.1:{served.port}", tmp_path / "home", "xet")
    large = tmp_path / "large.bin"
    rng = random.Random(repo)
    with large.open("wb") as file:
        for _ in range(30):
            file.write(rng.randbytes(10 * MB))
    hub.hf("upload", repo, large)
    assert fetched(hub, repo, large.name, tmp_path) == sha256(large)
    assert fetched(hub, repo, large.name, tmp_path, HF_HUB_DISABLE_XET="1") == sha256(large)
    assert served.peak() < 64 << 20
