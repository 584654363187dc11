// The page's script: draws every chart, its controls and its downloads. Tables and texts are there without it.
import { charts, csvText, echarts, laidOut, settle, svgOf, titled } from './charts/index.mjs';
import { fitted, themes } from './charts/look.mjs';

const root = document.documentElement;
const data = JSON.parse(document.getElementById('data').textContent);
const wanted = new URLSearchParams(location.search).get('theme');
const preferred = matchMedia('(prefers-color-scheme: dark)');
if (wanted === 'dark' || wanted === 'light') root.dataset.theme = wanted;
const theme = () => themes[root.dataset.theme || (preferred.matches ? 'dark' : 'light')];

const element = (tag, properties = {}, ...children) => {
  const made = Object.assign(document.createElement(tag), properties);
  made.append(...children);
  return made;
};

function save(name, blob) {
  const link = element('a', { href: URL.createObjectURL(blob), download: name });
  link.click();
  setTimeout(() => URL.revokeObjectURL(link.href), 10000);
}

/** Charts are drawn for paper while the browser prints. */
let printing = false;
const paperWidth = 680;

class Figure {
  constructor(chart, place) {
    this.chart = chart;
    this.state = settle(chart, data);
    this.title = element('h3');
    this.controls = element('div', { className: 'controls' });
    this.box = element('div', { className: 'drawing' });
    this.note = element('p', { className: 'chart-note' });
    const button = (text, title, action) => element('button', { type: 'button', textContent: text, title, onclick: action });
    this.saves = element('div', { className: 'saves' },
      button('SVG', 'Save this chart as SVG', () => this.saveSvg()),
      button('PNG', 'Save this chart as PNG', () => this.savePng()),
      button('CSV', 'Save this chart’s data as CSV', () => save(`${chart.id}.csv`, new Blob([csvText(this.made.csv)], { type: 'text/csv' }))));
    place.replaceChildren(element('figcaption', {}, this.title, this.saves), this.controls, this.box, this.note);
    this.draw();
  }

  drawControls() {
    const offered = this.chart.controls ? this.chart.controls(data, this.state) : [];
    const change = (key) => (event) => { this.state = settle(this.chart, data, { ...this.state, [key]: event.target.value }); this.draw(); };
    this.controls.replaceChildren(...offered.filter((control) => control.options.length > 1).map((control) => {
      const at = control.options.findIndex(([value]) => value === this.state[control.key]);
      if (control.slider) {
        const slider = element('input', { type: 'range', min: 0, max: control.options.length - 1, value: at });
        slider.oninput = (event) => {
          this.state[control.key] = control.options[Number(event.target.value)][0];
          this.redraw();
          shown.textContent = this.state[control.key];
        };
        const shown = element('output', { textContent: this.state[control.key] });
        return element('label', { className: 'slider' }, control.label, slider, shown);
      }
      if (control.select || control.options.length > 6 || control.key === 'method' || control.key === 'axis')
        return element('label', {}, control.label, element('select', { onchange: change(control.key) },
          ...control.options.map(([value, text]) => element('option', { value, textContent: text, selected: value === this.state[control.key] }))));
      return element('div', { className: 'choice', role: 'radiogroup', ariaLabel: control.label }, element('span', { textContent: control.label }),
        ...control.options.map(([value, text]) => element('button', { type: 'button', textContent: text, value, role: 'radio',
          ariaChecked: String(value === this.state[control.key]), onclick: change(control.key) })));
    }));
  }

  draw() {
    const focused = this.controls.contains(document.activeElement) ? document.activeElement.value : null;
    this.drawControls();
    if (focused !== null) [...this.controls.querySelectorAll('button')].find((one) => one.value === focused)?.focus();
    this.redraw();
  }

  /** Draws the chart as its controls are set. One that cannot be drawn says so in its own place. */
  redraw() {
    this.failed = false;
    try {
      this.show();
    } catch (error) {
      console.error(this.chart.id, error);
      this.failed = true;
      this.saves.hidden = true;
      this.box.style.height = '';
      this.box.replaceChildren(element('p', { className: 'empty failed', textContent: `This chart could not be drawn: ${error.message}` }));
    }
  }

