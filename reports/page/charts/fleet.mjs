// The fleet: who is there and hangs on what, how much the links carried, who fell out; and fairness between devices.
import { axis, colour, escapeHtml, frame, name, round3, scaleOf, symbol, yAxis } from './look.mjs';
import { byMethod, devicesOf, kindControl, methodControl, stacked } from './time.mjs';

const shapes = ['circle', 'rect', 'triangle', 'diamond', 'roundRect', 'pin'];

function drawing(data, state, theme) {
  const list = devicesOf(data, state);
  const devices = list.filter((device) => !device.server).slice(0, 120), server = list.find((device) => device.server);
  if (devices.length === 0) return { empty: 'No device was recorded.' };
  const kinds = [...new Set(devices.map((device) => device.kind))];
  const sorted = [...devices].sort((a, b) => kinds.indexOf(a.kind) - kinds.indexOf(b.kind) || a.id - b.id);
  const fastest = Math.max(...devices.map((device) => device.flops)), slowest = Math.min(...devices.map((device) => device.flops));
  const size = (flops) => (fastest > slowest ? 12 + 20 * Math.log(flops / slowest) / Math.log(fastest / slowest) : 18);
  const busiest = Math.max(...devices.map((device) => device.bytes || 0), 1);
  const scale = scaleOf('bytes', busiest), speed = scaleOf('flops', fastest);
  const greys = theme.dark ? ['#c9d3df', '#8fa0b4', '#6c7c90', '#aab7c6', '#596779'] : ['#2e3b4b', '#6f8096', '#a3b0c0', '#4d5d72', '#8896a8'];
  const nodes = sorted.map((device, i) => {
    const angle = (2 * Math.PI * i) / sorted.length - Math.PI / 2;
    const kind = kinds.indexOf(device.kind);
    return { id: String(device.id), name: device.name, x: 240 * Math.cos(angle), y: 130 * Math.sin(angle), category: kind, symbol: shapes[kind % shapes.length],
             symbolSize: size(device.flops), itemStyle: { color: greys[kind % greys.length] },
             label: { show: sorted.length <= 40, position: Math.cos(angle) > 0.3 ? 'right' : Math.cos(angle) < -0.3 ? 'left' : Math.sin(angle) > 0 ? 'bottom' : 'top' }, device };
  });
  nodes.push({ id: 'hub', name: server ? server.name : 'network', x: 0, y: 0, symbol: server ? 'roundRect' : 'circle', symbolSize: server ? 34 : 26,
               itemStyle: { color: theme.paper, borderColor: theme.ink, borderWidth: 2 }, label: { show: true, position: 'bottom' }, device: server });
  const option = frame(theme, {
    legend: { show: true, top: 0, left: 0, data: kinds.map((kind) => kind), textStyle: { color: theme.ink } },
    series: [{ type: 'graph', layout: 'none', preserveAspect: true, left: 110, right: 110, top: 54, bottom: 34, roam: false, categories: kinds.map((kind, i) => ({ name: kind, symbol: shapes[i % shapes.length], itemStyle: { color: greys[i % greys.length] } })),
               label: { color: theme.soft, fontSize: 11 }, data: nodes,
               links: sorted.map((device) => ({ source: String(device.id), target: 'hub', lineStyle: { color: theme.soft, opacity: 0.55, width: 0.6 + 3 * (device.bytes || 0) / busiest } })) }],
  });
  option.tooltip = { ...option.tooltip, formatter: (p) => {
    const d = p.data.device;
    if (p.dataType !== 'node' || !d) return '';
    return `<b>${escapeHtml(d.name)}</b> (${escapeHtml(d.kind)})<br>${round3(d.flops / speed.factor)} ${speed.unit}${d.bytes ? `<br>${round3(d.bytes / scale.factor)} ${scale.unit} sent and received` : ''}<br>${d.samples} samples`;
  } };
  const hidden = list.filter((device) => !device.server).length - devices.length;
  return { option, csv: [['device', 'kind', 'flops', 'bytes'], ...list.map((d) => [d.name, d.kind, d.flops, d.bytes ?? ''])],
           note: `Size: speed. Line width: bytes sent and received. ${server ? '' : 'There is no server: devices reach each other through the network. '}${hidden > 0 ? `${hidden} further devices are not drawn.` : ''}` };
}

