// Checks of our own that need no page, only what Lighthouse has found out already.

import {putTable} from './results.mjs';

const TEXT = /^(text\/|application\/(javascript|json|xml|manifest\+json|wasm)|image\/svg)/;
const LEAST_BYTES = 4_096;
const LARGE_BYTES = 100_000;

/** Scripts, styles and data that came as they are; Lighthouse looks at the document alone. */
export async function compression(page, lhr) {
  const requests = lhr.audits['network-requests']?.details?.items ?? [];
  const plain = requests.filter(
    ({mimeType, transferSize, resourceSize, resourceType, statusCode, url}) =>
      TEXT.test(mimeType) && resourceType !== 'Document' && statusCode === 200 &&
      /^https?:/.test(url) && resourceSize >= LEAST_BYTES && transferSize >= resourceSize,
  );
  plain.sort((a, b) => b.resourceSize - a.resourceSize);
  const bytes = plain.reduce((sum, {resourceSize}) => sum + resourceSize, 0);
  putTable(lhr, 'performance', {
    id: 'text-compression',
    title: plain.length ? 'Text is sent without compression' : 'Text is sent compressed',
    description: 'Let the server compress text with brotli or gzip: a third or less is left.',
    impact: bytes >= LARGE_BYTES ? 'moderate' : 'minor',
    headings: [
      {key: 'url', valueType: 'url', label: 'URL'},
      {key: 'totalBytes', valueType: 'bytes', label: 'Transfer Size'},
    ],
    items: plain.map(({url, transferSize}) => ({url, totalBytes: transferSize})),
  });
}

// From the advisories named; versions from (inclusive) to (exclusive).
const ADVISORIES = [
  ['jQuery', '1.0.3', '3.5.0', 'CVE-2020-11023'],
  ['jQuery UI', '1.0.0', '1.13.2', 'CVE-2022-31160'],
  ['Bootstrap', '3.0.0', '3.4.1', 'CVE-2019-8331'],
  ['Bootstrap', '4.0.0', '4.3.1', 'CVE-2019-8331'],
  ['AngularJS', '1.0.0', '2.0.0', 'CVE-2024-21490, and no support since 2022'],
  ['Lo-Dash', '0.0.0', '4.17.21', 'CVE-2021-23337'],
  ['Underscore', '1.3.2', '1.12.1', 'CVE-2021-23358'],
  ['Moment.js', '2.18.0', '2.29.4', 'CVE-2022-31129'],
  ['Handlebars', '0.0.0', '4.7.7', 'CVE-2021-23369'],
  ['Vue', '2.0.0', '3.0.0', 'CVE-2024-9506, and no support since 2023'],
  ['Dojo', '0.0.0', '1.16.5', 'CVE-2021-23450'],
  ['Mustache', '0.0.0', '2.2.1', 'CVE-2015-8862'],
  ['Knockout', '0.0.0', '3.5.0', 'CVE-2019-14862'],
];

/** Libraries with a known hole; Lighthouse names the versions and no longer judges them. */
export async function libraries(page, lhr) {
  const found = lhr.audits['js-libraries']?.details?.items ?? [];
  const items = found.flatMap(({name, version}) => {
    const known = ADVISORIES.find(
      ([library, from, to]) =>
        library.toLowerCase() === name.toLowerCase() && version &&
        compare(version, from) >= 0 && compare(version, to) < 0,
    );
    return known ? [{name: `${name} ${version}`, advisory: known[3], safe: `${known[2]} or later`}] : [];
  });
  putTable(lhr, 'best-practices', {
    id: 'vulnerable-libraries',
    title: items.length ? 'Libraries have known holes' : 'No library of a short list has a known hole',
    description: 'Update the library. Only well-known holes of front-end libraries are looked for.',
    impact: 'serious',
    headings: [
      {key: 'name', valueType: 'text', label: 'Library'},
      {key: 'advisory', valueType: 'text', label: 'Advisory'},
      {key: 'safe', valueType: 'text', label: 'Fixed in'},
    ],
    items,
  });
}

function compare(a, b) {
  const [left, right] = [a, b].map(version => version.split(/[.-]/).map(part => parseInt(part) || 0));
  for (let place = 0; place < 3; place++) {
    const difference = (left[place] ?? 0) - (right[place] ?? 0);
    if (difference) return difference;
  }
  return 0;
}
