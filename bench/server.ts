// A keep-alive server in a process of its own, so that its work does not count as the client's.
import { createServer } from 'node:http';
import type { AddressInfo } from 'node:net';

const server = createServer((request, response) => {
  request.resume();
  response.end('{"ok":true}');
});
server.listen(0, '127.0.0.1', () => {
  process.send?.((server.address() as AddressInfo).port);
});
process.on('disconnect', () => {
  server.close();
  server.closeAllConnections();
});
