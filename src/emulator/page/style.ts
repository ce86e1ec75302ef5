/** How the page looks: light and dark, from 320 pixels up, without anything fetched. */

/** The one style sheet; its hash stands in the page's policy. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #fff; --text: #1b2027; --soft: #566170; --line: #d9dee5;
  --accent: #0b6e75; --alarm: #b3261e; --stripe: #f7f9fa;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #111418; --card: #1a1f25; --text: #e6e9ed; --soft: #9ba7b4; --line: #2f3740;
    --accent: #5cc4cb; --alarm: #ff9a8f; --stripe: #1f252c;
  }
}
* { box-sizing: border-box; }
html { background: var(--page); color: var(--text); font: 15px/1.5 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 76rem; padding: 0 1rem 2rem; }
a { color: var(--accent); text-underline-offset: .15em; }
code { font: .9em/1.4 ui-monospace, monospace; overflow-wrap: anywhere; }
:focus-visible { outline: 2px solid var(--accent); outline-offset: 2px; border-radius: 2px; }
.skip { position: absolute; left: -100vw; background: var(--card); padding: .5rem 1rem; }
.skip:focus { left: 1rem; top: .5rem; z-index: 1; }
header { display: flex; flex-wrap: wrap; gap: .25rem 1.5rem; align-items: baseline; padding: 1.25rem 0 .75rem; }
h1 { font-size: 1.35rem; margin: 0; letter-spacing: -.01em; overflow-wrap: anywhere; }
h2 { font-size: 1rem; margin: 0 0 .6rem; }
header nav { display: flex; flex-wrap: wrap; gap: .15rem .9rem; flex: 1 1 20rem; font-size: .9rem; }
button { font: inherit; font-size: .9rem; color: var(--text); background: var(--card); border: 1px solid var(--soft);
  border-radius: 6px; padding: .2rem .7rem; cursor: pointer; }
#status:not(:empty) { flex-basis: 100%; color: var(--alarm); margin: 0; }
main { display: grid; grid-template-columns: repeat(12, minmax(0, 1fr)); gap: 1rem; }
section { grid-column: 1 / -1; background: var(--card); border: 1px solid var(--line); border-radius: 10px;
  padding: 1rem; min-width: 0; }
#figures { background: none; border: 0; padding: 0; }
#figures h2 { position: absolute; clip-path: inset(50%); height: 1px; width: 1px; overflow: hidden; white-space: nowrap; }
@media (min-width: 56rem) {
  #tables { grid-column: 1 / span 7; grid-row: 3 / span 3; align-self: start; }
  #throttles, #operations, #faults { grid-column: span 5; align-self: start; }
}
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9rem, 1fr)); gap: .75rem; margin: 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: 10px; padding: .6rem .8rem; }
.tile dt { color: var(--soft); font-size: .85rem; }
.tile dd { margin: 0; }
.tile b { display: block; font-size: 1.5rem; line-height: 1.25; font-weight: 600; font-variant-numeric: tabular-nums; }
.tile span, .clock, .label, .empty, .rest, .words { color: var(--soft); font-size: .85rem; }
.tile.alarming { border-color: var(--alarm); }
.tile.alarming b { color: var(--alarm); }
.clock { margin: .6rem 0 0; }
#webhooks p { margin: 0; font-size: .9rem; }
.empty, .rest { margin: 0; }
figure { margin: 0; }
.plot { display: grid; grid-template: auto auto auto / auto 1fr 1fr; column-gap: .5rem; color: var(--soft);
  font-size: .8rem; font-variant-numeric: tabular-nums; }
.plot svg { grid-area: 1 / 2 / 3 / 4; width: 100%; height: 9rem; overflow: visible; }
.plot .top { grid-area: 1 / 1; text-align: right; line-height: 1; }
.plot .bottom { grid-area: 2 / 1; text-align: right; line-height: 1; align-self: end; }
.plot .start { grid-area: 3 / 2; }
.plot .end { grid-area: 3 / 3; text-align: right; }
.plot path, .plot polyline { fill: none; vector-effect: non-scaling-stroke; stroke-linejoin: round; }
.plot .grid { stroke: var(--line); }
.plot polyline.requests { stroke: var(--accent); stroke-width: 2; }
.plot polyline.throttled { stroke: var(--alarm); stroke-width: 1.5; stroke-dasharray: 4 3; }
figcaption { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; font-size: .85rem; margin-top: .4rem; }
.key::before { content: ""; display: inline-block; width: 1.4rem; border-top: 2px solid var(--accent);
  margin-right: .4rem; vertical-align: middle; }
.key.throttled::before { border-top: 2px dashed var(--alarm); }
.words { flex-basis: 100%; }
.scroll { overflow-x: auto; }
.scroll + .scroll, p + .scroll, .scroll + p { margin-top: .9rem; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; }
caption { text-align: left; color: var(--soft); font-size: .85rem; padding-bottom: .35rem; }
th, td { text-align: left; vertical-align: top; padding: .3rem .75rem .3rem 0; border-top: 1px solid var(--line); }
th:last-child, td:last-child { padding-right: .25rem; }
thead th { border-top: 0; color: var(--soft); font-weight: 500; white-space: nowrap; }
tbody th { font-weight: 500; }
td code { display: block; min-width: 12rem; }
time { white-space: nowrap; }
tbody tr:hover { background: var(--stripe); }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.rows td, .rows th { white-space: nowrap; }
.rows td { font-variant-numeric: tabular-nums; }
.null { color: var(--soft); font-style: italic; }
.turn { display: flex; flex-wrap: wrap; gap: .25rem 1rem; font-size: .9rem; margin-bottom: .75rem; }
.scroll + .turn { margin: .75rem 0; }
.turn span:not([aria-current]) { color: var(--soft); }
footer { color: var(--soft); font-size: .85rem; margin-top: 1.25rem; }
@media (prefers-contrast: more) { :root { --soft: var(--text); --line: var(--text); } }
@media (forced-colors: active) { .plot polyline.requests { stroke: LinkText; } .plot polyline.throttled { stroke: CanvasText; } }
`
