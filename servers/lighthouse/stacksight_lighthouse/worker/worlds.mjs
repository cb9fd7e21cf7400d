// Scripts of ours in a frame, apart from the page's own, which can neither see nor break them.

import {GROUP} from './results.mjs';

/**
 * Make a world of our own in a frame.
 * @param {import('puppeteer-core').CDPSession} session - of the process that the frame is in
 * @param {string} frameId
 * @returns {Promise<((expression: string) => Promise<any>) & {contextId: number}>} evaluates there
 */
export async function worldIn(session, frameId) {
  const {executionContextId: contextId} = await session.send('Page.createIsolatedWorld', {
    frameId,
    worldName: GROUP,
  });
  const run = async expression => {
    const {result, exceptionDetails} = await session.send('Runtime.evaluate', {
      expression,
      contextId,
      awaitPromise: true,
      returnByValue: true,
    });
    if (exceptionDetails) throw new Error(exceptionDetails.exception?.description ?? 'a script failed');
    return result.value;
  };
  return Object.assign(run, {contextId});
}

/**
 * Return the frames of a session's process, as the protocol describes them, the outer ones first.
 * @param {import('puppeteer-core').CDPSession} session
 */
export async function framesOf(session) {
  const {frameTree} = await session.send('Page.getFrameTree');
  const frames = [];
  const waiting = [frameTree];
  for (const {frame, childFrames = []} of waiting) {
    frames.push(frame);
    waiting.push(...childFrames);
  }
  return frames;
}
