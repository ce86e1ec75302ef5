/** How a page looks: by the wish of the system light or dark, from a telephone to a wide screen, and on paper. */

export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f6f8; --card: #ffffff; --ink: #17212b; --muted: #53606d; --line: #dde3e9;
  --blue: #2f6db5; --teal: #11806f; --amber: #b8620e; --violet: #7a55b5; --red: #c0322b; --rest: #b9c4cf;
  --good: #17694a; --good-back: #e2f3ea; --warn: #8a4b06; --warn-back: #fdf0dc; --bad: #a3241e; --bad-back: #fce6e4;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #0f141a; --card: #182029; --ink: #e8edf2; --muted: #a3b0bd; --line: #2c3742;
    --blue: #6ba6ea; --teal: #3fbfa8; --amber: #eb9b45; --violet: #b796ea; --red: #ff8078; --rest: #4a5866;
    --good: #6fd3a2; --good-back: #12301f; --warn: #f3b765; --warn-back: #382810; --bad: #ff9a93; --bad-back: #3d1a18;
  }
}
* { box-sizing: border-box; }
html { background: var(--page); color: var(--ink); font: 1rem/1.5 system-ui, -apple-system, "Segoe UI", Roboto, "Helvetica Neue", "DejaVu Sans", sans-serif; -webkit-text-size-adjust: 100%; }
body { margin: 0 auto; max-width: 58rem; padding: 1.5rem 1rem 3rem; overflow-wrap: anywhere; }
.skip { position: absolute; left: -100rem; }
.skip:focus { left: 1rem; top: .5rem; padding: .4rem .8rem; background: var(--card); border-radius: .4rem; z-index: 1; }
a { color: var(--blue); }
:focus-visible { outline: 3px solid var(--blue); outline-offset: 2px; border-radius: .2rem; }
header { margin-bottom: 1.25rem; }
h1 { font-size: 1.6rem; line-height: 1.25; margin: 0 0 .35rem; letter-spacing: -.01em; }
h2 { font-size: 1.15rem; margin: 0 0 .75rem; }
h3 { font-size: .95rem; margin: 1.5rem 0 .25rem; }
section .note { font-size: .95rem; }
header p, .note { margin: .25rem 0; color: var(--muted); overflow-wrap: anywhere; }
.badge { display: inline-block; padding: .1rem .7rem; border-radius: 1rem; font-size: .95rem; font-weight: 600; letter-spacing: 0; vertical-align: middle; }
.badge.good { color: var(--good); background: var(--good-back); }
.badge.warn { color: var(--warn); background: var(--warn-back); }
.badge.bad { color: var(--bad); background: var(--bad-back); }
nav ul { display: flex; flex-wrap: wrap; gap: .15rem 1.1rem; list-style: none; margin: 0 0 1rem; padding: 0; font-size: .9rem; }
nav a { display: inline-block; padding: .15rem 0; }
section { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: 1.1rem 1.25rem 1.25rem; margin: 0 0 1rem; }
dl.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: .6rem; margin: 0 0 1rem; }
dl.tiles div { background: var(--card); border: 1px solid var(--line); border-radius: .7rem; padding: .7rem .9rem; display: flex; flex-direction: column-reverse; justify-content: flex-end; }
dl.tiles dd { margin: 0; font-size: 1.4rem; line-height: 1.2; font-weight: 650; font-variant-numeric: tabular-nums; letter-spacing: -.01em; }
dl.tiles dt { font-size: .82rem; color: var(--muted); }
dl.tiles .bad dd { color: var(--bad); }
ul.told { margin: 0; padding: 0; list-style: none; }
ul.told li { border-left: 4px solid var(--amber); padding: .1rem 0 .1rem .75rem; margin: 0 0 .6rem; overflow-wrap: anywhere; }
ul.told li.bad { border-color: var(--red); }
ul.told li:last-child { margin-bottom: 0; }
code, .id { font-family: ui-monospace, "SF Mono", Menlo, Consolas, "DejaVu Sans Mono", monospace; font-size: .88em; overflow-wrap: anywhere; }
figure { margin: 0 0 1rem; }
figcaption { font-size: .9rem; font-weight: 600; margin: 1rem 0 .25rem; overflow-wrap: anywhere; }
.legend { display: flex; flex-wrap: wrap; gap: .1rem 1rem; list-style: none; margin: 0 0 .5rem; padding: 0; font-size: .84rem; color: var(--muted); }
.legend span { display: inline-block; width: .75rem; height: .75rem; border-radius: .15rem; margin-right: .4rem; vertical-align: -.05rem; }
figure svg { display: block; width: 100%; height: auto; }
figure svg.narrow { display: none; max-width: 27rem; }
details { margin-top: .4rem; }
summary { cursor: pointer; color: var(--muted); font-size: .88rem; padding: .2rem 0; width: fit-content; }
.scroll { max-height: 22rem; overflow: auto; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; margin: .35rem 0 0; }
caption { text-align: left; color: var(--muted); font-size: .85rem; padding: 0 0 .4rem; overflow-wrap: anywhere; }
th, td { text-align: left; vertical-align: top; padding: .38rem 1.1rem .38rem 0; border-bottom: 1px solid var(--line); overflow-wrap: break-word; }
th:last-child, td:last-child { padding-right: 0; }
thead th { color: var(--muted); font-weight: 600; font-size: .82rem; vertical-align: bottom; }
tbody th { font-weight: 500; overflow-wrap: anywhere; }
tbody tr:last-child > * { border-bottom: 0; }
th.date { white-space: nowrap; }
.pair small { display: inline-block; min-width: 4.2em; }
.n { text-align: right; font-variant-numeric: tabular-nums; }
td.n { white-space: nowrap; }
small { color: var(--muted); font-size: .85em; }
strong.bad { color: var(--bad); font-weight: 600; }
meter { width: 4rem; height: .7rem; vertical-align: middle; margin-left: .35rem; }
.more { color: var(--muted); font-size: .85rem; margin: .4rem 0 0; }
footer { color: var(--muted); font-size: .85rem; overflow-wrap: anywhere; }
@media (max-width: 40rem) {
  body { padding: 1rem .7rem 2rem; }
  section { padding: .9rem .8rem 1rem; }
  h1 { font-size: 1.35rem; }
  dl.tiles { grid-template-columns: 1fr 1fr; }
  dl.tiles dd { font-size: 1.2rem; }
  figure svg.wide { display: none; }
  figure svg.narrow { display: block; }
  th, td { padding-right: .45rem; font-size: .84rem; }
  .scroll thead th { overflow-wrap: anywhere; }
  meter { display: none; }
  .pair small { display: block; }
}
@media print {
  :root { --page: #fff; }
  nav, .skip { display: none; }
  section { break-inside: avoid; }
}
`
