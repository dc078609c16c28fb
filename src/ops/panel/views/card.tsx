import { type ReadonlySignal, useComputed } from '@preact/signals';
import { status } from '../data/session.ts';
import { cellOf } from '../data/world.ts';
import { Icon } from '../parts/icons.tsx';
import { FeatureKeys } from '../parts/keys.tsx';
import { Lasting } from '../parts/lasting.tsx';
import { isKeyLamp, lampOf, lampOfCall, lampText } from '../words/lamp.ts';
import { extensionPath } from '../words/route.ts';
import type { Extension } from '../words/shapes.ts';
import { counted, facts, newMessages, placeText, talkText, upright, whoText } from '../words/words.ts';

/** One extension; drawn again when it changes, and only then. */
export function Card({ aor, active }: { readonly aor: string; readonly active: ReadonlySignal<string | null> }) {
  const reached = useComputed(() => active.value === aor);
  const extension = cellOf(aor)?.value;
  if (extension === undefined) return null;
  const lamp = lampOf(extension);
  const domain = status.value?.domain ?? '';
  const who = extension.ext + placeText(extension, domain);
  const shown = extension.dialogs.find((call) => lampOfCall(call) === lamp) ?? extension.dialogs[0];
  // The state says what is done; beside it stands with whom.
  const other = shown === undefined || talkText(extension, shown) === null ? null : whoText(shown.remote);
  return (
    <li class="card" data-lamp={lamp} data-stale={extension.stale} data-aor={aor}>
      <div class="head">
        <Icon name={lamp} />
        <a class="ext" href={extensionPath(nameFor(extension, domain))} tabIndex={reached.value ? 0 : -1}>
          {upright(extension.ext)}
        </a>
        <span class="name" title={extension.displayName ?? undefined}>
          {upright(extension.displayName ?? '')}
        </span>
        {newMessages(extension) > 0 && (
          <span class="mail" title={counted(newMessages(extension), 'new message')}>
            <Icon name="voicemail" size={13} />
            {newMessages(extension)} new
          </span>
        )}
      </div>
      <p class="line">
        <span class="state">
          {lampText(extension, lamp)}
          {shown?.since !== undefined && <Lasting since={shown.since} />}
        </span>
        {other === null ? (
          <span class="about">{[placeText(extension, domain), ...facts(extension)].filter(Boolean).join(' · ')}</span>
        ) : (
          <span class="talk" title={other}>
            {other}
          </span>
        )}
        {other !== null && extension.dialogs.length > 1 && (
          <span class="more">+{extension.dialogs.length - 1} more</span>
        )}
      </p>
      {!isKeyLamp(extension) && <FeatureKeys extension={extension} who={who} reached={reached.value} />}
    </li>
  );
}

/** The number alone where that is clear. */
export function nameFor({ aor, ext }: Pick<Extension, 'aor' | 'ext'>, domain: string): string {
  return aor === `${ext}@${domain}` ? ext : aor;
}
