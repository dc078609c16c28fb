import { useSignal } from '@preact/signals';

/** Copies a text; where the browser does not let us (plain http on another host), says how to. */
export function CopyButton({ text, what }: { readonly text: string; readonly what: string }) {
  const said = useSignal('Copy');
  const copy = async () => {
    try {
      await navigator.clipboard.writeText(text);
      said.value = 'Copied';
    } catch {
      said.value = 'Select and press Ctrl+C';
    }
    setTimeout(() => {
      said.value = 'Copy';
    }, 2000);
  };
  return (
    <button type="button" class="small" aria-label={`Copy ${what}`} onClick={() => void copy()}>
      <span aria-live="polite">{said}</span>
    </button>
  );
}
