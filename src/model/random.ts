import { randomBytes } from 'node:crypto';

/** The only way to chance, so that tests can seed it. */
export interface Random {
  bytes(count: number): Buffer;
  /** In [0, 1). */
  fraction(): number;
}

export const systemRandom: Random = {
  bytes: (count) => randomBytes(count),
  fraction: () => randomBytes(4).readUInt32BE() / 2 ** 32,
};

/** An unguessable token of letters and digits, `bits` of chance rounded up to whole bytes. */
export function token(random: Random, bits: number): string {
  return random.bytes(Math.ceil(bits / 8)).toString('hex');
}
