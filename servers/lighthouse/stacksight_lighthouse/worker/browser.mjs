// Chrome, started as the Lighthouse command starts it, but spoken to over a pipe.

import fs from 'node:fs';
import path from 'node:path';

import {Launcher} from 'chrome-launcher';
import puppeteer from 'puppeteer-core';

import {BYPASS} from './proxy.mjs';

const LEAST_SHARED_MEMORY = 512 * 1024 * 1024; // a container's default of 64 MB crashes tabs
const LAUNCH_TIMEOUT_MS = 30_000;

/**
 * Start Chrome.
 * @param {{chrome: string, folder: string, sandbox: boolean, boundCookies: boolean, proxy: string}}
 *   options - `folder` takes everything that Chrome writes; `proxy` everything that it asks of
 *   other machines; `boundCookies`: a cookie that was set for a port goes to that port only.
 */
export function startBrowser({chrome, folder, sandbox, boundCookies, proxy}) {
  const args = [
    ...Launcher.defaultFlags(),
    '--headless=new',
    `--proxy-server=${proxy}`,
    `--proxy-bypass-list=${BYPASS}`,
    // Otherwise Chrome may hold back the first picture of a page that answers late, by a second or two.
    '--disable-new-content-rendering-timeout',
    '--disable-quic', // UDP would pass by the proxy, and so would WebRTC
    '--force-webrtc-ip-handling-policy=disable_non_proxied_udp',
  ];
  if (boundCookies) args.push('--enable-features=EnablePortBoundCookies');
  if (!sandbox) args.push('--no-sandbox');
  if (sharedMemory() < LEAST_SHARED_MEMORY) args.push('--disable-dev-shm-usage');
  return puppeteer.launch({
    executablePath: chrome,
    args: [...args, 'about:blank'],
    ignoreDefaultArgs: true,
    pipe: true,
    userDataDir: path.join(folder, 'profile'),
    defaultViewport: null,
    timeout: LAUNCH_TIMEOUT_MS,
    protocolTimeout: 0, // the process that started us sets the deadline
    handleSIGINT: false,
    handleSIGTERM: false,
    handleSIGHUP: false,
  });
}

function sharedMemory() {
  try {
    const {blocks, bsize} = fs.statfsSync('/dev/shm');
    return blocks * bsize;
  } catch {
    return Infinity; // not Linux
  }
}
