const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** The text with line ends as LF (XML 1.0 2.11); null where the bytes are not what they claim. */
export function decodeBytes(bytes: Buffer): string | null {
  const marked = bytes.length >= 3 && bytes[0] === 0xef && bytes[1] === 0xbb && bytes[2] === 0xbf;
  let end = bytes.length;
  while (end > 0 && bytes[end - 1] === 0) end -= 1;
  const content = bytes.subarray(marked ? 3 : 0, Math.max(end, marked ? 3 : 0));
  const head = content.toString('latin1', 0, 200);
  const name = /^<\?xml[^>]*?\sencoding\s*=\s*["']([^"']*)["']/.exec(head)?.[1]?.toLowerCase() ?? 'utf-8';
  const text = decodeAs(name, marked, content);
  return text === null ? null : text.replace(/\r\n?/g, '\n');
}

function decodeAs(name: string, marked: boolean, content: Buffer): string | null {
  switch (name) {
    case 'iso-8859-1':
    case 'latin1':
      // Not TextDecoder: its `latin1` is windows-1252. A byte order mark says UTF-8 whatever is declared.
      return marked ? decodeUtf8(content) : content.toString('latin1');
    case 'us-ascii':
    case 'ascii':
      return content.every((byte) => byte < 0x80) ? content.toString('latin1') : null;
    case 'utf-8':
    case 'utf8':
      return decodeUtf8(content);
    default:
      return null;
  }
}

function decodeUtf8(content: Buffer): string | null {
  try {
    return utf8.decode(content);
  } catch {
    return null;
  }
}
