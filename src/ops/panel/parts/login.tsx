import { hasToken, keepToken, tokenNeeded } from '../link/ask.ts';
import { Modal } from './dialogs.tsx';

/** Asks for a token whenever one was refused. It is kept for this tab only. */
export function LoginDialog() {
  if (!tokenNeeded.value) return null;
  return (
    <Modal title="Token needed" onClose={null}>
      <form
        method="dialog"
        class="stack"
        onSubmit={(event) => {
          event.preventDefault();
          const given = new FormData(event.currentTarget).get('token');
          if (typeof given === 'string' && given.trim() !== '') keepToken(given.trim());
        }}
      >
        {hasToken() && (
          <p class="note" data-level="fail" role="alert">
            The token was refused.
          </p>
        )}
        <label class="field">
          Token
          <input name="token" type="password" required autocomplete="off" autofocus />
        </label>
        <p class="quiet">
          One of the configuration's <code>http.token</code> or <code>http.tokens</code>. It is kept for this tab only,
          and gone when the tab is closed.
        </p>
        <div class="row end">
          <button type="submit" class="main">
            Continue
          </button>
        </div>
      </form>
    </Modal>
  );
}
