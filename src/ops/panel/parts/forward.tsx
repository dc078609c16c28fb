import { forwardAsked, wish } from '../data/features.ts';
import { status } from '../data/session.ts';
import { featureWords, placeText } from '../words/words.ts';
import { Modal } from './dialogs.tsx';

/** Asks where a forward leads. */
export function ForwardDialog() {
  const asked = forwardAsked.value;
  if (asked === null) return null;
  const { extension, feature } = asked;
  const value = extension.features[feature];
  const close = () => {
    forwardAsked.value = null;
  };
  const who = extension.ext + placeText(extension, status.value?.domain ?? '');
  return (
    <Modal title={`${who}: ${featureWords[feature].toLowerCase()}`} onClose={close}>
      <form
        method="dialog"
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const form = new FormData(event.currentTarget);
          const rings = Number(form.get('rings'));
          close();
          void wish(extension, feature, {
            enabled: true,
            target: String(form.get('target')).trim(),
            ...(rings > 0 ? { ringCount: rings } : {}),
          });
        }}
      >
        <label class="field">
          Forward to
          <input
            name="target"
            required
            maxLength={64}
            autocomplete="off"
            inputMode="tel"
            autofocus
            defaultValue={value.target ?? ''}
          />
        </label>
        {feature === 'cfna' && (
          <label class="field">
            After rings
            <input
              name="rings"
              type="number"
              min="1"
              max="20"
              placeholder="as it is"
              defaultValue={value.ringCount ?? ''}
            />
          </label>
        )}
        <div class="row end">
          <button type="button" onClick={close}>
            Cancel
          </button>
          <button type="submit" class="main">
            Turn on
          </button>
        </div>
      </form>
    </Modal>
  );
}
