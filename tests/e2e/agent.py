# SPDX-License-Identifier: GPL-2.0 OR BSD-2-Clause
"""weft agent on a host of the lab, its API, and what it says."""
import http.client
import json
import os
import signal
import socket
import time

from lab import WEFT
from netns import Process, wait_until
from openapi import Api

TIMEOUT = 10.0
API = Api()


class Connection(http.client.HTTPConnection):
    """HTTP over a UNIX socket."""

    def __init__(self, path):
        super().__init__("localhost", timeout=TIMEOUT)
        self.path = path

    def connect(self):
        self.sock = socket.socket(socket.AF_UNIX, socket.SOCK_STREAM)
        self.sock.settimeout(self.timeout)
        self.sock.connect(self.path)


class Agent:
    """An agent for a host, from start() to close(); its events are read as they are asked for."""

    def __init__(self, host, *args, file=None, interval=60, binary=WEFT):
        self.host = host
        self.file = file or host.lab.file
        self.args = args
        self.interval = interval
        self.binary = binary
        self.state = os.path.join(host.lab.dir, f"{host.node}.json")
        self.log = os.path.join(host.lab.dir, f"{host.node}.log")
        self.socket = f"/run/weft/{host.node}.sock"
        self.process = None
        self.seen = os.path.getsize(self.log) if os.path.exists(self.log) else 0  # of the log
        host.agent = self

    def start(self, env=None):
        with open(self.log, "a", encoding="utf-8") as log:
            self.process = Process(self.binary, "agent", self.file, "--node", self.host.node,
                                   "--netns", self.host.path, "--state", self.state,
                                   "--interval", self.interval, *self.args, out=log,
                                   env={**os.environ, **(env or {})})
        self.wait_ready()
        return self

    def wait_ready(self):
        def ready():
            assert self.process.popen.poll() is None, self.process.popen.stderr.read()
            try:
                return self.get("agent")
            except OSError:
                return None
        return wait_until("the agent's API", ready, TIMEOUT)

    def kill(self):
        self.process.popen.send_signal(signal.SIGKILL)
        self.process.popen.wait()
        self.process.close()

    def stop(self):
        """End it as a service manager would."""
        self.process.popen.send_signal(signal.SIGTERM)
        err = self.process.popen.communicate(timeout=TIMEOUT)[1]
        assert self.process.popen.returncode == 0 and not err, err

    def close(self):
        if self.process:
            self.process.close()
            self.process = None

    # -- the API -------------------------------------------------------------------------------

    def request(self, method, path, body=None, status=200):
        """Return: the answer's document; its status must be as said."""
        connection = Connection(self.socket)
        try:
            if body is not None and not isinstance(body, (str, bytes)):
                body = json.dumps(body)
            connection.request(method, f"/v1/{path}" if path is not None else "/v1", body)
            answer = connection.getresponse()
            text = answer.read().decode()
        finally:
            connection.close()
        assert answer.status == status, f"{method} {path}: {answer.status} {text}"
        return API.check(method, f"/v1/{path}" if path is not None else "/v1", answer.status,
                         answer.getheader("Content-Type"), text)

    def get(self, path, **kwargs):
        return self.request("GET", path, **kwargs)

    def put(self, kind, row, query="", **kwargs):
        return self.request("PUT", f"{kind}/{row['name']}{query}", row, **kwargs)

    def delete(self, kind, name, **kwargs):
        return self.request("DELETE", f"{kind}/{name}", **kwargs)

    def transact(self, put=None, delete=None, query="", **kwargs):
        return self.request("POST", f"transactions{query}", {"put": put or {}, "delete": delete or {}},
                            **kwargs)

    def in_step(self):
        return self.get("agent")["in_step"]

    # -- events --------------------------------------------------------------------------------

    def events(self):
        """Events since the last call."""
        with open(self.log, encoding="utf-8") as f:
            f.seek(self.seen)
            text = f.read()
        whole = text[:text.rfind("\n") + 1]
        self.seen += len(whole.encode())
        events = [json.loads(line) for line in whole.splitlines()]
        for event in events:
            API.check_event(event)
        return events

    def expect(self, event, **fields):
        """Wait for an event with these fields. Return: it."""
        found = []

        def come():
            found.extend(self.events())
            return [e for e in found if e["event"] == event
                    and all(e.get(k) == v for k, v in fields.items())]
        try:
            return wait_until("", come, TIMEOUT)[0]
        except AssertionError:
            raise AssertionError(f"no event {event} {fields} among {found}") from None

    def quiet(self, seconds=0.3):
        """Nothing is said for a while."""
        self.events()
        time.sleep(seconds)
        said = self.events()
        assert not said, said
