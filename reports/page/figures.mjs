// Writes every chart as SVG, without a browser: node figures.mjs DATA.json OUT_DIR
import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { charts, laidOut, settle, svgOf, titled } from './charts/index.mjs';
import { fitted, themes } from './charts/look.mjs';

const [dataFile, outDir] = process.argv.slice(2);
const data = JSON.parse(readFileSync(dataFile, 'utf8'));

/** The states worth a figure: every value of the chart's main control, or every method where it shows one at a time. */
function states(chart) {
  const base = settle(chart, data);
  const controls = chart.controls ? chart.controls(data, base) : [];
  const main = controls.find((control) => control.key === (chart.variants ?? 'method'));
  if (!main) return [['', base]];
  return main.options.map(([value, text]) => [`-${text}`, settle(chart, data, { ...base, [main.key]: value })]);
}

for (const chart of charts)
  for (const [suffix, state] of states(chart)) {
    const made = laidOut(chart.make(data, state, fitted(themes.light, 800)), 800);
    if (!made.option) continue;
    const name = (chart.id + suffix).replace(/[^A-Za-z0-9._-]+/g, '-').slice(0, 80);
    const label = state.method === undefined ? '' : ` (${data.methods[Number(state.method)].label})`;
    writeFileSync(join(outDir, `${name}.svg`), svgOf(titled(made.option, chart.title(state, data) + label, themes.light), 800, (made.height ?? chart.height + (made.more ?? 0)) + 34));
    console.log(`${name}.svg`);
  }
