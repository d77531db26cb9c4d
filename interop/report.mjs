// Opens a page of `mcp-sigv4 compare --report` in Chromium, wide and narrow, light and dark, and
// fails if anything is said on the console, fetched, missing, clipped or unreadable.
//
//   node report.mjs PAGE DIRECTORY [HOSTS] [break-even]      screenshots go to DIRECTORY
import { statSync } from 'node:fs';
import { pathToFileURL } from 'node:url';
import { chromium } from 'playwright-core';

const [file, directory, hosts = '2', breakEven] = process.argv.slice(2);
const url = pathToFileURL(file).href;
const CHARTS = ['From connecting', 'Latency distribution', 'Percentiles, one caller', 'Percentiles, 20 calls/s',
  'Throughput', 'US dollars'];
// What is drawn for the hosts: their placeholders, which the style sheet replaces.
const HOSTS = ['#2A78D6', '#D9730D', '#1E8E5A', '#9B4DCA'].slice(0, Number(hosts));
const MOST_BYTES = 300_000;

const faults = [];
const expect = (holds, what) => { if (!holds) faults.push(what); };

expect(statSync(file).size < MOST_BYTES, `the page has ${statSync(file).size} bytes`);

const browser = await chromium.launch({
  executablePath: '/usr/bin/chromium',
  args: ['--headless', '--no-sandbox', '--disable-gpu', '--disable-quic', '--no-first-run',
    '--disable-background-networking', '--disable-component-update', '--disable-sync'],
});
for (const width of [1280, 390]) {
  for (const colorScheme of ['light', 'dark']) {
    const where = `${width} ${colorScheme}`;
    // Without scripts, the page must have all it has.
    const context = await browser.newContext({ viewport: { width, height: 900 }, colorScheme, javaScriptEnabled: false });
    const page = await context.newPage();
    page.on('console', (message) => faults.push(`${where}: console: ${message.text()}`));
    page.on('pageerror', (error) => faults.push(`${where}: ${error.message}`));
    page.on('request', (request) => expect(request.url() === url || request.url().startsWith('data:'), `${where}: asked for ${request.url()}`));
    await page.goto(url);
    await page.screenshot({ path: `${directory}/report-${width}-${colorScheme}.png`, fullPage: true });
    await examine(page, where, width);
    await context.close();
  }
}
await browser.close();

async function examine(page, where, width) {
  const found = await page.evaluate((hosts) => {
    const shown = (element) => element.getBoundingClientRect().width > 0;
    const box = (element) => element.getBoundingClientRect();
    const svgs = [...document.querySelectorAll('svg')].filter(shown);
    // A word outside its chart, or beyond the edge of the page.
    const clipped = svgs.flatMap((svg) => [...svg.querySelectorAll('text')].filter((text) => {
      const [inner, outer] = [box(text), box(svg)];
      return inner.left < outer.left - 1 || inner.right > outer.right + 1 || inner.top < outer.top - 1 || inner.bottom > outer.bottom + 1;
    }).map((text) => text.textContent));
    const beyond = [...document.querySelectorAll('body *')].filter((element) => shown(element) && box(element).right > innerWidth + 1);
    // Two labels of an axis, one upon the other.
    const overlapping = svgs.flatMap((svg) => {
      const texts = [...svg.querySelectorAll('text')];
      return texts.flatMap((one, index) => texts.slice(index + 1).filter((other) => {
        const [a, b] = [box(one), box(other)];
        return a.left < b.right && b.left < a.right && a.top < b.bottom - 2 && b.top < a.bottom - 2;
      }).map((other) => `${one.textContent} / ${other.textContent}`));
    });
    const squashed = [...document.querySelectorAll('td:first-child')].filter((cell) => shown(cell) && box(cell).width < 50);
    const smallest = Math.min(...svgs.flatMap((svg) => [...svg.querySelectorAll('text')].map((text) => box(text).height)));
    const colour = (text) => text.match(/[\d.]+/g).slice(0, 3).map(Number);
    const light = (rgb) => {
      const [r, g, b] = rgb.map((part) => part / 255).map((part) => (part <= 0.04045 ? part / 12.92 : ((part + 0.055) / 1.055) ** 2.4));
      return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const paper = (element) => {
      const background = getComputedStyle(element).backgroundColor;
      return background === 'rgba(0, 0, 0, 0)' && element.parentElement ? paper(element.parentElement) : light(colour(background));
    };
    const contrasts = [...document.querySelectorAll('p, p span, b, li, td, th, small, pre, code, h1, h2, h3, figcaption, svg text')].filter(shown).map((element) => {
      const style = getComputedStyle(element);
      if (element.classList.contains('swatch')) return Infinity;
      const behind = paper(element);
      const ink = light(colour(element.closest('svg') ? style.fill : style.color));
      return (Math.max(ink, behind) + 0.05) / (Math.min(ink, behind) + 0.05);
    });
    return {
      labels: svgs.map((svg) => svg.getAttribute('aria-label')),
      drawn: svgs.map((svg) => hosts.map((host) => svg.querySelectorAll(`[fill="${host}"], [stroke="${host}"]`).length)),
      clipped, overlapping, smallest,
      squashed: squashed.map((cell) => cell.textContent),
      beyond: beyond.map((element) => `${element.tagName} ${element.textContent.slice(0, 40)}`),
      scroll: document.documentElement.scrollWidth,
      contrast: Math.min(...contrasts),
      rules: svgs.flatMap((svg) => [...svg.querySelectorAll('text')]).filter((text) => /^\d+ calls$/.test(text.textContent.trim())).length,
    };
  }, HOSTS);
  for (const chart of CHARTS) {
    expect(found.labels.some((label) => label.startsWith(chart)), `${where}: no chart "${chart}"`);
  }
  expect(found.labels.length === CHARTS.length, `${where}: charts: ${found.labels}`);
  // A function that was started under one protocol runs under the other: it has no cold starts of its own.
  const all = (chart, index) => chart.every((shapes) => shapes > 0) || (found.labels[index].startsWith('From connecting') && chart[0] > 0);
  expect(found.drawn.every(all), `${where}: a host is missing in a chart: ${found.drawn.join(' / ')}`);
  expect(found.clipped.length === 0, `${where}: clipped in a chart: ${found.clipped}`);
  expect(found.squashed.length === 0, `${where}: no room for: ${found.squashed}`);
  expect(found.overlapping.length === 0, `${where}: one upon the other: ${found.overlapping}`);
  expect(found.beyond.length === 0 && found.scroll <= width, `${where}: beyond the edge (${found.scroll}): ${found.beyond}`);
  expect(found.rules === (breakEven ? 1 : 0), `${where}: ${found.rules} places where the cheapest host changes`);
  expect(found.smallest >= 10, `${where}: words of ${found.smallest} pixels`);
  expect(found.contrast >= 4.5, `${where}: a contrast of ${found.contrast}`);
  console.log(`${where}: ${found.labels.length} charts, contrast ${found.contrast.toFixed(1)}`);
}

if (faults.length > 0) {
  console.error(faults.join('\n'));
  process.exit(1);
}
