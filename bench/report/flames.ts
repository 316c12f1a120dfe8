import type { Profiler } from 'node:inspector'
import * as echarts from 'echarts'
import { nameOf } from './self-times.js'

type Node = Profiler.Profile['nodes'][number]

/** One call: how deep it is, from when to when in a row of all the time, as a share of it. */
type Flame = [depth: number, from: number, to: number, name: string]

const size = { width: 1400, rowHeight: 17, margin: 40 }
/** Narrower calls cannot be seen. */
const leastShare = 0.002
const hidden = new Set(['(idle)', '(root)'])

/** Draws a profile as a flame graph: a call stands on its caller, and is as wide as the time spent in it. */
export function drawFlames (title: string, profile: Profiler.Profile): string {
  const flames = flamesOf(profile)
  const depth = Math.max(...flames.map(([depth]) => depth)) + 1
  const canvas = echarts.init(null, null, {
    renderer: 'svg', ssr: true, width: size.width, height: depth * size.rowHeight + 2 * size.margin
  })
  canvas.setOption({
    animation: false,
    backgroundColor: '#fff',
    title: { text: title, left: 'center', textStyle: { fontSize: 15 } },
    grid: { left: 10, right: 10, top: size.margin, bottom: size.margin },
    xAxis: { show: false, min: 0, max: 1 },
    yAxis: { show: false, min: 0, max: depth },
    series: [{
      type: 'custom',
      encode: { x: [1, 2], y: 0 },
      data: flames,
      renderItem: drawFlame
    }]
  })
  const svg = canvas.renderToSVGString()
  canvas.dispose()
  return svg
}

/** Colours only keep neighbours apart. */
const drawFlame: echarts.CustomSeriesRenderItem = (_params, api) => {
  const [depth = 0, from = 0, to = 0] = [0, 1, 2].map(index => Number(api.value(index)))
  const [x = 0, y = 0] = api.coord([from, depth + 1])
  const [end = 0] = api.coord([to, depth])
  return {
    type: 'rect',
    shape: { x, y, width: Math.max(end - x - gap, gap), height: size.rowHeight - 1 },
    style: { fill: colours[Math.round(from * 1e6) % colours.length] ?? '' },
    textContent: { type: 'text', style: { text: String(api.value(3)), width: end - x, ...label } },
    textConfig: { position: 'insideLeft', distance: 2 }
  }
}

const gap = 0.5
const label = { fontSize: 10, overflow: 'truncate' } as const
const colours = ['#f2b134', '#ed8e3b', '#f5c971', '#e8743b', '#f7d794']

function flamesOf ({ nodes, samples = [], timeDeltas = [] }: Profiler.Profile): Flame[] {
  const byId = new Map(nodes.map(node => [node.id, node]))
  const own = new Map<number, number>()
  for (const [index, id] of samples.entries()) own.set(id, (own.get(id) ?? 0) + (timeDeltas[index] ?? 0))

  const totals = new Map<number, number>()
  function total (node: Node): number {
    const time = hidden.has(node.callFrame.functionName) ? 0 : own.get(node.id) ?? 0
    const all = childrenOf(node).reduce((sum, child) => sum + total(child), time)
    totals.set(node.id, all)
    return all
  }
  const childrenOf = (node: Node) => (node.children ?? []).map(id => byId.get(id)).filter(child => child !== undefined)

  const [root] = nodes
  if (root === undefined) return []
  const all = total(root)
  const flames: Flame[] = []
  function place (node: Node, depth: number, from: number): void {
    let at = from
    for (const child of childrenOf(node).sort((a, b) => (totals.get(b.id) ?? 0) - (totals.get(a.id) ?? 0))) {
      const share = (totals.get(child.id) ?? 0) / all
      if (share < leastShare) continue
      flames.push([depth, at, at + share, nameOf(child.callFrame)])
      place(child, depth + 1, at)
      at += share
    }
  }
  place(root, 0, 0)
  return flames
}
