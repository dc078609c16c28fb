/** The style of /api: the browser's own colours, light and dark. */
export const apiStyle = `:root { color-scheme: light dark; font: 16px/1.5 system-ui, sans-serif; }
body { max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 small { font-weight: normal; font-size: 1rem; }
nav a { display: inline-block; padding: .25rem .5rem .25rem 0; }
details { border-bottom: 1px solid GrayText; padding: .25rem 0; }
details details { border: 0; padding: 0; }
summary { cursor: pointer; padding: .25rem 0; overflow-wrap: anywhere; }
section > details > :not(summary) { margin-left: 1rem; }
pre { overflow-x: auto; padding: .75rem; border: 1px solid GrayText; border-radius: .25rem; font-size: .875rem; }
code { font-size: .9em; }
table { border-collapse: collapse; display: block; overflow-x: auto; }
th, td { text-align: left; vertical-align: top; padding: .25rem .75rem .25rem 0; }
`;
