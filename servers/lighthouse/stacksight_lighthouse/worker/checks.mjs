// Checks of our own, for what Lighthouse leaves to people or leaves out. They count in no score.

import {withAxe} from './axe.mjs';
import {addCloseups} from './closeups.mjs';
import {contrast} from './contrast.mjs';
import {covered} from './covered.mjs';
import {compression, libraries} from './derived.mjs';
import {elementTools} from './elements.mjs';
import {frames} from './frames.mjs';
import {brokenImages} from './images.mjs';
import {walkByTab} from './keyboard.mjs';
import {asInScreenshot} from './layout.mjs';
import {put, putTable, worstOf} from './results.mjs';

const TIMEOUT_MS = 8_000;
const MOST_NODES = 100;
const LEAST_BLOCKING_MS = 300;

// Rules of axe that Lighthouse does not run, of WCAG level A and AA and the safe ones beyond.
const AXE_RULES = [
  'area-alt', 'aria-tab-name', 'blink', 'frame-focusable-content', 'frame-title-unique', 'marquee',
  'nested-interactive', 'role-img-alt', 'scope-attr-valid',
  'scrollable-region-focusable', 'server-side-image-map', 'summary-name', 'css-orientation-lock',
];

/**
 * Add our checks to Lighthouse's result.
 * @param {import('puppeteer-core').Page} page - after the audit, still showing it
 * @param {object} lhr
 */
export async function addChecks(page, lhr) {
  const dismiss = dialog => dialog.dismiss().catch(() => {});
  page.on('dialog', dismiss); // an alert would stop everything
  const session = await page.createCDPSession();
  try {
    await asInScreenshot(session, lhr);
    const work = [];
    if (lhr.categories.accessibility) {
      work.push(accessibility, closedShadows, contrast, keyboard, sounds, frames);
    }
    if (lhr.categories.seo) work.push(tinyText);
    if (lhr.categories['best-practices']) work.push(tooWide, brokenImages, covered, libraries);
    if (lhr.categories.performance) work.push(compression, blockingScripts);
    await page.evaluate(elementTools);
    for (const check of work) await timely(check(page, lhr, session)).catch(error => broken(lhr, check, error));
    await timely(addCloseups(page, session, lhr)).catch(() => {}); // without, there is less to see
  } finally {
    await session.detach().catch(() => {}); // and the page is laid out as before
    page.off('dialog', dismiss);
  }
}

async function timely(work) {
  let timer;
  const late = new Promise((_, reject) => {
    timer = setTimeout(() => reject(new Error('the page did not answer in time')), TIMEOUT_MS);
  });
  try {
    return await Promise.race([work, late]);
  } finally {
    clearTimeout(timer);
  }
}

// --- accessibility --------------------------------------------------------------------------

async function keyboard(page, lhr) {
  const {trap, unseen, tabbable, steps, whole} = await walkByTab(page);
  put(lhr, 'accessibility', {
    id: 'keyboard-trap',
    title: trap.length ? 'The keyboard focus is trapped' : 'The Tab key gets through the page',
    description: 'Whoever uses a keyboard has to be able to leave every element by it.',
    impact: 'critical',
    nodes: trap,
    unknown: whole
      ? null
      : `Tab was pressed ${steps} times and not all ${tabbable} places for the focus were reached`,
  });
  put(lhr, 'accessibility', {
    id: 'focus-visible',
    title: unseen.length ? 'The keyboard focus cannot be seen' : 'The keyboard focus can be seen',
    description: 'Whoever uses a keyboard has to see where they are.',
    impact: 'serious',
    nodes: unseen,
  });
  const nodes = await page.evaluate(mouseOnly, MOST_NODES);
  put(lhr, 'accessibility', {
    id: 'mouse-only-control',
    title: nodes.length
      ? 'Elements can be clicked but not reached by the keyboard'
      : 'What can be clicked can be reached by the keyboard',
    description: 'A <div> with a click handler is no button for who has no mouse.',
    impact: 'serious',
    nodes,
  });
}

async function accessibility(page, lhr, session) {
  const run = await withAxe(session);
  const found = await run(`(${runAxe})(${JSON.stringify(AXE_RULES)}, ${MOST_NODES})`);
  for (const {id, help, description, impact, tags, nodes} of found) {
    put(lhr, 'accessibility', {id, title: help, description, impact, tags, nodes});
  }
}

async function sounds(page, lhr) {
  const nodes = await page.evaluate(selfPlaying, MOST_NODES);
  put(lhr, 'accessibility', {
    id: 'autoplay-media',
    title: nodes.length ? 'Sound plays by itself' : 'No sound plays by itself',
    description: 'Sound that begins by itself drowns the voice of a screen reader.',
    impact: 'serious',
    nodes,
  });
}

