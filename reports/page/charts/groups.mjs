// Runs of several results grouped by a setting that varies between them: a line a method, or a heat map over two settings.
import { category, heat } from './trained.mjs';
import { colour, dash, escapeHtml, frame, name, possible, round3, scaleOf, symbol, yAxis } from './look.mjs';

const figures = (data) => {
  const all = [['accuracy', 'accuracy at the end', 'share', (run) => run.accuracy], ['best', 'best accuracy', 'share', (run) => run.best],
    ['seconds', 'simulated time', 'seconds', (run) => run.seconds], ['bytes', 'traffic', 'bytes', (run) => run.bytes],
    ['joules', 'energy', 'joules', (run) => run.joules], ['usd', 'money', 'usd', (run) => run.usd]];
  data.targets.forEach((target, t) => [['time', 'seconds', 0], ['traffic', 'bytes', 1], ['energy', 'joules', 2], ['money', 'usd', 3]].forEach(([what, dimension, i]) =>
    all.push([`${dimension}-${t}`, `${what} to ${round3(100 * target)} %`, dimension, (run) => (run.targets[t] ? run.targets[t][i] : null)])));
  return all.filter(([, , , of]) => data.groups.runs.some((run) => of(run) !== null)).map(([key, text, dimension, of]) => ({ key, text, dimension, of }));
};

/** Mean and 95 % half width over seeds of the runs' figure; a seed's value is the mean over its runs. */
export function overSeeds(runs, of, quantiles) {
  const bySeed = new Map();
  for (const run of runs) if (of(run) !== null) bySeed.set(run.seed, [...(bySeed.get(run.seed) ?? []), of(run)]);
  const values = [...bySeed.values()].map((all) => all.reduce((a, b) => a + b, 0) / all.length), n = values.length;
  if (n === 0) return null;
  const mean = values.reduce((a, b) => a + b, 0) / n;
  const spread = Math.sqrt(values.reduce((a, b) => a + (b - mean) ** 2, 0) / (n - 1));
  return { mean, half: n > 1 && quantiles[String(n)] ? (quantiles[String(n)] * spread) / Math.sqrt(n) : null, seeds: n, runs: runs.length,
           lacking: runs.filter((run) => of(run) === null).length };
}

const settingOf = (data, path) => data.groups.settings.find((one) => one.path === path);
const valueOf = (setting, run) => setting.of_store[run.store];

/** The rows that the figure comes from: every run with its settings. */
function rows(data, figure) {
  const { settings, labels, runs } = data.groups;
  return [['method', 'seed', ...settings.map((one) => one.path), figure.text], ...runs.map((run) =>
    [labels[run.label], run.seed, ...settings.map((one) => one.values[valueOf(one, run)]), figure.of(run) ?? ''])];
}

/** What a reader must know of the means: what else varied, and which runs lack the figure. */
function noteOn(data, used, points, interval) {
  const others = data.groups.settings.filter((one) => !used.includes(one)).map((one) => one.path);
  const known = points.filter(Boolean), lacking = known.reduce((sum, one) => sum + one.lacking, 0);
  const parts = [];
  if (known.some((one) => one.half !== null)) parts.push(interval);
  if (others.length) parts.push(`Means also over ${others.slice(0, 6).join(', ')}${others.length > 6 ? ' and others' : ''}.`);
  if (new Set(known.map((one) => one.runs)).size > 1) parts.push('The groups have unequal numbers of runs.');
  if (lacking) parts.push(`${lacking} ${lacking === 1 ? 'run lacks' : 'runs lack'} this figure.`);
  return parts.join(' ');
}

/** Whiskers as a series of their own, because a line has none. */
const whiskers = (label, stroke, points) => ({
  type: 'custom', name: `\u0000interval ${label}`, silent: true, clip: true, z: 2, tooltip: { show: false }, data: points, encode: { x: 0, y: [1, 2] },
  renderItem: (params, api) => {
    const x = api.coord([api.value(0), 0])[0], low = api.coord([api.value(0), api.value(1)])[1], high = api.coord([api.value(0), api.value(2)])[1];
    const line = (x1, y1, x2, y2) => ({ type: 'line', shape: { x1, y1, x2, y2 }, style: { stroke, lineWidth: 1.4 } });
    return { type: 'group', children: [line(x, low, x, high), line(x - 5, low, x + 5, low), line(x - 5, high, x + 5, high)] };
  },
});

