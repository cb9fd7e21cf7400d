// What lets a browser context into pages behind a login: headers, cookies and local storage.
//
// Headers and cookies that were given for a page go to the page's own origin alone: not to the
// frames, pictures and scripts of other origins, not along a redirect, and not to another port.

const BLANK = '<!doctype html><title>blank</title>';

/**
 * Give a context what it may show.
 * @param {import('puppeteer-core').Browser} browser
 * @param {import('puppeteer-core').BrowserContext} context
 * @param {{
 *   origin: string,
 *   headers: Record<string, string>,
 *   cookies: {name: string, value: string}[],
 *   savedCookies: object[],
 *   savedStorage: {origin: string, items: {name: string, value: string}[]}[],
 * }} access - `origin`: of the page, for `headers` and `cookies`; `savedCookies` as CDP's
 *   Network.CookieParam, valid where they say.
 * @return {Promise<() => Promise<void>>} takes the headers away again; the rest goes with the
 *   context
 */
export async function giveAccess(browser, context, access) {
  const session = await browser.target().createCDPSession();
  const cookies = [
    ...access.savedCookies.map(cookie => ({...cookie, sourcePort: -1})), // of all ports
    ...access.cookies.map(cookie => ownCookie(cookie, new URL(access.origin))),
  ];
  if (cookies.length > 0) {
    await session.send('Storage.setCookies', {cookies, browserContextId: context.id});
  }
  if (access.savedStorage.length > 0) await fillStorage(session, context, access.savedStorage);
  if (Object.keys(access.headers).length > 0) await sendHeaders(session, access);
  return () => session.detach().catch(() => {}); // interception ends with its session
}

// Bound to its port too, by a feature that browser.mjs switches on.
function ownCookie({name, value}, {href, port, protocol}) {
  const secure = protocol === 'https:';
  return {name, value, url: href, secure, sourcePort: Number(port || (secure ? 443 : 80))};
}

// The browser's own session sees the requests of all pages, frames and workers, and each hop of a
// redirect anew, with the headers of the hop before.
async function sendHeaders(session, {origin, headers}) {
  const names = new Set(Object.keys(headers).map(name => name.toLowerCase()));
  const added = Object.entries(headers).map(([name, value]) => ({name, value}));
  session.on('Fetch.requestPaused', ({requestId, request, redirectedRequestId}) => {
    const own = new URL(request.url).origin === origin;
    const kept = Object.entries(request.headers)
      .filter(([name]) => !((own || redirectedRequestId) && names.has(name.toLowerCase())))
      .map(([name, value]) => ({name, value}));
    session
      .send('Fetch.continueRequest', {requestId, headers: own ? [...kept, ...added] : kept})
      .catch(() => {}); // the page is gone
  });
  await session.send('Fetch.enable', {patterns: [{urlPattern: '*'}]});
}

// Storage can be written only from a page of its origin; these pages are made up, not fetched.
async function fillStorage(session, context, origins) {
  const body = Buffer.from(BLANK).toString('base64');
  const responseHeaders = [{name: 'Content-Type', value: 'text/html'}];
  const answer = ({requestId}) =>
    session
      .send('Fetch.fulfillRequest', {requestId, responseCode: 200, responseHeaders, body})
      .catch(() => {});
  session.on('Fetch.requestPaused', answer);
  await session.send('Fetch.enable', {patterns: [{urlPattern: '*'}]});
  const page = await context.newPage();
  for (const {origin, items} of origins) {
    await page.goto(origin);
    await page.evaluate(all => all.forEach(({name, value}) => localStorage.setItem(name, value)), items);
  }
  await page.close();
  await session.send('Fetch.disable');
  session.off('Fetch.requestPaused', answer);
}
