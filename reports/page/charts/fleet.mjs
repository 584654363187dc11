// The fleet: use of the links, batteries, presence of the devices, failures; and fairness between devices.
import { axis, colour, dash, diamond, escapeHtml, filling, frame, name, round3, rowAxis, rowGrid, scaleOf, symbol, yAxis } from './look.mjs';
import { linkText, peerControl, peers, platform } from './network.mjs';
import { byMethod, detailOf, devicesOf, kindControl, lane, methodControl, stacked } from './time.mjs';
import { category, heat } from './trained.mjs';

function links(data, state, theme) {
  const { all, list } = data.links.find((one) => String(one.method) === state.method);
  const shown = list.slice(0, 20);
  if (shown.length === 0) return { empty: 'No link carried anything.' };
  const names = shown.map((link) => link.link);
  const option = frame(theme, {
    xAxis: axis(theme, 'Share of the link’s capacity [%]', { min: 0 }), grid: rowGrid(theme, names), yAxis: rowAxis(theme, names),
    series: [
      { type: 'bar', name: 'mean of the whole run', barMaxWidth: 14, itemStyle: { color: colour(theme, Number(state.method)) }, data: shown.map((link) => 100 * link.share) },
      { type: 'scatter', name: 'busiest round', symbol: diamond, symbolSize: 9, itemStyle: { color: theme.paper, borderColor: theme.ink, borderWidth: 1.4 }, data: shown.map((link) => 100 * link.peak) },
    ],
  });
  option.tooltip = { ...option.tooltip, trigger: 'axis', axisPointer: { type: 'shadow' }, formatter: (points) => {
    const link = shown[points[0].dataIndex], scale = scaleOf('bytes', link.bytes);
    return `<b>${escapeHtml(link.link)}</b>: ${linkText(link)}<br>${round3(link.bytes / scale.factor)} ${scale.unit} in a run<br>${round3(100 * link.share)} % used; ${round3(100 * link.peak)} % in round ${link.peak_round}`
      + (link.nodes ? `<br>${link.nodes} nodes have a route over it` : '');
  } };
  return { option, height: 110 + shown.length * 22, note: `Bytes carried as a share of what the stated bandwidth allows.${all > shown.length ? ` The ${shown.length} most used of ${all} links.` : ''}`,
           csv: [['link', 'bandwidth_bytes_per_second', 'latency_seconds', 'bytes', 'mean_share', 'busiest_round', 'share_in_busiest_round'],
                 ...list.map((link) => [link.link, link.bandwidth, link.latency, link.bytes, link.share, link.peak_round, link.peak])] };
}

function batteries(data, state, theme) {
  const detail = detailOf(data, state), one = detail && detail.batteries;
  if (!one) return { empty: 'No device of this scenario has a battery.' };
  if (one.rounds.length === 0) return { empty: 'No finished round yet.' };
  const names = Object.fromEntries(devicesOf(data, state).map((device) => [device.id, device.name])), labels = one.devices.map((id) => names[id] ?? `device ${id}`);
  const cells = [], csv = [['round', 'seconds', 'device', 'share_left']];
  one.values.forEach((line, x) => line.forEach((value, y) => {
    if (value === null) return;
    cells.push([x, y, 100 * value]);
    csv.push([one.rounds[x], one.seconds[x], labels[y], value]);
  }));
  const option = heat(theme, cells, 100, {
    axes: { xAxis: category(theme, 'Round', one.rounds.map(String)), yAxis: rowAxis(theme, labels, { interval: labels.length > 24 ? 'auto' : 0 }) }, legend: '%',
    tooltip: (p) => {
      const seconds = one.seconds[p.value[0]], scale = scaleOf('seconds', seconds);
      return `${escapeHtml(labels[p.value[1]])}, after round ${one.rounds[p.value[0]]} (${round3(seconds / scale.factor)} ${scale.unit})<br><b>${round3(p.value[2])} %</b> left`;
    } });
  option.grid = rowGrid(theme, labels, { top: 14, right: theme.narrow ? 58 : 92 });
  return { option, csv, height: 96 + Math.max(5, labels.length) * (labels.length > 30 ? 12 : 20), note: one.all > labels.length ? `${labels.length} of ${one.all} batteries.` : '' };
}

