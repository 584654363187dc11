// How sure times and costs are: each method's value until a target, and the interval that holds 90 % of the drawn fleets.
import { axis, colour, escapeHtml, filling, frame, name, round3, rowAxis, rowGrid, scaleOf, symbol } from './look.mjs';

const costs = [['seconds', 'time', 'Simulated time', 'seconds'], ['joules', 'energy', 'Energy', 'joules'], ['usd', 'money', 'Money', 'usd']];
const targetText = (target) => (target === null ? 'the end' : `${round3(100 * target)} %`);
const raceOf = (data, state) => data.sureness.races[Number(state.target)];
const known = (race, key) => race.rows.filter((row) => row[key]);

/** A bar from the interval's low end to its high end, with caps. */
const span = (theme) => (params, api) => {
  const [low, y] = api.coord([api.value(1), api.value(0)]), high = api.coord([api.value(2), api.value(0)])[0];
  const fill = colour(theme, api.value(3));
  const bar = (x, width, height, opacity) => ({ type: 'rect', shape: { x, y: y - height / 2, width, height }, style: { fill, opacity } });
  return { type: 'group', children: [bar(low, Math.max(1, high - low), 10, 0.32), bar(low - 1, 2, 16, 1), bar(high - 1, 2, 16, 1)] };
};

function make(data, state, theme) {
  if (!data.sureness) return { empty: 'The platform states no uncertainty.' };
  const [key, , text, dimension] = costs.find(([one]) => one === state.cost), race = raceOf(data, state), rows = known(race, key);
  if (rows.length === 0) return { empty: 'No drawn fleets of this.' };
  const labels = rows.map((row) => data.methods[row.method].label);
  const scale = scaleOf(dimension, Math.max(...rows.map((row) => row[key][2])));
  const at = (value) => value / scale.factor;
  const option = frame(theme, {
    xAxis: axis(theme, name(scale, text), { min: 0 }), yAxis: rowAxis(theme, labels), grid: rowGrid(theme, labels, { top: 12 }), legend: { show: false },
    series: [
      { name: 'interval', type: 'custom', renderItem: span(theme), encode: { x: [1, 2], y: 0 },
        data: rows.map((row, index) => [index, at(row[key][1]), at(row[key][2]), row.method]) },
      { name: 'value', type: 'scatter', z: 5, data: rows.map((row, index) => ({ value: [at(row[key][0]), index], symbol: symbol(row.method), symbolSize: 11,
        itemStyle: filling(theme, row.method) })) },
    ],
  });
  option.tooltip = { ...option.tooltip, trigger: 'item', formatter: (p) => {
    const row = rows[p.seriesName === 'value' ? p.value[1] : p.value[0]];
    const first = key === 'seconds' && rows.length > 1 ? `<br>first in <b>${round3(100 * row.first)} %</b> of the fleets` : '';
    return `${escapeHtml(data.methods[row.method].label)}: <b>${round3(at(row[key][0]))}</b> ${scale.unit}<br>90 %: ${round3(at(row[key][1]))} to ${round3(at(row[key][2]))} ${scale.unit}${first}`;
  } };
  return { option, height: 74 + rows.length * 34,
           csv: [['method', text, '5 %', '95 %', 'first'], ...rows.map((row) => [data.methods[row.method].label, ...row[key], row.first ?? ''])] };
}

export const surenessCharts = [{
  id: 'sureness', section: 'answer', height: 240, variants: 'cost',
  title: (state, data) => (data.sureness ? `${costs.find(([one]) => one === state.cost)[2]} until ${targetText(raceOf(data, state).target)}, and how sure it is` : 'How sure times and costs are'),
  note: (data) => (data.sureness ? `The mark is the value with the platform's own figures; the bar holds 90 % of ${data.sureness.draws} fleets drawn from its uncertainty.` : ''),
  controls: (data, state) => (data.sureness ? [
    { key: 'target', label: 'Until', last: true, options: data.sureness.races.map((race, i) => [String(i), targetText(race.target)]) },
    { key: 'cost', label: 'Cost', options: costs.filter(([key]) => known(raceOf(data, { target: state.target ?? '0' }) ?? data.sureness.races[0], key).length > 0).map(([key, short]) => [key, short]) },
  ] : []),
  make,
}];
