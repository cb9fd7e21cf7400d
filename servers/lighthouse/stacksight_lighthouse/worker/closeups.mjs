// Pictures of offenders that the full-page screenshot does not show: those scrolled out of sight in a
// box of their own, and those below the largest height that Lighthouse's picture can have.

const MOST_LOOKED_AT = 400;
const MOST_PICTURES = 16;
const QUALITY = 45;

/**
 * Add close-ups to the result: `lhr.stacksight.closeups`, by the element's path.
 * @param {import('puppeteer-core').Page} page - laid out as in the screenshot
 * @param {import('puppeteer-core').CDPSession} session
 * @param {object} lhr
 */
export async function addCloseups(page, session, lhr) {
  const height = lhr.fullPageScreenshot?.screenshot.height;
  const paths = [...new Set(pathsIn(lhr.audits))].slice(0, MOST_LOOKED_AT);
  if (!height || paths.length === 0) return;
  const hidden = await page.evaluate(findHidden, paths, height);
  const closeups = {};
  for (const path of hidden.slice(0, MOST_PICTURES)) {
    const place = await page.evaluate(bringIntoView, path);
    if (!place) continue;
    const clip = {...place.clip, scale: 1};
    const {data} = await session.send('Page.captureScreenshot', {format: 'webp', quality: QUALITY, clip});
    const {width, height} = place.clip;
    closeups[path] = {data: `data:image/webp;base64,${data}`, width, height, rect: place.rect};
  }
  await page.evaluate(scrollBack);
  lhr.stacksight = {closeups, hidden};
}

function* pathsIn(audits) {
  for (const {score, details} of Object.values(audits)) {
    if (score === 1 && details?.debugData?.impact === undefined) continue;
    yield* nodePaths(details?.items);
  }
}

function* nodePaths(value) {
  if (Array.isArray(value)) {
    for (const item of value) yield* nodePaths(item);
  } else if (value && typeof value === 'object') {
    if (value.type === 'node' && value.path) yield value.path;
    else for (const inner of Object.values(value)) yield* nodePaths(inner);
  }
}

// --- in the page ----------------------------------------------------------------------------

function findHidden(paths, height) {
  const tools = (globalThis.__stacksight ??= {});
  const counted = node => node.nodeType !== Node.TEXT_NODE || node.data.trim() !== '';
  tools.resolve = path => {
    let at = document;
    const steps = path.split(',');
    for (let place = 0; at && place < steps.length; place += 2) {
      at = steps[place] === 'a' ? at.shadowRoot : [...at.childNodes].filter(counted)[steps[place]];
      if (at?.nodeName !== steps[place + 1]) return null;
    }
    return at?.nodeType === Node.ELEMENT_NODE ? at : null;
  };
  tools.above = node => node.assignedSlot ?? node.parentElement ?? node.getRootNode().host ?? null;
  tools.scrolled = [];
  const seenPart = node => {
    let {left, top, right, bottom} = node.getBoundingClientRect();
    const whole = (right - left) * (bottom - top);
    for (let box = tools.above(node); box && box !== document.documentElement; box = tools.above(box)) {
      const style = getComputedStyle(box);
      if (box === document.body || (style.overflowX === 'visible' && style.overflowY === 'visible')) continue;
      const edge = box.getBoundingClientRect();
      [left, top] = [Math.max(left, edge.left), Math.max(top, edge.top)];
      [right, bottom] = [Math.min(right, edge.right), Math.min(bottom, edge.bottom)];
      if (style.position === 'fixed') break;
    }
    bottom = Math.min(bottom, height);
    return whole > 0 ? (Math.max(0, right - left) * Math.max(0, bottom - top)) / whole : 1;
  };
  return paths.filter(path => {
    const node = tools.resolve(path);
    return node && seenPart(node) < 0.3;
  });
}

function bringIntoView(path) {
  const MARGIN = 60;
  const LARGEST = 600;
  const tools = globalThis.__stacksight;
  const node = tools.resolve(path);
  if (!node) return null;
  for (let box = tools.above(node); box; box = tools.above(box)) {
    if (box.scrollHeight > box.clientHeight || box.scrollWidth > box.clientWidth) {
      tools.scrolled.push([box, box.scrollLeft, box.scrollTop]);
    }
  }
  node.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
  const {left, top, width, height} = node.getBoundingClientRect();
  if (!(width > 0 && height > 0) || left + width <= 0 || top + height <= 0) return null;
  const clip = {
    x: Math.max(0, left - MARGIN) + scrollX,
    y: Math.max(0, top - MARGIN) + scrollY,
    width: Math.min(LARGEST, width + 2 * MARGIN, innerWidth),
    height: Math.min(LARGEST, height + 2 * MARGIN),
  };
  const rect = {left: left + scrollX - clip.x, top: top + scrollY - clip.y, width, height};
  return {clip, rect};
}

function scrollBack() {
  for (const [box, left, top] of globalThis.__stacksight.scrolled.reverse()) box.scrollTo(left, top);
  scrollTo(0, 0);
}