/** What is in closed shadow roots: nothing of Lighthouse sees it. */
async function closedShadows(page, lhr, session) {
  const run = await withAxe(session);
  const found = await run(`(${runAxeInClosed})(${MOST_NODES})`);
  if (found === null) return;
  put(lhr, 'accessibility', {
    id: 'closed-shadow-content',
    title: found.length
      ? 'What is inside of closed shadow roots has faults'
      : 'What is inside of closed shadow roots has no faults',
    description: 'The contents of closed shadow roots are checked like the page itself.',
    impact: worstOf(found.map(fault => fault.impact)),
    nodes: found.map(fault => fault.node),
  });
}

/** Scripts that hold the parser up below the first content, where no check of Lighthouse looks. */
async function blockingScripts(page, lhr) {
  const requests = lhr.audits['network-requests']?.details?.items ?? [];
  const known = (lhr.audits['render-blocking-insight']?.details?.items ?? []).map(({url}) => url);
  const urls = await page.evaluate(parserScripts);
  const items = urls.flatMap(url => {
    const request = requests.find(item => item.url === url);
    const wastedMs = request ? request.networkEndTime - request.networkRequestTime : 0;
    return wastedMs >= LEAST_BLOCKING_MS && !known.includes(url) ? [{url, wastedMs}] : [];
  });
  putTable(lhr, 'performance', {
    id: 'parser-blocking-scripts',
    title: items.length ? 'Scripts hold up the rest of the page' : 'No script holds up the rest of the page',
    description: 'Load the script with defer, and never by document.write: what follows it waits.',
    impact: 'moderate',
    headings: [
      {key: 'url', valueType: 'url', label: 'URL'},
      {key: 'wastedMs', valueType: 'ms', label: 'Time to load'},
    ],
    items,
  });
}

// --- in the page ----------------------------------------------------------------------------

async function runAxe(rules, most) {
  const {violations} = await globalThis.axe.run(document, {
    runOnly: {type: 'rule', values: rules},
    resultTypes: ['violations'],
    elementRef: true,
    iframes: false,
  });
  scrollTo(0, 0);
  return violations.map(({id, help, description, impact, tags, nodes}) => ({
    id, help, description, impact, tags,
    nodes: nodes
      .filter(node => node.element)
      .slice(0, most)
      .map(node => globalThis.__stacksight.describe(node.element, node.failureSummary)),
  }));
}

async function runAxeInClosed(most) {
  const {describe, opened} = globalThis.__stacksight;
  if (opened.length === 0) return null;
  const roots = opened.map(host => host.shadowRoot);
  const inside = node => {
    const root = node.getRootNode();
    return root instanceof ShadowRoot && (roots.includes(root) || inside(root.host));
  };
  const {violations} = await globalThis.axe.run({include: opened}, {
    runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa']},
    resultTypes: ['violations'],
    elementRef: true,
    iframes: false,
  });
  scrollTo(0, 0);
  return violations
    .flatMap(({id, help, impact, nodes}) => nodes.map(({element}) => ({id, help, impact, element})))
    .filter(({element}) => element && inside(element))
    .slice(0, most)
    .map(({id, help, impact, element}) => ({impact, node: describe(element, `${id}: ${help}`)}));
}

function parserScripts() {
  return [...document.scripts]
    .filter(({src, async, defer, type}) => src && !async && !defer && type !== 'module')
    .map(({src}) => src);
}

function mouseOnly(most) {
  const {all, describe, shown, parentOf} = globalThis.__stacksight;
  const control = 'a[href],button,input,select,textarea,label,summary,option,iframe,video,audio,area,' +
    '[tabindex],[contenteditable],[role]';
  const found = [];
  for (const node of all()) {
    if (found.length === most || node.closest(control) || node.querySelector(control)) continue;
    const handler = node.onclick !== null || node.hasAttribute('onclick');
    const parent = parentOf(node);
    const pointed =
      getComputedStyle(node).cursor === 'pointer' &&
      !(parent && getComputedStyle(parent).cursor === 'pointer');
    if (!(handler || pointed) || !shown(node) || /^(HTML|BODY|MAIN|FORM)$/.test(node.tagName)) continue;
    const why = handler
      ? 'It has a click handler, but Tab does not reach it and it has no role'
      : 'It has the cursor of something to click, but Tab does not reach it and it has no role';
    found.push(describe(node, why));
  }
  return found;
}

