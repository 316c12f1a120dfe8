import { mkdir, writeFile } from 'node:fs/promises'
import * as echarts from 'echarts'
import type { Chart } from './results.js'

const folder = new URL('../charts/', import.meta.url)
const size = { width: 860, height: 360 }

/** Draws charts as SVG into `bench/charts`. */
export async function writeCharts (charts: readonly Chart[]): Promise<void> {
  await mkdir(folder, { recursive: true })
  for (const chart of charts) await writeFile(new URL(`${chart.name}.svg`, folder), `${draw(chart)}\n`)
}

function draw ({ title, unit, kind, categories, series, logarithmic = false }: Chart): string {
  const canvas = echarts.init(null, null, { renderer: 'svg', ssr: true, ...size })
  const values = { name: unit, ...logarithmic ? logScale(series) : { type: 'value' as const } }
  const names = { type: 'category' as const, data: categories, axisLabel: { interval: 0 } }
  canvas.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    legend: { bottom: 0, show: series.length > 1 },
    grid: { left: kind === 'bar' ? 250 : 80, right: 70, top: 60, bottom: 60 },
    // Long names read better beside bars than under them.
    ...(kind === 'bar'
      ? { xAxis: values, yAxis: { ...names, inverse: true } }
      : { xAxis: names, yAxis: values }),
    series: series.map(({ name, values: data }) => ({
      name, type: kind, data: data.map(rounded), label: { show: kind === 'bar', position: 'right' }, showSymbol: true
    }))
  })
  const svg = canvas.renderToSVGString()
  canvas.dispose()
  return svg
}

/** From the power of ten below all values; else bars would begin at 1. */
function logScale (series: Chart['series']) {
  const known = series.flatMap(({ values }) => values).filter(value => value !== null)
  const min = 10 ** Math.floor(Math.log10(Math.min(...known)))
  return { type: 'log' as const, min, startValue: min }
}

/** Three digits are what a figure of a run is worth. */
function rounded (value: number | null): number | null {
  return value === null ? null : Number(value.toPrecision(3))
}
