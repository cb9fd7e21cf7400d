// A forward proxy on this machine through which Chrome reaches everything but this machine itself.
//
// It resolves each name once, judges every address of it, and connects to an address that it judged.
// So redirects, subresources and names that change their meaning meet the same rule as the page.

import dns from 'node:dns/promises';
import http from 'node:http';
import net from 'node:net';

const CONNECT_TIMEOUT_MS = 30_000;
const HOP_BY_HOP = new Set(['connection', 'keep-alive', 'proxy-authorization', 'proxy-connection']);

/** What Chrome asks for directly: this machine by its own names, and nothing else. */
export const BYPASS = '<-loopback>;localhost;localhost.;*.localhost;*.localhost.;127.0.0.1;[::1]';

/**
 * Start the proxy.
 * @param {string[]} refusedNetworks - in CIDR notation
 * @return {Promise<string>} its address, for --proxy-server
 */
export async function startProxy(refusedNetworks) {
  const refused = new net.BlockList();
  for (const network of refusedNetworks) {
    const [address, prefix] = network.split('/');
    refused.addSubnet(address, Number(prefix), net.isIPv6(address) ? 'ipv6' : 'ipv4');
  }
  const server = http.createServer((request, response) => forward(request, response, refused));
  server.on('connect', (request, socket, head) => tunnel(request, socket, head, refused));
  server.on('upgrade', (request, socket, head) => upgrade(request, socket, head, refused));
  await new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen(0, '127.0.0.1', resolve);
  });
  server.unref();
  return `http://127.0.0.1:${server.address().port}`;
}

/** Resolve a host and return an address that may be reached; throws when none may. */
async function allowedAddress(host, refused) {
  const found = await dns.lookup(host.replace(/^\[|\]$/g, ''), {all: true});
  if (found.some(({address}) => isRefused(address, refused))) {
    throw new Error(`${host} is at an address that is refused`);
  }
  return found[0].address;
}

function isRefused(address, refused) {
  if (net.isIPv4(address)) return refused.check(address, 'ipv4');
  const embedded = embeddedIPv4(address);
  return refused.check(address, 'ipv6') || (embedded && refused.check(embedded, 'ipv4'));
}

// The IPv4 address inside a mapped (::ffff:0:0/96), NAT64 (64:ff9b::/96, 64:ff9b:1::/48) or 6to4
// (2002::/16) one.
function embeddedIPv4(address) {
  const groups = expand(address);
  const prefix = groups.slice(0, 6).join(':');
  let pair;
  const translated = groups[0] === '64' && groups[1] === 'ff9b';
  if (prefix === '0:0:0:0:0:ffff' || translated) pair = groups.slice(6);
  else if (groups[0] === '2002') pair = groups.slice(1, 3);
  else return null;
  return pair.flatMap(group => [parseInt(group, 16) >> 8, parseInt(group, 16) & 255]).join('.');
}

function expand(address) {
  const canonical = new URL(`http://[${address.split('%')[0]}]`).hostname.slice(1, -1);
  const [head, tail] = canonical.split('::').map(part => part.split(':').filter(Boolean));
  if (!tail) return head;
  return [...head, ...Array(8 - head.length - tail.length).fill('0'), ...tail];
}

async function forward(request, response, refused) {
  try {
    const url = new URL(request.url);
    const upstream = http.request({
      host: await allowedAddress(url.hostname, refused),
      port: url.port || 80,
      method: request.method,
      path: url.pathname + url.search,
      headers: withoutHops(request.headers),
      timeout: CONNECT_TIMEOUT_MS,
    });
    upstream.on('response', answer => {
      response.writeHead(answer.statusCode, answer.statusMessage, answer.rawHeaders);
      answer.pipe(response);
    });
    upstream.on('error', () => response.destroy());
    response.on('close', () => upstream.destroy());
    request.pipe(upstream);
  } catch {
    response.destroy(); // Chrome then says that the connection failed
  }
}

async function tunnel(request, socket, head, refused) {
  socket.on('error', () => socket.destroy());
  try {
    const {hostname, port} = new URL(`http://${request.url}`);
    const upstream = await connect(await allowedAddress(hostname, refused), port || 443, socket);
    socket.write('HTTP/1.1 200 OK\r\n\r\n');
    splice(socket, upstream, head);
  } catch {
    socket.end('HTTP/1.1 403 Forbidden\r\n\r\n');
  }
}

async function upgrade(request, socket, head, refused) {
  socket.on('error', () => socket.destroy());
  try {
    const url = new URL(request.url);
    const upstream = await connect(await allowedAddress(url.hostname, refused), url.port || 80, socket);
    const lines = [`${request.method} ${url.pathname}${url.search} HTTP/1.1`];
    for (let at = 0; at < request.rawHeaders.length; at += 2) {
      lines.push(`${request.rawHeaders[at]}: ${request.rawHeaders[at + 1]}`);
    }
    upstream.write(lines.join('\r\n') + '\r\n\r\n');
    splice(socket, upstream, head);
  } catch {
    socket.destroy();
  }
}

function connect(host, port, socket) {
  return new Promise((resolve, reject) => {
    const upstream = net.connect({host, port: Number(port), timeout: CONNECT_TIMEOUT_MS});
    upstream.once('connect', () => resolve(upstream.setTimeout(0)));
    upstream.once('timeout', () => upstream.destroy(new Error('timeout')));
    upstream.once('error', reject);
    socket.once('close', () => upstream.destroy());
  });
}

function splice(socket, upstream, head) {
  upstream.on('error', () => socket.destroy());
  upstream.on('close', () => socket.destroy());
  if (head.length > 0) upstream.write(head);
  upstream.pipe(socket);
  socket.pipe(upstream);
}

function withoutHops(headers) {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !HOP_BY_HOP.has(name)));
}
