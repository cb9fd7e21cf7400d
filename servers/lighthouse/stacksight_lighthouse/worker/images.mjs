// Pictures that a visitor does not see because they did not come or are none.

import {put} from './results.mjs';

const MOST_NODES = 100;

export async function brokenImages(page, lhr) {
  const nodes = await page.evaluate(broken, MOST_NODES);
  put(lhr, 'best-practices', {
    id: 'broken-image',
    title: nodes.length ? 'Pictures are broken' : 'No picture is broken',
    description: 'Correct the address, or let the server send the picture.',
    impact: 'serious',
    nodes,
  });
}

// In the page.
async function broken(most) {
  const {all, describe} = globalThis.__stacksight;
  const MOST_URL = 120; // some are the picture itself
  const statuses = new Map(
    performance.getEntriesByType('resource').map(({name, responseStatus}) => [name, responseStatus]),
  );
  const absolute = url => {
    try {
      return url ? new URL(url, document.baseURI).href : '';
    } catch {
      return '';
    }
  };

  // Pictures of one pixel only count visits.
  const meantToBeSeen = node => {
    const {width, height, right} = node.getBoundingClientRect();
    const given = [node.getAttribute('width'), node.getAttribute('height')].filter(Boolean).map(parseFloat);
    const tiny = given.some(side => side <= 1) || (width > 0 && width <= 1) || (height > 0 && height <= 1);
    return !tiny && right >= 0 && node.checkVisibility({opacityProperty: true, visibilityProperty: true});
  };

  const ofImage = async node => {
    if (!node.complete || node.naturalWidth > 0 || !node.hasAttribute('src')) return null;
    const url = absolute(node.currentSrc || node.src);
    const shown = url.slice(0, MOST_URL);
    // Scripts that load pictures late put the address elsewhere until then.
    if (!node.getAttribute('src')) {
      const later = [...node.attributes].some(({name}) => name.startsWith('data-') || name === 'srcset');
      return later ? null : 'Its src is empty';
    }
    const decoded = await node.decode().then(() => true, () => false); // a drawing may have no width
    const status = statuses.get(url);
    if (decoded || status === 204) return null;
    if (status >= 400) return `Its file answered ${status}: ${shown}`;
    return status ? `What came is no picture: ${shown}` : `It did not load, or is no picture: ${shown}`;
  };

  const ofOthers = node => {
    const background = getComputedStyle(node).backgroundImage;
    const urls = [
      node instanceof HTMLInputElement && node.type === 'image' ? node.src : '',
      node instanceof HTMLVideoElement ? node.poster : '',
      node instanceof SVGImageElement ? absolute(node.href.baseVal) : '',
      ...[...background.matchAll(/url\("([^"]*)"\)/g)].map(([, url]) => url),
    ];
    const missing = urls.find(url => url && statuses.get(url) >= 400);
    return missing ? `Its picture answered ${statuses.get(missing)}: ${missing}` : null;
  };

  const found = [];
  for (const node of all()) {
    if (found.length === most) break;
    const why = node instanceof HTMLImageElement ? await ofImage(node) : ofOthers(node);
    if (why && meantToBeSeen(node)) found.push(describe(node, why));
  }
  return found;
}
