"""What one program sends, the other gets."""

import json, signal, subprocess

import pytest
from conftest import LONGCAT, hashes


@pytest.fixture(params=["hf", "longcat"])
def sender(request):
    return request.param


@pytest.fixture(params=["hf", "longcat"])
def getter(request):
    return request.param


def test_upload_and_download(hub, sender, getter, repo, folder, tmp_path):
    getattr(hub, sender)("upload", repo, folder)
    receiver = hub.at_home(tmp_path / "receiver")
    download = getattr(receiver, getter)
    download("download", repo, "--local-dir", tmp_path / "plain")
    assert hashes(tmp_path / "plain") == hashes(folder)
    download("download", repo)
    [snapshot] = (receiver.cache / f"models--{repo.replace('/', '--')}" / "snapshots").iterdir()
    assert hashes(snapshot) == hashes(folder)


def test_one_file_into_a_folder(hub, sender, repo, folder, api):
    getattr(hub, sender)("upload", repo, folder / "weights.safetensors", "a/b.safetensors")
    assert set(api.list_repo_files(repo)) == {".gitattributes", "a/b.safetensors"}


def test_what_is_there_is_not_sent_again(hub, sender, repo, folder, api):
    getattr(hub, sender)("upload", repo, folder)
    before = api.model_info(repo).sha
    again = json.loads(hub.longcat("upload", repo, folder, "--json").stdout)
    assert again["sent"] == 0
    assert api.model_info(repo).sha == before


def test_interrupted_download(hub, repo, folder, tmp_path):
    hub.hf("upload", repo, folder)
    args = ["download", repo, "--local-dir", tmp_path / "plain", "--workers", "2"]
    with subprocess.Popen([LONGCAT, *args, "--limit-rate", "4MB"], env=hub.env(), stderr=subprocess.DEVNULL) as first:
        with pytest.raises(subprocess.TimeoutExpired):
            first.wait(1.5)
        first.send_signal(signal.SIGKILL)
    assert not (tmp_path / "plain" / "weights.safetensors").exists()
    hub.longcat(*args)
    assert hashes(tmp_path / "plain") == hashes(folder)
    # The Python client agrees that nothing is left to do.
    hub.hf("download", repo, "--local-dir", tmp_path / "plain")
    assert hashes(tmp_path / "plain") == hashes(folder)


def test_interrupted_download_into_the_cache_is_finished_by_hf(hub, repo, folder, tmp_path):
    hub.hf("upload", repo, folder)
    args = [LONGCAT, "download", repo, "--limit-rate", "4MB"]
    with subprocess.Popen(args, env=hub.env(), stderr=subprocess.DEVNULL) as first:
        with pytest.raises(subprocess.TimeoutExpired):
            first.wait(1.5)
        first.send_signal(signal.SIGKILL)
    hub.hf("download", repo)
    [snapshot] = (hub.cache / f"models--{repo.replace('/', '--')}" / "snapshots").iterdir()
    assert hashes(snapshot) == hashes(folder)
