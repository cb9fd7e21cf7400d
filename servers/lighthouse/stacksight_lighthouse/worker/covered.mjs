// Controls that are seen but cannot be clicked, since something that is not seen lies over them.

import {asInScreenshot, asOnScreen} from './layout.mjs';
import {put} from './results.mjs';

const MOST_NODES = 30;

export async function covered(page, lhr, session) {
  let nodes = [];
  if ((await page.evaluate(findSuspects, MOST_NODES)) > 0) {
    // Laid out for the screenshot, what is as high as the screen covers all that is below.
    await asOnScreen(session, lhr);
    await page.evaluate(confirm, lhr.gatherMode === 'navigation');
    await asInScreenshot(session, lhr);
    nodes = await page.evaluate(describeConfirmed);
  }
  put(lhr, 'best-practices', {
    id: 'covered-control',
    title: nodes.length ? 'Controls are covered and cannot be clicked' : 'No control is covered',
    description: 'Give what lies over it pointer-events: none or a lower z-index, or remove it.',
    impact: 'critical',
    nodes,
  });
}

// --- in the page ----------------------------------------------------------------------------

function findSuspects(most) {
  const tools = globalThis.__stacksight;
  const MODAL = 'dialog[open], [role=dialog], [role=alertdialog], [aria-modal=true]';
  const CONTROL = 'a[href], button, input, select, textarea, summary, [role=button], [role=link], [role=tab]';
  const ACTIVE = `${CONTROL}, label, video, audio, iframe, canvas, object, embed, dialog, [onclick]`;
  const LEAST_SIDE = 12;
  const SPOTS = [[0.5, 0.5], [0.2, 0.5], [0.8, 0.5], [0.5, 0.2], [0.5, 0.8]];

  const unseen = node => {
    const style = getComputedStyle(node);
    if (!node.checkVisibility({opacityProperty: true})) return true;
    const clear = /^rgba\(.*, 0(\.0\d*)?\)$/.test(style.backgroundColor);
    const bare = style.backgroundImage === 'none' && style.backdropFilter === 'none';
    return clear && bare && node.innerText?.trim() === '' && !node.querySelector('img, svg, picture');
  };

  tools.coverOf = node => {
    const {left, top, width, height} = node.getBoundingClientRect();
    let cover = null;
    for (const [x, y] of SPOTS) {
      const stack = node.getRootNode().elementsFromPoint(left + x * width, top + y * height);
      // Whoever is not in the stack is out of sight here, or lets clicks through.
      const over = stack.slice(0, Math.max(0, stack.indexOf(node))).find(other => !node.contains(other));
      if (!over || over.contains(node) || over.closest(ACTIVE) || over.matches('[role], [tabindex]')) return null;
      if (over.onclick || getComputedStyle(over).cursor === 'pointer' || !unseen(over)) return null;
      cover = over;
    }
    return cover;
  };

  const usable = node => {
    const {width, height} = node.getBoundingClientRect();
    const large = width >= LEAST_SIDE && height >= LEAST_SIDE;
    return large && !node.disabled && !node.closest('[inert], label') && tools.shown(node);
  };
  tools.suspects = [];
  // In a dialog's shadow things are covered on purpose.
  if ([...document.querySelectorAll(MODAL)].some(tools.shown)) return 0;
  for (const node of tools.all()) {
    if (tools.suspects.length === most) break;
    if (node.matches(CONTROL) && usable(node) && tools.coverOf(node)) tools.suspects.push(node);
  }
  return tools.suspects.length;
}

function confirm(loaded) {
  const tools = globalThis.__stacksight;
  const fixed = node => {
    for (let at = node; at; at = tools.parentOf(at)) if (getComputedStyle(at).position === 'fixed') return true;
    return false;
  };
  tools.covered = tools.suspects.flatMap(node => {
    node.scrollIntoView({block: 'center', inline: 'center', behavior: 'instant'});
    const cover = tools.coverOf(node);
    // After a click a menu may have put a sheet over the page that closes it.
    return cover && (loaded || !fixed(cover)) ? [{node, cover}] : [];
  });
  scrollTo(0, 0);
}

function describeConfirmed() {
  const {covered, describe, selector} = globalThis.__stacksight;
  return covered.map(({node, cover}) =>
    describe(node, `${selector(cover)}, which cannot be seen, lies over it and takes the clicks`));
}
