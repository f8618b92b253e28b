"""What the real Hub answers where servers that imitate it often differ."""

import json, struct, urllib.error, urllib.request

import pytest
from huggingface_hub import CommitOperationAdd, CommitOperationDelete, HfApi, HfFileSystem, hf_hub_download
from huggingface_hub.errors import HfHubHTTPError, RepositoryNotFoundError
from conftest import TOKEN

pytestmark = pytest.mark.parametrize("transfer", ["xet"], indirect=True)


@pytest.fixture
def anonymous(hub):
    return HfApi(endpoint=hub.endpoint, token=False)


def ask(hub, method, path, body=None, token=TOKEN, **headers):
    """One request as it is: status, headers, body."""
    request = urllib.request.Request(hub.endpoint + path, method=method, data=None if body is None else json.dumps(body).encode())
    for name, value in headers.items():
        request.add_header(name.replace("_", "-"), value)
    if body is not None:
        request.add_header("Content-Type", "application/json")
    if token:
        request.add_header("Authorization", "Bearer " + token)
    try:
        with urllib.request.urlopen(request) as answer:
            return answer.status, answer.headers, answer.read()
    except urllib.error.HTTPError as answer:
        return answer.code, answer.headers, answer.read()


def test_what_is_not_there_looks_missing_without_a_token(hub, api, anonymous, repo):
    api.create_repo(repo, private=True)
    assert not anonymous.repo_exists("longcat/missing")
    assert not anonymous.file_exists(repo, "x")
    with pytest.raises(RepositoryNotFoundError):
        hf_hub_download("longcat/missing", "x", token=False, endpoint=hub.endpoint, cache_dir=hub.cache)
    assert not HfFileSystem(endpoint=hub.endpoint, token=False).exists("longcat/missing/x")
    status, headers, _ = ask(hub, "HEAD", f"/{repo}/raw/main/x", token=None)
    assert status == 401 and "json" not in headers["Content-Type"]


def test_a_missing_file_names_the_commit(hub, api, repo):
    commit = api.create_repo(repo) and api.model_info(repo).sha
    status, headers, _ = ask(hub, "HEAD", f"/{repo}/resolve/main/none")
    assert status == 404 and headers["X-Repo-Commit"] == commit


def test_other_names_of_a_repo(hub, api, repo):
    api.create_repo(repo)
    api.upload_file(repo_id=repo, path_in_repo="f", path_or_fileobj=b"x")
    api.move_repo(repo, repo + "-new")
    assert open(hf_hub_download(repo, "f", token=TOKEN, endpoint=hub.endpoint, cache_dir=hub.cache)).read() == "x"
    api.upload_file(repo_id=repo.upper().replace("ME/", "Me/"), path_in_repo="g", path_or_fileobj=b"y")
    assert "g" in api.list_repo_files(repo + "-new")


def test_commits_as_git_takes_them(api, repo):
    api.create_repo(repo)
    api.create_commit(repo, [CommitOperationAdd(p, b"1") for p in ("f/a", "f/b", "g", "Readme.txt", "README.TXT")], commit_message="x")
    api.create_commit(repo, [CommitOperationDelete("f")], commit_message="d")
    assert api.list_repo_files(repo) == [".gitattributes", "README.TXT", "Readme.txt", "g"]
    assert api.list_repo_commits(repo, formatted=True)[0].formatted_title == "d"


def test_new_repos_have_a_card(hub, api, repo):
    api.create_repo(repo, repo_type="space", space_sdk="static")
    assert "README.md" in api.list_repo_files(repo, repo_type="space")
    owner, name = repo.split("/")
    assert ask(hub, "POST", "/api/repos/create", {"name": name, "organization": owner, "license": "mit"})[0] == 200
    assert api.model_info(repo).card_data.license == "mit"


def test_what_is_asked_of_a_model(api, repo):
    header = json.dumps({"w": {"dtype": "F32", "shape": [4], "data_offsets": [0, 16]}}).encode()
    api.create_repo(repo)
    api.create_commit(repo, [
        CommitOperationAdd("model.safetensors", struct.pack("<Q", len(header)) + header + bytes(16)),
        CommitOperationAdd("config.json", b'{"architectures":["GPT2LMHeadModel"],"model_type":"gpt2"}'),
    ], commit_message="x")
    info = api.model_info(repo)
    assert info.safetensors.parameters == {"F32": 4} and info.safetensors.total == 4
    assert info.pipeline_tag == "text-generation"
    assert api.model_info(repo, expand=["author"]).sha is None
    with pytest.raises(HfHubHTTPError):
        api.model_info(repo, expand=["foo"])
    assert list(api.list_models(gated=True)) == []
    assert list(api.list_models(expand=["downloads"], limit=1))[0].author is None
    assert [f.filename for f in api.list_lfs_files(repo)] == ["model.safetensors"]


@pytest.mark.parametrize("front", ["model-index: foo", "license: [1]"], ids=["index", "license"])
@pytest.mark.parametrize("before", ["", "\n"], ids=["at once", "below"])
def test_wrong_cards_are_refused(api, repo, before, front):
    api.create_repo(repo)
    with pytest.raises(ValueError, match="Invalid metadata in README.md"):
        api.upload_file(repo_id=repo, path_in_repo="README.md", path_or_fileobj=f"{before}---\n{front}\n---\n".encode())


def test_gates(hub, api, repo):
    api.create_repo(repo)
    api.update_repo_settings(repo, gated="auto")
    status, headers, _ = ask(hub, "GET", f"/{repo}/resolve/main/.gitattributes", token=None)
    assert (status, headers["X-Error-Code"]) == (401, "GatedRepo")


def test_pull_requests_are_merged_and_closed(api, repo):
    api.create_repo(repo)
    one = api.create_commit(repo, [CommitOperationAdd("z", b"z")], commit_message="one", create_pr=True)
    two = api.create_commit(repo, [CommitOperationAdd("y", b"y")], commit_message="two", create_pr=True)
    api.merge_pull_request(repo, one.pr_num, comment="thanks")
    assert api.change_discussion_status(repo, two.pr_num, "closed").new_status == "closed"
    assert api.rename_discussion(repo, two.pr_num, "other words").new_title == "other words"
    assert "z" in api.list_repo_files(repo) and "y" not in api.list_repo_files(repo)
    assert api.get_discussion_details(repo, one.pr_num).status == "merged"
    assert [d.num for d in api.get_repo_discussions(repo, discussion_status="closed")] == [two.pr_num]


def test_large_files_are_copied_between_repos(hub, api, repo):
    api.create_repo(repo)
    api.create_repo(repo + "-copy")
    api.upload_file(repo_id=repo, path_in_repo="big.bin", path_or_fileobj=bytes(12_000_000))
    sha = api.get_paths_info(repo, ["big.bin"])[0].lfs.sha256
    body = {"target": {"type": "model", "name": repo + "-copy"}, "files": [{"sha256": sha, "filename": "big.bin", "xetHash": "x"}]}
    status, _, answer = ask(hub, "POST", f"/api/models/{repo}/lfs-files/duplicate", body)
    assert status == 200 and json.loads(answer)["failed"] == []


def test_small_things(hub, api, repo):
    assert api.whoami()["fullname"] and api.whoami()["id"]
    assert ask(hub, "GET", "/api/models?limit=1", X_Request_Id="custom-id")[1]["X-Request-Id"] == "custom-id"
    api.create_repo("longcat/raw", exist_ok=True)
    assert api.list_repo_files("longcat/raw") == [".gitattributes"]
