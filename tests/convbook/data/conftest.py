import pytest
import torch

from tests.convbook.data.server import Server


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache of the test's own; no data named by the machine."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CONVBOOK_CACHE", str(folder))
    monkeypatch.delenv("CONVBOOK_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    return folder


@pytest.fixture(autouse=True)
def one_thread():
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


@pytest.fixture
def serve():
    """Start a server of the given bytes."""
    servers = []

    def serve(content):
        servers.append(Server(content))
        return servers[-1]

    yield serve
    for server in servers:
        server.close()