function lines(data, figure, setting, theme) {
  const { labels, runs } = data.groups;
  const groups = labels.map((label, l) => setting.values.map((value, v) =>
    overSeeds(runs.filter((run) => run.label === l && valueOf(setting, run) === v), figure.of, data.t)));
  const known = groups.flat().filter(Boolean);
  const scale = scaleOf(figure.dimension, Math.max(...known.map((one) => Math.abs(one.mean)), 0));
  const option = frame(theme, { xAxis: category(theme, setting.path, setting.values), yAxis: yAxis(theme, name(scale, figure.text), { scale: true, ...possible(figure.dimension) }), series: [] });
  option.legend.data = labels;
  option.tooltip = { ...option.tooltip, trigger: 'axis', formatter: (points) => {
    const at = points[0].dataIndex;
    return `${escapeHtml(setting.path)} ${escapeHtml(setting.values[at])}<br>${labels.map((label, l) => [label, groups[l][at]]).filter(([, one]) => one)
      .map(([label, one]) => `${escapeHtml(label)}: <b>${round3(one.mean / scale.factor)}</b>${one.half === null ? '' : ` ± ${round3(one.half / scale.factor)}`} ${scale.unit} (${one.seeds} ${one.seeds === 1 ? 'seed' : 'seeds'})`).join('<br>')}`; } };
  groups.forEach((points, l) => {
    const stroke = colour(theme, l);
    option.series.push({ name: labels[l], type: 'line', symbol: symbol(l), symbolSize: 8, z: 3, lineStyle: { width: 2, color: stroke, type: dash(l) },
      itemStyle: { color: stroke }, connectNulls: true, data: points.map((one) => (one ? one.mean / scale.factor : null)) });
    const intervals = points.map((one, at) => one && one.half !== null && [at, (one.mean - one.half) / scale.factor, (one.mean + one.half) / scale.factor]).filter(Boolean);
    if (intervals.length) option.series.push(whiskers(labels[l], stroke, intervals));
  });
  return { option, csv: rows(data, figure), note: noteOn(data, [setting], known, 'Bars: 95 % interval over seeds.') };
}

function heatMap(data, figure, across, up, label, theme) {
  const runs = data.groups.runs.filter((run) => run.label === label);
  const points = [];
  across.values.forEach((one, x) => up.values.forEach((other, y) => {
    const found = overSeeds(runs.filter((run) => valueOf(across, run) === x && valueOf(up, run) === y), figure.of, data.t);
    if (found) points.push({ x, y, ...found });
  }));
  if (points.length === 0) return { empty: 'No run of this method has the figure.' };
  const means = points.map((one) => one.mean), scale = scaleOf(figure.dimension, Math.max(...means.map(Math.abs)));
  const low = Math.min(...means) / scale.factor, high = Math.max(...means) / scale.factor;
  const option = heat(theme, points.map((one) => [one.x, one.y, one.mean / scale.factor]), high, {
    axes: { xAxis: category(theme, across.path, across.values), yAxis: category(theme, '', up.values) }, legend: scale.unit,
    tooltip: (p) => {
      const one = points[p.dataIndex];
      return `${escapeHtml(across.path)} ${escapeHtml(across.values[one.x])}, ${escapeHtml(up.path)} ${escapeHtml(up.values[one.y])}<br><b>${round3(one.mean / scale.factor)}</b>${one.half === null ? '' : ` ± ${round3(one.half / scale.factor)}`} ${scale.unit} (${one.seeds} ${one.seeds === 1 ? 'seed' : 'seeds'})`; } });
  Object.assign(option.visualMap, { min: low, max: high > low ? high : low + 1, text: [`${round3(high)} ${scale.unit}`, round3(low)] });
  const longest = Math.max(...up.values.map((one) => one.length));
  option.grid = { ...option.grid, left: Math.min(24 + 7 * longest, Math.round(0.35 * theme.width)) };
  option.series[0].label = { show: points.length <= 150 && !theme.narrow, formatter: (p) => round3(p.value[2]), fontSize: 11,
                             color: theme.ink, textBorderColor: theme.paper, textBorderWidth: 3 };
  return { option, csv: rows(data, figure), note: `Up: ${up.path}. ${noteOn(data, [across, up], points, 'A cell pointed at says its 95 % interval over seeds.')}`, height: Math.max(260, Math.min(640, 110 + 34 * up.values.length)) };
}

export const groupCharts = [
  {
    id: 'groups', section: 'varied', height: 400, variants: 'y',
    title: (state, data) => {
      const figure = data.groups && figures(data).find((one) => one.key === state.y);
      if (!figure) return 'Runs grouped by what varies';
      const of = state.by === 'lines' ? '' : `, ${data.groups.labels[Number(state.label)]}`;
      return `${figure.text[0].toUpperCase()}${figure.text.slice(1)} by ${state.x}${state.by === 'lines' ? '' : ` and ${state.by}`}${of}`;
    },
    controls: (data, state) => {
      if (!data.groups) return [];
      const { settings, labels } = data.groups;
      const others = settings.filter((one) => one.path !== state.x);
      return [
        { key: 'y', label: 'Show', select: true, options: figures(data).map((one) => [one.key, one.text]) },
        { key: 'x', label: 'By', select: true, options: settings.map((one) => [one.path, one.path]) },
        { key: 'by', label: 'and', select: true, options: [['lines', 'method (lines)'], ...others.map((one) => [one.path, `${one.path} (heat map)`])] },
        ...(state.by && state.by !== 'lines' ? [{ key: 'label', label: 'Method', select: true, options: labels.map((label, l) => [String(l), label]) }] : []),
      ];
    },
    make: (data, state, theme) => {
      if (!data.groups) return { empty: 'Nothing varies between these runs.' };
      const figure = figures(data).find((one) => one.key === state.y), setting = settingOf(data, state.x), other = settingOf(data, state.by);
      return other ? heatMap(data, figure, setting, other, Number(state.label ?? 0), theme) : lines(data, figure, setting, theme);
    },
  },
];
