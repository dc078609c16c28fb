/** RFC 4480 3.2, without `other` and `unknown`, which say nothing. */
const activities: ReadonlySet<string> = new Set([
  'appointment',
  'away',
  'breakfast',
  'busy',
  'dinner',
  'holiday',
  'in-transit',
  'looking-for-work',
  'lunch',
  'meal',
  'meeting',
  'on-the-phone',
  'performance',
  'permanent-absence',
  'playing',
  'presentation',
  'shopping',
  'sleeping',
  'spectator',
  'steering',
  'travel',
  'tv',
  'vacation',
  'working',
  'worship',
]);

/** What phones and old formats write for one of these. */
const alike: ReadonlyMap<string, string> = new Map([
  ['onthephone', 'on-the-phone'], // xpidf
  ['in-a-call', 'on-the-phone'],
  ['in-call', 'on-the-phone'],
  ['alerting', 'busy'], // COMPAT(Cisco enterprise): a call rings
  ['ringing', 'busy'],
  ['idle', 'away'], // xpidf, with the three below
  ['berightback', 'away'],
  ['outtolunch', 'lunch'],
  ['in-meeting', 'meeting'],
]);

/** The activity of RFC 4480 that a word names; null: none that could be told. */
export function activityOf(word: string): string | null {
  const name = word
    .trim()
    .toLowerCase()
    .replace(/[\s_]+/g, '-');
  if (activities.has(name)) return name;
  return alike.get(name) ?? null;
}

/**
 * A note that says do not disturb, and nothing else: `DND` (Zoiper), `Do not disturb`. Of blanks without end it takes each
 * once: words come here as long as a document may be.
 */
export function isDndNote(note: string): boolean {
  return /^\s*(?:dnd|do[ _-]?not[ _-]?disturb|don['\u2019]?t[ _-]disturb)\s*(?:[.!]\s*)?$/i.test(note);
}

/** A word or a note about a call, or one that may be. */
export function isOfCall(word: string): boolean {
  return /^\s*(?:on[ _-]?the[ _-]?phone|on hold|in[ _-](?:a[ _-])?call|alerting|ring(?:ing)?|talking|busy|inuse)\b/i.test(
    word,
  );
}
