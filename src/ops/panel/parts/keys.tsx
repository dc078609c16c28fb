import { useSignal } from '@preact/signals';
import { press } from '../data/features.ts';
import { whyNot } from '../data/session.ts';
import type { Extension, FeatureName } from '../words/shapes.ts';
import { featureWords, keyText, keyWords, upright } from '../words/words.ts';

const forwards = ['cfa', 'cfb', 'cfna'] as const;

interface Keys {
  readonly extension: Extension;
  /** `1001@tenant`: for who cannot see the card. */
  readonly who: string;
  /** Tab stops here; else only arrows and the pointer come. */
  readonly reached: boolean;
}

/** The four features as an admin presses them; each says what the PBX holds. */
export function FeatureKeys(props: Keys) {
  return (
    <div class="keys">
      <Key feature="dnd" {...props} />
      <span class="forwards" aria-hidden="true">
        →
      </span>
      {forwards.map((feature) => (
        <Key key={feature} feature={feature} {...props} />
      ))}
    </div>
  );
}

function Key({ extension, feature, who, reached }: Keys & { readonly feature: FeatureName }) {
  const busy = useSignal(false);
  const value = extension.features[feature];
  if (value.assigned === false) return null;
  const text = keyText(feature, value);
  const reason = whyNot('operate');
  const pressed = async () => {
    if (busy.peek()) return;
    busy.value = true;
    await press(extension, feature);
    busy.value = false;
  };
  return (
    <button
      type="button"
      class="key"
      tabIndex={reached ? 0 : -1}
      aria-pressed={value.enabled}
      aria-busy={busy.value}
      aria-label={`${who}, ${featureWords[feature]}: ${text}`}
      title={`${featureWords[feature]}: ${text}${reason === null ? '' : ` – ${reason}`}`}
      disabled={reason !== null}
      onClick={() => void pressed()}
    >
      {keyWords[feature]}
      {value.enabled && <b>{feature === 'dnd' ? 'on' : upright(value.target ?? '?')}</b>}
    </button>
  );
}
