// Accuracy and loss against what was spent, and coverage against rounds: one line a method, a band over its seeds.
import { axis, colour, dash, escapeHtml, frame, name, possible, round3, scaleOf, symbol, yAxis } from './look.mjs';

export const spent = {
  round: ['rounds', 'Rounds', 'none'],
  seconds: ['simulated time', 'Simulated time', 'seconds'],
  bytes: ['traffic', 'Traffic, all devices', 'bytes'],
  joules: ['energy', 'Energy', 'joules'],
  usd: ['money', 'Money', 'usd'],
  epsilon: ['privacy (epsilon)', 'Epsilon', 'none'],
};

const known = (values) => values.length > 0 && values.some((v) => v !== null);

/** Rounds, and the spendings that any run knows. */
export const spendings = (data) =>
  Object.keys(spent).filter((key) => key === 'round' || data.runs.some((run) => known(run.curve[key])));

function interpolate(xs, ys, x) {
  let low = 0, high = xs.length - 1;
  while (high - low > 1) {
    const middle = (low + high) >> 1;
    if (xs[middle] <= x) low = middle; else high = middle;
  }
  if (xs[high] === xs[low]) return ys[high];
  return ys[low] + ((ys[high] - ys[low]) * (x - xs[low])) / (xs[high] - xs[low]);
}

/** The part of a line from x = `from` on, its value there interpolated. */
function rest(line, from) {
  const first = line.x.findIndex((x) => x > from);
  return { seed: line.seed, x: [from, ...line.x.slice(first)], y: [interpolate(line.x, line.y, from), ...line.y.slice(first)] };
}

/** Mean and 95 % half width over a method's seeds at common x, as far as all of them went; `beyond` has the seeds that went further, each by itself. */
export function band(lines, quantiles) {
  const usable = lines.filter((line) => line.x.length > 0);
  if (usable.length === 0) return null;
  if (usable.length === 1) return { x: usable[0].x, mean: usable[0].y, half: null, beyond: [] };
  const from = Math.max(...usable.map((line) => line.x[0]));
  const to = Math.min(...usable.map((line) => line.x[line.x.length - 1]));
  if (to < from) return { x: [], mean: [], half: null, beyond: usable };
  const longest = usable.reduce((a, b) => (a.x.length > b.x.length ? a : b));
  const x = longest.x.filter((v) => v >= from && v <= to);
  if (x[0] !== from) x.unshift(from);
  if (x[x.length - 1] !== to) x.push(to);
  const n = usable.length, t = quantiles[String(n)];
  const mean = [], half = [];
  for (const at of x) {
    const values = usable.map((line) => (line.x.length > 1 ? interpolate(line.x, line.y, at) : line.y[0]));
    const m = values.reduce((a, b) => a + b, 0) / n;
    const variance = values.reduce((a, b) => a + (b - m) ** 2, 0) / (n - 1);
    mean.push(m);
    half.push(t * Math.sqrt(variance / n));
  }
  return { x, mean, half, beyond: usable.filter((line) => line.x[line.x.length - 1] > to).map((line) => rest(line, to)) };
}

const pairs = (xs, ys, seed) => {
  const line = { seed, x: [], y: [] };
  xs.forEach((x, i) => {
    if (x !== null && ys[i] !== null && ys[i] !== undefined) { line.x.push(x); line.y.push(ys[i]); }
  });
  return line;
};

/** The size of each point's symbol: a dozen of a long line's points are marked, other ones in each method's line. */
function marked(count, method, methods) {
  if (count < 12) return count === 1 ? 9 : 6;
  const every = Math.ceil(count / 12), first = Math.floor((every * method) / methods);
  return (value, point) => (point.dataIndex % every === first ? 6 : 0);
}

/** Bands of more lines than this hide one another; their figures stay in the hints and the CSV. */
const mostBands = 12;

