"""Who may read and write, and what either program is told otherwise."""

import pytest
from conftest import TOKEN, hashes
from huggingface_hub import HfApi
from huggingface_hub.errors import HfHubHTTPError


def test_private_repo(hub, api, repo, folder, tmp_path):
    hub.longcat("upload", repo, folder, "--private")
    assert api.model_info(repo).private
    with pytest.raises(HfHubHTTPError) as hidden:
        HfApi(endpoint=hub.endpoint, token=False).model_info(repo)
    assert hidden.value.response.status_code == 401
    for run in hub.hf, hub.longcat:
        run("download", repo, "--local-dir", tmp_path / "none", HF_TOKEN=None, fails=True)
    assert hashes(tmp_path / "none") == {}
    hub.hf("download", repo, "--local-dir", tmp_path / "plain")
    assert hashes(tmp_path / "plain") == hashes(folder)
    api.update_repo_settings(repo, private=False)
    hub.hf("download", repo, "--local-dir", tmp_path / "public", HF_TOKEN=None)
    assert hashes(tmp_path / "public") == hashes(folder)


def test_public_repo_needs_no_token_to_read(hub, repo, folder, tmp_path):
    hub.longcat("upload", repo, folder)
    for run in hub.hf, hub.longcat:
        run("download", repo, "--local-dir", tmp_path / run.__name__, HF_TOKEN=None)
        assert hashes(tmp_path / run.__name__) == hashes(folder)


@pytest.mark.parametrize("token", [None, "hf_wrong"])
def test_writing_needs_the_token(hub, api, repo, folder, token):
    for run in hub.hf, hub.longcat:
        run("upload", repo, folder, HF_TOKEN=token, fails=True)
    assert not api.repo_exists(repo)
    with pytest.raises(HfHubHTTPError) as refused:
        HfApi(endpoint=hub.endpoint, token=token or False).create_repo(repo)
    assert refused.value.response.status_code == 401


def test_token_file(hub, repo, folder):
    """What "hf auth login" leaves is what longcat reads."""
    hub.home.mkdir()
    (hub.home / "token").write_text(TOKEN + "\n")
    said = hub.longcat("whoami", HF_TOKEN=None)
    assert "longcat" in said.stdout
    hub.longcat("upload", repo, folder, HF_TOKEN=None)
    hub.hf("auth", "whoami", HF_TOKEN=None)


def test_nothing_there(hub, repo):
    for run in hub.hf, hub.longcat:
        assert repo in run("download", repo, fails=True).stderr
