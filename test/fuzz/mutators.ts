import type { Seeded } from './seeded.ts';

/** Makes one change. `other` is another sample of the same kind. Latin-1 text in, Latin-1 text out. */
type Mutator = (text: string, chance: Seeded, other: string) => string;

/** Words of SIP and XML, numbers at edges, and what others have fallen over. */
const dictionary: readonly string[] = [
  ...'SUBSCRIBE NOTIFY INVITE ACK CANCEL OPTIONS REGISTER PUBLISH SIP/2.0 SIP/7.0 sip: sips: tel: urn: lr ob gr'.split(
    ' ',
  ),
  ...'Via: v: From: f: To: t: Call-ID: i: CSeq: Contact: m: Content-Length: l: Content-Type: c: Event: o:'.split(' '),
  ...'Expires: Max-Forwards: Route: Record-Route: Require: Accept: Authorization: Supported: k: Date: Subject: s:'.split(
    ' ',
  ),
  ...';tag= ;branch=z9hG4bK ;rport ;received= ;maddr= ;transport= ;lr ;expires= ;q=0.0 ;id= ;; ,, <> <sip: > * " \\" \\ @ ? & %'.split(
    ' ',
  ),
  ...'%00 %0d%0a %2 %zz %C3%BC [::1] [2001:db8::1] [:::1.2.3.4] [ ] 255.255.255.255 0 -1 00000000001 255 256 65535 65536'.split(
    ' ',
  ),
  ...'2147483647 2147483648 4294967295 4294967296 18446744073709551616 1e9 0x10 NaN __proto__ constructor'.split(' '),
  ...'Digest username= realm= nonce= uri= response= algorithm= qop=auth nc=00000001 cnonce= SHA-256 MD5-sess'.split(
    ' ',
  ),
  ...'<? ?> <!DOCTYPE <![CDATA[ ]]> <!-- --> &amp; &#0; &#x10FFFF; &x; xmlns: xmlns= /> </ -- --part'.split(' '),
  '\r\n',
  '\r\n ',
  '\r\n\t',
  '\r',
  '\n',
  '\r\n\r\n',
  '\n\n',
  '\0',
  '\t',
  ' ',
  '\x7f',
  '\x1b[2J',
  '\xff',
  '\xc3',
  '\xe2\x80\xa8',
  '\xef\xbb\xbf',
  '#{7*7}',
  "' OR 1=1--",
];

const put = (text: string, at: number, end: number, insert: string) => text.slice(0, at) + insert + text.slice(end);

/** Header lines without their line ends, between the start line and the empty line. */
function edited(text: string, chance: Seeded, edit: (lines: string[], at: number) => void): string {
  const end = text.indexOf('\r\n\r\n');
  const lines = (end < 0 ? text : text.slice(0, end)).split('\r\n');
  edit(lines, 1 + chance.below(lines.length - 1));
  return lines.join('\r\n') + (end < 0 ? '' : text.slice(end));
}

