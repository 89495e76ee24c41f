# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""An API server of Kubernetes as far as lists and watches go, which can be told to misbehave.

It listens in a network namespace, over TLS if it is given a certificate. What is asked of it is
recorded; what is to go wrong is queued per resource and verb:

    api.fail("pods", "watch", status(403, "Forbidden"))    one answer instead of the right one
"""
import base64
import collections
import http.server
import json
import ssl
import threading
import time
import urllib.parse

PATHS = {
    "/api/v1/endpoints": ("endpoints", "Endpoints", "v1"),
    "/api/v1/namespaces": ("namespaces", "Namespace", "v1"),
    "/api/v1/pods": ("pods", "Pod", "v1"),
    "/api/v1/services": ("services", "Service", "v1"),
    "/apis/networking.k8s.io/v1/networkpolicies": ("networkpolicies", "NetworkPolicy",
                                                   "networking.k8s.io/v1"),
}
ESCAPED = "+/&= %"  # continue tokens begin with what a query must not hold as it is
PLURALS = [plural for plural, _, _ in PATHS.values()]
KINDS = {plural: (kind, version) for plural, kind, version in PATHS.values()}


def status(code, reason, message="because", headers=None):
    """An answer: a refusal in words."""
    body = json.dumps({"kind": "Status", "apiVersion": "v1", "status": "Failure", "code": code,
                       "reason": reason, "message": message}).encode()
    return lambda handler: handler.answer(code, body, headers)


def redirect(url):
    return lambda handler: handler.answer(302, b"", {"Location": url})


def raw(body):
    """An answer: these bytes, and status 200."""
    return lambda handler: handler.answer(200, body)


def lines(*events):
    """A watch that says this and ends as it should."""
    def play(handler):
        handler.begin_stream()
        for event in events:
            handler.stream(event if isinstance(event, bytes) else json.dumps(event).encode() + b"\n")
        handler.end_stream()
    return play


def cut(data):
    """A watch that breaks off after some bytes, however they end."""
    def play(handler):
        handler.begin_stream()
        handler.stream(data)
        handler.close_connection = True
        handler.connection.close()
    return play


def silent(until):
    """A watch that says nothing and does not end."""
    def play(handler):
        handler.begin_stream()
        until.wait(60)
        handler.close_connection = True
    return play


def gone(rv="x"):
    return {"type": "ERROR", "object": {"kind": "Status", "apiVersion": "v1", "code": 410,
                                        "reason": "Expired", "message": f"too old: {rv}"}}


class Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def log_message(self, *_):
        pass

    def answer(self, code, body, headers=None):
        self.send_response(code)
        for key, value in {"Content-Type": "application/json", **(headers or {})}.items():
            self.send_header(key, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def begin_stream(self):
        self.send_response(200)
        self.send_header("Transfer-Encoding", "chunked")
        self.end_headers()
        self.wfile.flush()

    def stream(self, data):
        self.wfile.write(b"%x\r\n%s\r\n" % (len(data), data))
        self.wfile.flush()

    def end_stream(self):
        self.wfile.write(b"0\r\n\r\n")

    def do_GET(self):
        try:
            self.server.api.serve(self)
        except OSError:
            self.close_connection = True


class Server(http.server.ThreadingHTTPServer):
    daemon_threads = True
    allow_reuse_address = True

    def __init__(self, address, api):
        self.api = api
        self.sockets = []
        super().__init__(address, Handler)

    def get_request(self):
        connection, address = super().get_request()
        self.sockets.append(connection)
        if self.api.tls:
            # The handshake is the handler thread's, by its first read.
            connection = self.api.tls.wrap_socket(connection, server_side=True,
                                                  do_handshake_on_connect=False)
            self.sockets.append(connection)
        return connection, address

    def handle_error(self, request, client_address):
        """Clients that turn away are no news."""


def server_context(cert, key, client_ca=None):
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)
    if client_ca:
        context.verify_mode = ssl.CERT_REQUIRED
        context.load_verify_locations(client_ca)
    return context


class Api:
    """Objects with versions, their history, and who asked for what."""

    def __init__(self, namespace, tls=None, host="127.0.0.1"):
        self.namespace = namespace
        self.tls = tls
        self.host = host
        self.port = 0
        self.token = None
        self.page = 500
        self.version = 1000
        self.objects = {plural: {} for plural in PLURALS}
        self.history = {plural: [] for plural in PLURALS}  # (version, event)
        self.oldest = dict.fromkeys(PLURALS, 0)
        self.snapshots = {}
        self.faults = collections.defaultdict(collections.deque)
        self.requests = []  # (plural, verb, query, headers)
        self.changed = threading.Condition()
        self.server = None
        self.start()

    def start(self):
        with self.namespace.entered():
            self.server = Server((self.host, self.port), self)
        self.port = self.server.server_address[1]
        self.closing = False
        threading.Thread(target=self.server.serve_forever, kwargs={"poll_interval": 0.02},
                         daemon=True).start()

    def stop(self):
        """As if it had been killed: connections end too. start() takes it up again."""
        with self.changed:
            self.closing = True
            self.changed.notify_all()
        self.server.shutdown()
        self.server.server_close()
        for s in self.server.sockets:
            try:
                s.shutdown(2)
            except OSError:
                pass
            s.close()

    @property
    def url(self):
        return f"http{'s' if self.tls else ''}://{self.host}:{self.port}"

    # The objects.

    def _record(self, plural, kind, obj):
        self.version += 1
        obj["metadata"]["resourceVersion"] = str(self.version)
        self.history[plural].append((self.version, {"type": kind, "object": obj}))
        self.changed.notify_all()

    def put(self, plural, obj):
        kind, version = KINDS[plural]
        obj = json.loads(json.dumps({"kind": kind, "apiVersion": version, **obj}))
        key = (obj["metadata"].get("namespace", ""), obj["metadata"]["name"])
        with self.changed:
            what = "MODIFIED" if key in self.objects[plural] else "ADDED"
            self.objects[plural][key] = obj
            self._record(plural, what, obj)

    def delete(self, plural, name, namespace=""):
        with self.changed:
            obj = dict(self.objects[plural].pop((namespace, name)))
            obj["metadata"] = dict(obj["metadata"])
            self._record(plural, "DELETED", obj)

    def bookmark(self, plural):
        kind, version = KINDS[plural]
        with self.changed:
            self._record(plural, "BOOKMARK", {"kind": kind, "apiVersion": version, "metadata": {}})

    def forget_history(self, plural):
        with self.changed:
            self.version += 1
            self.oldest[plural] = self.version
            self.history[plural].clear()
            self.snapshots.clear()

    # The wire.

    def fail(self, plural, verb, *answers):
        self.faults[plural, verb].extend(answers)

    def asked(self, plural=None, verb=None):
        with self.changed:
            return [r for r in self.requests if plural in (None, r[0]) and verb in (None, r[1])]

    def serve(self, handler):
        url = urllib.parse.urlsplit(handler.path)
        if url.path not in PATHS:
            status(404, "NotFound")(handler)
            return
        plural = PATHS[url.path][0]
        query = dict(urllib.parse.parse_qsl(url.query, strict_parsing=True))
        verb = "watch" if query.get("watch") else "list"
        with self.changed:
            self.requests.append((plural, verb, query, dict(handler.headers)))
            fault = self.faults[plural, verb].popleft() if self.faults[plural, verb] else None
        if self.token and handler.headers.get("Authorization") != f"Bearer {self.token}":
            status(401, "Unauthorized")(handler)
        elif fault:
            fault(handler)
        elif verb == "list":
            self.list(handler, plural, query)
        else:
            self.watch(handler, plural, query)

    def list(self, handler, plural, query):
        start, version = 0, None
        with self.changed:
            if "continue" in query:
                start, version = json.loads(base64.b64decode(query["continue"].removeprefix(ESCAPED)))
            else:
                version = self.version
                self.snapshots[plural, version] = [
                    self.objects[plural][key] for key in sorted(self.objects[plural])]
            items = self.snapshots.get((plural, version))
        if items is None:
            status(410, "Expired", "the continue token is too old")(handler)
            return
        end = start + min(int(query["limit"]), self.page)
        kind, api_version = KINDS[plural]
        meta = {"resourceVersion": str(version)}
        if end < len(items):
            token = base64.b64encode(json.dumps([end, version]).encode()).decode()
            meta["continue"] = ESCAPED + token
            meta["remainingItemCount"] = len(items) - end
        page = [{k: v for k, v in o.items() if k not in ("kind", "apiVersion")}
                for o in items[start:end]]
        handler.answer(200, json.dumps({"kind": f"{kind}List", "apiVersion": api_version,
                                        "metadata": meta, "items": page or None}).encode())

    def watch(self, handler, plural, query):
        after = int(query["resourceVersion"])
        end = time.monotonic() + int(query["timeoutSeconds"])
        handler.begin_stream()
        if after < self.oldest[plural]:
            handler.stream(json.dumps(gone(after)).encode() + b"\n")
        else:
            self._follow(handler, plural, after, end)
        handler.end_stream()

    def _follow(self, handler, plural, after, end):
        while True:
            with self.changed:
                news = [e for e in self.history[plural] if e[0] > after]
                left = end - time.monotonic()
                if not news and (left <= 0 or self.closing):
                    return
                if not news:
                    self.changed.wait(left)
                    continue
                text = [json.dumps(event).encode() + b"\n" for _, event in news]
            handler.stream(b"".join(text))
            after = news[-1][0]
