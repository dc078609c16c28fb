import { createHash } from 'node:crypto';

/** As `http.tokens[].sha256` has it. */
export function sha256Of(text: string): string {
  return createHash('sha256').update(text).digest('hex');
}

/** What examples show: the hash of no token that anybody knows, and refused wherever it is written. */
export const sampleHash = '0'.repeat(64);

/** The commands of docs/api.md. */
export const tokenCommands = {
  make: '(umask 077; openssl rand -hex 24 > /etc/lamplighter/wallboard)',
  hash: "tr -d '\\n' < /etc/lamplighter/wallboard | sha256sum",
} as const;

/** What is tried first by whoever guesses, besides the names that our pages use. */
const words = [
  ...['password', 'passwort', 'passwd', 'passw0rd', 'pass', 'secret', 'token', 'bearer', 'key', 'apikey', 'api-key'],
  ...['admin', 'administrator', 'root', 'user', 'guest', 'operator', 'operate', 'read', 'wallboard', 'anna'],
  ...['changeme', 'change-me', 'change_me', 'changeit', 'default', 'example', 'sample', 'test', 'demo', 'letmein'],
  ...['welcome', 'qwerty', 'abc', 'abc123', '1234', '12345', '123456', '1234567', '12345678', '123456789'],
  ...['1234567890', '0123456789', '0123456789abcdef', '1234567890123456', '000000', '111111', 'null', 'undefined'],
  ...['lamplighter', 'asterisk', 'freepbx', 'freeswitch', 'fusionpbx', 'clueCon', 'pbx', 'sip', 'voip', '$token'],
];

let guessed: ReadonlySet<string> | null = null;

/** Hashes of the words, as they are usually stretched. */
function guessedHashes(): ReadonlySet<string> {
  guessed ??= new Set(
    words
      .flatMap((word) => [word, word.toLowerCase(), word.toUpperCase(), word.charAt(0).toUpperCase() + word.slice(1)])
      .flatMap((word) => [word, `${word}${word}`, `${word}1`, `${word}123`, `${word}!`])
      .concat('', ' ', '\n')
      .map(sha256Of),
  );
  return guessed;
}

/** Why a hash of these digits lets nobody in, with what to do; null: nothing is known against it. */
export function whyHashRefused(digits: string): string | null {
  const { make, hash } = tokenCommands;
  const own = `make your own: ${make}, and ${hash}`;
  // the sample, or another that was written to fill the place
  if (/^(.)\1*$/.test(digits)) return `is the sample, and stands for no token; ${own}`;
  return guessedHashes().has(digits.toLowerCase()) ? `is the hash of a word that anybody would guess; ${own}` : null;
}

/** As `whyHashRefused`, of the token itself. */
export function whyTokenRefused(text: string): string | null {
  return guessedHashes().has(sha256Of(text))
    ? `is a word that anybody would guess; make your own: ${tokenCommands.make}`
    : null;
}
