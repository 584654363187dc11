// What accuracy costs: one point a run, the Pareto front of the methods' means, and the split rate's effect.
import { axis, escapeHtml, filling, frame, name, round3, scaleOf, symbol, yAxis } from './look.mjs';
import { spendings, spent } from './curves.mjs';

const mean = (values) => values.reduce((a, b) => a + b, 0) / values.length;

/** One point a run: where it had its best accuracy, and what it had spent by then. */
function points(data, key) {
  const list = [];
  for (const run of data.runs) {
    const { accuracy } = run.curve;
    if (accuracy.length === 0) continue;
    const best = accuracy.indexOf(Math.max(...accuracy));
    const x = key === 'split' ? run.split : run.curve[key][best];
    if (x !== null) list.push({ method: run.method, seed: run.seed, x, y: accuracy[best], seconds: run.curve.seconds[best] });
  }
  return list;
}

function scatter(theme, data, list, xText, xDimension, yText, yDimension, front) {
  if (list.length === 0) return { empty: 'No run has recorded this yet.' };
  const xs = scaleOf(xDimension, Math.max(...list.map((p) => p.x))), ys = scaleOf(yDimension, Math.max(...list.map((p) => p.y)));
  const option = frame(theme, { xAxis: axis(theme, name(xs, xText), { scale: true }), yAxis: yAxis(theme, name(ys, yText), { scale: true }), series: [] });
  option.tooltip = { ...option.tooltip, trigger: 'item',
    formatter: (p) => `${p.marker}${escapeHtml(p.seriesName)}${p.value[2] ? `, ${escapeHtml(p.value[2])}` : ''}<br>${xText}: <b>${round3(p.value[0])}</b> ${xs.unit}<br>${yText}: <b>${round3(p.value[1])}</b> ${ys.unit}` };
  const means = [];
  data.methods.forEach((method, m) => {
    const own = list.filter((p) => p.method === m);
    if (own.length === 0) return;
    means.push({ method: m, x: mean(own.map((p) => p.x)) / xs.factor, y: mean(own.map((p) => p.y)) / ys.factor });
    option.series.push({ name: method.label, type: 'scatter', symbol: symbol(m), symbolSize: 13,
      itemStyle: { ...filling(theme, m), opacity: 0.85 },
      data: own.map((p) => [p.x / xs.factor, p.y / ys.factor, `seed ${p.seed}`]) });
  });
  Object.assign(option.legend, { itemWidth: 12, itemHeight: 12, data: option.series.map((one) => one.name) });
  if (front && means.length > 1) {
    const best = [];
    for (const p of [...means].sort((a, b) => a.x - b.x || b.y - a.y)) if (best.length === 0 || p.y > best[best.length - 1].y) best.push(p);
    option.series.push({ name: 'Pareto front of the means', type: 'line', step: 'end', symbol: 'none', silent: true, z: 1,
      lineStyle: { color: theme.soft, type: [5, 4], width: 1.5 }, data: best.map((p) => [p.x, p.y]) });
  }
  return { option, csv: [['method', 'seed', xText, yText], ...list.map((p) => [data.methods[p.method].label, p.seed, p.x, p.y])] };
}

export const tradeoffCharts = [
  {
    id: 'pareto', section: 'tradeoff', height: 380, variants: 'x',
    title: (state) => `Best accuracy, and the ${spent[state.x][0]} spent until then`,
    note: () => 'One point a run. Up and to the left is better; the dashed line joins the methods that no other beats on both.',
    controls: (data) => [{ key: 'x', label: 'Cost', options: ['seconds', ...spendings(data).filter((key) => key !== 'seconds')].map((key) => [key, spent[key][0]]) }],
    make: (data, state, theme) => scatter(theme, data, points(data, state.x), spent[state.x][1], spent[state.x][2], 'Best accuracy', 'share', true),
  },
  {
    id: 'split', section: 'tradeoff', height: 320,
    title: (state) => (state.y === 'accuracy' ? 'Split rate and best accuracy' : 'Split rate and simulated time per round'),
    controls: () => [{ key: 'y', label: 'Split rate against', options: [['accuracy', 'accuracy'], ['time', 'time per round']] }],
    make: (data, state, theme) => {
      let list = points(data, 'split');
      if (state.y === 'time')
        list = data.runs.filter((run) => run.split !== null && run.curve.seconds.length > 0)
          .map((run) => ({ method: run.method, seed: run.seed, x: run.split, y: run.curve.seconds[run.curve.seconds.length - 1] / run.curve.round[run.curve.round.length - 1] }));
      const made = scatter(theme, data, list, 'Split rate, mean over devices', 'none', state.y === 'time' ? 'Time per round' : 'Best accuracy', state.y === 'time' ? 'seconds' : 'share', false);
      if (made.option) Object.assign(made.option.xAxis, { min: 0, max: 1, scale: false });
      return made;
    },
  },
];
