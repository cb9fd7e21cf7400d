// Looks into the frames of the page, those inside of others too, which Lighthouse's accessibility
// checks do not.

import {axeSource} from './axe.mjs';
import {elementTools} from './elements.mjs';
import {put, worstOf} from './results.mjs';
import {framesOf, worldIn} from './worlds.mjs';

const MOST_FRAMES = 8;
const MOST_NODES = 30;
const MOST_DEEP = 5;
const ALL_MS = 6_000;
const FRAME_MS = 2_500; // a frame without scripts never answers
// What is asked of a page as a whole, not of a part of it.
const OF_PAGES = ['document-title', 'bypass', 'html-has-lang', 'meta-viewport', 'meta-refresh'];
const PAGES = /^(https?|about|blob|data):/;
const ATTACH = {waitForDebuggerOnStart: false, flatten: true};

/**
 * Run axe in the frames.
 *
 * Not by puppeteer's frames: it loses them when Lighthouse tries the way back to the page.
 */
export async function frames(page, lhr, session) {
  const others = await attachToOthers(session);
  try {
    const seen = await visibleFrames(session, others);
    if (seen.length === 0) return;
    const axe = await axeSource();
    const end = Date.now() + ALL_MS;
    const found = [];
    let missed = Math.max(0, seen.length - MOST_FRAMES);
    for (const frame of seen.slice(0, MOST_FRAMES)) {
      const patience = Math.min(FRAME_MS, end - Date.now());
      const work = patience > 0 && frame.readable && lookInto(frame, axe, new URL(lhr.finalDisplayedUrl));
      const faults = work && (await within(patience, work));
      if (faults) found.push(...faults);
      else missed += 1;
    }
    report(lhr, found, missed);
  } finally {
    await session.send('Target.setAutoAttach', {...ATTACH, autoAttach: false});
  }
}

function report(lhr, found, missed) {
  const own = found.some(fault => fault.own); // others have to repair theirs
  const left = missed ? ` (${missed} more could not be looked into)` : '';
  put(lhr, 'accessibility', {
    id: 'frame-content',
    title: found.length ? `What is inside of frames has faults${left}` : 'What is inside of frames has no faults',
    description: 'The documents in frames are checked like the page itself.',
    impact: own ? worstOf(found.map(fault => fault.impact)) : 'minor',
    nodes: found.map(fault => fault.node),
    unknown: missed
      ? `not looked into: ${missed} of the frames (not loaded, no scripts, or after the first ${MOST_FRAMES})`
      : null,
  });
}

/** Return the work's result, or null when it fails or takes longer. */
async function within(ms, work) {
  let timer;
  const late = new Promise(resolve => {
    timer = setTimeout(resolve, ms, null);
  });
  try {
    return await Promise.race([work.catch(() => null), late]);
  } finally {
    clearTimeout(timer);
  }
}

/** Attach to the frames of other sites, which are in processes of their own, and return the sessions. */
async function attachToOthers(session, depth = 1) {
  const attached = [];
  const note = child => attached.push(child);
  session.on('sessionattached', note);
  await session.send('Target.setAutoAttach', {...ATTACH, autoAttach: true});
  session.off('sessionattached', note);
  const inner = depth < MOST_DEEP ? attached.map(child => attachToOthers(child, depth + 1)) : [];
  return [...attached, ...(await Promise.all(inner)).flat()];
}

/**
 * Return the frames that can be seen.
 * @returns {Promise<{id: string, at: object, name: string, left: number, top: number, origin: string,
 *   readable: boolean, local: boolean}[]>} `at`: the session of its process; `left`, `top`: its place
 *   in the page; `local`: whether it comes from this machine
 */
async function visibleFrames(session, others) {
  const frames = [];
  for (const at of [session, ...others]) {
    for (const frame of await framesOf(at).catch(() => [])) frames.push({...frame, at});
  }
  const [main, ...below] = frames;
  const places = new Map([[main.id, {at: session, name: '', left: 0, top: 0, origin: originOf(main)}]]);
  for (let depth = 0; depth < MOST_DEEP; depth++) {
    for (const frame of below) {
      const parent = places.get(frame.parentId);
      if (!parent || places.has(frame.id)) continue;
      const place = await placeOf(parent.at, frame.id).catch(() => null);
      if (!place) continue; // not to be seen, nor what is inside of it
      places.set(frame.id, {
        id: frame.id,
        at: frame.at,
        name: `${parent.name}iframe${place.id ? `#${place.id}` : ''} >>> `,
        left: parent.left + place.left,
        top: parent.top + place.top,
        origin: originOf(frame) ?? parent.origin,
        readable: PAGES.test(frame.url), // not what Chrome shows in place of a page that did not load
        local: frame.securityOriginDetails?.isLocalhost ?? false,
      });
    }
  }
  return [...places.values()].slice(1);
}

/** Return where a frame comes from, or null when that is its parent's document. */
function originOf({url}) {
  return /^https?:/.test(url) ? new URL(url).origin : null;
}

async function placeOf(session, frameId) {
  const {backendNodeId} = await session.send('DOM.getFrameOwner', {frameId});
  const {object} = await session.send('DOM.resolveNode', {backendNodeId});
  const {result} = await session.send('Runtime.callFunctionOn', {
    objectId: object.objectId,
    functionDeclaration: String(function () {
      const {left, top, width, height} = this.getBoundingClientRect();
      if (width <= 1 || height <= 1 || !this.checkVisibility()) return null;
      const [x, y] = globalThis === globalThis.top ? [scrollX, scrollY] : [0, 0];
      return {id: this.id, left: left + x + this.clientLeft, top: top + y + this.clientTop};
    }),
    returnByValue: true,
  });
  return result.value;
}

async function lookInto(frame, axe, page) {
  const run = await worldIn(frame.at, frame.id);
  await run(`${axe};(${elementTools})();0`);
  const faults = await run(`(${runAxe})(${JSON.stringify(OF_PAGES)}, ${MOST_NODES})`);
  const where = frame.origin === page.origin ? '' : ` (in a frame of ${frame.origin})`;
  const own = frame.local || new URL(frame.origin).hostname === page.hostname;
  return faults.map(({impact, node}) => ({impact, own, node: placed(node, frame, where)}));
}

function placed(node, frame, where) {
  const {top, left, width, height} = node.boundingRect;
  const [x, y] = [left + frame.left, top + frame.top];
  const boundingRect = {top: y, left: x, width, height, right: x + width, bottom: y + height};
  const selector = frame.name + node.selector;
  return {...node, selector, path: '', boundingRect, explanation: node.explanation + where};
}

// In the frame.
async function runAxe(leftOut, most) {
  const {violations} = await globalThis.axe.run(document, {
    runOnly: {type: 'tag', values: ['wcag2a', 'wcag2aa']},
    rules: Object.fromEntries(leftOut.map(rule => [rule, {enabled: false}])),
    resultTypes: ['violations'],
    elementRef: true,
    iframes: false,
  });
  return violations
    .flatMap(({id, help, impact, nodes}) => nodes.map(node => ({id, help, impact, node})))
    .filter(({node}) => node.element)
    .slice(0, most)
    .map(({id, help, impact, node}) => ({
      impact,
      node: globalThis.__stacksight.describe(node.element, `${id}: ${help}`),
    }));
}
