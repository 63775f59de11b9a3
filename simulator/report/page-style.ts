// How the page looks. One meaning has one colour everywhere: ended well, failed, downloading, installing, waiting (Okabe
// and Ito's colours, told apart by the colour-blind; failed is hatched as well). Light or dark as the reader's system is;
// on paper always light.

export const style = `
:root {
  color-scheme: light dark;
  --paper: #ffffff; --sheet: #f5f7f9; --ink: #1a2129; --quiet: #56616d; --rule: #d9dfe5; --grid: #e6eaee;
  --ok: #009e73; --failed: #d55e00; --downloading: #0072b2; --installing: #56b4e9; --waiting: #c3cad2; --line: #1a2129;
  --ok-ink: #00694d; --failed-ink: #a84300; --doubt: #fff4d6; --doubt-rule: #e0a100; --ok-sheet: #e3f5ef; --failed-sheet: #fdeadd;
}
@media (prefers-color-scheme: dark) { @media screen { :root {
  --paper: #12161b; --sheet: #1b2128; --ink: #e8edf2; --quiet: #9fabb7; --rule: #333d47; --grid: #262e36;
  --ok: #1fb98b; --failed: #ee7b30; --downloading: #3b95d9; --installing: #8fd0f5; --waiting: #56616d; --line: #e8edf2;
  --ok-ink: #45d3a8; --failed-ink: #ff9d5c; --doubt: #352a0c; --doubt-rule: #d29b1a; --ok-sheet: #10302a; --failed-sheet: #3a2113;
} } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.5 system-ui, "Segoe UI", Roboto, "Liberation Sans", sans-serif; }
main { max-width: 68rem; margin: 0 auto; padding: 2rem 1.25rem 4rem; }
h1 { font-size: 1.8rem; line-height: 1.2; margin: 0 0 .25rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 2.75rem 0 .5rem; }
p { margin: .4rem 0; max-width: 48rem; }
.quiet, figcaption, caption { color: var(--quiet); }
.banner { margin: 1.25rem 0 0; padding: .8rem 1rem; border-left: .4rem solid; border-radius: .25rem; }
.banner strong { font-size: 1.1rem; }
.banner ul { margin: .3rem 0 0; padding-left: 1.2rem; }
.banner.ok { background: var(--ok-sheet); border-color: var(--ok); }
.banner.failed { background: var(--failed-sheet); border-color: var(--failed); }
.banner.doubt { background: var(--doubt); border-color: var(--doubt-rule); }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(14rem, 1fr)); gap: .75rem; margin: 1.25rem 0 0; padding: 0; }
.tiles div { background: var(--sheet); border-radius: .4rem; padding: .7rem .9rem; }
.tiles dt { color: var(--quiet); font-size: .85rem; }
.tiles dd { margin: 0; font-size: 1.5rem; font-weight: 600; line-height: 1.25; font-variant-numeric: tabular-nums; }
.tiles dd small { display: block; font-size: .85rem; font-weight: 400; color: var(--quiet); line-height: 1.35; }
.ok-ink { color: var(--ok-ink); } .failed-ink { color: var(--failed-ink); }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; font-size: .92rem; margin: .5rem 0; }
caption { text-align: left; padding-bottom: .3rem; }
th, td { text-align: left; padding: .35rem .7rem .35rem 0; border-bottom: 1px solid var(--rule); vertical-align: top; overflow-wrap: anywhere; }
thead th { color: var(--quiet); font-weight: 600; white-space: nowrap; }
tbody th { font-weight: 500; }
.verdict { white-space: nowrap; }
.number { text-align: right; font-variant-numeric: tabular-nums; white-space: nowrap; }
.code { font-family: ui-monospace, "SF Mono", "DejaVu Sans Mono", monospace; font-size: .92em; white-space: nowrap; }
figure { margin: .75rem 0 1.5rem; }
figcaption { font-size: .9rem; margin-top: .25rem; }
details { margin: .25rem 0 1rem; }
summary { cursor: pointer; color: var(--quiet); font-size: .9rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.1rem; list-style: none; padding: 0; margin: .4rem 0; font-size: .9rem; }
.legend svg { width: 1rem; height: .8rem; margin-right: .4rem; vertical-align: -.05rem; }
.plot { display: block; width: 100%; min-width: 40rem; height: auto; }
.plot text { fill: var(--quiet); font-size: 12px; font-variant-numeric: tabular-nums; }
.plot text.strong, .plot text.reading { fill: var(--ink); }
.plot .grid { stroke: var(--grid); stroke-width: 1; }
.plot .axis { stroke: var(--rule); stroke-width: 1; }
.plot .mark { stroke: var(--line); stroke-width: 1.5; }
.plot .mark.dashed { stroke-dasharray: 4 3; }
.fill-ok { fill: var(--ok); } .fill-failed { fill: var(--failed); } .fill-downloading { fill: var(--downloading); }
.fill-installing { fill: var(--installing); } .fill-waiting { fill: var(--waiting); } .fill-soft { fill: var(--downloading); fill-opacity: .3; }
.line-down { fill: none; stroke: var(--downloading); stroke-width: 2; } .line-up { fill: none; stroke: var(--line); stroke-width: 1.25; }
.line-connected { fill: none; stroke: var(--line); stroke-width: 1.75; stroke-dasharray: 5 3; }
.hatch { stroke: var(--paper); stroke-width: 1.6; stroke-opacity: .75; }
.hit { fill: transparent; } .at line, .at text { visibility: hidden; }
.at line { stroke: var(--line); stroke-opacity: .5; }
.at:hover line, .at:hover text { visibility: visible; }
.reading { paint-order: stroke; stroke: var(--paper); stroke-width: 4px; stroke-linejoin: round; }
@media print {
  main { max-width: none; padding: 0; } body { font-size: 12px; }
  figure, tr, .banner, .tiles div { break-inside: avoid; } h2 { break-after: avoid; }
  .hit { display: none; } details { display: none; } .scroll { overflow: visible; } .plot { min-width: 0; }
  .tiles div { border: 1px solid var(--rule); }
  .banner, .plot *, .legend * { print-color-adjust: exact; -webkit-print-color-adjust: exact; }
}
`
