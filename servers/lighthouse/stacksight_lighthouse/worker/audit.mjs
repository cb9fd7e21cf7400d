// One audit: a fresh browser context, a page in it, and Lighthouse on that page.

import {navigation, snapshot, startTimespan} from 'lighthouse';
import {pageFunctions} from 'lighthouse/core/lib/page-functions.js';

import {giveAccess} from './access.mjs';
import {addChecks} from './checks.mjs';
import {isTimed, settingsFor} from './presets.mjs';
import {holdUntilAtRest} from './rest.mjs';
import {addCauses, forgetOwnUse, watchShifts} from './shifts.mjs';
import {open, take} from './steps.mjs';

const CLOSE_TIMEOUT_MS = 5_000;
const benchmark = pageFunctions.computeBenchmarkIndex;

/**
 * Run Lighthouse and return its result (LHR).
 * @param {import('puppeteer-core').Browser} browser
 * @param {{
 *   url: string,
 *   mode: 'navigation'|'snapshot'|'timespan',
 *   device: 'mobile'|'desktop',
 *   categories: string[],
 *   maxWaitMs: number,
 *   viewport: {width?: number, height?: number},
 *   media: {name: string, value: string}[],
 *   steps: object[],
 *   access: object,
 *   trusting: boolean,
 * }} order - `media` features as CSS names them; `steps` as in steps.mjs; `access` as in
 *   access.mjs; `trusting`: whether an untrusted TLS certificate is accepted
 * @param {(message: string) => void} say - is told what is being done
 */
export async function runAudit(browser, order, say) {
  const context = await browser.createBrowserContext({downloadBehavior: {policy: 'deny'}});
  let withdraw = async () => {};
  try {
    withdraw = await giveAccess(browser, context, order.access);
    const [page] = await Promise.all([context.newPage(), forgetMissingIcons(browser)]);
    if (order.trusting) await trust(page);
    await page.emulateMediaFeatures(order.media);
    const lhr = await RUNNERS[order.mode](page, order, say);
    forgetOwnUse(lhr);
    // A bonus, not a condition; and a page that hangs would not answer.
    if (order.mode !== 'timespan' && !lhr.runtimeError) await addChecks(page, lhr).catch(() => {});
    return lhr;
  } finally {
    await withdraw();
    await closed(context);
  }
}

const RUNNERS = {
  async navigation(page, order, say) {
    if (order.steps.length > 0) {
      await open(page, order);
      await take(page, order.steps, say);
    }
    const timed = isTimed(order);
    // A second of computing that only timings need.
    pageFunctions.computeBenchmarkIndex = timed ? benchmark : () => 0;
    if (timed) await watchShifts(page);
    else await holdUntilAtRest(page, order);
    const {lhr} = await navigation(page, order.url, options(order));
    if (timed && !lhr.runtimeError) await addCauses(page, lhr).catch(() => {}); // likewise
    return lhr;
  },

  async snapshot(page, order, say) {
    await open(page, order);
    await take(page, order.steps, say);
    pageFunctions.computeBenchmarkIndex = () => 0;
    return (await snapshot(page, options(order))).lhr;
  },

  async timespan(page, order, say) {
    await watchShifts(page);
    await open(page, order);
    pageFunctions.computeBenchmarkIndex = benchmark;
    const {endTimespan} = await startTimespan(page, options(order));
    await take(page, order.steps, say);
    const {lhr} = await endTimespan();
    await addCauses(page, lhr).catch(() => {});
    return lhr;
  },
};

function options(order) {
  const config = {extends: 'lighthouse:default', settings: settingsFor(order)};
  return {flags: {logLevel: 'error', output: []}, config};
}

async function trust(page) {
  const session = await page.createCDPSession(); // it has to stay for the setting to last
  await session.send('Security.setIgnoreCertificateErrors', {ignore: true});
}

async function closed(context) {
  let timer;
  const timeout = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('the tab could not be closed')), CLOSE_TIMEOUT_MS);
  });
  try {
    await Promise.race([context.close(), timeout]);
  } finally {
    clearTimeout(timer);
  }
}

// Chrome asks for an icon that it found missing only once per process, so that only the first audit
// of a page would report it. A reload past the cache, outside of private contexts, makes it forget.
async function forgetMissingIcons(browser) {
  const [blank] = await browser.defaultBrowserContext().pages();
  const session = await blank.createCDPSession();
  await Promise.all([
    new Promise(resolve => blank.once('load', resolve)),
    session.send('Page.reload', {ignoreCache: true}),
  ]);
  await session.detach();
}
