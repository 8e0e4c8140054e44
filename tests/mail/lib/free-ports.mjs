// Prints free ports of 127.0.0.1, one to a line. Usage: node free-ports.mjs COUNT

import {createServer} from "node:net";

const servers = Array.from({length: Number(process.argv[2])}, () => createServer());
// All are held until all are known, so that they differ.
await Promise.all(servers.map(server => new Promise(done => server.listen(0, "127.0.0.1", done))));
for (const server of servers) {
    console.log(server.address().port);
    server.close();
}
