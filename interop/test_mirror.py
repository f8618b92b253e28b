"""A mirror, served, is to the Python client what the hub is."""

import contextlib, json, subprocess

import pytest
from conftest import LONGCAT, TOKEN, hashes


@contextlib.contextmanager
def served(hub, directory, *args):
    """The same user, at a hub over the directory."""
    command = [LONGCAT, "serve", directory, "--addr", "127.0.0.1:0", "--token", TOKEN, "--json", "--quiet", *args]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, env=hub.env()) as server:
        printed = ""
        while not printed.endswith("}\n"):
            line = server.stdout.readline()
            assert line, "longcat serve ended early"
            printed += line
        yield type(hub)(json.loads(printed)["endpoint"], hub.home, hub.transfer)
        server.terminate()
        server.wait(10)


@pytest.fixture
def history(hub, repo, folder, api):
    """A repo with branches, tags, and a commit that is no branch's head any more. Its ids, by name."""
    hub.hf("upload", repo, folder)
    api.create_tag(repo, tag="v1")
    api.create_branch(repo, branch="dev")
    first = api.model_info(repo).sha
    api.upload_file(path_or_fileobj=b"second", path_in_repo="second.txt", repo_id=repo)
    api.upload_file(path_or_fileobj=b"dev", path_in_repo="dev.txt", repo_id=repo, revision="dev")
    return {"v1": first, "main": api.model_info(repo).sha, "dev": api.model_info(repo, revision="dev").sha}


def check(mirror, repo, folder, history, tmp_path):
    from huggingface_hub import HfApi, snapshot_download

    api = HfApi(endpoint=mirror.endpoint, token=TOKEN)
    refs = api.list_repo_refs(repo)
    assert {r.name: r.target_commit for r in refs.branches + refs.tags} == history
    for revision in [*history, *history.values()]:
        mirror.at_home(tmp_path / "cli").hf("download", repo, "--revision", revision, "--local-dir", tmp_path / revision)
        got = hashes(tmp_path / revision)
        assert got.items() >= hashes(folder).items()
    path = snapshot_download(repo, revision=history["v1"], cache_dir=tmp_path / "cache", endpoint=mirror.endpoint, token=TOKEN)
    assert path.endswith(history["v1"])
    assert hashes(path) == hashes(folder)
    titles = [c.title for c in api.list_repo_commits(repo)]
    assert titles[0] == "Upload second.txt with huggingface_hub" and titles[-1] == "initial commit"


def test_folder_bundle_and_back(hub, repo, folder, history, tmp_path):
    hub.longcat("mirror", repo, tmp_path / "mirror")
    with served(hub, tmp_path / "mirror") as mirror:
        check(mirror, repo, folder, history, tmp_path / "a")
        mirror.at_home(tmp_path / "verified").hf("download", repo)
        mirror.at_home(tmp_path / "verified").hf("cache", "verify", repo)
    hub.without_network().longcat("mirror", tmp_path / "mirror", tmp_path / "models.tar")
    hub.without_network().longcat("mirror", tmp_path / "models.tar", tmp_path / "again")
    with served(hub, tmp_path / "again") as mirror:
        check(mirror, repo, folder, history, tmp_path / "b")


def test_mirror_while_it_is_served(hub, repo, folder, history, tmp_path, api):
    hub.longcat("mirror", repo, tmp_path / "mirror")
    with served(hub, tmp_path / "mirror") as mirror:
        api.upload_file(path_or_fileobj=b"third", path_in_repo="third.txt", repo_id=repo)
        hub.longcat("mirror", repo, tmp_path / "mirror")
        mirror.at_home(tmp_path / "later").hf("download", repo, "third.txt", "--local-dir", tmp_path / "out")
        assert (tmp_path / "out" / "third.txt").read_bytes() == b"third"
        assert "403" in mirror.hf("upload", repo, folder, fails=True).stderr


def test_upstream(hub, repo, folder, history, tmp_path):
    with served(hub, tmp_path / "copy", "--upstream", hub.endpoint) as mirror:
        check(mirror, repo, folder, history, tmp_path / "c")
    with served(hub.without_network(), tmp_path / "copy", "--upstream", hub.without_network().endpoint) as mirror:
        check(mirror, repo, folder, history, tmp_path / "d")
