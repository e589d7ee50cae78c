"""A web server on this machine that misbehaves as told."""

import contextlib
import http.server
import threading
import time


class Server:
    """A web server that serves `content`, well or badly, by the first part of the path asked."""

    def __init__(self, content):
        self.content, self.asked = content, []
        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), self._handler())
        self._server.daemon_threads = True
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.02,))
        self._thread.start()

    def url(self, *manners):
        """An address whose server behaves as named: the n-th time asked, as the n-th word."""
        return f"http://127.0.0.1:{self._server.server_port}/{'/'.join(manners)}"

    def close(self):
        self._closing.set()
        self._server.shutdown()
        self._thread.join()
        self._server.server_close()

    def _handler(server):  # noqa: N805
        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):
                manners = self.path.strip("/").split("/")
                times = sum(path == self.path for path, _ in server.asked)
                start = int((self.headers.get("Range") or "bytes=0-")[6:-1])
                server.asked.append((self.path, start))
                with contextlib.suppress(ConnectionError):  # the client has had enough
                    server._serve(self, manners[min(times, len(manners) - 1)], start)

            def log_message(self, *_):
                pass

        return Handler

    def _serve(self, handler, manner, start):
        body, size = self.content[start:], len(self.content)
        if manner == "silent":
            self._closing.wait(30)
            return
        if manner == "babbles":
            handler.wfile.write(b"hello\r\n\r\n")
            return
        if manner.isdigit():
            handler.send_error(int(manner))
            return
        if manner in ("ignores-range", "endless"):
            body, start = self.content, 0
        handler.send_response(206 if start else 200)
        if start:
            offset = start + 1 if manner == "wrong-range" else start
            handler.send_header("Content-Range", f"bytes {offset}-{size - 1}/{size}")
        if manner != "endless":
            lie = {"too-short": -1, "too-long": 1}.get(manner, 0)
            handler.send_header("Content-Length", str(len(body) + lie))
        handler.end_headers()
        self._send(handler, manner, body)

    def _send(self, handler, manner, body):
        half = len(body) // 2
        if manner == "cut":
            body = body[:half]
        elif manner == "other-bytes":
            body = bytes(len(body))
        elif manner == "endless":
            while not self._closing.is_set():
                handler.wfile.write(body)
        elif manner == "stalls":
            handler.wfile.write(body[:half])
            self._closing.wait(30)
            return
        elif manner == "slow":
            for i in range(0, len(body), 1000):
                handler.wfile.write(body[i : i + 1000])
                time.sleep(0.01)
            return
        handler.wfile.write(body)
