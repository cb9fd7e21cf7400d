// The worker: one Node process with one Chrome that runs audits one after the other.
//
// It reads one JSON message per line from stdin and writes one per line to stdout:
//
//   → {"type": "start", "chrome", "folder", "sandbox", "boundCookies", "refusedNetworks"}
//   ← {"type": "ready", "chromePid"}
//   → {"type": "audit", "id", ...}      see audit.mjs
//   ← {"type": "progress", "id", "message"}
//   ← {"type": "result", "id", "lhr", "memory"}     memory: bytes resident in this process
//   ← {"type": "failed", "id", "code", "message"}
//
// When stdin ends, however that happens, it closes Chrome, removes its folder and exits. Chrome is
// spoken to over a pipe, not a port, so it ends too when this process is killed.

import fs from 'node:fs/promises';
import readline from 'node:readline';

import log from 'lighthouse-logger';

import {startBrowser} from './browser.mjs';
import {startProxy} from './proxy.mjs';

console.log = console.info = console.error; // stdout belongs to the protocol

const CLOSE_TIMEOUT_MS = 700;
const EXIT_TIMEOUT_MS = 3_000;

let session = null; // {browser, folder, runAudit} once started
let currentId = null;
let ending = false;

function send(message) {
  if (!ending) process.stdout.write(JSON.stringify(message) + '\n');
}

function say(message) {
  if (currentId !== null) send({type: 'progress', id: currentId, message});
}

function fail(error) {
  const code = error?.code ?? error?.name ?? 'Error';
  send({type: 'failed', id: currentId, code: String(code), message: String(error?.message ?? error)});
}

async function start({folder, refusedNetworks, ...options}) {
  const proxy = await startProxy(refusedNetworks);
  // Lighthouse takes as long to import as Chrome to start.
  const [browser, {runAudit}] = await Promise.all([
    startBrowser({folder, proxy, ...options}),
    import('./audit.mjs'),
  ]);
  session = {browser, folder, runAudit};
  browser.on('disconnected', () => end(ending ? 0 : 1));
  send({type: 'ready', chromePid: browser.process().pid});
}

async function audit(order) {
  const lhr = await session.runAudit(session.browser, order, say);
  send({type: 'result', id: order.id, lhr, memory: process.memoryUsage.rss()});
}

async function handle(message) {
  currentId = message.id ?? null;
  try {
    await {start, audit}[message.type](message);
  } catch (error) {
    fail(error);
  }
  currentId = null;
}

async function end(exitCode) {
  if (ending) return;
  ending = true;
  setTimeout(() => process.exit(1), EXIT_TIMEOUT_MS); // whatever happens below
  // Closed in peace, Chrome also waits for its own children to end; a hanging one is killed.
  const patience = setTimeout(() => session?.browser.process()?.kill('SIGKILL'), CLOSE_TIMEOUT_MS);
  await session?.browser.close().catch(() => {});
  clearTimeout(patience);
  if (session) await fs.rm(session.folder, {recursive: true, force: true, maxRetries: 5});
  process.exit(exitCode);
}

log.events.on('status', ([, message]) => say(String(message)));
process.on('uncaughtException', error => {
  fail(error);
  end(1);
});
process.on('unhandledRejection', error => {
  fail(error);
  end(1);
});
process.stdout.on('error', () => end(0)); // nobody reads any more: our parent was killed
process.on('SIGTERM', () => end(0));
process.on('SIGINT', () => {}); // a terminal sends it to the whole group; our parent decides

const lines = readline.createInterface({input: process.stdin});
let queue = Promise.resolve();
lines.on('line', line => {
  queue = queue.then(() => handle(JSON.parse(line)));
});
lines.on('close', () => end(0));
