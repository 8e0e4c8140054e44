// A cometd-nodejs-server on a free port of 127.0.0.1, with the reference server's timers. GET /gc collects garbage, so that memory can be
// compared; it needs `node --expose-gc`.
"use strict";

const http = require("node:http");
const cometd = require("cometd-nodejs-server").createCometDServer({ timeout: 30000, interval: 0, maxInterval: 10000 });

const server = http.createServer((request, response) => {
  if (request.url === "/gc") {
    global.gc();
    response.end();
  } else {
    cometd.handle(request, response);
  }
});
server.keepAliveTimeout = 120000;
server.requestTimeout = 0;
server.listen({ host: "127.0.0.1", port: 0, backlog: 1024 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
