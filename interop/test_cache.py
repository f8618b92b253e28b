"""The cache on disk belongs to both programs."""

import warnings

from conftest import hashes
from huggingface_hub import hf_hub_download, scan_cache_dir, snapshot_download, try_to_load_from_cache


def blobs(hub, repo):
    """Identity and time of every file that holds content."""
    dir = hub.cache / f"models--{repo.replace('/', '--')}" / "blobs"
    stats = {p.name: p.stat() for p in dir.iterdir() if not p.name.endswith(".lock")}
    return {name: (s.st_ino, s.st_mtime_ns, s.st_size) for name, s in stats.items()}


def check_scan(hub, repo, folder):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        scan = scan_cache_dir(hub.cache)
    assert not scan.warnings
    assert not scan.incomplete_files
    [found] = scan.repos
    assert found.repo_id == repo
    [revision] = found.revisions
    assert revision.refs == {"main"}
    assert {f.file_name for f in revision.files} >= {name.rsplit("/")[-1] for name in hashes(folder)}


def test_python_finds_what_longcat_fetched(hub, repo, folder):
    hub.hf("upload", repo, folder)
    hub.longcat("download", repo)
    fetched = blobs(hub, repo)
    snapshot = snapshot_download(repo, cache_dir=hub.cache, local_files_only=True)
    assert hashes(snapshot) == hashes(folder)
    for name in hashes(folder):
        assert hf_hub_download(repo, name, cache_dir=hub.cache, local_files_only=True)
        assert try_to_load_from_cache(repo, name, cache_dir=hub.cache)
    check_scan(hub, repo, folder)
    hub.hf("download", repo)
    assert blobs(hub, repo) == fetched, "hf fetched again"
    hub.hf("cache", "verify", repo)


def test_longcat_finds_what_python_fetched(hub, repo, folder):
    hub.hf("upload", repo, folder)
    hub.hf("download", repo)
    fetched = blobs(hub, repo)
    hub.longcat("download", repo)
    assert blobs(hub, repo) == fetched, "longcat fetched again"
    offline = hub.without_network().longcat("download", repo, HF_HUB_OFFLINE="1")
    assert hashes(offline.stdout.strip().splitlines()[-1]) == hashes(folder)
    check_scan(hub, repo, folder)


def test_both_fetch_parts(hub, repo, folder):
    hub.hf("upload", repo, folder)
    hub.longcat("download", repo, "weights.safetensors")
    hub.hf("download", repo, "config.json")
    hub.longcat("download", repo)
    check_scan(hub, repo, folder)
    assert hashes(snapshot_download(repo, cache_dir=hub.cache, local_files_only=True)) == hashes(folder)


def test_offline_says_what_is_missing(hub, repo, folder):
    hub.hf("upload", repo, folder)
    hub.hf("download", repo, "config.json")
    failed = hub.without_network().longcat("download", repo, "weights.safetensors", HF_HUB_OFFLINE="1", fails=True)
    assert "weights.safetensors" in failed.stderr


def test_local_dir_metadata(hub, repo, folder, tmp_path):
    """Both write the same notes beside the files, and believe each other's."""
    hub.hf("upload", repo, folder)
    plain = tmp_path / "plain"
    hub.longcat("download", repo, "--local-dir", plain)
    times = {name: (plain / name).stat().st_mtime_ns for name in hashes(plain)}
    hub.hf("download", repo, "--local-dir", plain)
    hub.longcat("download", repo, "--local-dir", plain)
    assert {name: (plain / name).stat().st_mtime_ns for name in hashes(plain)} == times
    notes = {p.relative_to(plain / ".cache/huggingface/download").as_posix() for p in plain.glob(".cache/huggingface/download/**/*.metadata")}
    assert notes >= {name + ".metadata" for name in hashes(folder)}
