// How the page is laid out while it is looked at.

/** Lay the page out as Lighthouse's full-page screenshot has it, so that places agree with it. */
export function asInScreenshot(session, {configSettings, fullPageScreenshot}) {
  const {width, height} = configSettings.screenEmulation;
  return layOut(session, configSettings.screenEmulation, {
    height: Math.round((fullPageScreenshot?.screenshot.height ?? height) * scale(width, fullPageScreenshot)),
  });
}

/** Lay the page out as its visitors see it: a part of it at a time. */
export function asOnScreen(session, {configSettings}) {
  return layOut(session, configSettings.screenEmulation, {});
}

async function layOut(session, {disabled, mobile, width, height}, other) {
  if (disabled) return;
  const metrics = {mobile, width, height, deviceScaleFactor: 1, ...other};
  await session.send('Emulation.setDeviceMetricsOverride', metrics);
}

// Without a viewport of its own a page is laid out wider than the screen, and shown smaller.
function scale(width, fullPageScreenshot) {
  return fullPageScreenshot ? Math.min(1, width / fullPageScreenshot.screenshot.width) : 1;
}
