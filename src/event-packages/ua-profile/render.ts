import { domainOf } from '../../model/aor.ts';
import { rangeFor } from '../../model/media-range.ts';
import type { ProfileDocument } from '../../model/profile-document.ts';
import type { ResourceView } from '../../model/views.ts';
import type { Body, Rendered, RenderRequest } from '../event-package.ts';
import { type Choice, choose, urlType } from './choice.ts';

/** RFC 4483: the document is elsewhere. */
const externalType = 'message/external-body';

interface Form {
  readonly contentType: string;
  readonly content: string;
  /** Names exactly this, for `shown`. */
  readonly tag: string;
}

/** Nothing is told twice: phones read their configuration again, or start again, at each NOTIFY that brings one. */
export function render(view: ResourceView, request: RenderRequest): Rendered {
  const { watcher, own, params, occasion, shown } = request;
  const choice = choose(view.aor, view.profiles, { watcher, own, params });
  const form = formOf(choice, request.contentType, request.roomBytes, domainOf(view.aor), prefersUrl(view));
  const tag = form?.tag ?? 'nothing';
  if (occasion === 'change' && shown.length === 1 && shown[0] === tag) return { bodies: [], shown };
  return { bodies: [form === null ? empty : bodyOf(form, effectiveBy(choice, view))], shown: [tag] };
}

/** RFC 6080 6.5: no body, no profile. */
const empty: Body = { contentType: null, content: '', covers: 'full' };

function bodyOf({ contentType, content }: Form, seconds: number | null): Body {
  const body: Body = { contentType, content, covers: 'full' };
  return seconds === null ? body : { ...body, eventParams: { 'effective-by': String(seconds) } };
}

function prefersUrl({ profiles }: ResourceView): boolean {
  return profiles?.delivery.prefer === 'url';
}

function effectiveBy({ document }: Choice, { profiles }: ResourceView): number | null {
  return document?.effectiveBy ?? profiles?.delivery.effectiveBy ?? null;
}

/**
 * How it is brought to a phone that takes `ranges`; null: there is nothing, or nothing that it takes. One that does not fit
 * the transport goes as a URL where it can.
 */
export function formOf(
  { document, url }: Choice,
  ranges: string,
  roomBytes: number,
  domain: string,
  prefersUrl: boolean,
): Form | null {
  const whole = document !== null && document.content !== '' && takes(ranges, typeOf(document)) ? document : null;
  const place = url === null ? null : linkForm(url, document, ranges, domain);
  if (whole === null || (place !== null && (prefersUrl || Buffer.byteLength(whole.content) > roomBytes))) return place;
  return { contentType: whole.contentType, content: whole.content, tag: `document ${whole.etag}` };
}

/** In the phone's own order; `application/url`, which PnP phones know, where it has none. */
function linkForm(url: string, document: ProfileDocument | null, ranges: string, domain: string): Form | null {
  const named = ranges.split(', ').find((range) => range === urlType || range === externalType);
  const type = named ?? [urlType, externalType].find((one) => takes(ranges, one));
  if (type === undefined) return null;
  const tag = `url ${url} ${document?.etag ?? ''}`;
  if (type === urlType) return { contentType: urlType, content: url, tag };
  // The URL has neither quotes nor backslashes: the pattern of the setting, and of `urlIn`, forbids them.
  const contentType = `${externalType}; access-type="URL"; URL="${url}"`;
  const inner = document === null || typeOf(document) === urlType ? 'application/octet-stream' : document.contentType;
  const id = `${document?.etag ?? 'profile'}@${domain}`; // RFC 4483 4.4: another one for another content
  return { contentType, content: `Content-Type: ${inner}\r\nContent-ID: <${id}>\r\n\r\n`, tag };
}

/** The media type alone. */
function typeOf({ contentType }: ProfileDocument): string {
  return (contentType.split(';', 1)[0] ?? '').trim().toLowerCase();
}

function takes(ranges: string, type: string): boolean {
  return rangeFor(type, ranges.split(', ')) >= 0;
}
