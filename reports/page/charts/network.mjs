// Two drawings: the platform with its shared links, and the peer graph. Devices have a colour and a symbol by kind.
import { escapeHtml, frame, kindLook, round3, scaleOf } from './look.mjs';
import { devicesOf, detailOf, methodControl } from './time.mjs';

const mostDrawn = 250;

const kindsOf = (devices) => [...new Set(devices.filter((device) => !device.server).map((device) => device.kind))];

function speedSize(devices) {
  const speeds = devices.map((device) => device.flops), fastest = Math.max(...speeds), slowest = Math.min(...speeds);
  const [small, large] = devices.length <= 24 ? [13, 30] : devices.length <= 70 ? [9, 20] : [5, 12];
  return (flops) => (fastest > slowest ? small + (large - small) * Math.log(flops / slowest) / Math.log(fastest / slowest) : (small + large) / 2);
}

/** The spanning tree of a graph in layers around `root`: angle by leaf, radius by depth. `order` sorts neighbours. */
function radial(root, neighbours, order) {
  const depth = new Map([[root, 0]]), children = new Map(), queue = [root];
  for (let node = queue.shift(); node !== undefined; node = queue.shift()) {
    const own = [...(neighbours.get(node) || [])].filter((other) => !depth.has(other)).sort((a, b) => order(a) - order(b));
    for (const child of own) depth.set(child, depth.get(node) + 1);
    children.set(node, own);
    queue.push(...own);
  }
  const leaves = new Map();
  const count = (node) => {
    const own = children.get(node), sum = own.reduce((total, child) => total + count(child), 0);
    leaves.set(node, sum || 1);
    return sum || 1;
  };
  count(root);
  const deepest = Math.max(1, ...depth.values());
  const place = new Map();
  const put = (node, from, to) => {
    const angle = (from + to) / 2 - Math.PI / 2, radius = depth.get(node) / deepest;
    place.set(node, { x: radius * Math.cos(angle), y: radius * Math.sin(angle) });
    let at = from;
    for (const child of children.get(node)) {
      const wide = ((to - from) * leaves.get(child)) / leaves.get(node);
      put(child, at, at + wide);
      at += wide;
    }
  };
  put(root, 0, 2 * Math.PI);
  return place;
}

const labelAt = ({ x, y }) => (x > 0.25 ? 'right' : x < -0.25 ? 'left' : y > 0 ? 'bottom' : 'top');

function base(theme, kinds, labelled) {
  const margin = labelled ? (theme.narrow ? 66 : 112) : 24;
  return frame(theme, {
    legend: { ...frame(theme).legend, itemWidth: 12, itemHeight: 12, data: kinds.map((kind, i) => ({ name: kind, icon: kindLook(theme, i).symbol })) },
    series: [{ type: 'graph', layout: 'none', preserveAspect: true, left: margin, right: margin, top: 56, bottom: 34, roam: false,
               categories: kinds.map((kind, i) => ({ name: kind, ...kindLook(theme, i) })), label: { color: theme.soft, fontSize: 11 }, labelLayout: { hideOverlap: true } }],
  });
}

const deviceText = (device, bytes) => {
  const speed = scaleOf('flops', device.flops);
  let text = `<b>${escapeHtml(device.name)}</b> (${escapeHtml(device.kind)})<br>${round3(device.flops / speed.factor)} ${speed.unit}`;
  if (bytes) { const scale = scaleOf('bytes', bytes); text += `<br>${round3(bytes / scale.factor)} ${scale.unit} sent and received`; }
  return device.server ? text : `${text}<br>${device.samples} samples`;
};

export const linkText = (link) => {
  const rate = scaleOf('rate', link.bandwidth), latency = scaleOf('seconds', link.latency);
  return `${round3(link.bandwidth / rate.factor)} ${rate.unit}, ${round3(link.latency / latency.factor)} ${latency.unit}`;
};

