// Names what a script inserted or changed just before a layout shift.
//
// Lighthouse names unsized images, frames and fonts as causes, but not the banner that a script puts
// above the content. Its own shifts are completed here with what was seen in the page.

const OWN_FEATURE = 'layout-instability';
const BROWSER_PAGES = 'chrome://'; // a warm Chrome draws parts of itself as pages
const SAME_SCORE = 1e-4;

/** Watch for shifts and their causes from the start of the page's document. */
export async function watchShifts(page) {
  await page.evaluateOnNewDocument(watch);
}

/**
 * Take our own use of layout shifts out of the features that Lighthouse saw the page use.
 * It is the first use of them, so that one by the page itself is not told apart.
 */
export function forgetOwnUse(lhr) {
  const details = lhr.audits.baseline?.details;
  if (details?.items) {
    details.items = details.items.filter(
      ({featureId, source}) =>
        featureId?.text !== OWN_FEATURE && !source?.url?.startsWith(BROWSER_PAGES)
    );
  }
}

/**
 * Add the causes seen in the page to the shifts of Lighthouse's result, and what moved where.
 * @param {import('puppeteer-core').Page} page - after the audit
 * @param {object} lhr
 */
export async function addCauses(page, lhr) {
  const shifts = lhr.audits['layout-shifts']?.details?.items ?? [];
  if (shifts.length === 0) return;
  const seen = await page.evaluate(() => globalThis.__stacksightShifts ?? []);
  for (const shift of shifts) {
    const match = seen.find(({score}) => Math.abs(score - shift.score) < SAME_SCORE);
    if (!match) continue;
    shift.moves = match.moves;
    const {node, font, cause} = match;
    if (node) shift.subItems = {type: 'subitems', items: [{extra: node, cause}]};
    else if (font && !shift.subItems?.items.length) {
      const extra = {type: 'url', value: font};
      shift.subItems = {type: 'subitems', items: [{extra, cause: 'Web font loaded'}]};
    }
  }
}

// Runs in the page, before its own scripts. Otherwise it keeps to features that are as old as the
// web, since Lighthouse's baseline check counts all as the page's.
function watch() {
  if (globalThis !== globalThis.top) return;
  const RECENT_MS = 150; // from a change to the frame that shows it
  const MAX_CHANGES = 200;
  const changes = [];
  const found = (globalThis.__stacksightShifts = []);

  new MutationObserver(records => {
    const time = performance.now();
    for (const {type, target, addedNodes} of records) {
      const added = type === 'childList' ? [...addedNodes] : [];
      for (const node of added) {
        if (node.nodeType === Node.ELEMENT_NODE) changes.push({time, type, node});
      }
      const text = type === 'characterData' || added.some(node => node.nodeType === Node.TEXT_NODE);
      const changed = type === 'characterData' ? target.parentElement : target;
      if ((type === 'attributes' || text) && changed?.nodeType === Node.ELEMENT_NODE) {
        changes.push({time, type: 'attributes', node: changed});
      }
    }
    changes.splice(0, changes.length - MAX_CHANGES);
  }).observe(document, {
    subtree: true,
    childList: true,
    characterData: true,
    attributes: true,
    attributeFilter: ['class', 'hidden', 'style'],
  });

  new PerformanceObserver(list => {
    for (const shift of list.getEntries()) {
      const change = culprit(shift); // whether it counts, Lighthouse decides
      const moves = shift.sources.filter(source => source.node?.isConnected).map(move);
      const font = change ? undefined : fontBefore(shift);
      if (change || font || moves.length) {
        found.push({score: shift.value, moves, font, ...(change ? describe(change) : {})});
      }
    }
  }).observe({type: 'layout-shift', buffered: true});

  // The recent change above what moved down, and as high as it moved; else the highest insertion
  // in view, since the rectangles of a shift are cut at the edges of the view.
  function culprit({startTime, sources}) {
    const recent = changes
      .filter(({time, node}) => time >= startTime - RECENT_MS && node.isConnected)
      .map(change => ({...change, rect: change.node.getBoundingClientRect()}))
      .filter(({rect}) => rect.height > 0 && rect.top < innerHeight && rect.bottom > 0);
    const fitting = [];
    for (const {currentRect, previousRect} of sources) {
      const moved = currentRect.top - previousRect.top;
      for (const change of recent) {
        // What changed may have grown by a part of its height; then it ends where the other begins.
        const gap = change.type === 'attributes' ? Math.abs(currentRect.top - change.rect.bottom) : Infinity;
        const misfit = Math.min(Math.abs(change.rect.height - moved), gap);
        if (moved > 0 && change.rect.top < currentRect.top && misfit <= moved / 2 + 10) {
          fitting.push({...change, misfit});
        }
      }
    }
    const inserted = recent.filter(({type}) => type === 'childList');
    return (
      fitting.sort((a, b) => a.misfit - b.misfit)[0] ||
      inserted.sort((a, b) => b.rect.height - a.rect.height)[0]
    );
  }

  // Text is set anew once its font has come; a shift without any other cause is then the font's.
  function fontBefore({startTime}) {
    return performance
      .getEntriesByType('resource')
      .filter(({name, initiatorType}) => initiatorType === 'css' && /\.(woff2?|[to]tf)\b/i.test(name))
      .filter(({responseEnd}) => responseEnd <= startTime && responseEnd >= startTime - 2 * RECENT_MS)
      .sort((a, b) => b.responseEnd - a.responseEnd)[0]?.name;
  }

  function move({node, previousRect, currentRect}) {
    const element = node.nodeType === Node.ELEMENT_NODE ? node : node.parentElement;
    return {selector: selector(element), from: place(previousRect), to: place(currentRect)};
  }

  function place({left, top, width, height}) {
    return {left: left + scrollX, top: top + scrollY, width, height};
  }

  function describe({type, node}) {
    const rect = node.getBoundingClientRect();
    const top = rect.top + scrollY;
    const left = rect.left + scrollX;
    const {width, height} = rect;
    return {
      cause: type === 'attributes' ? 'Element changed by a script' : 'Element added by a script',
      node: {
        type: 'node',
        selector: selector(node),
        path: '',
        snippet: node.cloneNode(false).outerHTML.replace(/<\/[^>]*>$/, ''),
        nodeLabel: (node.innerText || '').slice(0, 100),
        boundingRect: {top, left, width, height, right: left + width, bottom: top + height},
      },
    };
  }

  function selector(node) {
    const steps = [];
    for (let at = node; at && at.tagName !== 'HTML' && steps.length < 4; at = at.parentElement) {
      const id = at.id ? `#${CSS.escape(at.id)}` : '';
      const classes = id ? [] : [...at.classList].slice(0, 2).map(name => `.${CSS.escape(name)}`);
      steps.unshift(at.tagName.toLowerCase() + id + classes.join(''));
    }
    return steps.join(' > ');
  }
}
