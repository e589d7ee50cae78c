import pytest

from tests.convbook.data.server import Server


@pytest.fixture(autouse=True)
def cache(tmp_path, monkeypatch):
    """An empty cache of the test's own; no data named by the machine."""
    folder = tmp_path / "cache"
    monkeypatch.setenv("CONVBOOK_CACHE", str(folder))
    monkeypatch.delenv("CONVBOOK_DATA", raising=False)
    monkeypatch.setenv("no_proxy", "*")
    return folder


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