export function platform(data, state, theme) {
  const detail = detailOf(data, state), all = devicesOf(data, state);
  if (all.length === 0) return { empty: 'No device was recorded.' };
  if (!detail || detail.joints.length === 0) return { empty: 'The network of more than 1,000 devices is not recorded.' };
  const byId = new Map(all.map((device) => [device.id, device]));
  const devices = all.filter((device) => !device.server), kinds = kindsOf(all);
  const used = data.links.find((one) => String(one.method) === state.method), links = new Map(used.list.map((link) => [link.link, link]));
  const drawn = new Set(devices.filter((_, i) => i % Math.ceil(devices.length / mostDrawn) === 0).map((device) => device.id));
  const server = all.find((device) => device.server);
  for (const device of all) if (device.server) drawn.add(device.id);

  const neighbours = new Map(), edges = [];
  const join = (a, b) => {
    for (const [from, to] of [[a, b], [b, a]]) neighbours.set(from, (neighbours.get(from) || new Set()).add(to));
    edges.push([a, b]);
  };
  for (const [device, link, next] of detail.joints) {
    if (device < 0) join(link === '' ? 'hub' : `l${link}`, `l${next}`);
    else if (drawn.has(device)) join(`d${device}`, link === '' ? 'hub' : `l${link}`);
  }
  // A server that hangs on nothing shared stands in the middle itself, unless the devices pass it by.
  const hub = neighbours.has('hub');
  const central = hub && server && !detail.peers && neighbours.get(`d${server.id}`)?.size === 1 && neighbours.get('hub').has(`d${server.id}`);
  const degree = (node) => neighbours.get(node).size;
  const root = hub ? 'hub' : [...neighbours.keys()].sort((a, b) => (b[0] === 'l') - (a[0] === 'l') || degree(b) - degree(a))[0];
  if (central) { neighbours.get('hub').delete(`d${server.id}`); neighbours.delete(`d${server.id}`); }
  const order = (node) => (node[0] === 'd' ? kinds.indexOf(byId.get(Number(node.slice(1))).kind) * 1e6 + Number(node.slice(1)) : -1);
  const place = radial(root, neighbours, order);

  const size = speedSize(devices), busiest = Math.max(1, ...devices.map((device) => device.bytes || 0));
  const labelled = devices.length <= (theme.narrow ? 16 : 40);
  const few = [...place.keys()].filter((node) => node[0] === 'l').length <= (theme.narrow ? 4 : 12);
  const stretch = theme.narrow ? 1 : 0.45;
  const nodes = [...place].map(([node, at]) => {
    const shared = { id: node, x: 260 * at.x, y: 260 * stretch * at.y };
    if (node === 'hub')
      return { ...shared, name: central ? server.name : 'network', symbol: central ? 'roundRect' : 'circle', symbolSize: central ? 32 : 20, device: central ? server : undefined,
               itemStyle: { color: theme.paper, borderColor: theme.ink, borderWidth: 2 }, label: { show: true, position: 'bottom', color: theme.ink, backgroundColor: theme.paper, padding: [1, 3], borderRadius: 3 } };
    if (node[0] === 'l') {
      const link = links.get(node.slice(1));
      return { ...shared, name: node.slice(1), symbol: 'rect', symbolSize: few ? [26, 14] : [12, 8], link: link || { name: node.slice(1) },
               itemStyle: { color: theme.ramp[Math.min(theme.ramp.length - 1, Math.floor((link?.peak || 0) * theme.ramp.length))], borderColor: theme.ink, borderWidth: 1.5 },
               label: { show: few, position: 'bottom', color: theme.ink } };
    }
    const device = byId.get(Number(node.slice(1)));
    if (device.server)
      return { ...shared, name: device.name, symbol: 'roundRect', symbolSize: 24, device, itemStyle: { color: theme.paper, borderColor: theme.ink, borderWidth: 2 },
               label: { show: true, position: labelAt(at), color: theme.ink } };
    const kind = kinds.indexOf(device.kind);
    return { ...shared, name: device.name, category: kind, ...kindLook(theme, kind), symbolSize: size(device.flops), device,
             label: { show: labelled, position: labelAt(at), width: theme.narrow ? 62 : 108, overflow: 'truncate' } };
  });
  const option = base(theme, kinds, labelled);
  Object.assign(option.series[0], {
    data: nodes,
    links: edges.filter(([a, b]) => place.has(a) && place.has(b)).map(([a, b]) => {
      const device = [a, b].filter((node) => node[0] === 'd').map((node) => byId.get(Number(node.slice(1)))).find((one) => !one.server);
      return { source: a, target: b, lineStyle: { color: theme.soft, opacity: 0.6, width: device ? 0.5 + (devices.length > 70 ? 1 : 3.4) * (device.bytes || 0) / busiest : 1 } };
    }),
  });
  option.tooltip = { ...option.tooltip, formatter: (p) => {
    if (p.dataType !== 'node') return '';
    if (p.data.link) {
      const { link } = p.data;
      return link.bandwidth ? `shared link <b>${escapeHtml(link.link)}</b><br>${linkText(link)}<br>${round3(100 * link.share)} % used, ${round3(100 * link.peak)} % in its busiest round`
                            : `shared link <b>${escapeHtml(link.name)}</b>: carried nothing`;
    }
    const { device } = p.data;
    if (!device) return 'the middle of the network: devices share no link';
    const own = used.list.filter((link) => link.owner === device.id).map((link) => `<br>${escapeHtml(link.link)}: ${linkText(link)}`);
    return deviceText(device, device.bytes) + own.join('');
  } };
  const fewer = devices.some((device) => !drawn.has(device.id));
  const sharedLinks = nodes.filter((node) => node.link).length;
  const rows = used.list.map((link) => [link.link, link.owner === null ? '' : byId.get(link.owner)?.name ?? link.owner, link.nodes ?? '', link.bandwidth, link.latency, link.bytes]);
  return {
    option, csv: [['link', 'owner', 'nodes_with_a_route_over_it', 'bandwidth_bytes_per_second', 'latency_seconds', 'bytes'], ...rows],
    height: theme.narrow ? 430 : sharedLinks || devices.length > 40 ? 470 : 400,
    note: `Symbol size: speed. Line width: bytes that the device sent and received. ${sharedLinks ? `Rectangles: links that devices share, darker where a round used more of them.` : 'No link is shared: each device is limited by its own.'}`
      + (fewer ? ` ${devices.filter((device) => drawn.has(device.id)).length} of ${devices.length} devices are drawn.` : ''),
  };
}

