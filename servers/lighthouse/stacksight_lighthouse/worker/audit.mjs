// One audit: a fresh browser context, a page in it, and Lighthouse on that page.

import lighthouse, {defaultConfig, desktopConfig} from 'lighthouse';

import {addChecks} from './checks.mjs';
import {addCauses, watchShifts} from './shifts.mjs';

const PRESETS = {mobile: {extends: 'lighthouse:default'}, desktop: desktopConfig};
// Without timings to take, less quiet after the load is enough: still half a second without a
// request, so that what scripts fetch and render then is audited too.
const SHORT_WAITS = {
  pauseAfterFcpMs: 1, // 0 would not wait for a first paint, nor notice that there was none
  pauseAfterLoadMs: 500,
  networkQuietThresholdMs: 500,
  cpuQuietThresholdMs: 0,
};
const CLOSE_TIMEOUT_MS = 5_000;

/**
 * Run Lighthouse and return its result (LHR).
 * @param {import('puppeteer-core').Browser} browser
 * @param {{url: string, device: 'mobile'|'desktop', categories: string[], maxWaitMs: number}} order
 */
export async function runAudit(browser, order) {
  await forgetMissingIcons(browser);
  const context = await browser.createBrowserContext();
  try {
    const page = await context.newPage();
    const timed = order.categories.includes('performance');
    if (timed) await watchShifts(page);
    const result = await lighthouse(order.url, {logLevel: 'error', output: []}, config(order), page);
    if (timed) await addCauses(page, result.lhr).catch(() => {}); // a bonus, not a condition
    await addChecks(page, result.lhr).catch(() => {}); // nor are these
    return result.lhr;
  } finally {
    await closed(context);
  }
}

function config({device, categories, maxWaitMs}) {
  const preset = PRESETS[device];
  const timed = categories.includes('performance');
  return {
    ...preset,
    settings: {
      ...preset.settings,
      ...(timed ? {} : SHORT_WAITS),
      locale: 'en-US',
      onlyCategories: categories,
      maxWaitForFcp: Math.min(maxWaitMs, 30_000),
      maxWaitForLoad: maxWaitMs,
    },
  };
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
