// Scripts of ours in a frame, apart from the page's own, which can neither see nor break them.

import {GROUP} from './results.mjs';

/**
 * Make a world of our own in a frame.
 * @param {import('puppeteer-core').CDPSession} session
 * @param {string} frameId
 * @returns {Promise<(expression: string) => Promise<any>>} evaluates there
 */
export async function worldIn(session, frameId) {
  const {executionContextId} = await session.send('Page.createIsolatedWorld', {
    frameId,
    worldName: GROUP,
  });
  return async expression => {
    const {result, exceptionDetails} = await session.send('Runtime.evaluate', {
      expression,
      contextId: executionContextId,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? 'a script failed');
    return result.value;
  };
}

/** Return a frame and those right below it, as the protocol describes them. */
export async function framesOf(session) {
  const {frameTree} = await session.send('Page.getFrameTree');
  return {main: frameTree.frame, below: (frameTree.childFrames ?? []).map(({frame}) => frame)};
}
