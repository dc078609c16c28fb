/**
 * From here on the dialog of a new row is lines instead of JSON (src/notifier/dialog-json.ts), and old rows stay as they are.
 * Nothing changes here, but a version that knows only JSON would take the new ones for nonsense and drop them: it refuses.
 */
export const dialogLines = '';
