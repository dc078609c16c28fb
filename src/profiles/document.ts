import { createHash } from 'node:crypto';
import type { ProfileDocument, ProfileKey } from '../model/profile-document.ts';

/** Of a document, bytes: a NOTIFY that brings it still fits one datagram. */
export const mostBytes = 48 * 1024;

export interface Writing {
  readonly contentType: string;
  readonly content: string;
  readonly readers: ProfileDocument['readers'];
  readonly effectiveBy: number | null;
}

/** The document with its entity tag: a hash, so that it never comes again for another content. */
export function documentOf(
  { kind, domain, name }: ProfileKey,
  { contentType, content, readers, effectiveBy }: Writing,
  updatedAt: number,
): ProfileDocument {
  const hash = createHash('sha256').update(JSON.stringify([contentType, content, readers, effectiveBy]));
  const etag = hash.digest('hex').slice(0, 24);
  return { kind, domain, name, contentType, content, etag, readers, effectiveBy, updatedAt };
}

const utf8 = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true });

/** null: no text in UTF-8 that could stand in a NOTIFY. */
export function textOf(bytes: Uint8Array): string | null {
  try {
    const text = utf8.decode(bytes);
    return text.includes('\0') ? null : text;
  } catch {
    return null;
  }
}

/** `type/subtype`, with parameters; what stands here goes into a header. */
export function isContentType(text: string): boolean {
  const token = "[A-Za-z0-9!#$%&'*+.^_`|~-]+";
  return (
    text.length <= 128 &&
    new RegExp(`^${token}/${token}(?:; ?${token}=(?:${token}|"[\\x20-\\x21\\x23-\\x5b\\x5d-\\x7e]*"))*$`).test(text)
  );
}
