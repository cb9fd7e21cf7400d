// Looks into the frames of the page's own origin, which Lighthouse's accessibility checks do not.

import {elementTools} from './elements.mjs';
import {framesOf, worldIn} from './worlds.mjs';

const MOST_FRAMES = 5;
const MOST_NODES = 30;
// What is asked of a page as a whole, not of a part of it.
const OF_PAGES = ['document-title', 'bypass', 'html-has-lang', 'meta-viewport', 'meta-refresh'];
const IMPACTS = ['minor', 'moderate', 'serious', 'critical'];

/**
 * Run axe in the frames of the page's own origin.
 *
 * Not by puppeteer's frames: it loses them when Lighthouse tries the way back to the page.
 * @param {import('puppeteer-core').CDPSession} session
 * @param {string} axe - its source
 * @returns {Promise<{nodes: object[], impact: string|undefined, others: number}>} nodes as Lighthouse
 *   describes them, placed in the page; `others`: how many frames were not looked into
 */
export async function lookIntoFrames(session, axe) {
  const {main, below} = await framesOf(session);
  const ours = below.filter(frame => frame.securityOrigin === main.securityOrigin || /^about:srcdoc/.test(frame.url));
  const found = [];
  for (const frame of ours.slice(0, MOST_FRAMES)) found.push(...(await lookInto(session, frame, axe)));
  const impact = found.map(fault => fault.impact).sort((a, b) => IMPACTS.indexOf(b) - IMPACTS.indexOf(a))[0];
  const others = below.length - Math.min(ours.length, MOST_FRAMES);
  return {nodes: found.map(fault => fault.node), impact, others};
}

async function lookInto(session, frame, axe) {
  const place = await placeOf(session, frame.id);
  if (!place) return [];
  const run = await worldIn(session, frame.id);
  await run(`${axe};(${elementTools})();0`);
  const faults = await run(`(${runAxe})(${JSON.stringify(OF_PAGES)}, ${MOST_NODES})`);
  const name = place.id ? `iframe#${place.id}` : 'iframe';
  return faults.map(({impact, node}) => ({impact, node: placed(node, place, name)}));
}

async function placeOf(session, frameId) {
  const {backendNodeId} = await session.send('DOM.getFrameOwner', {frameId});
  const {object} = await session.send('DOM.resolveNode', {backendNodeId});
  const {result} = await session.send('Runtime.callFunctionOn', {
    objectId: object.objectId,
    functionDeclaration: String(function () {
      const {left, top, width, height} = this.getBoundingClientRect();
      if (width <= 1 || height <= 1 || !this.checkVisibility()) return null;
      return {id: this.id, left: left + scrollX + this.clientLeft, top: top + scrollY + this.clientTop};
    }),
    returnByValue: true,
  });
  return result.value;
}

function placed(node, place, name) {
  const {top, left, width, height} = node.boundingRect;
  const [x, y] = [left + place.left, top + place.top];
  const boundingRect = {top: y, left: x, width, height, right: x + width, bottom: y + height};
  return {...node, selector: `${name} >>> ${node.selector}`, path: '', boundingRect};
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
