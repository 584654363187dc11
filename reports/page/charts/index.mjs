// All charts of the report, in the page's order, and what the page and the figures do with each of them.
import * as echarts from 'echarts/core';
import { BarChart, CustomChart, GraphChart, HeatmapChart, LineChart, ScatterChart } from 'echarts/charts';
import { AriaComponent, GridComponent, LegendComponent, MarkLineComponent, TitleComponent, TooltipComponent, VisualMapContinuousComponent } from 'echarts/components';
import { CanvasRenderer, SVGRenderer } from 'echarts/renderers';

import { curveCharts } from './curves.mjs';
import { fleetCharts } from './fleet.mjs';
import { timeCharts } from './time.mjs';
import { tradeoffCharts } from './tradeoff.mjs';
import { trainedCharts } from './trained.mjs';

echarts.use([BarChart, CustomChart, GraphChart, HeatmapChart, LineChart, ScatterChart, AriaComponent, GridComponent, LegendComponent,
             MarkLineComponent, TitleComponent, TooltipComponent, VisualMapContinuousComponent, CanvasRenderer, SVGRenderer]);

/**
 * A chart: id, section, height, title(state, data), note?(data), controls?(data, state) -> [{key, label, options: [[value, text]]}], and
 * make(data, state, theme) -> {option, csv, height?, note?} or {empty: why}. `variants` names the control whose every value is a figure.
 */
export const charts = [...curveCharts, ...tradeoffCharts, ...timeCharts, ...trainedCharts, ...fleetCharts];
export { echarts };

/** The state with every control at a value that it offers: the first one, or the last where the control says so. */
export function settle(chart, data, state = {}) {
  let settled = { ...state };
  for (let pass = 0; pass < 2; ++pass)  // one control's choice may decide what the next one offers
    for (const control of chart.controls ? chart.controls(data, settled) : []) {
      const values = control.options.map(([value]) => value);
      if (!values.includes(settled[control.key])) settled[control.key] = control.last ? values[values.length - 1] : values[0];
    }
  return settled;
}

/** The option with its title inside, for a picture that stands alone. */
export function titled(option, title, theme) {
  const grid = option.grid ? { ...option.grid, top: option.grid.top + 34 } : undefined;
  const series = option.grid ? option.series : option.series.map((one) => ({ ...one, top: (one.top ?? 0) + 34 }));
  return { ...option, ...(grid ? { grid } : {}), series, backgroundColor: theme.paper, legend: { ...option.legend, top: 34 },
           title: { text: title, left: 0, top: 2, textStyle: { color: theme.ink, fontSize: 15, fontWeight: 600 } } };
}

/** A standing picture, without a browser. */
export function svgOf(option, width, height) {
  const chart = echarts.init(null, null, { renderer: 'svg', ssr: true, width, height });
  chart.setOption(option);
  const svg = chart.renderToSVGString();
  chart.dispose();
  return svg;
}

export const csvText = (rows) =>
  rows.map((row) => row.map((cell) => (/[",\r\n]|^\s|\s$/.test(String(cell ?? '')) ? `"${String(cell).replace(/"/g, '""')}"` : String(cell ?? ''))).join(',')).join('\n') + '\n';