/** Points on the unit circle, clockwise from the top. */
const onCircle = (count) => Array.from({ length: count }, (_, i) => ({ x: Math.sin((2 * Math.PI * i) / count), y: -Math.cos((2 * Math.PI * i) / count) }));

/** Fruchterman and Reingold's forces from a circle: the same picture every time. */
function spread(count, edges) {
  const at = onCircle(count);
  const ideal = 1.6 / Math.sqrt(count), rounds = count > 120 ? 120 : 250;
  for (let round = 0; round < rounds; ++round) {
    const move = at.map(() => ({ x: 0, y: 0 }));
    const push = (i, j, strength) => {
      const dx = at[i].x - at[j].x, dy = at[i].y - at[j].y, distance = Math.max(Math.hypot(dx, dy), 1e-3), force = strength(distance) / distance;
      move[i].x += dx * force; move[i].y += dy * force; move[j].x -= dx * force; move[j].y -= dy * force;
    };
    for (let i = 0; i < count; ++i) for (let j = 0; j < i; ++j) push(i, j, (d) => (ideal * ideal) / d);
    for (const [i, j] of edges) push(i, j, (d) => (-d * d) / ideal);
    const heat = 0.1 * (1 - round / rounds);
    at.forEach((node, i) => {
      const length = Math.hypot(move[i].x, move[i].y) || 1, step = Math.min(length, heat) / length;
      node.x += move[i].x * step; node.y += move[i].y * step;
    });
  }
  return at;
}

export const peerControl = (data) => {
  const control = methodControl(data);
  const withPeers = control.options.filter(([method]) => detailOf(data, { method })?.peers);
  return { ...control, options: withPeers.length ? withPeers : control.options.slice(0, 1) };
};

export function peers(data, state, theme) {
  const detail = detailOf(data, state);
  if (!detail || !detail.peers) return { empty: 'No method of this report exchanges between peers.' };
  const devices = devicesOf(data, state).filter((device) => !device.server), kinds = kindsOf(devices);
  const index = new Map(devices.map((device, i) => [device.id, i]));
  const { complete, count } = detail.peers;
  const edges = complete ? devices.flatMap((_, i) => Array.from({ length: i }, (_, j) => [j, i])) : detail.peers.edges.map(([a, b]) => [index.get(a), index.get(b)]);
  const degrees = devices.map(() => 0);
  edges.forEach(([a, b]) => { ++degrees[a]; ++degrees[b]; });
  const geometric = devices.every((device) => device.at);
  const ring = complete || degrees.every((degree) => degree === 2);
  const at = geometric ? devices.map((device) => ({ x: device.at[0] * 2 - 1, y: 1 - device.at[1] * 2 }))
    : ring ? onCircle(devices.length) : spread(devices.length, edges);
  const labelled = devices.length <= (theme.narrow ? 16 : 40), drawEdges = edges.length <= 6000;
  const size = devices.length <= 24 ? 16 : devices.length <= 70 ? 11 : 7, stretch = theme.narrow ? 1 : 0.6;
  const option = base(theme, kinds, labelled);
  Object.assign(option.series[0], {
    data: devices.map((device, i) => ({
      id: String(device.id), name: device.name, x: 260 * at[i].x, y: 260 * stretch * at[i].y, category: kinds.indexOf(device.kind), ...kindLook(theme, kinds.indexOf(device.kind)),
      symbolSize: size, device, degree: degrees[i], label: { show: labelled, position: labelAt(at[i]), width: theme.narrow ? 62 : 108, overflow: 'truncate' },
    })),
    links: drawEdges ? edges.map(([a, b]) => ({ source: a, target: b })) : [],
    lineStyle: { color: theme.soft, width: edges.length > 400 ? 0.5 : 1.1, opacity: Math.max(0.08, Math.min(0.7, 60 / edges.length)) },
  });
  option.tooltip = { ...option.tooltip, formatter: (p) => (p.dataType === 'node' ? `${deviceText(p.data.device)}<br>sends to ${p.data.degree} other${p.data.degree === 1 ? '' : 's'}` : '') };
  const low = Math.min(...degrees), high = Math.max(...degrees);
  return {
    option, csv: [['device', 'peer'], ...edges.map(([a, b]) => [devices[a].name, devices[b].name])], height: theme.narrow ? 430 : 440,
    note: (complete ? `Complete: each of ${devices.length} devices sends to all others.` : `${devices.length} devices, ${count} pairs that send to each other; a device has ${low === high ? low : `${low} to ${high}`} neighbours.`)
      + (geometric ? ' Devices stand where the geometric graph puts them.' : '') + (drawEdges ? '' : ' Too many lines to draw.'),
  };
}
