// Writes every chart as SVG, without a browser, and prints what became of them as JSON: node figures.mjs DATA.json OUT_DIR
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

/** A file's name for a figure: letters and digits of any script, 120 bytes, and a number where another figure has it already. */
const taken = new Set();
function fileName(text) {
  let stem = text.normalize('NFC').replace(/[^\p{L}\p{M}\p{N}._-]+/gu, '-');
  while (Buffer.byteLength(stem) > 120) stem = [...stem].slice(0, -1).join('');
  const numbered = (n) => (n === 1 ? stem : `${stem}-${n}`);
  let n = 1;
  while (taken.has(numbered(n).toLowerCase())) ++n;  // some file systems tell no case
  taken.add(numbered(n).toLowerCase());
  return `${numbered(n)}.svg`;
}

function svgOfFigure(chart, state) {
  const made = laidOut(chart.make(data, state, fitted(themes.light, 800)), 800);
  if (!made.option) return null;
  const label = state.method === undefined ? '' : ` (${data.methods[Number(state.method)].label})`;
  return svgOf(titled(made.option, chart.title(state, data) + label, themes.light), 800, (made.height ?? chart.height + (made.more ?? 0)) + 34);
}

const outcome = { files: [], failures: [] };
for (const chart of charts)
  for (const [suffix, state] of states(chart)) {
    const name = fileName(chart.id + suffix);
    try {
      const svg = svgOfFigure(chart, state);
      if (!svg) continue;
      writeFileSync(join(outDir, name), svg);
      outcome.files.push(name);
    } catch (error) {
      outcome.failures.push(`${name}: ${error.message}`);
    }
  }
console.log(JSON.stringify(outcome));