function links(data, state, theme) {
  const list = data.links.filter((link) => String(link.method) === state.method && link.rate !== null).sort((a, b) => b.rate - a.rate);
  const shown = list.slice(0, 20);
  if (shown.length === 0) return { empty: 'No link’s traffic was recorded for this method.' };
  const scale = scaleOf('rate', shown[0].rate);
  const option = frame(theme, {
    xAxis: axis(theme, name(scale, 'Mean rate over the whole run')), grid: { left: 128, right: 26, top: 12, bottom: 48 },
    yAxis: { type: 'category', inverse: true, data: shown.map((link) => link.link), axisTick: { show: false }, axisLine: { lineStyle: { color: theme.line } },
             axisLabel: { color: theme.ink, fontSize: 11, width: 112, overflow: 'truncate' } },
    series: [{ type: 'bar', name: 'mean rate', barMaxWidth: 16, itemStyle: { color: colour(theme, Number(state.method)) }, data: shown.map((link) => link.rate / scale.factor) }],
  });
  option.legend = { show: false };
  option.tooltip = { ...option.tooltip, trigger: 'item', formatter: (p) => `${escapeHtml(p.name)}: <b>${round3(p.value)} ${scale.unit}</b>` };
  return { option, height: 90 + shown.length * 22, note: list.length > shown.length ? `The ${shown.length} busiest of ${list.length} links.` : '',
           csv: [['link', 'bytes', 'bytes_per_second'], ...list.map((link) => [link.link, link.bytes, link.rate])] };
}

const fates = [['done', 'compute'], ['in flight', 'receive'], ['late', 'exchange'], ['skipped', 'idle'], ['failed', 'failed']];

function availability(data, state, theme) {
  const rows = byMethod(data, state, (list) => fates.map(([fate]) => list.reduce((sum, device) => sum + (device.fates[fate] || 0), 0)));
  return stacked(theme, data, rows, fates.map(([fate, key]) => [fate, key]), 'Share of the trainings [%]');
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
      lineStyle: { color: colour(theme, method), width: 1.6 }, itemStyle: { color: colour(theme, method) },
      data: values.map((v, i) => [100 * (i + 0.5) / values.length, v.value / scale.factor, v.name]) })),
  });
  option.tooltip = { ...option.tooltip, trigger: 'item', formatter: (p) => `${p.marker}${escapeHtml(p.seriesName)}<br>${escapeHtml(p.value[2])}: <b>${round3(p.value[1])} ${scale.unit}</b>` };
  return { option, csv: [['method', 'device', 'kind', state.what], ...groups.flatMap(({ method, values }) => values.map((v) => [data.methods[method].label, v.name, v.kind, v.value]))] };
}

export const fleetCharts = [
  { id: 'drawing', section: 'fleet', height: 430, title: () => 'The fleet and its traffic', controls: (data) => [methodControl(data)], make: drawing },
  { id: 'links', section: 'fleet', height: 280, title: () => 'How much each link carried', controls: (data) => [methodControl(data)], make: links },
  { id: 'availability', section: 'fleet', height: 280, title: () => 'How the trainings ended', controls: (data) => [kindControl(data)], make: availability },
  {
    id: 'fairness', section: 'fairness', height: 360,
    title: (state) => `${perDevice[state.what][0]}, device by device`,
    note: () => 'Mean over seeds, at the end of the runs. A flat line treats all devices alike.',
    controls: (data) => [{ key: 'what', label: 'Of each device', options: Object.keys(perDevice)
      .filter((key) => key === 'accuracy' || data.devices.some(({ list }) => list.some((d) => d[key] !== null && d[key] !== undefined))).map((key) => [key, perDevice[key][0].toLowerCase()]) }],
    make: fairness,
  },
];
