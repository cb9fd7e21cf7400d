// Lighthouse's presets, and what an order changes about them.

import {defaultConfig, desktopConfig} from 'lighthouse';

const SETTINGS = {
  mobile: defaultConfig.settings,
  desktop: {...defaultConfig.settings, ...desktopConfig.settings},
};
// Without timings to take, a page at rest need not be watched as long as one that is still busy;
// rest.mjs tells the two apart.
const SHORT_WAITS = {
  pauseAfterFcpMs: 500,
  pauseAfterLoadMs: 500,
  networkQuietThresholdMs: 500,
  cpuQuietThresholdMs: 0,
};

/** Tell whether an order asks for timings. */
export function isTimed({categories}) {
  return categories.includes('performance');
}

/** Return the settings for an order, complete. */
export function settingsFor(order) {
  const preset = SETTINGS[order.device];
  return {
    ...preset,
    ...(isTimed(order) ? {} : SHORT_WAITS),
    screenEmulation: {...preset.screenEmulation, ...order.viewport},
    locale: 'en-US',
    onlyCategories: order.categories,
    maxWaitForFcp: Math.min(order.maxWaitMs, preset.maxWaitForFcp),
    maxWaitForLoad: order.maxWaitMs,
  };
}
