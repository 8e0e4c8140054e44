"""An agent who listens with aiocometd-ng or aiocometd and calls the API with aiohttp.

It reads requests as lines of JSON from standard input and writes to standard output, one line each, the answers
(`{"number": n, "answer": …}` or `{"number": n, "error": "…"}`) and the notifications (`{"message": {"channel", "data"}}`).
"""

import asyncio
import base64
import importlib
import json
import sys
import warnings

import aiohttp

from recall import Recall

# How long to wait before something that failed is tried again, in seconds.
PAUSE = 0.1


class Credentials:
    """Adds the Basic pair to every request and to the opening of a WebSocket. It is what both packages call an `Extension`."""

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

    def __init__(self, options):
        self.origin = options["origin"]
        self.endpoint = options["endpoint"]
        self.package = package(options["module"])
        pair = base64.b64encode(f"{options['user']}:handoff-demo".encode()).decode()
        self.authorization = f"Basic {pair}"
        self.recall = Recall(self.recover) if options["isCareful"] else None
        self.client = None
        self.topics = set()
        self.listening = None
        self.recoveries = set()

    async def perform(self, request):
        """Does what a request says and gives its answer."""
        return await getattr(self, f"do_{request['do']}")(request)

    async def do_connect(self, request):
        """Shakes hands and starts to listen."""
        wanted = self.package.ConnectionType(request["transport"])
        extensions = [Credentials(self.authorization)] + ([self.recall] if self.recall else [])
        self.client = self.package.Client(self.endpoint, wanted, extensions=extensions)
        await self.client.open()
        self.listening = asyncio.create_task(self.listen())
        return {"transport": self.client.connection_type.value}

    async def do_subscribe(self, request):
        """Subscribes to one topic."""
        await self.client.subscribe(request["topic"])
        self.topics.add(request["topic"])
        return {}

    async def do_settle(self, _request):
        """Waits until every subscription that is being repeated is taken."""
        await asyncio.gather(*self.recoveries)
        return {}

    async def do_unsubscribe(self, request):
        """Gives up a subscription."""
        # A repeated subscription that is still under way would outlive what is given up here.
        await self.do_settle(request)
        self.topics.discard(request["topic"])
        await self.client.unsubscribe(request["topic"])
        return {}

    async def do_publish(self, request):
        """Publishes."""
        await self.client.publish(request["topic"], request["data"])
        return {}

    async def do_disconnect(self, _request):
        """Takes leave."""
        for task in [self.listening, *self.recoveries]:
            task.cancel()
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
        """Passes on what is published. The client goes on after it has told that the connection is lost, and so does this."""
        while not self.client.closed:
            try:
                message = await self.client.receive()
            except self.package.exceptions.TransportTimeoutError:
                await asyncio.sleep(PAUSE)
                continue
            kind = self.recall.take(message) if self.recall else "new"
            if kind == "new":
                say({"message": {"channel": message["channel"], "data": message["data"]}})
            elif kind == "gap":
                self.recover()

    def recover(self):
        """Asks for what was missed, by subscribing again."""
        task = asyncio.create_task(self.subscribe_again())
        self.recoveries.add(task)
        task.add_done_callback(self.recoveries.discard)

    async def subscribe_again(self):
        """Repeats every subscription until it is taken. The client forgets one that is refused because its session is over."""
        exceptions = self.package.exceptions
        for topic in list(self.topics):
            while topic in self.topics:
                try:
                    await self.client.subscribe(topic)
                    break
                except (exceptions.TransportError, exceptions.ServerError):
                    await asyncio.sleep(PAUSE)


def package(module):
    """Gives one of the two packages, whose interfaces are the same."""
    if module == "aiocometd":
        loaded = importlib.import_module("older_client").load()
    else:
        loaded = importlib.import_module(module)
    importlib.import_module(f"{module}.exceptions")
    return loaded


def say(line):
    """Writes one line at once."""
    print(json.dumps(line), flush=True)


def is_expected(error):
    """Tells whether the clients leave this behind when they are closed, or lose the connection as they are meant to here.

    aiocometd-ng 0.5.6 still has one `wait_for(…, loop=…)`, in the watch over a lost connection: it breaks, and `receive` then tells
    at once, and not after `connection_timeout`, that the connection is lost.
    """
    is_broken_watch = isinstance(error, TypeError) and "'loop'" in str(error)
    return is_broken_watch or isinstance(error, (asyncio.CancelledError, aiohttp.ClientError))


def report(loop, context):
    """Reports what went wrong in the background."""
    if not is_expected(context.get("exception")):
        loop.default_exception_handler(context)


async def main(options):
    """Serves requests until standard input ends."""
    agent = Agent(options)
    reader = asyncio.StreamReader(limit=1 << 20)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(report)
    # The other half of the broken watch, see is_expected.
    warnings.filterwarnings("ignore", message="coroutine .*wait_for_state", category=RuntimeWarning)
    await loop.connect_read_pipe(lambda: asyncio.StreamReaderProtocol(reader), sys.stdin)
    while line := await reader.readline():
        request = json.loads(line)
        try:
            say({"number": request["number"], "answer": await agent.perform(request)})
        except Exception as error:  # Whatever it is, the other side has to be told; it fails the script.
            say({"number": request["number"], "error": f"{type(error).__name__}: {error}"})


if __name__ == "__main__":
    asyncio.run(main(json.loads(sys.argv[1])))
