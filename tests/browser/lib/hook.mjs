// Another system that is told by a webhook: it keeps what it is told, and answers as a test wants.

import {once} from "node:events";
import {createServer} from "node:http";

export class Hook {
    /** The ids and types of what came, in order. */
    told = [];
    status = 204;
    #server;

    static async start() {
        const hook = new Hook();
        hook.#server = createServer(async (request, response) => {
            const parts = await request.toArray();
            hook.told.push({id: request.headers["webhook-id"], type: JSON.parse(Buffer.concat(parts)).type});
            response.writeHead(hook.status).end();
        });
        hook.#server.listen(0, "127.0.0.1");
        await once(hook.#server, "listening");
        hook.address = `http://127.0.0.1:${hook.#server.address().port}/hook`;
        return hook;
    }

    /** How often something was told. */
    times(type) {
        return this.told.filter((one) => one.type === type).length;
    }

    stop() {
        this.#server.closeAllConnections();
        this.#server.close();
    }
}
