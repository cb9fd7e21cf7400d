// Walks through the page by the Tab key: can everybody get in and out, and see where they are?
//
// Lighthouse leaves this to people. A trap is a set of elements that Tab goes round in without ever
// leaving the page's end, although others follow, and that Escape does not open either.

import {elementTools} from './elements.mjs';

const MOST_STEPS = 150;
const WALK_MS = 4_000;
const STUCK_STEPS = 10; // a date field alone has seven places for Tab
const SETTLE_MS = 4; // scripts move the focus back in a task of their own
const DOUBT_MS = 80; // nothing has the focus: is this the page's end, or is it being moved back?
const MOST_FREED = 3;
const OUTSIDE = -1; // the focus is on the page as a whole

/**
 * Walk once through the page.
 * @param {import('puppeteer-core').Page} page
 * @returns {Promise<{trap: object[], unseen: object[], tabbable: number, steps: number, whole: boolean}>}
 *   `trap` and `unseen` are nodes as Lighthouse describes them; `whole`: whether the end was reached.
 */
export async function walkByTab(page) {
  await page.evaluate(elementTools);
  const total = await page.evaluate(prepare);
  const walk = {visited: new Set(), order: [], unseen: [], quiet: 0, freed: 0};
  const deadline = Date.now() + WALK_MS;
  const most = Math.min(MOST_STEPS, 2 * total + 3 * STUCK_STEPS);
  let trap = [];
  let whole = total === 0;
  while (!whole && walk.order.length < most && Date.now() < deadline) {
    const at = await step(page, walk);
    if (at === OUTSIDE && walk.visited.size > 0) whole = true;
    const set = circle(walk);
    if (set === null) continue;
    whole = walk.visited.size >= total || set.has(OUTSIDE);
    if (!whole) trap = await examined(page, walk, set);
    if (whole || trap.length > 0 || ++walk.freed > MOST_FREED) break;
    walk.quiet = 0; // Escape let the focus go: on with the rest of the page
  }
  const unseen = await page.evaluate(describeAll, walk.unseen, invisible());
  await page.evaluate(restore);
  return {trap, unseen, tabbable: total, steps: walk.order.length, whole: whole || trap.length > 0};
}

async function step(page, walk, keys = ['Tab']) {
  for (const key of keys) await page.keyboard.down(key);
  for (const key of keys.toReversed()) await page.keyboard.up(key);
  let {index, seen} = await page.evaluate(where, SETTLE_MS);
  if (index === OUTSIDE) ({index, seen} = await page.evaluate(where, DOUBT_MS));
  walk.order.push(index);
  if (walk.visited.has(index) || index === OUTSIDE) {
    walk.quiet += 1;
  } else {
    walk.quiet = 0;
    walk.visited.add(index);
    if (!seen) walk.unseen.push(index);
  }
  return index;
}

/** The elements among which the focus has only gone round, or null while it still gets on. */
function circle({order, quiet}) {
  const recent = order.slice(-Math.max(quiet, 1));
  const set = new Set(recent);
  return quiet >= STUCK_STEPS && quiet >= 2 * set.size + 2 ? set : null;
}

/** Try to leave the circle; return its elements if that fails. */
async function examined(page, walk, set) {
  const leaves = async keys => {
    for (let tries = 0; tries <= set.size; tries++) {
      if (!set.has(await step(page, walk, keys))) return true;
    }
    return false;
  };
  if (await page.evaluate(isOpaque, [...set])) return []; // the focus is inside, where we cannot see
  const jump = walk.order.at(-1);
  await page.keyboard.press('Escape');
  if (await leaves(['Tab'])) return [];
  const back = await leaves(['Shift', 'Tab']);
  const words =
    set.size === 1
      ? 'The focus does not leave this element by Tab'
      : `By Tab the focus goes round among ${set.size} elements and never on to the others`;
  const more = back ? '; Shift+Tab leaves it' : ', nor by Shift+Tab or Escape';
  const members = [jump, ...[...set].filter(index => index !== jump)];
  return page.evaluate(describeAll, members.slice(0, 5), words + more);
}

function invisible() {
  return 'Nothing on it or around it looks different when the keyboard focus is on it';
}

// --- in the page ----------------------------------------------------------------------------

function prepare() {
  const tools = globalThis.__stacksight;
  const looks = ['outlineStyle', 'outlineWidth', 'outlineColor', 'boxShadow', 'borderColor',
    'borderWidth', 'borderStyle', 'backgroundColor', 'backgroundImage', 'color', 'filter',
    'textDecorationLine', 'textDecorationColor', 'transform', 'opacity', 'fontWeight', 'scale',
    'clipPath', 'width', 'height', 'left', 'top'];
  const still = document.createElement('style');
  still.textContent = '*,*::before,*::after{transition:none!important;scroll-behavior:auto!important}';
  document.head?.append(still);
  document.activeElement?.blur?.();
  scrollTo(0, 0);
  const look = node =>
    ['', '::before', '::after'].map(part => {
      const style = getComputedStyle(node, part || null);
      return looks.map(name => style[name]).join('|');
    }).join('\n');
  const around = node => [node, tools.parentOf(node), node.nextElementSibling, node.firstElementChild,
    node.previousElementSibling, ...(node.labels ?? [])].filter(Boolean);
  const nodes = [...tools.all()].filter(tools.tabbable).slice(0, 150);
  tools.walk = {nodes, still, look, around, before: nodes.map(node => around(node).map(look))};
  return nodes.length;
}

async function where(settleMs) {
  // Two turns of the timers' queue: whatever the key's handlers put there has come to pass.
  await new Promise(done => setTimeout(() => setTimeout(done, settleMs), 0));
  const tools = globalThis.__stacksight;
  const node = tools.active();
  if (!node) return {index: -1, seen: true};
  const {nodes, before, look, around} = tools.walk;
  let index = nodes.indexOf(node);
  if (index < 0) {
    index = nodes.push(node) - 1; // it came later
    return {index, seen: true};
  }
  const outline = getComputedStyle(node);
  const ring = outline.outlineStyle !== 'none' && parseFloat(outline.outlineWidth) > 0;
  const now = around(node).map(look);
  const known = /^(IFRAME|VIDEO|AUDIO|OBJECT|EMBED)$/.test(node.tagName);
  const caret = node.isContentEditable || node.matches('input:not([type]), textarea, ' +
    ['text', 'email', 'password', 'search', 'tel', 'url', 'number', 'date', 'time', 'month', 'week',
      'datetime-local'].map(type => `input[type=${type}]`).join(', '));
  const changed = now.some((text, place) => text !== before[index]?.[place]);
  return {index, seen: ring || known || caret || changed || !tools.shown(node)};
}

// A frame, or the host of a closed shadow root: it has the focus, which it cannot take itself.
function isOpaque(indexes) {
  const {nodes} = globalThis.__stacksight.walk;
  return indexes.map(index => nodes[index]).filter(Boolean).some(node =>
    /^(IFRAME|OBJECT|EMBED)$/.test(node.tagName) || (node.tabIndex < 0 && !node.hasAttribute('tabindex')));
}

function describeAll(indexes, explanation) {
  const tools = globalThis.__stacksight;
  scrollTo(0, 0);
  return indexes
    .map(index => tools.walk.nodes[index])
    .filter(node => node?.isConnected)
    .map(node => tools.describe(node, explanation));
}

function restore() {
  const tools = globalThis.__stacksight;
  tools.walk.still.remove();
  document.activeElement?.blur?.();
  scrollTo(0, 0);
}