/** series: [{ label, method, faint, lines: [{seed, x, y}] }] */
function lineChart(theme, data, series, x, y, more = {}) {
  const bands = series.map((one) => ({ ...one, band: band(one.lines, data.t) })).filter((one) => one.band);
  if (bands.length === 0) return { empty: 'No run has recorded this yet.' };
  const largestX = Math.max(...bands.flatMap((one) => [one.band, ...one.band.beyond]).flatMap((line) => line.x.slice(-1)));
  const xs = scaleOf(x.dimension, largestX), ys = scaleOf(y.dimension, 1);
  const option = frame(theme, {
    xAxis: axis(theme, name(xs, x.name), { min: 0, max: 'dataMax', ...(x.key === 'round' ? { minInterval: 1 } : {}) }),
    yAxis: yAxis(theme, name(ys, y.name), { scale: true, ...possible(y.dimension), ...(more.yAxis || {}) }),
    series: [],
  });
  option.xAxis.axisLabel.formatter = (v) => round3(v);
  option.tooltip = {
    ...option.tooltip, trigger: 'axis', axisPointer: { type: 'line', lineStyle: { color: theme.soft } },
    formatter: (points) => {
      const rows = points.filter((p) => p.seriesName && !p.seriesName.startsWith('\u0000'))
        .map((p) => `${p.marker}${escapeHtml(p.seriesName)}: <b>${round3(p.value[1])}</b>${p.value[2] ? ` ± ${round3(p.value[2])}` : ''}`);
      return `${x.name} ${round3(points[0].axisValue)} ${xs.unit}<br>${rows.join('<br>')}`;
    },
  };
  const csv = [['method', 'what', 'seed', x.key, y.key + '_mean', y.key + '_ci95']];
  for (const one of bands) {
    const { x: at, mean, half, beyond } = one.band;
    const stroke = colour(theme, one.method);
    at.forEach((v, i) => csv.push([data.methods[one.method].label, one.what || '', '', v, mean[i], half ? half[i] : '']));
    // The rows that the mean comes from.
    if (one.lines.length > 1) for (const line of one.lines) line.x.forEach((v, i) => csv.push([data.methods[one.method].label, one.what || '', line.seed, v, line.y[i], '']));
    for (const line of beyond) {
      option.series.push({ name: '\u0000seed ' + one.label, type: 'line', symbol: 'none', silent: true, z: 2, tooltip: { show: false },
        lineStyle: { width: 1, color: stroke, opacity: 0.6 }, data: line.x.map((v, i) => [v / xs.factor, line.y[i] / ys.factor]) });
    }
    if (half && !one.faint && bands.length <= mostBands) {
      const low = at.map((v, i) => [v / xs.factor, (mean[i] - half[i]) / ys.factor]);
      const wide = at.map((v, i) => [v / xs.factor, (2 * half[i]) / ys.factor]);
      const shared = { type: 'line', stack: `band ${one.label}`, stackStrategy: 'all', symbol: 'none', lineStyle: { opacity: 0 }, silent: true, tooltip: { show: false } };
      option.series.push({ ...shared, name: '\u0000low ' + one.label, data: low });
      option.series.push({ ...shared, name: '\u0000high ' + one.label, data: wide, areaStyle: { color: stroke, opacity: 0.15 } });
    }
    option.series.push({
      name: one.label, type: 'line', symbol: symbol(one.method), symbolSize: marked(at.length, one.method, data.methods.length),
      showSymbol: true, sampling: at.length > 400 ? 'lttb' : undefined, smooth: false, z: 3,
      lineStyle: { width: one.faint ? 1.4 : 2.2, color: stroke, type: one.faint ? [3, 3] : dash(one.method), opacity: one.faint ? 0.85 : 1 },
      itemStyle: { color: stroke }, data: at.map((v, i) => [v / xs.factor, mean[i] / ys.factor, half ? half[i] / ys.factor : 0]),
    });
  }
  option.legend.data = bands.map((one) => one.label);
  if (more.marks) {
    const last = option.series[option.series.length - 1];
    last.markLine = { silent: true, symbol: 'none', lineStyle: { color: theme.soft, type: [4, 4], width: 1 },
                      label: { color: theme.soft, fontSize: 11, position: 'insideStartTop', formatter: (p) => `target ${round3(p.value)} %` },
                      data: more.marks.map((value) => ({ yAxis: value / ys.factor })) };
  }
  const note = bands.some((one) => one.band.beyond.length) ? 'A mean ends where its shortest seed does; thin lines are the seeds that ran longer.' : '';
  return { option, csv, note };
}

function curves(theme, data, state, column, subColumn, y, more) {
  const series = [];
  const wants = (what) => state.model === 'both' || state.model === what;
  data.methods.forEach((method, m) => {
    const runs = data.runs.filter((run) => run.method === m);
    const lines = (key) => runs.map((run) => pairs(run.curve[state.x], run.curve[key], run.seed));
    if (wants('global')) series.push({ label: method.label, what: 'global', method: m, lines: lines(column) });
    if (wants('sub') && runs.some((run) => known(run.curve[subColumn])))
      series.push({ label: `${method.label}, sub-models`, what: 'sub-models', method: m, faint: state.model === 'both', lines: lines(subColumn) });
    if (state.model === 'own') series.push({ label: method.label, what: 'own data', method: m, lines: lines('own_accuracy') });
  });
  return lineChart(theme, data, series, { key: state.x, name: spent[state.x][1], dimension: spent[state.x][2] }, y, more);
}

const xControl = (data) => ({ key: 'x', label: 'Against', options: spendings(data).map((key) => [key, spent[key][0]]) });
const modelControl = (data, subColumn) => ({ key: 'model', label: 'Of', options: [['global', 'the global model'],
  ...(data.runs.some((run) => known(run.curve[subColumn])) ? [['sub', 'the sub-models, mean'], ['both', 'both']] : [])] });

