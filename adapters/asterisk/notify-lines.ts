/** COMPAT(Asterisk 22.10, measured): a line of AMI has up to 1,022 bytes, its name included; a longer one is an error. */
const mostBytes = 960;

/** COMPAT(Asterisk): an action has up to 128 lines (`AST_MAX_MANHEADERS`); the others need some. */
const mostLines = 100;

/**
 * A body as the values of the variable `Content` of PJSIPNotify: Asterisk puts CR LF between two of them. Lines that are too
 * long for AMI are broken in XML alone, where blanks mean nothing to elements that hold elements or text and never both.
 * null: it cannot be said in AMI.
 */
export function contentLines(contentType: string, body: string): readonly string[] | null {
  const isXml = /^[^;]*[/+]xml\s*(?:;|$)/i.test(contentType);
  const lines = body.split(/\r?\n/).flatMap((line) => (isXml && !fits(line) ? folded(line) : [line]));
  // The line end at the end of XML means nothing; RFC 3842 5.2 wants that of its last line.
  if (isXml && lines.at(-1) === '') lines.pop();
  return lines.length <= mostLines && lines.every(fits) ? lines.map(quoted) : null;
}

function fits(line: string): boolean {
  return Buffer.byteLength(quoted(line)) <= mostBytes;
}

/** Commas part variables, so that they stand in quotes (checked with 22). */
function quoted(line: string): string {
  return /[,"\\]/.test(line) ? `"${line.replace(/[\\"]/g, '\\$&')}"` : line;
}

const tagOrText = /<(?:"[^"]*"|'[^']*'|[^'">])*>|[^<]+/g;

function folded(xml: string): readonly string[] {
  const lines: string[] = [];
  for (const piece of unbroken(xml)) {
    const longer = `${lines.at(-1) ?? ''}${piece}`;
    if (lines.length > 0 && fits(longer)) lines[lines.length - 1] = longer;
    else lines.push(...(fits(piece) ? [piece] : byAttributes(piece)));
  }
  return lines;
}

/** An element with its text stays together, so that the text stays as it is. */
function unbroken(xml: string): readonly string[] {
  const pieces: string[] = [];
  let before = '';
  for (const token of xml.match(tagOrText) ?? []) {
    const parts = token.startsWith('<') && before.endsWith('>') && !(isStart(before) && token.startsWith('</'));
    if (parts || pieces.length === 0) pieces.push(token);
    else pieces[pieces.length - 1] += token;
    before = token;
  }
  return pieces;
}

function isStart(tag: string): boolean {
  return !tag.startsWith('</') && !tag.startsWith('<?') && !tag.endsWith('/>');
}

/** XML 1.0 3.1: between attributes any blank will do. */
function byAttributes(piece: string): readonly string[] {
  return piece.split(/[ ](?=[\w:.-]+=")(?=[^<]*>)/);
}
