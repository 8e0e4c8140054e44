// A server that was broken into: it answers the widget of one page with whatever a test wants to be said, also what the real one never
// would.

const KEYS = {chatId: "1", userId: "1", secureKey: "1", alias: "1", chatEnded: false, userData: {}};

/** Answers for the server in this page; `messages` are told as if they came from it, and `more` (read anew each time) stands in every
 * answer. */
export async function answerFor(page, messages, more = {}) {
    await page.routeWebSocket(/\/genesys\/cometd/, (socket) => socket.close());
    await page.route("**/genesys/cometd/**", (route) => route.fulfill({status: 403, body: ""}));
    await page.route("**/genesys/2/chat-ntf", (route) => route.fulfill({body: "<script>parent.__hit=1</script>", contentType: "text/html"}));
    await page.route("**/genesys/2/chat/**", (route) => {
        const asked = new URLSearchParams(route.request().postData());
        const from = Number(asked.get("transcriptPosition")) || 1;
        const told = messages.filter(({index = from}) => index >= from);
        return route.fulfill({json: {statusCode: 0, ...KEYS, nextPosition: messages.length + 1, messages: told, ...more}});
    });
}

/** Makes entries of an agent, numbered in their order; each gives what differs. */
export function agentSays(...entries) {
    return entries.map((entry, at) => {
        const {nickname = "Kate", ...rest} = entry;
        return {from: {nickname, participantId: 2, type: "Agent"}, index: at + 1, type: "Message", utcTime: 0, ...rest};
    });
}
