/** Requests per second as a line, drawn by the server. */
import type { SecondFigures } from '../traffic.ts'
import { counted, figure } from './figure.ts'
import { type Html, html } from './html.ts'

const HEIGHT = 100

/** The top of the scale: 1, 2 or 5 times a power of ten, so that the line does not jump at every poll. */
export function scaleTop(peak: number): number {
  const power = 10 ** Math.floor(Math.log10(Math.max(1, peak)))
  const step = [1, 2, 5, 10].find((factor) => factor * power >= peak) ?? 10
  return step * power
}

/** The points of a line over the whole width, one unit per second; y grows downwards. */
export function linePoints(values: readonly number[], top: number): string {
  return values.map((value, x) => `${x},${Math.round((HEIGHT - (value / top) * HEIGHT) * 10) / 10}`).join(' ')
}

/** A chart with its meaning in words, for those who do not see it. */
export function requestChart(seconds: readonly SecondFigures[]): Html {
  const requests = seconds.map((each) => each.requests)
  const throttled = seconds.map((each) => each.throttled)
  const peak = Math.max(0, ...requests)
  const sum = requests.reduce((total, each) => total + each, 0)
  const throttledSum = throttled.reduce((total, each) => total + each, 0)
  const top = scaleTop(peak)
  const minutes = Math.round(seconds.length / 60)
  const words = `${counted(sum, 'request')} in the last ${minutes} minutes, at most ${figure(peak)} in one second; ${figure(throttledSum)} throttled.`
  const width = seconds.length - 1
  return html`<figure>
<div class="plot">
<span class="top">${figure(top)}</span><span class="bottom">0</span>
<svg viewBox="0 0 ${width} ${HEIGHT}" preserveAspectRatio="none" role="img" aria-label="${words}">
<path class="grid" d="M0 0H${width}M0 ${HEIGHT / 2}H${width}M0 ${HEIGHT}H${width}"></path>
<polyline class="requests" points="${linePoints(requests, top)}"></polyline>
${throttledSum === 0 ? undefined : html`<polyline class="throttled" points="${linePoints(throttled, top)}"></polyline>`}
</svg>
<span class="start">${minutes} min ago</span><span class="end">now</span>
</div>
<figcaption><span class="key requests">requests per second</span> <span class="key throttled">of them throttled (429)</span>
<span class="words">${words}</span></figcaption>
</figure>`
}
