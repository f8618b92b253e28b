"""The calls of HfApi against a hub that longcat serves."""

import hashlib, io, json

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationCopy, CommitOperationDelete, HfFileSystem, ModelCard
from huggingface_hub.errors import EntryNotFoundError, HfHubHTTPError, RepositoryNotFoundError, RevisionNotFoundError
from conftest import TOKEN, hashes

BIG = bytes(range(256)) * 50_000  # 12.8 MB
CARD = "---\nlicense: apache-2.0\nlanguage:\n- en\ntags:\n- merge\nbase_model: someone/base\n---\n# A card\n"


def test_life_of_a_repo(api, repo):
    assert not api.repo_exists(repo)
    api.create_repo(repo)
    with pytest.raises(HfHubHTTPError) as there:
        api.create_repo(repo)
    assert there.value.response.status_code == 409
    api.create_repo(repo, exist_ok=True)
    assert api.repo_exists(repo)
    assert api.whoami()["name"] == "longcat"
    assert api.model_info(repo).private is False
    assert api.list_repo_files(repo) == [".gitattributes"]
    api.delete_repo(repo)
    assert not api.repo_exists(repo)
    with pytest.raises(RepositoryNotFoundError):
        api.model_info(repo)
    with pytest.raises(RepositoryNotFoundError):
        api.delete_repo(repo)
    api.delete_repo(repo, missing_ok=True)


@pytest.mark.parametrize("kind", ["model", "dataset", "space"])
def test_types_of_repos(api, repo, kind):
    api.create_repo(repo, repo_type=kind, space_sdk="static" if kind == "space" else None)
    api.upload_file(path_or_fileobj=BIG, path_in_repo="data.bin", repo_id=repo, repo_type=kind)
    assert "data.bin" in api.list_repo_files(repo, repo_type=kind)
    assert api.repo_info(repo, repo_type=kind).id == repo
    for other in {"model", "dataset", "space"} - {kind}:
        assert not api.repo_exists(repo, repo_type=other)


def test_tree(api, repo, folder):
    api.create_repo(repo)
    api.upload_folder(repo_id=repo, folder_path=folder)
    tree = {e.path: e for e in api.list_repo_tree(repo, recursive=True)}
    want = hashes(folder)
    assert {p for p, e in tree.items() if hasattr(e, "size")} == {".gitattributes", *want}
    assert {p for p, e in tree.items() if not hasattr(e, "size")} == {"sub", "sub/folder"}
    assert tree["weights.safetensors"].lfs.sha256 == want["weights.safetensors"]
    assert tree["weights.safetensors"].size == 12_000_000
    content = (folder / "config.json").read_bytes()
    assert tree["config.json"].blob_id == hashlib.sha1(b"blob %d\0" % len(content) + content).hexdigest()
    assert {e.path for e in api.list_repo_tree(repo, "sub")} == {"sub/folder", "sub/notes ä & b.txt"}
    assert [e.path for e in api.get_paths_info(repo, ["config.json", "not-there"])] == ["config.json"]
    assert api.file_exists(repo, "empty.txt") and not api.file_exists(repo, "not-there")
    info = api.model_info(repo, files_metadata=True)
    sizes = {s.rfilename: s.size for s in info.siblings}
    assert sizes["weights.safetensors"] == 12_000_000 and sizes["empty.txt"] == 0


def test_branches_and_tags(api, repo):
    api.create_repo(repo)
    first = api.upload_file(path_or_fileobj=b"one", path_in_repo="a.txt", repo_id=repo).oid
    api.create_branch(repo, branch="next")
    api.create_tag(repo, tag="v1", tag_message="the first")
    second = api.upload_file(path_or_fileobj=b"two", path_in_repo="a.txt", repo_id=repo, revision="next").oid
    refs = api.list_repo_refs(repo)
    assert {b.name: b.target_commit for b in refs.branches} == {"main": first, "next": second}
    assert {t.name: t.target_commit for t in refs.tags} == {"v1": first}
    assert api.model_info(repo, revision="next").sha == second
    assert api.revision_exists(repo, "v1") and not api.revision_exists(repo, "v2")
    assert [c.commit_id for c in api.list_repo_commits(repo, revision="next")][:2] == [second, first]
    with pytest.raises(HfHubHTTPError):
        api.create_branch(repo, branch="next")
    api.create_branch(repo, branch="next", exist_ok=True)
    with pytest.raises(HfHubHTTPError):
        api.create_tag(repo, tag="v1")
    api.delete_branch(repo, branch="next")
    api.delete_tag(repo, tag="v1")
    assert [b.name for b in api.list_repo_refs(repo).branches] == ["main"]
    with pytest.raises(RevisionNotFoundError):
        api.model_info(repo, revision="next")