const mutators: readonly Mutator[] = [
  function flipBit(text, chance) {
    const at = chance.below(text.length);
    return put(text, at, at + 1, String.fromCharCode((text.charCodeAt(at) || 0) ^ (1 << chance.below(8))));
  },
  function setByte(text, chance) {
    const at = chance.below(text.length);
    return put(text, at, at + 1, chance.byte());
  },
  function insertBytes(text, chance) {
    const at = chance.below(text.length + 1);
    return put(text, at, at, Array.from({ length: 1 + chance.below(4) }, () => chance.byte()).join(''));
  },
  function removeBytes(text, chance) {
    return put(text, ...chance.span(text, 12), '');
  },
  function repeatChunk(text, chance) {
    const [start, end] = chance.span(text, 80);
    return put(text, end, end, text.slice(start, end).repeat(1 + chance.below(3)));
  },
  function moveChunk(text, chance) {
    const [start, end] = chance.span(text, 80);
    const rest = put(text, start, end, '');
    const at = chance.below(rest.length + 1);
    return put(rest, at, at, text.slice(start, end));
  },
  function splice(text, chance, other) {
    return text.slice(0, chance.below(text.length + 1)) + other.slice(chance.below(other.length + 1));
  },
  function chunkOfOther(text, chance, other) {
    return put(text, ...chance.span(text, 40), other.slice(...chance.span(other, 80)));
  },
  function insertWord(text, chance) {
    const at = chance.below(text.length + 1);
    return put(text, at, at, chance.pick(dictionary));
  },
  function replaceWord(text, chance) {
    const words = [...text.matchAll(/[A-Za-z0-9.-]+/g)];
    const word = words[chance.below(words.length)];
    if (word === undefined) return chance.pick(dictionary);
    return put(text, word.index, word.index + word[0].length, chance.pick(dictionary));
  },
  function removeLine(text, chance) {
    return edited(text, chance, (lines, at) => lines.splice(at, 1));
  },
  function repeatLine(text, chance) {
    const times = chance.once(20) ? 250 : 1;
    return edited(text, chance, (lines, at) =>
      lines.splice(at, 0, ...Array.from({ length: times }, () => lines[at] ?? '')),
    );
  },
  function swapLines(text, chance) {
    return edited(text, chance, (lines, at) => {
      const to = 1 + chance.below(lines.length - 1);
      [lines[at], lines[to]] = [lines[to] ?? '', lines[at] ?? ''];
    });
  },
  function emptyValue(text, chance) {
    return edited(text, chance, (lines, at) => {
      lines[at] = `${(lines[at] ?? '').split(':', 1)[0]}:`;
    });
  },
  function foldLine(text, chance) {
    return text.replace(/ (?=\S)/g, (space) =>
      chance.once(6) ? chance.pick(['\r\n ', '\r\n\t', ' \r\n  ', '\r\n']) : space,
    );
  },
  function lieAboutLength(text, chance) {
    const lie = chance.pick([
      '0',
      '1',
      '-1',
      '99999',
      '5, 5',
      '+5',
      ' 5',
      '5 5',
      '',
      '0005',
      String(chance.below(400)),
    ]);
    return text.replace(/((?:content-length|\nl)\s*:[ \t]*)\d*/i, (_, name: string) => name + lie);
  },
  function longRun(text, chance) {
    const at = chance.below(text.length + 1);
    const unit = chance.pick([
      ' ',
      '\t',
      'a',
      '9',
      ',',
      ';',
      ';a',
      '=',
      '"',
      '\\',
      '\\"',
      '<',
      '>',
      '(',
      '%41',
      ':',
      '[',
      '@',
      '\0',
      '\xe4',
      '\r\n ',
      '&',
      '<a>',
      '&amp;',
      '.',
      '-',
      'a.',
    ]);
    return put(text, at, at, unit.repeat(1 + chance.below(chance.once(4) ? 4000 : 60)));
  },
  function nestQuotes(text, chance) {
    const [start, end] = chance.span(text, 40);
    const inside = text.slice(start, end);
    return put(
      text,
      start,
      end,
      chance.pick([`"${inside}"`, `"${inside}`, `"\\"${inside}\\"`, `<${inside}>`, `<"${inside}>"`, `"${inside}\\`]),
    );
  },
  function injectControl(text, chance) {
    const at = chance.below(text.length + 1);
    return put(
      text,
      at,
      at,
      chance.pick(['\0', '\r', '\n', '\r\n', '\r\nX: y', '\r\n\r\n', '\x0b', '\x0c', '\x85', '\x7f']),
    );
  },
  function breakUtf8(text, chance) {
    const at = chance.below(text.length + 1);
    return put(
      text,
      at,
      at,
      chance.pick([
        '\xc3',
        '\xc3\x28',
        '\xe2\x82',
        '\xf0\x9f\x98\x80',
        '\xed\xa0\x80',
        '\xc0\xaf',
        '\xff\xfe',
        '\xa0',
        '\xf5\x80\x80\x80',
      ]),
    );
  },
  function cutShort(text, chance) {
    return text.slice(0, chance.below(text.length + 1));
  },
];

/** What a frame needs: exactly one Content-Length, and it is right. The head is left as it is otherwise. */
export function reframed(text: string): string {
  const end = text.indexOf('\r\n\r\n');
  if (end < 0) return text;
  const head = text.slice(0, end).replace(/\r\n(?:content-length|l)[ \t]*:[^\r\n]*/gi, '');
  const body = text.slice(end + 4);
  return `${head}\r\nContent-Length: ${body.length}\r\n\r\n${body}`;
}

/** A sample with one to six changes, at most `longest` characters. */
export function mutate(samples: readonly string[], chance: Seeded, longest: number): string {
  let text = chance.pick(samples);
  for (let changes = 1 + chance.below(1 + chance.below(6)); changes > 0; changes--) {
    text = chance.pick(mutators)(text, chance, chance.pick(samples)).slice(0, longest);
  }
  return text;
}
