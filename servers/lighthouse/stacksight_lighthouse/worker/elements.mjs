// What the page itself can tell of its elements. Injected whole, so it refers to nothing outside.

/** Runs in the page: puts what the checks need into `globalThis.__stacksight`. */
export function elementTools() {
  if (globalThis.__stacksight) return;
  const MAX_STEPS = 4;
  const MAX_LABEL = 100;

  function* all(root = document) {
    for (const node of root.querySelectorAll('*')) {
      yield node;
      if (node.shadowRoot) yield* all(node.shadowRoot);
    }
  }

  function parentOf(node) {
    return node.parentElement ?? node.getRootNode().host ?? null;
  }

  function selector(node) {
    const steps = [];
    for (let at = node; at && at.tagName !== 'HTML' && steps.length < MAX_STEPS; at = parentOf(at)) {
      const id = at.id ? `#${CSS.escape(at.id)}` : '';
      const classes = id ? [] : [...at.classList].slice(0, 2).map(name => `.${CSS.escape(name)}`);
      steps.unshift(at.tagName.toLowerCase() + id + classes.join(''));
    }
    return steps.join(' > ') || 'html';
  }

  // The place in the document as Lighthouse writes it: 1,HTML,1,BODY,0,MAIN. Blank texts do not count.
  function counted(node) {
    return node.nodeType !== Node.TEXT_NODE || node.data.trim() !== '';
  }

  function path(node) {
    const steps = [];
    for (let at = node; at && at !== document; at = at.parentNode ?? at.host) {
      const siblings = [...(at.parentNode?.childNodes ?? [at])].filter(counted);
      const index = at instanceof ShadowRoot ? 'a' : siblings.indexOf(at);
      steps.unshift(index, at.nodeName);
    }
    return steps.join(',');
  }

  function describe(node, explanation) {
    const {top, left, width, height} = node.getBoundingClientRect();
    const [x, y] = [left + scrollX, top + scrollY];
    return {
      type: 'node',
      selector: selector(node),
      path: path(node),
      snippet: node.cloneNode(false).outerHTML.replace(/<\/[^>]*>$/, ''),
      nodeLabel: (node.innerText || node.getAttribute('aria-label') || '').slice(0, MAX_LABEL),
      boundingRect: {top: y, left: x, width, height, right: x + width, bottom: y + height},
      explanation,
    };
  }

  function shown(node) {
    const {width, height} = node.getBoundingClientRect();
    const options = {opacityProperty: true, visibilityProperty: true};
    return width > 0 && height > 0 && node.checkVisibility(options);
  }

  function tabbable(node) {
    if (node.tabIndex < 0 || node.disabled || node.closest('[inert]')) return false;
    if (node.type === 'radio' && node.name && !node.checked) return false; // one of a group is
    return shown(node) || (node.checkVisibility() && getComputedStyle(node).visibility !== 'hidden');
  }

  function active() {
    let node = document.activeElement;
    while (node?.shadowRoot?.activeElement) node = node.shadowRoot.activeElement;
    return node && node !== document.body && node !== document.documentElement ? node : null;
  }

  globalThis.__stacksight = {all, describe, selector, shown, tabbable, active, parentOf};
}