  show() {
    this.width = this.box.clientWidth;
    const width = printing ? paperWidth : this.width;
    this.drawn?.dispose();
    this.drawn = null;
    this.made = laidOut(this.chart.make(data, this.state, fitted(theme(), width)), width);
    this.title.textContent = this.chart.title(this.state, data);
    this.note.textContent = [this.made.option && this.chart.note?.(data), this.made.note].filter(Boolean).join(' ');
    this.saves.hidden = !this.made.option;
    if (!this.made.option) {
      this.box.style.height = '';
      this.box.replaceChildren(element('p', { className: 'empty', textContent: this.made.empty }));
      return;
    }
    this.height = this.made.height ?? this.chart.height + (this.made.more ?? 0);
    if (printing) {
      // A picture that fits any paper; a canvas would come out empty.
      const picture = new DOMParser().parseFromString(svgOf(this.made.option, paperWidth, this.height), 'image/svg+xml').documentElement;
      this.box.style.height = '';
      this.box.replaceChildren(document.importNode(picture, true));
      return;
    }
    this.box.replaceChildren();
    this.box.style.height = `${this.height}px`;
    this.drawn = echarts.init(this.box, null, { renderer: this.chart.canvas ? 'canvas' : 'svg' });
    this.drawn.setOption(this.made.option);
  }

  /** The chart as a picture of its own: 900 wide, whatever the window is. */
  alone() { return titled(laidOut(this.chart.make(data, this.state, fitted(theme(), 900)), 900).option, this.title.textContent, theme()); }
  resize() { if (this.box.clientWidth !== this.width) this.redraw(); }
  saveSvg() { save(`${this.chart.id}.svg`, new Blob([svgOf(this.alone(), 900, this.height + 34)], { type: 'image/svg+xml' })); }
  savePng() {
    const place = element('div');
    place.style.cssText = `position:absolute;left:-9999px;width:900px;height:${this.height + 34}px`;
    document.body.append(place);
    const picture = echarts.init(place, null, { renderer: 'canvas', devicePixelRatio: 2 });
    picture.setOption(this.alone());
    fetch(picture.getDataURL({ type: 'png', pixelRatio: 2 })).then((reply) => reply.blob()).then((blob) => save(`${this.chart.id}.png`, blob));
    picture.dispose();
    place.remove();
  }
}

/** What a table shows, as CSV: a column for each heading, and one for the remarks below its figures where it has some. */
function tableRows(table) {
  const [heads, ...rows] = [...table.rows].map((row) => [...row.cells].map((cell) => {
    const note = [...cell.querySelectorAll('.note')].map((one) => one.textContent).join(' ');
    const unit = cell.querySelector('.unit')?.textContent;
    const copy = cell.cloneNode(true);
    copy.querySelectorAll('.note, .unit').forEach((one) => one.remove());
    return { text: copy.textContent.trim() + (unit ? ` [${unit}]` : ''), note };
  }));
  const noted = heads.map((_, i) => rows.some((row) => row[i]?.note));
  const line = (row, notes) => row.flatMap((cell, i) => (noted[i] ? [cell.text, notes ? cell.note : `${cell.text}, remark`] : [cell.text]));
  return [line(heads, false), ...rows.map((row) => line(row, true))];
}

for (const table of document.querySelectorAll('.scroll > table')) {
  const name = `${table.caption.textContent.toLowerCase().replace(/[^a-z0-9]+/g, '-').replace(/^-|-$/g, '').slice(0, 60)}.csv`;
  table.caption.append(element('span', { className: 'saves' }, element('button', { type: 'button', textContent: 'CSV', title: 'Save this table as CSV',
    onclick: () => save(name, new Blob([csvText(tableRows(table))], { type: 'text/csv' })) })));
}

const figures = [];
const queue = charts.map((chart) => [chart, document.querySelector(`[data-chart="${chart.id}"]`)]).filter(([, place]) => place);
const total = queue.length;

/** One chart at a time, so that the page answers while it draws. */
function next() {
  figures.push(new Figure(...queue.shift()));
  root.dataset.charts = `${figures.length}/${total}`;
  if (queue.length > 0) { setTimeout(next, 0); return; }
  const failed = figures.filter((figure) => figure.failed).map((figure) => figure.chart.id);
  root.dataset.drawn = failed.length ? `failed: ${failed.join(' ')}` : 'all';
}
if (total > 0) next();

const redrawAll = () => figures.forEach((figure) => figure.redraw());
preferred.addEventListener('change', redrawAll);
document.getElementById('theme').addEventListener('click', () => {
  root.dataset.theme = theme().dark ? 'light' : 'dark';
  redrawAll();
});
let resizing = 0;
addEventListener('resize', () => {
  clearTimeout(resizing);
  resizing = setTimeout(() => figures.forEach((figure) => figure.resize()), 100);
});
// Paper is light, and narrower than most windows.
let before = null, unfolded = [];
addEventListener('beforeprint', () => {
  unfolded = [...document.querySelectorAll('details.long:not([open])')];
  unfolded.forEach((one) => { one.open = true; });
  before = root.dataset.theme ?? '';
  root.dataset.theme = 'light';
  printing = true;
  redrawAll();
});
addEventListener('afterprint', () => {
  unfolded.forEach((one) => { one.open = false; });
  printing = false;
  if (before) root.dataset.theme = before; else delete root.dataset.theme;
  redrawAll();
});
