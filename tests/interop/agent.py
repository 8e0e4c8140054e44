"""An agent who listens with aiocometd-ng and calls the API with aiohttp.

It reads requests as lines of JSON from standard input and writes to standard output, one line each, the answers
(`{"number": n, "answer": …}` or `{"number": n, "error": "…"}`) and the notifications (`{"message": {"channel", "data"}}`).
"""

import asyncio
import base64
import json
import sys

import aiohttp
from aiocometd_ng import Client, ConnectionType
from aiocometd_ng.extensions import Extension


class Credentials(Extension):
    """Adds the Basic pair to every request and to the opening of a WebSocket."""

    def __init__(self, authorization):
        self.authorization = authorization

    async def outgoing(self, payload, headers):
        """Adds the header."""
        if headers is not None:
            headers["Authorization"] = self.authorization

    async def incoming(self, payload, headers=None):
        """Has nothing to do."""


class Agent:
    """One agent: a CometD client, and an HTTP client beside it."""

    def __init__(self, origin, user):
        self.origin = origin
        pair = base64.b64encode(f"{user}:handoff-demo".encode()).decode()
        self.authorization = f"Basic {pair}"
        self.client = None
        self.listening = None

    async def perform(self, request):
        """Does what a request says and gives its answer."""
        return await getattr(self, f"do_{request['do']}")(request)

    async def do_connect(self, request):
        """Shakes hands and starts to listen."""
        wanted = ConnectionType(request["transport"])
        url = f"{self.origin}/api/v2/notifications"
        self.client = Client(url, wanted, extensions=[Credentials(self.authorization)])
        await self.client.open()
        self.listening = asyncio.create_task(self.listen())
        return {"transport": self.client.connection_type.value}

    async def do_subscribe(self, request):
        """Subscribes to one topic."""
        await self.client.subscribe(request["topic"])
        return {}

    async def do_disconnect(self, _request):
        """Takes leave."""
        self.listening.cancel()
        await self.client.close()
        return {}

    async def do_call(self, request):
        """Calls the API; a fresh session, so that only the Basic pair speaks for the agent."""
        url = f"{self.origin}/api/v2{request['path']}"
        headers = {"Authorization": self.authorization}
        async with aiohttp.ClientSession(headers=headers) as session:
            async with session.request(request["method"], url, json=request.get("body")) as response:
                return {"status": response.status, "value": await response.json()}

    async def listen(self):
        """Passes on what is published."""
        async for message in self.client:
            say({"message": {"channel": message["channel"], "data": message["data"]}})


def say(line):
    """Writes one line at once."""
    print(json.dumps(line), flush=True)


def report(loop, context):
    """Reports what went wrong in the background, but for the polls that the client itself cancels when it is closed."""
    if not isinstance(context.get("exception"), asyncio.CancelledError):
        loop.default_exception_handler(context)


async def main(origin, user):
    """Serves requests until standard input ends."""
    agent = Agent(origin, user)
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(report)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        request = json.loads(line)
        try:
            say({"number": request["number"], "answer": await agent.perform(request)})
        except Exception as error:  # Whatever it is, the other side has to be told; it fails the script.
            say({"number": request["number"], "error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