function presence(data, state, theme) {
  const detail = detailOf(data, state), changes = detail ? detail.switches : null;
  if (!changes || changes.all === 0) return { empty: 'No device was ever switched off in this run.' };
  if (changes.devices.length === 0) return { empty: 'Nodes were switched off and on too often to be drawn; the table state_profiles of the store says when.' };
  const names = Object.fromEntries(devicesOf(data, state).map((device) => [device.id, device.name])), end = detail.seconds, scale = scaleOf('seconds', end);
  const bands = [], csv = [['device', 'state', 'from_seconds', 'to_seconds']];
  changes.devices.forEach((id, row) => {
    let on = true, since = 0;
    const close = (to) => {
      if (to > since) { bands.push({ on, value: [row, since / scale.factor, to / scale.factor, 0, 1] }); csv.push([names[id], on ? 'on' : 'off', since, to]); }
      since = to;
    };
    for (const [device, seconds, now] of changes.list) if (device === id) { close(seconds); on = now === 1; }
    close(end);
  });
  const labels = changes.devices.map((id) => names[id] ?? `device ${id}`);
  const option = frame(theme, {
    xAxis: axis(theme, name(scale, 'Simulated time'), { min: 0, max: end / scale.factor }), grid: rowGrid(theme, labels), yAxis: rowAxis(theme, labels, { interval: labels.length > 24 ? 'auto' : 0 }),
    series: [[true, 'switched on', 'receive'], [false, 'switched off', 'off']].map(([on, text, key]) => ({ name: text, type: 'custom', itemStyle: { color: theme[key] }, renderItem: lane(theme, key),
      encode: { x: [1, 2], y: 0 }, data: bands.filter((band) => band.on === on).map((band) => band.value) })),
  });
  option.xAxis.axisLabel.formatter = (v) => round3(v);
  option.tooltip = { ...option.tooltip, trigger: 'item', formatter: (p) => `${escapeHtml(labels[p.value[0]])}<br>${p.marker}${p.seriesName}: <b>${round3(p.value[2] - p.value[1])} ${scale.unit}</b><br>${round3(p.value[1])} to ${round3(p.value[2])} ${scale.unit}` };
  const others = devicesOf(data, state).length - changes.all;
  return { option, csv, height: 110 + Math.max(5, labels.length) * (labels.length > 30 ? 13 : 20),
           note: (changes.all > labels.length ? `${labels.length} of the ${changes.all} nodes that were ever off.` : '') + (others > 0 ? ` ${others} ${others === 1 ? 'node was' : 'nodes were'} never off.` : '') };
}

const fates = [['done', 'compute'], ['in flight', 'receive'], ['late', 'send'], ['skipped', 'idle'], ['failed', 'failed']];

function endings(data, state, theme) {
  const rows = byMethod(data, state, (list) => fates.map(([fate]) => list.reduce((sum, device) => sum + (device.fates[fate] || 0), 0)));
  return stacked(theme, rows.map(({ method, values }) => ({ label: data.methods[method].label, values })), fates, 'Share of the trainings [%]');
}

const perDevice = { accuracy: ['Accuracy of its sub-model', 'share'], busy: ['Computing time', 'seconds'], bytes: ['Traffic, sent and received', 'bytes'], joules: ['Energy', 'joules'] };

function fairness(data, state, theme) {
  const [text, dimension] = perDevice[state.what];
  const groups = data.devices.map(({ method, list }) => ({ method, values: list.filter((d) => !d.server && d[state.what] !== null && d[state.what] !== undefined)
    .map((d) => ({ name: d.name, kind: d.kind, value: d[state.what] })).sort((a, b) => a.value - b.value) })).filter((group) => group.values.length > 0);
  if (groups.length === 0) return { empty: 'This was not recorded per device.' };
  const scale = scaleOf(dimension, Math.max(...groups.flatMap((group) => group.values.map((v) => v.value))));
  const option = frame(theme, {
    xAxis: axis(theme, 'Devices from lowest to highest [% of devices]', { min: 0, max: 100 }), yAxis: yAxis(theme, name(scale, text), { scale: true }),
    series: groups.map(({ method, values }) => ({
      name: data.methods[method].label, type: 'line', symbol: symbol(method), symbolSize: 7, showSymbol: values.length <= 60, step: false,
      lineStyle: { color: colour(theme, method), width: 1.6, type: dash(method) }, itemStyle: filling(theme, method),
      data: values.map((v, i) => [100 * (i + 0.5) / values.length, v.value / scale.factor, v.name]) })),
  });
  option.tooltip = { ...option.tooltip, trigger: 'item', formatter: (p) => `${p.marker}${escapeHtml(p.seriesName)}<br>${escapeHtml(p.value[2])}: <b>${round3(p.value[1])} ${scale.unit}</b>` };
  return { option, csv: [['method', 'device', 'kind', state.what], ...groups.flatMap(({ method, values }) => values.map((v) => [data.methods[method].label, v.name, v.kind, v.value]))] };
}

export const fleetCharts = [
  { id: 'endings', section: 'time', height: 280, title: () => 'How the trainings ended', controls: (data) => [kindControl(data)], make: endings },
  { id: 'drawing', section: 'fleet', height: 430, title: () => 'The platform: devices, shared links and traffic', controls: (data) => [methodControl(data)], make: platform },
  { id: 'peers', section: 'fleet', height: 430, title: () => 'The peer graph: who sends to whom', controls: (data) => [peerControl(data)], make: peers },
  { id: 'links', section: 'fleet', height: 280, title: () => 'Link utilisation', controls: (data) => [methodControl(data)], make: links },
  { id: 'batteries', section: 'fleet', height: 280, canvas: true, title: () => 'Battery charge', controls: (data) => [methodControl(data)], make: batteries },
  { id: 'availability', section: 'fleet', height: 280, title: () => 'When devices were switched on', controls: (data) => [methodControl(data)], make: presence },
  {
    id: 'fairness', section: 'fairness', height: 360,
    title: (state) => `${perDevice[state.what][0]}, device by device`,
    note: () => 'Mean over seeds, at the end of the runs. A flat line treats all devices alike.',
    controls: (data) => {
      const recorded = Object.keys(perDevice).filter((key) => data.devices.some(({ list }) => list.some((d) => !d.server && d[key] !== null && d[key] !== undefined)));
      return [{ key: 'what', label: 'Of each device', options: (recorded.length ? recorded : ['accuracy']).map((key) => [key, perDevice[key][0].toLowerCase()]) }];
    },
    make: fairness,
  },
];
