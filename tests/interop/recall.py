"""What a client remembers so that it can ask for what it missed (docs/compat/notifications.md#replay, `replay`); lib/recall.mjs is the same in JavaScript."""


class Recall:
    """The number of the last notification of each topic, and whether a poll went unanswered.

    It has the methods of both packages' `Extension`, and is handed to the client as one.
    """

    def __init__(self, recover):
        self.recover = recover
        self.last = {}
        self.is_polling = False
        self.is_in_doubt = False

    def take(self, message):
        """Judges a notification: "new" is to be used; "old" was there before; at a "gap" something is missing, and it will come again."""
        channel, sequence = message["channel"], message["data"].get("sequence")
        if sequence is None:
            return "new"
        last = self.last.get(channel, sequence - 1)
        if sequence != last + 1:
            return "old" if sequence <= last else "gap"
        self.last[channel] = sequence
        return "new"

    async def outgoing(self, payload, _headers):
        """Adds to subscribe messages where to begin; notices that a poll is sent without an answer to the one before."""
        for message in payload:
            if message["channel"] == "/meta/subscribe":
                topic = message["subscription"]
                start = dict(self.last) if topic.endswith("*") else self.last.get(topic, -1)
                message["ext"] = {"replay": start}
            elif message["channel"] == "/meta/connect":
                self.is_in_doubt |= self.is_polling
                self.is_polling = True

    async def incoming(self, payload, _headers=None):
        """Recovers once the connection works again: an answer that broke may have carried notifications."""
        for message in payload:
            if message["channel"] == "/meta/connect":
                self.is_polling = False
                if self.is_in_doubt and message["successful"]:
                    self.is_in_doubt = False
                    self.recover()
