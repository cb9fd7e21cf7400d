// Contrast where axe gives none: of placeholders, and of text on gradients and pictures.

import {withAxe} from './axe.mjs';
import {put} from './results.mjs';

const MOST_NODES = 100;
const MOST_NAMED = 3;

export async function contrast(page, lhr, session) {
  const run = await withAxe(session);
  const {graded, partly, pictured} = await run(`(${unsureTexts})(${MOST_NODES})`);
  put(lhr, 'accessibility', {
    id: 'gradient-contrast',
    title: graded.length ? 'Text on a gradient is hard to read' : 'Text on gradients can be read',
    description: 'Darken the text or the gradient until every part of it has a ratio of 4.5:1.',
    impact: 'serious',
    nodes: graded,
    unknown: unknown(partly, 'of a gradient that suffices in parts'),
  });
  put(lhr, 'accessibility', {
    id: 'picture-contrast',
    title: 'No text lies on a picture',
    description: 'The contrast of text on a picture is for a person to judge.',
    impact: 'serious',
    nodes: [],
    unknown: unknown(pictured, 'of a picture'),
  });
  const nodes = await run(`(${palePlaceholders})(${MOST_NODES})`);
  put(lhr, 'accessibility', {
    id: 'placeholder-contrast',
    title: nodes.length ? 'Placeholders are hard to read' : 'Placeholders can be read',
    description: 'Give ::placeholder a colour with a ratio of 4.5:1 to the field.',
    impact: 'serious',
    nodes,
  });
}

function unknown(selectors, what) {
  if (selectors.length === 0) return null;
  const named = selectors.slice(0, MOST_NAMED).join(', ');
  const more = selectors.length > MOST_NAMED ? ', …' : '';
  return `${selectors.length} x text in front ${what}, whose contrast cannot be measured: ${named}${more}`;
}

// --- in the page ----------------------------------------------------------------------------

/** Text on a gradient: axe cannot tell its contrast, but if no part of the gradient suffices, we can. */
async function unsureTexts(most) {
  const MOST_BEFORE_SLOW = 4000; // of a larger page only what is on a background of its own
  const {all, describe, parentOf, selector} = globalThis.__stacksight;
  const backed = node => getComputedStyle(node).backgroundImage !== 'none' && node.textContent.trim();
  const nodes = [...all()];
  const backgrounds = nodes.filter(backed);
  const pictures = nodes.some(node => /^(IMG|VIDEO|CANVAS|PICTURE|IMAGE)$/i.test(node.tagName));
  const found = {graded: [], partly: [], pictured: []};
  if (backgrounds.length === 0 && !pictures) return found;
  const whole = nodes.length <= MOST_BEFORE_SLOW;
  if (!whole && backgrounds.length === 0) return found;
  const {incomplete} = await globalThis.axe.run(whole ? document : {include: backgrounds.slice(0, 30)}, {
    runOnly: {type: 'rule', values: ['color-contrast']},
    resultTypes: ['incomplete'],
    elementRef: true,
    iframes: false,
  });
  scrollTo(0, 0);
  const colours = text =>
    [...text.matchAll(/rgba?\(([\d.]+), ([\d.]+), ([\d.]+)(?:, ([\d.]+))?\)/g)]
      .filter(([, , , , alpha = '1']) => Number(alpha) === 1)
      .map(([, ...parts]) => parts.slice(0, 3).map(Number));
  const luminance = colour => {
    const [r, g, b] = colour.map(part => {
      const share = part / 255;
      return share <= 0.04045 ? share / 12.92 : ((share + 0.055) / 1.055) ** 2.4;
    });
    return 0.2126 * r + 0.7152 * g + 0.0722 * b; // WCAG 2, relative luminance
  };
  const ratio = (a, b) => {
    const [dark, light] = [luminance(a), luminance(b)].sort((x, y) => x - y);
    return (light + 0.05) / (dark + 0.05);
  };
  for (const {element, any} of incomplete.flatMap(result => result.nodes)) {
    const reason = any.map(({data}) => data?.messageKey).find(Boolean);
    if (!element) continue;
    if (reason === 'bgImage' || reason === 'imgNode') found.pictured.push(selector(element));
    if (reason !== 'bgGradient') continue;
    let behind = element;
    while (behind && !getComputedStyle(behind).backgroundImage.includes('gradient')) behind = parentOf(behind);
    const stops = behind ? colours(getComputedStyle(behind).backgroundImage) : [];
    const style = getComputedStyle(element);
    const [text] = colours(style.color);
    if (!text || stops.length < 2) continue;
    const size = parseFloat(style.fontSize);
    const large = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700);
    const needed = large ? 3 : 4.5;
    const ratios = stops.map(stop => ratio(text, stop));
    const best = Math.max(...ratios);
    if (best < needed) {
      const why = `At best ${best.toFixed(2)} to 1 on its gradient, expected ${needed} to 1`;
      if (found.graded.length < most) found.graded.push(describe(element, why));
    } else if (Math.min(...ratios) < needed) {
      found.partly.push(selector(element));
    }
  }
  return found;
}

function palePlaceholders(most) {
  const {all, describe, shown} = globalThis.__stacksight;
  const {Color, flattenColors, getBackgroundColor, getContrast} = globalThis.axe.commons.color;
  const LEAST_ALPHA = 0.1; // below, it is meant to be invisible: a label stands there until the focus comes
  const fields = [...all()]
    .filter(node => node.matches(':placeholder-shown:enabled') && node.placeholder.trim() && shown(node))
    .slice(0, most);
  if (fields.length === 0) return [];
  globalThis.axe.setup(document.documentElement);
  try {
    return fields.flatMap(node => {
      const style = getComputedStyle(node, '::placeholder');
      const behind = getBackgroundColor(node, []);
      const colour = new Color();
      colour.parseString(style.color);
      colour.alpha *= Number(style.opacity);
      if (!behind || colour.alpha < LEAST_ALPHA) return [];
      const size = parseFloat(style.fontSize);
      const needed = size >= 24 || (size >= 18.66 && Number(style.fontWeight) >= 700) ? 3 : 4.5;
      const ratio = getContrast(behind, flattenColors(colour, behind));
      if (ratio >= needed) return [];
      return [describe(node, `Its placeholder has ${ratio.toFixed(2)} to 1, expected ${needed} to 1`)];
    });
  } finally {
    globalThis.axe.teardown();
    scrollTo(0, 0);
  }
}
