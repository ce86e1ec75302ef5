/** Charts as SVG that needs no script: drawn here, once for wide and once for narrow windows. */

import type { EChartsOption, init } from 'echarts'
import { Html, html, withoutControls } from './html.ts'
import { type Table, tableOf } from './table.ts'

/** A chart's window: text keeps its size on a telephone, so each has a drawing of its own. */
export type Width = 'wide' | 'narrow'

/** One colour of a legend, which is text of the page: a drawing cannot know how wide its letters are. */
export interface Key {
  readonly name: string
  readonly colour: string
}

export interface Chart {
  /** Unique on the page; letters, digits and hyphens. */
  readonly id: string
  readonly title: string
  /** Whether the title stands above the drawing; where a heading says the same it does not. */
  readonly captioned: boolean
  /** What the colours mean; none for a single series. */
  readonly legend: readonly Key[]
  /** What there is to see, in a sentence or two. */
  readonly description: string
  readonly draw: (width: Width) => { readonly height: number; readonly option: EChartsOption }
  /** The same figures for those who do not look. */
  readonly table: Table
}

export type DrawChart = (chart: Chart) => Html

const WIDTHS: Readonly<Record<Width, number>> = { wide: 760, narrow: 316 }

interface Library {
  readonly init: typeof init
}

/** Loads the library, which takes a while: the one file that holds all of it takes a fraction of its hundreds of modules. */
export async function openCharts(): Promise<DrawChart> {
  const file: string = 'echarts/dist/echarts.esm.min.mjs'
  const library = (await import(file)) as Library
  return (chart) => html`<figure>
${chart.captioned && html`<figcaption>${chart.title}</figcaption>`}
${chart.legend.length > 0 && html`<ul class="legend">${chart.legend.map(keyOf)}</ul>`}
${svgOf(library, chart, 'wide')}
${svgOf(library, chart, 'narrow')}
<details><summary>Figures: ${chart.title}</summary>
<div class="scroll">${tableOf(chart.table)}</div></details>
</figure>`
}

const keyOf = ({ name, colour }: Key): Html => html`<li><span style="background:${colour}"></span>${name}</li>`

function svgOf({ init }: Library, { id, title, description, draw }: Chart, width: Width): Html {
  const { height, option } = draw(width)
  const chart = init(null, null, { renderer: 'svg', ssr: true, width: WIDTHS[width], height })
  try {
    chart.setOption({ animation: false, ...option })
    const text = withoutControls(chart.renderToSVGString())
    const inner = text
      .replace(/^<svg[^>]*>/, '')
      .replace(/<\/svg>\s*$/, '')
      // Rules for a pointer over shapes, and marks for a library in the page: there is neither.
      .replace(/<style ?>[\s\S]*?<\/style>/g, '')
      .replace(/ (class="zr[^"]*"|ecmeta_\w+="[^"]*"|xml:space="preserve")/g, '')
    const [name, told] = [`${id}-${width}-name`, `${id}-${width}-told`]
    return html`<svg class="${width}" viewBox="0 0 ${WIDTHS[width]} ${String(height)}" role="img" aria-labelledby="${name}" aria-describedby="${told}" xmlns="http://www.w3.org/2000/svg">
<title id="${name}">${title}</title><desc id="${told}">${description}</desc>${new Html(inner)}</svg>`
  } finally {
    // Its clockwork would keep the process alive.
    chart.dispose()
  }
}

/** Text of a drawing, in the page's own letters and colours. */
export const TEXT = { fontFamily: 'inherit', fontSize: 12, color: 'var(--muted)' } as const

/** An axis of amounts. */
export const amounts = (more: object = {}) => ({
  type: 'value' as const,
  axisLine: { show: false },
  axisTick: { show: false },
  axisLabel: { ...TEXT, formatter: short, hideOverlap: true },
  splitLine: { lineStyle: { color: 'var(--line)' } },
  splitNumber: 4,
  ...more,
})

/** An axis of names. */
export const names = (data: readonly string[], more: object = {}) => ({
  type: 'category' as const,
  data: [...data],
  axisLine: { lineStyle: { color: 'var(--line)' } },
  axisTick: { show: false },
  axisLabel: { ...TEXT },
  ...more,
})

/** 12,300 as `12.3k`: for axes, where there is no room. */
export function short(amount: number): string {
  const size = Math.abs(amount)
  const [unit, divisor] = size >= 1e6 ? ['M', 1e6] : size >= 1e3 ? ['k', 1e3] : ['', 1]
  const text = (size / Number(divisor)).toFixed(size >= 1e3 || (size < 10 && size % 1 !== 0) ? 1 : 0)
  return `${amount < 0 ? '−' : ''}${text.replace(/\.0$/, '')}${unit}`
}
