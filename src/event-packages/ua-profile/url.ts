import { type Aor, domainOf, userOf } from '../../model/aor.ts';
import type { ProfileShelf } from '../../model/profile-document.ts';

const longest = 64;

/** The admin's URL for whoever asks; null: there is none, or it wants what he did not say. What he said is escaped. */
export function urlFor(
  aor: Aor,
  { delivery, deviceName }: ProfileShelf,
  { vendor, model, version }: Readonly<Record<string, string>>,
): string | null {
  if (delivery.url === null) return null;
  const values: Readonly<Record<string, string | undefined>> = {
    name: deviceName ?? userOf(aor),
    user: deviceName === null ? userOf(aor) : undefined,
    mac: deviceName?.startsWith('uuid:') ? undefined : (deviceName ?? undefined),
    domain: domainOf(aor),
    vendor,
    model,
    version,
  };
  let complete = true;
  const url = delivery.url.replace(/\{(\w+)\}/g, (_, key: string) => {
    const value = Object.hasOwn(values, key) ? values[key] : undefined;
    if (value === undefined || value === '') complete = false;
    return escaped(value ?? '');
  });
  return complete ? url : null;
}

/** COMPAT(web servers): a part that is nothing but dots would lead out of its folder, escaped or not. */
function escaped(value: string): string {
  const text = value.slice(0, longest).replace(/[\p{Cc}\p{Cs}]/gu, '');
  return encodeURIComponent(/^\.+$/.test(text) ? text.replaceAll('.', '-') : text).replace(
    /[!'()*]/g,
    (sign) => `%${sign.charCodeAt(0).toString(16).toUpperCase()}`,
  );
}
