// A proxy that takes a prefix off, as one does who has several things on one address. Whatever is
// asked for beside the prefix is not there.

import {once} from "node:events";
import {createServer, request} from "node:http";
import {connect} from "node:net";

/** Serves `origin` below `prefix`, which ends in a slash; ends with `close`. */
export async function below(prefix, origin) {
    const {hostname, port} = new URL(origin);
    const inner = (url) => (url.startsWith(prefix) ? url.slice(prefix.length - 1) : undefined);
    const proxy = createServer((asked, answer) => {
        const path = inner(asked.url);
        if (path === undefined) {
            answer.writeHead(404).end();
            return;
        }
        const {method, headers} = asked;
        const passed = request({hostname, port, path, method, headers}, (given) => {
            answer.writeHead(given.statusCode, given.headers);
            given.pipe(answer);
        });
        passed.on("error", () => answer.destroy());
        asked.pipe(passed);
    });
    proxy.on("upgrade", (asked, socket, head) => {
        const path = inner(asked.url);
        const passed = connect(Number(port), hostname, () => {
            const lines = Object.entries(asked.headers).map(([name, value]) => `${name}: ${value}`);
            passed.write([`GET ${path} HTTP/1.1`, ...lines, "", ""].join("\r\n"));
            passed.write(head);
            passed.pipe(socket).pipe(passed);
        });
        passed.on("error", () => socket.destroy());
        socket.on("error", () => passed.destroy());
    });
    await once(proxy.listen(0, "127.0.0.1"), "listening");
    const close = () => {
        proxy.close();
        proxy.closeAllConnections();
    };
    return {address: `http://127.0.0.1:${proxy.address().port}${prefix}`, close};
}