export const curveCharts = [
  {
    id: 'accuracy', section: 'curves', height: 400, variants: 'x',
    title: (state) => `Accuracy on the test set against ${spent[state.x][0]}`,
    note: (data) => (data.runs.length <= data.methods.length ? '' : data.methods.length > mostBands ? 'Line: mean over seeds. Point at it for the 95 % interval.' : 'Line: mean over seeds. Band: 95 % interval.'),
    controls: (data) => {
      const model = modelControl(data, 'sub_accuracy');
      if (data.runs.some((run) => known(run.curve.own_accuracy))) model.options.push(['own', 'each device on its own data, mean']);
      return [xControl(data), model];
    },
    make: (data, state, theme) =>
      curves(theme, data, state, 'accuracy', 'sub_accuracy', { key: 'accuracy', name: 'Accuracy', dimension: 'share' }, { marks: data.targets }),
  },
  {
    id: 'loss', section: 'curves', height: 340, variants: 'x',
    title: (state) => `Loss on the test set against ${spent[state.x][0]}`,
    controls: (data) => [xControl(data), modelControl(data, 'sub_loss')],
    make: (data, state, theme) => curves(theme, data, state, 'loss', 'sub_loss', { key: 'loss', name: 'Cross-entropy [nat]', dimension: 'none' }, {}),
  },
  {
    id: 'coverage', section: 'trained', height: 330,
    title: (state) => (state.what === 'ever' ? 'Share of the model trained so far' : state.what === 'now' ? 'Share of the model trained in each round' : 'Overlap control c(t) of the double shift'),
    controls: (data) => [{ key: 'what', label: 'Show', options: [['ever', 'trained so far'], ['now', 'trained in each round'],
      ...(data.runs.some((run) => known(run.coverage.control)) ? [['control', 'overlap control']] : [])] }],
    make: (data, state, theme) => {
      const series = data.methods.map((method, m) => ({ label: method.label, method: m,
        lines: data.runs.filter((run) => run.method === m).map((run) => pairs(run.coverage.round, run.coverage[state.what], run.seed)) }));
      const share = state.what !== 'control';
      return lineChart(theme, data, series, { key: 'round', name: 'Rounds', dimension: 'none' },
        { key: state.what, name: share ? 'Share of all parameters' : 'c(t)', dimension: share ? 'share' : 'none' }, { yAxis: { min: 0, max: share ? 100 : 1, scale: false } });
    },
  },
  {
    id: 'privacy', section: 'privacy', height: 320,
    title: (state) => ({ epsilon: 'Epsilon of a user over the rounds so far', shortened: 'Share of the updates that were longer than the clip', clip: 'The clip' })[state.what],
    controls: (data) => [{ key: 'what', label: 'Show', options: [
      ...(data.runs.some((run) => known(run.privacy.epsilon)) ? [['epsilon', 'epsilon']] : []), ['shortened', 'updates shortened'], ['clip', 'clip']] }],
    make: (data, state, theme) => {
      const series = data.methods.map((method, m) => ({ label: method.label, method: m,
        lines: data.runs.filter((run) => run.method === m).map((run) => pairs(run.privacy.round, run.privacy[state.what], run.seed)) }));
      const [name, dimension] = { epsilon: ['Epsilon', 'none'], shortened: ['Share of the updates', 'share'], clip: ['L2 norm', 'none'] }[state.what];
      return lineChart(theme, data, series, { key: 'round', name: 'Rounds', dimension: 'none' }, { key: state.what, name, dimension }, { yAxis: { min: 0, scale: false } });
    },
  },
  {
    id: 'disagreement', section: 'trained', height: 300,
    title: () => 'How far the devices’ models differ',
    note: () => 'Mean over devices of |own values − mean of all| / |mean of all|. Models differ only in methods without a server.',
    make: (data, state, theme) => {
      const series = data.methods.map((method, m) => ({ label: method.label, method: m, lines: data.runs.filter((run) => run.method === m).map((run) => pairs(run.curve.round, run.curve.disagreement, run.seed)) }));
      const made = lineChart(theme, data, series, { key: 'round', name: 'Rounds', dimension: 'none' }, { key: 'disagreement', name: 'Disagreement', dimension: 'share' }, { yAxis: { min: 0, scale: false } });
      return made.option ? made : { empty: 'Not recorded in these runs: models differ only in methods without a server.' };
    },
  },
  {
    id: 'staleness', section: 'trained', height: 300,
    title: () => 'Rounds since a unit was last trained, mean over all units',
    make: (data, state, theme) => {
      const series = data.details.map((one) => ({ label: data.methods[one.method].label, method: one.method, lines: [pairs(one.staleness.round, one.staleness.mean, one.seed)] }));
      return lineChart(theme, data, series, { key: 'round', name: 'Rounds', dimension: 'none' }, { key: 'rounds_since', name: 'Rounds', dimension: 'none' }, { yAxis: { min: 0, scale: false } });
    },
  },
];
