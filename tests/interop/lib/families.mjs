// The clients of the check list (family.mjs).

import {TRANSPORTS} from "./desks.mjs";
import {FayeAgent} from "./faye-agent.mjs";
import {JavaScriptAgent} from "./javascript-agent.mjs";
import {PythonAgent} from "./python-agent.mjs";

/**
 * The clients: how to make an agent with one, whether it has the `ack` extension, on which transports it can send several messages
 * of its user's choice in one request, on which it notices an answer that ends too early (faye 1.4.3 waits for its own time limit over
 * long-polling, by which time the session is over), and the pattern it subscribes to.
 */
export const FAMILIES = {
    "cometd-9": {
        agent: (user, options) => new JavaScriptAgent(user, {...options, version: 9}),
        hasAck: true,
        batches: TRANSPORTS,
        noticesCuts: TRANSPORTS,
        pattern: "/v2/me/*",
    },
    "cometd-3": {
        agent: (user, options) => new JavaScriptAgent(user, {...options, version: 3}),
        hasAck: true,
        batches: TRANSPORTS,
        noticesCuts: TRANSPORTS,
        pattern: "/v2/me/**",
    },
    faye: {
        agent: (user, options) => new FayeAgent(user, options),
        hasAck: false,
        batches: ["long-polling"],
        noticesCuts: ["websocket"],
        pattern: "/v2/me/*",
    },
    "aiocometd-ng": {
        agent: (user, options) => new PythonAgent(user, {...options, module: "aiocometd_ng"}),
        hasAck: false,
        batches: [],
        noticesCuts: TRANSPORTS,
        pattern: "/v2/me/**",
    },
    aiocometd: {
        agent: (user, options) => new PythonAgent(user, {...options, module: "aiocometd"}),
        hasAck: false,
        batches: [],
        noticesCuts: TRANSPORTS,
        pattern: "/v2/me/*",
    },
};
