// Clicks and typing: what brings a page into the state that is to be audited.

import {settingsFor} from './presets.mjs';

const ELEMENT_TIMEOUT_MS = 5_000;
const SETTLE_TIMEOUT_MS = 3_000;
const QUIET_MS = 300;
const POLL_MS = 100;

class StepFailed extends Error {
  code = 'STEP_FAILED';
}

/** Open the page of an order as Lighthouse would, on the same screen, and wait for its load. */
export async function open(page, order) {
  const {screenEmulation, emulatedUserAgent} = settingsFor(order);
  const {width, height, deviceScaleFactor, mobile} = screenEmulation;
  page.on('dialog', dialog => dialog.accept().catch(() => {})); // Lighthouse may be faster
  await page.setViewport({width, height, deviceScaleFactor, isMobile: mobile, hasTouch: mobile});
  await page.setUserAgent({userAgent: emulatedUserAgent});
  try {
    await page.goto(order.url, {timeout: order.maxWaitMs});
  } catch (error) {
    if (error.name !== 'TimeoutError') throw error; // some pages never end to load
  }
  await settle(page);
}

/**
 * Take the steps, one after the other.
 * @param {import('puppeteer-core').Page} page
 * @param {{click?: string, hover?: string, wait_for?: string, press?: string, fill?: string,
 *   text?: string}[]} steps - selectors, for `press` a key; `text` belongs to `fill`
 * @param {(message: string) => void} say - is told of each
 */
export async function take(page, steps, say) {
  for (const [place, step] of steps.entries()) {
    const [action, what] = Object.entries(step).find(([name]) => name in ACTIONS);
    const words = `step ${place + 1} (${action} ${what})`;
    say(words);
    try {
      await ACTIONS[action](page, what, step);
      await settle(page);
    } catch (error) {
      throw new StepFailed(`${words}: ${error.message}`);
    }
  }
}

const ACTIONS = {
  click: async (page, selector) => (await find(page, selector)).click(),
  hover: async (page, selector) => (await find(page, selector)).hover(),
  wait_for: find,
  press: (page, key) => page.keyboard.press(key),
  fill: async (page, selector, {text}) => {
    const element = await find(page, selector);
    if (await element.evaluate(node => node.matches('select'))) {
      await element.select(text);
      return;
    }
    await element.focus();
    await element.evaluate(node => node.select?.()); // what is typed replaces what is there
    await page.keyboard.type(text);
  },
};

/** Return the first visible element of a selector, once there is one. */
async function find(page, selector) {
  const end = Date.now() + ELEMENT_TIMEOUT_MS;
  let hidden = 0;
  do {
    const elements = await page.$$(selector);
    for (const element of elements) {
      if (await element.isVisible()) return element;
    }
    hidden = elements.length;
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
  } while (Date.now() < end);
  throw new Error(
    hidden ? `it matches ${hidden} elements, none of them visible` : 'it matches no element',
  );
}

// A step may start requests or lead to another document.
async function settle(page) {
  await page
    .waitForNetworkIdle({idleTime: QUIET_MS, concurrency: 2, timeout: SETTLE_TIMEOUT_MS})
    .catch(() => {}); // some pages never are idle
}
