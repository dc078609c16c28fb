/** Colours twice, light and dark; every state is also said in words. */
export const style = `:root {
  color-scheme: light dark;
  --page: #f4f5f7; --card: #ffffff; --ink: #1c2330; --quiet: #5a6474; --line: #d7dce4; --main: #1f5fbf; --on-main: #fff;
  --idle: #2f9e57; --ringing: #e08a00; --busy: #d1343c; --held: #8250c4; --away: #98a1ae;
  --warn: #fff3d6; --warn-ink: #6b4a00; --bad: #fde3e4; --bad-ink: #8c1d24;
}
@media (prefers-color-scheme: dark) {
  :root {
    --page: #12161d; --card: #1b212b; --ink: #e8ecf2; --quiet: #9aa5b5; --line: #313a48; --main: #6ea8fe; --on-main: #0c1420;
    --idle: #46c077; --ringing: #ffb347; --busy: #ff6b72; --held: #b48cf2; --away: #667081;
    --warn: #3b2f12; --warn-ink: #ffdf9e; --bad: #43191c; --bad-ink: #ffc4c7;
  }
}
* { box-sizing: border-box; }
[hidden] { display: none !important; }
body { margin: 0; background: var(--page); color: var(--ink); font: 15px/1.45 system-ui, sans-serif; }
h1, h2, p, ul { margin: 0; padding: 0; }
ul { list-style: none; }
.quiet { color: var(--quiet); }
.top { display: flex; flex-wrap: wrap; gap: .25rem 1rem; align-items: baseline; padding: .8rem 1.2rem;
  background: var(--card); border-bottom: 1px solid var(--line); }
.top h1 { font-size: 1.15rem; }
.pills { display: flex; flex-wrap: wrap; gap: .4rem; margin-left: auto; }
.pill { padding: .1rem .6rem; border: 1px solid var(--line); border-radius: 1rem; font-size: .85rem; }
.pill::before { content: ''; display: inline-block; width: .55rem; height: .55rem; margin-right: .4rem; border-radius: 50%;
  background: var(--away); }
.pill[data-state=up]::before { background: var(--idle); }
.pill[data-state=stale]::before { background: var(--ringing); }
.pill[data-state=down]::before { background: var(--busy); }
.banner { position: sticky; top: 0; z-index: 1; padding: .5rem 1.2rem; background: var(--warn); color: var(--warn-ink); }
.problem { background: var(--bad); color: var(--bad-ink); }
main { max-width: 90rem; margin: 0 auto; padding: 1rem 1.2rem 3rem; }
.tools { display: flex; flex-wrap: wrap; gap: .5rem 1.2rem; align-items: center; margin-bottom: 1rem; }
input { font: inherit; color: inherit; background: var(--page); border: 1px solid var(--line); border-radius: .4rem;
  padding: .3rem .55rem; min-width: 0; }
.search input { width: 17rem; max-width: 100%; background: var(--card); }
button { font: inherit; color: inherit; background: transparent; border: 1px solid var(--line); border-radius: .4rem;
  padding: .3rem .7rem; cursor: pointer; }
button:hover:enabled { border-color: var(--main); }
button:disabled { opacity: .55; cursor: default; }
button.main { background: var(--main); border-color: var(--main); color: var(--on-main); }
button.plain { border: 0; padding: 0 .4rem; }
:focus-visible { outline: 2px solid var(--main); outline-offset: 2px; }
.try, .card, dialog { background: var(--card); border: 1px solid var(--line); border-radius: .6rem; }
.try { padding: .6rem .9rem; margin-bottom: 1rem; }
.try summary { cursor: pointer; }
.row { display: flex; flex-wrap: wrap; gap: .6rem; align-items: end; margin-top: .6rem; }
.row.end { justify-content: end; }
.row label { display: grid; font-size: .85rem; color: var(--quiet); }
.row input { width: 9.5rem; color: var(--ink); font-size: .95rem; }
.calls li { display: flex; flex-wrap: wrap; gap: .4rem; align-items: center; margin-top: .6rem; }
.calls li > span { min-width: 9rem; }
.grid { display: grid; grid-template-columns: repeat(auto-fill, minmax(20rem, 1fr)); gap: .8rem; }
.card { padding: .75rem .9rem; display: flex; flex-direction: column; gap: .5rem; border-left: .35rem solid var(--lamp); }
.card { --lamp: var(--away); }
.card[data-lamp=idle] { --lamp: var(--idle); }
.card[data-lamp=ringing], .card[data-lamp=calling] { --lamp: var(--ringing); }
.card[data-lamp=talking], .card[data-lamp=dnd] { --lamp: var(--busy); }
.card[data-lamp=held] { --lamp: var(--held); }
.card[data-stale=true] { opacity: .6; }
.head { display: flex; flex-wrap: wrap; gap: 0 .6rem; align-items: center; }
.lamp { flex: none; width: .95rem; height: .95rem; border-radius: 50%; background: var(--lamp); }
.card[data-lamp=ringing] .lamp { animation: blink 1s steps(2, jump-none) infinite; }
@keyframes blink { from { opacity: 1; } to { opacity: .25; } }
@media (prefers-reduced-motion: reduce) { .card .lamp { animation: none !important; } }
.ext { font-weight: 650; font-size: 1.1rem; }
.place { order: 1; flex-basis: 100%; padding-left: 1.55rem; color: var(--quiet); font-size: .88rem; overflow-wrap: anywhere; }
.place:empty { display: none; }
.name { flex: 0 1 auto; max-width: 55%; color: var(--quiet); overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.state { margin-left: auto; font-size: .9rem; white-space: nowrap; }
.talks { min-height: 1.45em; font-size: .92rem; }
.talks li { overflow: hidden; text-overflow: ellipsis; white-space: nowrap; unicode-bidi: isolate; }
.facts { font-size: .82rem; color: var(--quiet); }
.keys { display: grid; grid-template-columns: .75fr 1.1fr 1fr 1.15fr; gap: .35rem; margin-top: auto; }
.key { padding: .2rem .25rem; font-size: .78rem; min-width: 0; }
.key span { display: block; overflow: hidden; text-overflow: ellipsis; white-space: nowrap; }
.key .to { font-size: .76rem; min-height: 1.2em; color: var(--quiet); }
.key[aria-pressed=true] { background: var(--main); border-color: var(--main); color: var(--on-main); }
.key[aria-pressed=true] .to { color: inherit; }
.key[aria-busy=true] { opacity: .6; }
dialog { color: var(--ink); padding: 1.1rem 1.2rem; min-width: min(22rem, 92vw); }
dialog::backdrop { background: rgb(0 0 0 / .45); }
dialog h2 { font-size: 1.05rem; margin-bottom: .7rem; }
dialog label { display: grid; gap: .2rem; margin-bottom: .6rem; color: var(--quiet); font-size: .88rem; }
dialog input { color: var(--ink); font-size: 1rem; }
@media (max-width: 30rem) { .grid { grid-template-columns: 1fr; } .pills { margin-left: 0; } .row input { width: 100%; } }
`;
