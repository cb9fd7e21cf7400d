// axe in a world of our own, where closed shadow roots are open to it.

import fs from 'node:fs/promises';
import {createRequire} from 'node:module';

import {elementTools} from './elements.mjs';
import {framesOf, worldIn} from './worlds.mjs';

const MOST_ROOTS = 200;

const worlds = new WeakMap(); // axe is large: it is read into a page once

/**
 * Read axe into a page.
 * @param {import('puppeteer-core').CDPSession} session
 * @returns {Promise<(expression: string) => Promise<any>>} evaluates where axe is
 */
export async function withAxe(session) {
  if (!worlds.has(session)) {
    const [main] = await framesOf(session);
    const run = await worldIn(session, main.id);
    await run(`${await axeSource()};(${elementTools})();globalThis.__stacksight.opened = [];0`);
    await openShadows(session, run.contextId);
    worlds.set(session, run);
  }
  return worlds.get(session);
}

export function axeSource() {
  return fs.readFile(createRequire(import.meta.url).resolve('axe-core/axe.min.js'), 'utf8');
}

// What a page's scripts may not see the protocol shows. Only our world sees the property.
async function openShadows(session, executionContextId) {
  const {root} = await session.send('DOM.getDocument', {depth: -1, pierce: true});
  for (const {host, shadow} of [...closedRoots(root)].slice(0, MOST_ROOTS)) {
    const [outer, inner] = await Promise.all(
      [host, shadow].map(backendNodeId => session.send('DOM.resolveNode', {backendNodeId, executionContextId})),
    );
    await session.send('Runtime.callFunctionOn', {
      objectId: outer.object.objectId,
      functionDeclaration: String(function (shadow) {
        Object.defineProperty(this, 'shadowRoot', {value: shadow});
        globalThis.__stacksight.opened.push(this);
      }),
      arguments: [{objectId: inner.object.objectId}],
    });
  }
}

function* closedRoots(node) {
  for (const shadow of node.shadowRoots ?? []) {
    if (shadow.shadowRootType === 'closed') yield {host: node.backendNodeId, shadow: shadow.backendNodeId};
    if (shadow.shadowRootType !== 'user-agent') yield* closedRoots(shadow);
  }
  for (const child of node.children ?? []) yield* closedRoots(child);
}
