/** The words of one language at a time, chosen by the radio button before them: without any script. */
export const PAGE_STYLE = `
:root { color-scheme: light; }
body { max-width: 50rem; margin: 2rem auto; padding: 0 1rem; font: 1rem/1.5 "Helvetica Neue", Arial, "DejaVu Sans", sans-serif; color: #1a1a1a; }
#en:checked ~ * [lang="de"], #de:checked ~ * [lang="en"] { display: none; }
h1 { margin: 1rem 0; font-size: 1.75rem; line-height: 1.2; overflow-wrap: anywhere; }
dl { display: grid; grid-template-columns: max-content 1fr; gap: .25rem 1.5rem; margin: 0 0 1rem; }
dt { color: #666; }
dd { margin: 0; overflow-wrap: anywhere; }
pre, code { font: .8125rem/1.5 "DejaVu Sans Mono", Consolas, Menlo, monospace; }
pre { margin: 0; padding: .5rem .75rem; background: #f5f5f5; white-space: pre-wrap; overflow-wrap: anywhere; }
header { padding-bottom: 1rem; border-bottom: 2px solid #1a1a1a; }
article { padding: .75rem 0 .75rem .75rem; border-bottom: 1px solid #ddd; border-left: 3px solid transparent; }
article.question { border-left-color: #b3261e; }
article.answer { border-left-color: #1a5fb4; }
article.delivery { padding-block: .25rem; color: #666; font-size: .875rem; }
article.correction, article.withdrawal, article.closing, article.reveal { border-left-color: #777; }
article.membership { padding-block: .25rem; font-size: .875rem; }
article.erasure, article.export { background: #fafafa; border-left-color: #999; }
h2 { margin: 0 0 .25rem; font-size: .8125rem; font-weight: normal; color: #555; overflow-wrap: anywhere; }
h2 bdi { margin: 0 .5rem; font-weight: bold; color: #1a1a1a; }
h2 a, h2 em { color: inherit; font-style: normal; text-decoration: none; }
article p { margin: 0; white-space: pre-wrap; overflow-wrap: anywhere; unicode-bidi: plaintext; }
p.facts { margin-bottom: .25rem; font-size: .8125rem; color: #555; }
p.received { margin-top: .25rem; font-size: .8125rem; color: #555; }
p.received a { color: inherit; text-decoration: none; }
.added { margin-top: .25rem; font-size: .8125rem; color: #555; }
p.none { font-style: italic; color: #666; }
article:target { background: #fff8dc; }
@page { margin: 2cm; }
@media print {
  body { max-width: none; margin: 0; padding: 0; font-size: 10pt; }
  input, label { display: none; }
  h2 { break-after: avoid; }
  article p { orphans: 3; widows: 3; }
}
`;