def test_commits(api, repo, tmp_path):
    api.create_repo(repo)
    commit = api.create_commit(repo, [
        CommitOperationAdd("weights.bin", BIG), CommitOperationAdd("dir/a.txt", b"a"), CommitOperationAdd("dir/b.txt", b"b"),
    ], commit_message="first", commit_description="with words")
    api.create_commit(repo, [
        CommitOperationDelete("dir/", is_folder=True),
        CommitOperationCopy("weights.bin", "copy.bin"),
        CommitOperationAdd("c.txt", b"c"),
    ], commit_message="second", parent_commit=commit.oid)
    assert set(api.list_repo_files(repo)) == {".gitattributes", "weights.bin", "copy.bin", "c.txt"}
    assert "dir/a.txt" in api.list_repo_files(repo, revision=commit.oid)
    with pytest.raises(HfHubHTTPError) as conflict:
        api.create_commit(repo, [CommitOperationAdd("d.txt", b"d")], commit_message="late", parent_commit=commit.oid)
    assert conflict.value.response.status_code == 412
    api.delete_file("c.txt", repo)
    api.upload_file(path_or_fileobj=io.BytesIO(b"x"), path_in_repo="dir/x.txt", repo_id=repo)
    api.delete_folder("dir", repo)
    assert set(api.list_repo_files(repo)) == {".gitattributes", "weights.bin", "copy.bin"}
    copy = api.hf_hub_download(repo, "copy.bin", local_dir=tmp_path)
    assert open(copy, "rb").read() == BIG
    with pytest.raises(EntryNotFoundError):
        api.hf_hub_download(repo, "c.txt", local_dir=tmp_path)
    assert len(api.list_repo_commits(repo)) >= 4


def test_pull_request(api, repo):
    api.create_repo(repo)
    made = api.upload_file(path_or_fileobj=b"wish", path_in_repo="wish.txt", repo_id=repo, create_pr=True)
    assert made.pr_num == 1
    assert not api.file_exists(repo, "wish.txt")
    assert api.file_exists(repo, "wish.txt", revision="refs/pr/1")


def test_many_files(api, repo, tmp_path):
    for i in range(600):
        (tmp_path / f"{i % 7}").mkdir(exist_ok=True)
        (tmp_path / f"{i % 7}" / f"{i}.txt").write_text(str(i))
    api.create_repo(repo)
    api.upload_folder(repo_id=repo, folder_path=tmp_path)
    assert set(api.list_repo_files(repo)) == {".gitattributes", *hashes(tmp_path)}


def test_metadata_of_a_file(api, hub, repo):
    api.create_repo(repo)
    commit = api.upload_file(path_or_fileobj=BIG, path_in_repo="weights.bin", repo_id=repo).oid
    meta = api.get_hf_file_metadata(url=f"{hub.endpoint}/{repo}/resolve/main/weights.bin")
    assert (meta.commit_hash, meta.etag, meta.size) == (commit, hashlib.sha256(BIG).hexdigest(), len(BIG))


def test_card(api, hub, repo):
    api.create_repo(repo)
    api.upload_file(path_or_fileobj=CARD.encode(), path_in_repo="README.md", repo_id=repo)
    info = api.model_info(repo)
    assert info.card_data.license == "apache-2.0" and info.card_data.base_model == "someone/base"
    assert {"merge", "license:apache-2.0"} <= set(info.tags)
    path = api.hf_hub_download(repo, "README.md", cache_dir=hub.cache)
    assert ModelCard.load(path).data.tags == ["merge"]
    json.loads(hub.longcat("card", "check", repo, "--json", "--online").stdout)


def test_filesystem(hub, api, repo):
    api.create_repo(repo)
    fs = HfFileSystem(endpoint=hub.endpoint, token=TOKEN, skip_instance_cache=True)
    with fs.open(f"{repo}/dir/weights.bin", "wb") as f:
        f.write(BIG)
    assert fs.ls(f"{repo}/dir", detail=False) == [f"{repo}/dir/weights.bin"]
    with fs.open(f"{repo}/dir/weights.bin", "rb", block_size=1 << 16) as f:
        f.seek(12_345_678)
        assert f.read(100) == BIG[12_345_678:][:100]
    fs.rm(f"{repo}/dir", recursive=True)
    assert not fs.exists(f"{repo}/dir/weights.bin")
