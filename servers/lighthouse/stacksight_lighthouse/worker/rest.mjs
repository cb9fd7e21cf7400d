// Lets Lighthouse wait for a page that is not at rest yet as long as the command would, and no
// longer for one that is.
//
// The command waits for a second without requests after the load, then for a second without long
// tasks. A page without timers to come, without changes of late and without a running animation
// will not be another one after that; most pages are so when they are loaded.

const FULL_WAIT_MS = 2150; // the command's two seconds, and its last look at long tasks
const REST_MS = 300;
const POLL_MS = 50;

/**
 * Hold back the end of the navigation that Lighthouse makes in a page, until the page is at rest.
 * @param {import('puppeteer-core').Page} page
 * @param {{url: string, maxWaitMs: number}} order
 */
export async function holdUntilAtRest(page, {url, maxWaitMs}) {
  await page.evaluateOnNewDocument(watch, FULL_WAIT_MS, REST_MS, POLL_MS);
  const target = page.target();
  const create = target.createCDPSession.bind(target);
  target.createCDPSession = async () => {
    const session = await create();
    const send = session.send.bind(session);
    // Lighthouse asks for this answer when it has waited for all else, with no limit of time.
    session.send = async (method, parameters, options) => {
      const answer = await send(method, parameters, options);
      if (method === 'Page.navigate' && parameters.url === url) await atRest(page, maxWaitMs);
      return answer;
    };
    return session;
  };
}

async function atRest(page, maxWaitMs) {
  const end = Date.now() + maxWaitMs;
  while (Date.now() < end && !page.isClosed()) {
    const left = new Promise(resolve => setTimeout(resolve, end - Date.now(), true).unref());
    const rest = page.evaluate('globalThis.__stacksightRest && __stacksightRest()').then(() => true);
    // When the page goes to another document, the question is asked again there.
    const gone = error => !/context|navigat/i.test(error.message);
    if (await Promise.race([left, rest.catch(gone)])) return;
    await new Promise(resolve => setTimeout(resolve, POLL_MS));
  }
}

// Runs in the page, before its own scripts; in their world, whose timers it has to see. It keeps to
// features that are as old as the web, since Lighthouse's baseline check counts all as the page's.
function watch(fullWaitMs, restMs, pollMs) {
  if (globalThis !== globalThis.top) return;
  const {Promise, setTimeout: sleep} = globalThis; // pages replace even these
  const start = performance.now();
  const timers = []; // when they are due
  let repeats = false;
  let moving = 0; // transitions and animations
  let changed = start;
  let received = start;

  globalThis.setTimeout = new Proxy(sleep, {
    apply(real, self, args) {
      timers.push(performance.now() + (Number(args[1]) || 0));
      return Reflect.apply(real, self, args);
    },
  });
  globalThis.setInterval = new Proxy(setInterval, {
    apply(real, self, args) {
      if ((Number(args[1]) || 0) <= fullWaitMs) repeats = true;
      return Reflect.apply(real, self, args);
    },
  });
  for (const kind of ['transitionrun', 'animationstart']) {
    addEventListener(kind, () => moving++, true);
  }
  for (const kind of ['transitionend', 'transitioncancel', 'animationend', 'animationcancel']) {
    addEventListener(kind, () => moving--, true);
  }
  new MutationObserver(() => {
    changed = performance.now();
  }).observe(document, {attributes: true, characterData: true, childList: true, subtree: true});
  new PerformanceObserver(list => {
    for (const entry of list.getEntries()) received = Math.max(received, entry.responseEnd);
  }).observe({type: 'resource', buffered: true});

  function resting() {
    const now = performance.now();
    const [{loadEventEnd}] = performance.getEntriesByType('navigation');
    if (!loadEventEnd) return false;
    const end = Math.max(loadEventEnd, received) + fullWaitMs;
    if (now >= end) return true;
    const waiting = repeats || timers.some(due => due > now - pollMs && due < end);
    return moving <= 0 && !waiting && now - Math.max(changed, loadEventEnd) >= restMs;
  }

  Object.defineProperty(globalThis, '__stacksightRest', {
    value: async () => {
      while (!resting()) await new Promise(resolve => sleep(resolve, pollMs));
    },
  });
}
