"""A hub served by longcat, and the two command lines that talk to it.

LONGCAT is the program to test; hf is the one beside this Python.
"""

import dataclasses, hashlib, json, os, pathlib, random, signal, subprocess, sys

import pytest

TOKEN = "hf_interop"
LONGCAT = os.environ["LONGCAT"]
HF = pathlib.Path(sys.executable).with_name("hf")
NOBODY = "http://127.0.0.1:1"  # nothing listens there

# huggingface_hub reads these once, when it is imported for the first time.
for name in [n for n in os.environ if n.startswith(("HF_", "HUGGING"))]:
    del os.environ[name]
os.environ["HF_HUB_DISABLE_TELEMETRY"] = "1"
os.environ["HF_HUB_DISABLE_PROGRESS_BARS"] = "1"


@dataclasses.dataclass
class Hub:
    """A hub, and a user's own cache in front of it."""

    endpoint: str
    home: pathlib.Path
    transfer: str = "lfs"

    @property
    def cache(self):
        return self.home / "hub"

    def env(self, **changes):
        env = os.environ | {"HF_ENDPOINT": self.endpoint, "HF_HOME": str(self.home), "HF_TOKEN": TOKEN}
        if self.transfer == "lfs":
            env["HF_HUB_DISABLE_XET"] = "1"
        env |= changes
        return {k: v for k, v in env.items() if v is not None}

    def run(self, program, *args, fails=False, **changes):
        """Runs a command to its end. A change of None takes a variable away."""
        done = subprocess.run([program, *map(str, args)], env=self.env(**changes), text=True, stdin=subprocess.DEVNULL, capture_output=True)
        said = f"{program} {args} ended with {done.returncode}\n{done.stdout}\n{done.stderr}"
        assert (done.returncode != 0) == fails, said
        assert TOKEN not in done.stderr, said
        return done

    def longcat(self, *args, **changes):
        return self.run(LONGCAT, *args, **changes)

    def hf(self, *args, **changes):
        return self.run(HF, *args, **changes)

    def at_home(self, home):
        """The same hub, seen by a user with another cache."""
        return dataclasses.replace(self, home=home)

    def without_network(self):
        return dataclasses.replace(self, endpoint=NOBODY)


@pytest.fixture(scope="session")
def endpoint(tmp_path_factory):
    args = [LONGCAT, "serve", tmp_path_factory.mktemp("served"), "--addr", "127.0.0.1:0", "--token", TOKEN, "--json"]
    with subprocess.Popen(args, stdout=subprocess.PIPE, text=True) as server:
        printed = ""
        while not printed.endswith("}\n"):
            line = server.stdout.readline()
            assert line, "longcat serve ended early"
            printed += line
        yield json.loads(printed)["endpoint"]
        server.send_signal(signal.SIGTERM)
        assert server.wait(10) in (0, 130)


@pytest.fixture(params=["lfs", "xet"])
def transfer(request):
    """The two ways on which large files travel."""
    return request.param


@pytest.fixture
def hub(endpoint, tmp_path, transfer, monkeypatch):
    import huggingface_hub.constants as constants

    monkeypatch.setattr(constants, "HF_HUB_DISABLE_XET", transfer == "lfs")
    return Hub(endpoint, tmp_path / "home", transfer)


@pytest.fixture
def api(hub):
    from huggingface_hub import HfApi

    return HfApi(endpoint=hub.endpoint, token=TOKEN)


@pytest.fixture
def repo(request):
    """A repo's name that no other test has."""
    return "me/" + "".join(c if c.isalnum() else "-" for c in request.node.name).strip("-")


@pytest.fixture
def folder(tmp_path, repo):
    """Files of all the kinds that travel differently."""
    dir = tmp_path / "folder"
    rng = random.Random(repo)
    for name, content in {
        "weights.safetensors": rng.randbytes(12_000_000),
        "sub/folder/part.bin": rng.randbytes(3_000),
        "sub/notes ä & b.txt": "text, and a name that has to be quoted\n".encode(),
        "config.json": b'{"model_type": "none"}\n',
        "empty.txt": b"",
    }.items():
        path = dir / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
    return dir


def hashes(dir):
    """sha256 of each file of a folder that is not a tool's own."""
    found = {}
    for path in sorted(pathlib.Path(dir).rglob("*")):
        name = path.relative_to(dir).as_posix()
        if path.is_file() and name != ".gitattributes" and not name.startswith(".cache/"):
            found[name] = hashlib.sha256(path.read_bytes()).hexdigest()
    return found
