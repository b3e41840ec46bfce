/** The page's looks. Colours are named once, for light and for dark. */

/** Blue, orange and purple differ for every kind of colour vision; each has a contrast of 4.5 to the surface. */
export const STYLE = `
:root {
  color-scheme: light dark;
  --page: #f4f5f7; --surface: #ffffff; --text: #16191d; --muted: #555d68; --line: #e1e5ea; --wait: #848d99;
  --success: #0a62b5; --failure: #c2450a; --throttled: #8b35a8;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #101316; --surface: #191d22; --text: #e9ecef; --muted: #a3acb8; --line: #2e343c; --wait: #76808d;
    --success: #62aef5; --failure: #ff9757; --throttled: #d59bea;
  }
}
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; }
body { margin: 0; background: var(--page); color: var(--text); font: 16px/1.55 system-ui, "Segoe UI", Roboto, "Helvetica Neue", Arial, sans-serif; overflow-wrap: break-word; }
main { max-width: 1040px; margin: 0 auto; padding: 48px 0 64px; }
header { padding: 0 40px; margin-bottom: 32px; }
h1 { font-size: 2.25rem; line-height: 1.15; letter-spacing: -.02em; margin: 0 0 12px; }
h2 { font-size: 1.25rem; line-height: 1.3; letter-spacing: -.01em; margin: 0 0 12px; }
p { margin: 0; }
.product { color: var(--muted); font-size: .875rem; font-weight: 600; margin-bottom: 8px; }
.lead { color: var(--muted); max-width: 68ch; }
main > section { background: var(--surface); border: 1px solid var(--line); border-radius: 12px; padding: 32px 39px; margin-top: 24px; }
.hidden { position: absolute; width: 1px; height: 1px; overflow: hidden; clip-path: inset(50%); white-space: nowrap; }
.tiles { display: grid; grid-template-columns: repeat(4, 1fr); gap: 24px; margin: 0 0 32px; }
.tiles div { border-left: 3px solid var(--line); padding-left: 16px; }
.tiles div:first-child { border-color: var(--success); }
.tiles div:nth-child(2) { border-color: var(--muted); }
dt { color: var(--muted); font-size: .875rem; }
dd { margin: 0; }
dd strong { display: block; font-size: 2rem; line-height: 1.25; letter-spacing: -.02em; }
dd span, .note, footer { color: var(--muted); font-size: .875rem; }
table { border-collapse: collapse; width: 100%; font-size: .9375rem; }
th, td { text-align: left; padding: 7px 16px 7px 0; border-bottom: 1px solid var(--line); font-weight: 400; vertical-align: baseline; }
thead th { color: var(--muted); font-size: .875rem; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
th:last-child, td:last-child { padding-right: 0; }
.columns { display: grid; grid-template-columns: 3fr 2fr; gap: 48px; align-items: start; }
.note p { margin-top: 8px; }
figure { margin: 0; }
figcaption { color: var(--muted); font-size: .9375rem; margin-top: 16px; max-width: 92ch; }
.legend { display: flex; flex-wrap: wrap; gap: 4px 24px; list-style: none; margin: 0 0 16px; padding: 0; font-size: .875rem; }
.legend li { display: flex; align-items: center; gap: 8px; }
.sign { flex: none; }
.plot { display: block; font-family: inherit; font-size: 12px; width: 100%; height: auto; overflow: visible; }
.plot text, .plot tspan { white-space: pre; }
.plot.narrow { display: none; }
details { margin-top: 20px; font-size: .9375rem; }
summary { cursor: pointer; color: var(--success); }
.scroll { overflow-x: auto; max-height: 480px; margin-top: 8px; }
.scroll table { min-width: 560px; }
:focus-visible { outline: 2px solid var(--success); outline-offset: 3px; }
footer { padding: 24px 40px 0; }
@media (max-width: 800px) {
  main { padding: 24px 0 40px; max-width: 560px; }
  header, footer { padding-left: 16px; padding-right: 16px; }
  main > section { padding: 24px 16px; margin-top: 12px; border-width: 1px 0; border-radius: 0; }
  h1 { font-size: 1.75rem; }
  .tiles { grid-template-columns: 1fr 1fr; gap: 20px 12px; }
  .tiles div { padding-left: 12px; }
  dd strong { font-size: 1.625rem; }
  .columns { grid-template-columns: 1fr; gap: 12px; }
  .plot.wide { display: none; }
  .plot.narrow { display: block; }
}
@media print {
  :root { --page: #ffffff; }
  main > section { break-inside: avoid; border: 0; }
}
`;