function selfPlaying(most) {
  const {all, describe} = globalThis.__stacksight;
  const SHORT_S = 3; // WCAG 1.4.2 lets shorter ones be
  return [...all()]
    .filter(node => node instanceof HTMLMediaElement && node.autoplay && !node.muted)
    .filter(({duration, loop}) => loop || !(duration <= SHORT_S))
    .slice(0, most)
    .map(node => describe(node, 'It has autoplay and is not muted'));
}

async function tinyText(page, lhr) {
  const {nodes, share} = await page.evaluate(smallText, MOST_NODES);
  put(lhr, 'seo', {
    id: 'font-size',
    title: nodes.length ? 'Text is too small to read' : 'Text is large enough to read',
    description: 'Use 12 pixels or more for running text.',
    impact: share > 0.4 ? 'serious' : 'moderate',
    nodes,
  });
}

function smallText(most) {
  const LEAST = 12;
  const TINY = 9; // below this any text counts, not only where it is most of the page
  const {all, describe, shown} = globalThis.__stacksight;
  let total = 0;
  const small = [];
  for (const node of all()) {
    if (/^(SCRIPT|STYLE|NOSCRIPT|TEMPLATE|TITLE|HEAD|OPTION|TEXTAREA)$/i.test(node.tagName)) continue;
    const texts = [...node.childNodes].filter(child => child.nodeType === Node.TEXT_NODE);
    const count = texts.reduce((sum, child) => sum + child.data.trim().length, 0);
    if (count === 0 || node.closest('svg') || !shown(node)) continue;
    const {width, height} = node.getBoundingClientRect();
    if (width <= 1 || height <= 1) continue; // for screen readers only
    total += count;
    const size = parseFloat(getComputedStyle(node).fontSize);
    if (size < LEAST) small.push({node, count, size});
  }
  const share = small.reduce((sum, {count}) => sum + count, 0) / (total || 1);
  const bad = share > 0.4 ? small : small.filter(({size, count}) => size < TINY && count >= 10);
  bad.sort((a, b) => b.count - a.count);
  const nodes = bad
    .slice(0, most)
    .map(({node, size, count}) => describe(node, `${count} letters of ${+size.toFixed(1)} pixels`));
  return {nodes, share};
}

async function tooWide(page, lhr) {
  const nodes = await page.evaluate(wideElements, 20);
  put(lhr, 'best-practices', {
    id: 'content-width',
    title: nodes.length ? 'Content is wider than the screen' : 'Content is no wider than the screen',
    description: 'Let wide things shrink (max-width: 100%) or scroll in a box of their own.',
    impact: 'moderate',
    nodes,
  });
}

function wideElements(most) {
  const {all, describe, shown} = globalThis.__stacksight;
  const view = document.documentElement.clientWidth;
  const page = document.scrollingElement;
  if (!page || page.scrollWidth <= view + 1) return [];
  if (['hidden', 'clip'].includes(getComputedStyle(document.documentElement).overflowX)) return [];
  const wide = [...all()].filter(node => {
    const {right, left} = node.getBoundingClientRect();
    return right > view + 1 && left < right && shown(node) && page.contains(node);
  });
  // The innermost ones are to blame; what contains them is only stretched.
  return wide
    .filter(node => !wide.some(other => other !== node && node.contains(other)))
    .slice(0, most)
    .map(node => {
      const beyond = Math.round(node.getBoundingClientRect().right - view);
      return describe(node, `It ends ${beyond} pixels beyond the screen, which is ${view} wide`);
    });
}

// What a check would have said is not known.
const IDS = {
  accessibility: ['nested-interactive', 'scrollable-region-focusable', 'summary-name'],
  closedShadows: ['closed-shadow-content'],
  contrast: ['gradient-contrast', 'picture-contrast', 'placeholder-contrast'],
  keyboard: ['keyboard-trap', 'focus-visible', 'mouse-only-control'],
  sounds: ['autoplay-media'],
  frames: ['frame-content'],
  tinyText: ['font-size'],
  tooWide: ['content-width'],
  brokenImages: ['broken-image'],
  covered: ['covered-control'],
  compression: ['text-compression'],
  blockingScripts: ['parser-blocking-scripts'],
  libraries: ['vulnerable-libraries'],
};
const CATEGORIES = {
  tinyText: 'seo', tooWide: 'best-practices', libraries: 'best-practices', brokenImages: 'best-practices',
  covered: 'best-practices', compression: 'performance', blockingScripts: 'performance',
};

function broken(lhr, check, error) {
  for (const id of IDS[check.name].filter(name => !lhr.audits[name])) {
    const unknown = String(error.message);
    put(lhr, CATEGORIES[check.name] ?? 'accessibility', {id, title: id, description: '', nodes: [], unknown});
  }
}
