// Puts checks of our own into Lighthouse's result, in its own form.

export const GROUP = 'stacksight';
const IMPACTS = ['critical', 'serious', 'moderate', 'minor'];

/** Add a check whose offenders are elements. */
export function put(lhr, category, {nodes, ...check}) {
  const headings = [{key: 'node', valueType: 'node', label: 'Failing Elements'}];
  putTable(lhr, category, {...check, headings, items: nodes.map(node => ({node}))});
}

/**
 * Add a check.
 * @param {object} lhr
 * @param {string} category
 * @param {object} check - as Lighthouse's audits have it; `unknown`: why it could not be made
 */
export function putTable(lhr, category, check) {
  const {id, title, description, impact, tags = [], headings, items, unknown = null} = check;
  const failed = items.length > 0;
  lhr.audits[id] = {
    id,
    title,
    description,
    score: failed ? 0 : unknown ? null : 1,
    scoreDisplayMode: failed || !unknown ? 'binary' : 'error',
    ...(unknown && !failed ? {errorMessage: unknown} : {}),
    details: {
      type: 'table', headings, items, debugData: {type: 'debugdata', impact, tags, source: GROUP},
    },
  };
  lhr.categoryGroups[GROUP] ??= {
    title: 'More checks',
    description: 'Made by stacksight besides those of Lighthouse. They count in no score.',
  };
  const {auditRefs} = lhr.categories[category];
  if (!auditRefs.some(ref => ref.id === id)) auditRefs.push({id, weight: 0, group: GROUP});
}

/** Return the worst of axe's impacts, or undefined of none. */
export function worstOf(impacts) {
  return IMPACTS.find(impact => impacts.includes(impact));
}
