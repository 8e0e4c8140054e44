// A faye server on a free port of 127.0.0.1, with the reference server's connect timeout. GET /gc collects garbage, so that memory can be
// compared; it needs `node --expose-gc`.
"use strict";

const http = require("node:http");
const faye = require("faye");

const server = http.createServer((request, response) => {
  if (request.url === "/gc") {
    global.gc();
  }
  response.end();
});
new faye.NodeAdapter({ mount: "/cometd", timeout: 30 }).attach(server);
server.keepAliveTimeout = 120000;
server.requestTimeout = 0;
server.listen({ host: "127.0.0.1", port: 0, backlog: 1024 }, () => {
  console.log(`listening on http://127.0.0.1:${server.address().port}`);
});
